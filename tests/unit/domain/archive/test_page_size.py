"""How large pages are: halved after setbacks, and slowly larger again. Ours."""

from hypothesis import given
from hypothesis import strategies as st

from evald.domain.archive.page_size import MAX_LIMIT, PATIENCE, PageSize, remembered


def after_pages(size: PageSize, pages: int) -> PageSize:
    for _ in range(pages):
        size = size.after_page()
    return size


def test_it_is_halved_down_to_one() -> None:
    size, limits = PageSize(), []
    for _ in range(8):
        size = size.halved()
        limits.append(size.limit)

    assert limits == [50, 25, 12, 6, 3, 1, 1, 1]


def test_it_is_doubled_after_as_many_good_pages_as_the_setbacks_ask_for() -> None:
    once, twice = PageSize().halved(), PageSize().halved().halved()

    assert after_pages(once, 2 * PATIENCE - 1).limit == 50
    assert after_pages(once, 2 * PATIENCE).limit == 100
    assert after_pages(twice, 4 * PATIENCE - 1).limit == 25
    assert after_pages(twice, 4 * PATIENCE).limit == 50


@given(st.lists(st.booleans(), max_size=300))
def test_it_is_always_a_limit_that_servers_take(moves: list[bool]) -> None:
    size = PageSize()
    for good in moves:
        size = size.after_page() if good else size.halved()

    assert 1 <= size.limit <= MAX_LIMIT


def test_a_list_remembers_it_from_its_last_page() -> None:
    assert remembered(None) == PageSize()
    assert remembered(100) == PageSize()
    assert remembered(25) == PageSize(25, setbacks=1)
    assert remembered(0).limit == 1
