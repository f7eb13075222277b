"""The sentence below every drawn chain."""

from __future__ import annotations

import pytest
from sdk.tests.support import INVENTORY

from actas_sdk import Party, Token

ALICE = Party(id="alice@acme.example", kind="person")
ASSISTANT = Party(id="assistant", kind="agent")
ORDERS = Party(id="orders", kind="service")


@pytest.mark.parametrize(
    ("chain", "scopes", "said"),
    [
        (
            [ALICE, ASSISTANT, ORDERS],
            ["stock:read"],
            "orders may use stock:read at inventory, acting for alice, who asked through assistant.",
        ),
        (
            [ALICE, ASSISTANT],
            ["orders:write", "orders:read"],
            "assistant may use orders:read and orders:write at inventory, acting for alice.",
        ),
        ([ALICE], ["a", "b", "c"], "alice may use a, b and c at inventory."),
        ([ORDERS], [], "orders may call inventory."),
        (
            [ALICE, Party(id="portal"), ASSISTANT, ORDERS],
            ["r"],
            "orders may use r at inventory, acting for alice, who asked through portal, then assistant.",
        ),
        ([], ["r"], "The holder may use r at inventory."),
    ],
)
def test_a_chain_in_words(chain: list[Party], scopes: list[str], said: str) -> None:
    assert Token("t", audience=INVENTORY, scopes=scopes, chain=chain).sentence == said


def test_a_name_cannot_break_a_log_line() -> None:
    said = Token(
        "t", audience="in\nventory", chain=[Party(id="al\r\nice\u202e@x"), Party(id="\x1b[31m")]
    ).sentence

    assert said.isprintable()


def test_a_name_that_is_all_domain_is_shown_whole() -> None:
    assert Party(id="@acme.example").name == "@acme.example"
    assert str(ALICE) == "alice@acme.example"
