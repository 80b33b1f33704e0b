"""The line and headers of requests; documented in RFC 9112."""

import pytest
from yarl import URL

from evald.adapters.http1.request import RequestHead


def test_a_head_names_the_host_the_headers_and_how_long_the_body_is() -> None:
    head = RequestHead("POST", URL("http://h:8080/v1/a?b=c"), {"Accept": "application/json"})

    assert head.of(b"12345") == (
        b"POST /v1/a?b=c HTTP/1.1\r\nHost: h:8080\r\nUser-Agent: evald\r\n"
        b"Accept-Encoding: gzip, deflate\r\nAccept: application/json\r\nContent-Length: 5\r\n\r\n"
    )


def test_a_get_has_no_body_to_tell_of() -> None:
    assert b"Content-Length" not in RequestHead("GET", URL("https://h/v1"), {}).of(b"")


@pytest.mark.parametrize(
    ("url", "host"), [("https://h/", b"h"), ("http://[::1]:1/", b"[::1]:1"), ("http://h:80/", b"h")]
)
def test_the_host_is_named_as_urls_name_it(url: str, host: bytes) -> None:
    assert b"\r\nHost: " + host + b"\r\n" in RequestHead("GET", URL(url), {}).of(b"")


def test_what_is_given_stands_in_the_place_of_ours() -> None:
    head = RequestHead("GET", URL("http://h/"), {"user-agent": "me", "accept-encoding": "identity"})

    assert head.of(b"") == (
        b"GET / HTTP/1.1\r\nHost: h\r\nuser-agent: me\r\naccept-encoding: identity\r\n\r\n"
    )


def test_a_header_cannot_begin_another_one() -> None:
    with pytest.raises(ValueError, match="line break"):
        RequestHead("GET", URL("http://h/"), {"Authorization": "Bearer a\r\nX: y"})
