import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.web.markdown import MOST_CHARACTERS, rendered


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**bold**", "<p><strong>bold</strong></p>\n"),
        ("# Title", '<p class="heading">Title</p>\n'),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"),
        ("[a](javascript:alert(1))", "<p>[a](javascript:alert(1))</p>\n"),
        ("[a](data:text/html,x)", "<p>[a](data:text/html,x)</p>\n"),
        ("[a](/evaluations)", "<p>[a](/evaluations)</p>\n"),
        (
            "[a](https://b.test)",
            '<p><a href="https://b.test" rel="noreferrer nofollow">a</a></p>\n',
        ),
        (
            "![a](https://b.test/x.png)",
            '<p><a href="https://b.test/x.png" rel="noreferrer nofollow">[picture: a]</a></p>\n',
        ),
        (
            "[![a](https://b.test/x)](https://c.test)",
            '<p><a href="https://c.test" rel="noreferrer nofollow">[picture: a]</a></p>\n',
        ),
        ("a\u202eb\0", "<p>a\\u202eb␀</p>\n"),
    ],
)
def test_what_is_formatted_can_do_no_harm(text: str, html: str) -> None:
    assert rendered(text) == html


def test_columns_have_no_style_of_their_own() -> None:
    assert "style" not in rendered("| a |\n|--:|\n| 1 |\n")


def test_only_the_beginning_of_a_long_text_is_formatted() -> None:
    assert len(rendered("x" * (MOST_CHARACTERS + 9))) == MOST_CHARACTERS + len("<p></p>\n")


@given(st.text(st.sampled_from("<>\"'&![]()`*#|-:= \nahtps/jvscriponlde"), max_size=60))
def test_whatever_is_written_only_known_tags_come_out(text: str) -> None:
    tags = {each.lower() for each in re.findall(r"</?([a-zA-Z0-9]+)", rendered(text))}

    assert tags <= {
        *("p", "strong", "em", "a", "code", "pre", "blockquote", "ul", "ol", "li", "hr"),
        *("br", "table", "thead", "tbody", "tr", "th", "td"),
    }
