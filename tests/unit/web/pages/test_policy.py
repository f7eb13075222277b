"""What a browser is told that it may do with a page."""

from __future__ import annotations

import pytest

from actas.web.pages.policy import headers, source


def test_a_page_may_not_be_framed_and_tells_no_other_host_where_somebody_came_from() -> None:
    said = dict(headers())
    assert b"frame-ancestors 'none'" in said[b"content-security-policy"]
    assert said[b"x-frame-options"] == b"DENY"
    assert said[b"referrer-policy"] == b"same-origin"


def test_a_page_runs_nothing_and_fetches_from_us_only() -> None:
    said = dict(headers())
    assert said[b"content-security-policy"] == (
        b"default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
        b"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    assert said[b"cache-control"] == b"no-store"
    assert said[b"cross-origin-opener-policy"] == b"same-origin"


def test_a_form_may_lead_where_its_page_says_and_each_place_is_named_once() -> None:
    said = dict(headers(["https://a.example/cb", "https://a.example/other?x=1", "com.acme.app:/cb"]))
    assert b"form-action 'self' https://a.example com.acme.app:;" in said[b"content-security-policy"]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://notes.example/cb?x=1#f", "https://notes.example"),
        ("https://NOTES.example:8443/cb", "https://notes.example:8443"),
        ("http://127.0.0.1:41000/cb", "http://127.0.0.1:41000"),
        ("http://localhost/cb", "http://localhost"),
        ("http://[::1]:41000/cb", "http:"),
        ("https://under_score.example/", "https:"),
        ("https://müller.example/", "https:"),
        ("com.acme.app:/cb", "com.acme.app:"),
        ("https://a.example;script-src */x", "https:"),
        ("https://a.example *", "https:"),
    ],
)
def test_an_address_becomes_a_source_that_a_browser_understands(address: str, expected: str) -> None:
    assert source(address) == expected


@pytest.mark.parametrize(
    "address",
    ["", "/cb", "javascript:alert(1)", "data:text/html,x", "ex ample:/cb", "//a.example/cb", "a;b:/"],
)
def test_what_nobody_is_sent_to_is_an_error(address: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        source(address)
