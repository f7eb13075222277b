"""``actas explain`` for a request that is made up: over a real data folder, in process."""

from __future__ import annotations

import pytest
from tests.fakes.kept_log import KeptLog
from tests.fakes.program import Program


@pytest.mark.parametrize(
    ("words", "why", "hint"),
    [
        (("web", "--audience", "ordres"), "there is no API 'ordres'", 'did you mean "orders"?'),
        (
            ("web", "--resource", "https://order.acme.example"),
            "there is no API with the audience 'https://order.acme.example'",
            'did you mean "https://orders.acme.example"?',
        ),
        (("webb", "--audience", "orders"), "the client 'webb' is unknown", 'did you mean "web"?'),
        (
            ("web", "--audience", "orders", "--scope", "orders:raed"),
            "not available on this path: orders:raed",
            'orders has no scope orders:raed; did you mean "orders:read"?',
        ),
        (
            ("web", "--scope", "orders:raed"),
            "no audience was sent, and no API of this client has these scopes",
            'no API of web has the scope orders:raed; did you mean "orders:read"?',
        ),
    ],
)
def test_what_was_probably_meant_is_said(
    actas: Program, kept: KeptLog, words: tuple[str, ...], why: str, hint: str
) -> None:
    actas.environ |= {"ACTAS_CONFIG": str(kept.file), "ACTAS_DEV": "1"}
    ran = actas("explain", "--own", "--client", *words)
    assert ran.code == 1
    assert f"\nWhy:               {why}\n                   {hint}\n" in ran.out
    found = actas("explain", "--own", "--client", *words, "--json").document
    assert (found["detail"], found["hints"]) == (why, [hint])


def test_a_request_without_a_slip_gets_no_hint(actas: Program, kept: KeptLog) -> None:
    actas.environ |= {"ACTAS_CONFIG": str(kept.file), "ACTAS_DEV": "1"}
    granted = actas("explain", "--own", "--client", "web", "--audience", "orders", "--json")
    assert (granted.code, granted.document["hints"]) == (0, [])
    refused = actas("explain", "--own", "--client", "web", "--audience", "inventory", "--json")
    assert (refused.code, refused.document["hints"]) == (1, [])
