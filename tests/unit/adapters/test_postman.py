"""Where letters go, and where they never do; ours, but for what a comment says."""

import socket

import pytest

from evald.adapters.postman import HttpPostman
from evald.domain.webhooks.address import is_public
from evald.ports.webhooks import Letter
from tests.support.receiver import receiving

BODY = b'{"id":"evt_1"}'
HEADERS = {"content-type": "application/json", "webhook-id": "wh_1"}


async def test_a_letter_arrives_as_it_is() -> None:
    postman = HttpPostman(allow_private=True)
    async with receiving() as receiver:
        receipt = await postman.carry(Letter(receiver.url + "/hook", HEADERS, BODY))

    assert (receipt.status, receipt.error, receipt.is_delivered) == (200, None, True)
    assert receiver.received[0].body == BODY
    assert receiver.received[0].headers.items() >= HEADERS.items()


@pytest.mark.parametrize("status", [400, 404, 410, 429, 500, 503])
async def test_whatever_is_no_2xx_is_not_delivered(status: int) -> None:
    postman = HttpPostman(allow_private=True)
    async with receiving() as receiver:
        receiver.answers = [status]
        receipt = await postman.carry(Letter(receiver.url, HEADERS, BODY))

    assert (receipt.status, receipt.is_delivered) == (status, False)
    assert receipt.error == f"The endpoint answered {status}."


async def test_a_redirect_is_not_followed() -> None:  # documented: 3xx count as failures
    postman = HttpPostman(allow_private=True)
    async with receiving() as receiver:
        receiver.answers = [307]
        receipt = await postman.carry(Letter(receiver.url, HEADERS, BODY))

    assert (receipt.status, receipt.is_delivered) == (307, False)
    assert len(receiver.received) == 1


async def test_an_endpoint_that_says_nothing_is_given_up() -> None:
    postman = HttpPostman(allow_private=True, timeout_s=0.2)
    async with receiving() as receiver:
        receiver.answers = [0]
        receipt = await postman.carry(Letter(receiver.url, HEADERS, BODY))

    assert receipt.status is None
    assert receipt.error == "No answer came within 0.2 seconds."


async def test_an_endpoint_that_is_not_there_is_said_so() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    postman = HttpPostman(allow_private=True)
    receipt = await postman.carry(Letter(f"http://127.0.0.1:{port}", HEADERS, BODY))

    assert receipt.status is None
    assert "not reached" in (receipt.error or "")


PRIVATE = [
    "https://127.0.0.1/hook",
    "https://[::1]/hook",
    "https://[::ffff:10.0.0.1]/hook",
    "https://169.254.169.254/latest/meta-data",
    "https://2130706433/hook",  # 127.0.0.1 as a number
    "https://0x7f.1/hook",
    "https://0177.0.0.1/hook",
    "https://localhost/hook",
    "https://LOCALHOST/hook",
    "https://a.localhost:8443/hook",
    "http://example.com/hook",
    "ftp://example.com/hook",
    "https:///hook",
    "https://user:word@example.com/hook",
    "https://user@example.com/hook",
    "https://example.com:99999/hook",
    "https://[::1/hook",
    "not an address",
    "",
]


@pytest.mark.parametrize("url", PRIVATE)
async def test_no_letter_goes_where_it_may_not(url: str) -> None:
    postman = HttpPostman(allow_private=False)
    assert postman.refusal(url)

    receipt = await postman.carry(Letter(url, HEADERS, BODY))

    assert receipt.status is None
    assert "may not be called" in (receipt.error or "")


@pytest.mark.parametrize(
    "url", ["https://example.com/hook", "https://8.8.8.8/hook", "https://xn--bcher-kva.example/"]
)
async def test_a_public_address_may_be_called(url: str) -> None:
    postman = HttpPostman(allow_private=False)
    assert postman.refusal(url) is None


async def test_the_operator_may_allow_private_addresses() -> None:
    postman = HttpPostman(allow_private=True)
    assert postman.refusal("http://10.0.0.1/hook") is None
    assert postman.refusal("http://user:word@10.0.0.1/hook")


async def test_a_name_that_leads_to_a_private_address_is_not_called() -> None:
    # A name of this machine, as its own hosts file or resolver has it.
    name = socket.gethostname()
    try:
        found = {str(each[4][0]) for each in socket.getaddrinfo(name, 443)}
    except OSError:
        found = set()
    if not found or all(map(is_public, found)):
        pytest.skip(f"this machine's own name, '{name}', leads to no private address")
    postman = HttpPostman(allow_private=False)
    receipt = await postman.carry(Letter(f"https://{name}/hook", HEADERS, BODY))

    assert "not public" in (receipt.error or "")
