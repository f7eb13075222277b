from __future__ import annotations

import pytest

from actas.cli.line import Chain, Station, horizontal, names, vertical
from actas.cli.sentence import sentence

ALICE = Station(kind="person", id="alice@acme.example")
ASSISTANT = Station(kind="agent", id="assistant")
ORDERS = Station(kind="service", id="orders", current=True)
INVENTORY = ("https://inventory.acme.example",)


def acting(*, last: str = "assistant") -> Station:
    return Station(kind="agent", id=last, current=True)


CASES = {
    "two_hops": (
        Chain(stations=(ALICE, ASSISTANT, ORDERS), targets=INVENTORY, scopes=("stock:read",)),
        "● alice ━━ ⬢ assistant ━━ ■ orders ── ▭ inventory     stock:read",
        "(o) alice == <a> assistant == [s] orders -- [ ] inventory     stock:read",
        "orders may use stock:read at inventory, acting for alice, who asked through assistant.",
    ),
    "one_hop_with_two_scopes": (
        Chain(stations=(ALICE, acting()), targets=("orders",), scopes=("orders:read", "orders:write")),
        "● alice ━━ ⬢ assistant ━━ ▭ orders     orders:read orders:write",
        "(o) alice == <a> assistant == [ ] orders     orders:read orders:write",
        "assistant may use orders:read and orders:write at orders, acting for alice.",
    ),
    "refused": (
        Chain(
            stations=(ALICE, ASSISTANT, ORDERS),
            targets=INVENTORY,
            scopes=("stock:write",),
            outcome="refused",
        ),
        "● alice ━━ ⬢ assistant ━━ ■ orders ──✕ inventory",
        "(o) alice == <a> assistant == [s] orders --x inventory",
        "orders may not use stock:write at inventory, acting for alice, who asked through assistant.",
    ),
    "a_thin_hop_in_the_middle": (
        Chain(
            stations=(
                ALICE,
                ASSISTANT,
                Station(kind="service", id="orders", scopes=1),
                Station(kind="service", id="stock", scopes=2, current=True),
            ),
            targets=("depot",),
            scopes=("a", "b"),
        ),
        "● alice ━━ ⬢ assistant ── ■ orders ━━ ■ stock ━━ ▭ depot     a b",
        "(o) alice == <a> assistant -- [s] orders == [s] stock == [ ] depot     a b",
        "stock may use a and b at depot, acting for alice, who asked through assistant, then orders.",
    ),
    "across_trust_domains": (
        Chain(
            stations=(
                ALICE,
                acting(),
                Station(kind="issuer", id="https://auth.tickets.example", by="crossing"),
            ),
            targets=("https://tickets.example",),
            scopes=("tickets:read",),
            by="crossing",
        ),
        "● alice ━━ ⬢ assistant ══ ◆ auth.tickets.example ══ ▭ tickets     tickets:read",
        "(o) alice == <a> assistant // <> auth.tickets.example // [ ] tickets     tickets:read",
        "assistant may tell auth.tickets.example that it asks for alice: tickets:read.",
    ),
    "a_token_of_another_server": (
        Chain(
            stations=(
                ALICE,
                acting(),
                Station(kind="issuer", id="https://auth.tickets.example", by="crossing"),
            ),
            targets=("https://tickets.example",),
            scopes=("tickets:read",),
            by="crossing",
            theirs=True,
        ),
        "● alice ━━ ⬢ assistant ══ ◆ auth.tickets.example ══ ▭ tickets     tickets:read",
        "(o) alice == <a> assistant // <> auth.tickets.example // [ ] tickets     tickets:read",
        "assistant may use tickets:read at tickets, acting for alice, by a token of auth.tickets.example.",
    ),
    "on_the_word_of_a_partner": (
        Chain(
            stations=(
                Station(kind="issuer", id="partner-saml"),
                Station(kind="service", id="partner-gateway", by="crossing"),
            ),
            targets=("orders",),
            scopes=("orders:read",),
        ),
        "◆ partner-saml ══ ■ partner-gateway ── ▭ orders     orders:read",
        "<> partner-saml // [s] partner-gateway -- [ ] orders     orders:read",
        "partner-gateway may use orders:read at orders, on the word of partner-saml.",
    ),
    "impersonation_by_somebody": (
        Chain(
            stations=(
                Station(kind="person", id="dana@acme.example"),
                Station(kind="person", id="alice@acme.example", by="impersonation"),
                Station(kind="app", id="helpdesk", by="impersonation"),
            ),
            targets=("orders",),
            scopes=("orders:read",),
        ),
        "● dana ┄┄ ● alice ┄┄ ■ helpdesk ── ▭ orders     orders:read",
        "(o) dana ~~ (o) alice ~~ [s] helpdesk -- [ ] orders     orders:read",
        "helpdesk may use orders:read at orders as alice for dana; the token names only alice.",
    ),
    "the_client_itself": (
        Chain(stations=(ORDERS,), targets=INVENTORY, scopes=("stock:read",)),
        "■ orders ── ▭ inventory     stock:read",
        "[s] orders -- [ ] inventory     stock:read",
        "orders may use stock:read at inventory, acting for itself.",
    ),
    "somebody_of_no_stated_kind_and_no_scope": (
        Chain(stations=(Station(kind="unknown", id="x-1"),), targets=("orders", "inventory")),
        "○ x-1 ── ▭ orders, inventory",
        "(?) x-1 -- [ ] orders, inventory",
        "x-1 may use orders and inventory.",
    ),
    "nobody": (Chain(stations=()), "", "", "nobody may use nothing."),
}


@pytest.mark.parametrize("case", CASES)
def test_a_chain_is_drawn_as_a_line(case: str) -> None:
    chain, drawn, _, _ = CASES[case]
    assert horizontal(chain) == drawn


@pytest.mark.parametrize("case", CASES)
def test_a_line_has_a_plain_text_fallback(case: str) -> None:
    chain, _, plain, _ = CASES[case]
    assert horizontal(chain, ascii=True) == plain
    assert plain.isascii()


@pytest.mark.parametrize("case", CASES)
def test_one_sentence_says_the_same_as_the_drawing(case: str) -> None:
    chain, _, _, said = CASES[case]
    assert sentence(chain) == said


def test_the_vertical_drawing_has_whole_names_and_says_what_each_is() -> None:
    assert vertical(CASES["two_hops"][0]) == (
        "  ●  alice@acme.example      person",
        "  │",
        "  ⬢  assistant               agent     earlier actor: history, not authority",
        "  │",
        "  ■  orders                  service   current actor",
        "  │",
        "  ▭  inventory               may stock:read",
    )


def test_the_vertical_drawing_has_a_plain_text_fallback() -> None:
    assert vertical(CASES["two_hops"][0], ascii=True) == (
        "  (o)  alice@acme.example      person",
        "   |",
        "  <a>  assistant               agent     earlier actor: history, not authority",
        "   |",
        "  [s]  orders                  service   current actor",
        "   |",
        "  [ ]  inventory               may stock:read",
    )


def test_a_refused_line_stops_before_its_target() -> None:
    assert vertical(CASES["refused"][0])[-2:] == ("  ✕", "  ▭  inventory               may not stock:write")
    assert vertical(CASES["refused"][0], ascii=True)[-2] == "   x"


def test_impersonation_and_crossing_are_seen_in_the_vertical_drawing() -> None:
    assert vertical(CASES["impersonation_by_somebody"][0]) == (
        "  ●  dana@acme.example       person",
        "  ┆",
        "  ●  alice@acme.example      person    the only one named",
        "  ┆",
        "  ■  helpdesk                app       not named in the token",
        "  │",
        "  ▭  orders                  may orders:read",
    )
    assert vertical(CASES["on_the_word_of_a_partner"][0])[:2] == (
        "  ◆  partner-saml            issuer",
        "  ║",
    )


def test_what_is_drawn_from_the_vault_is_dotted() -> None:
    chain = Chain(
        stations=(
            ALICE,
            Station(kind="agent", id="assistant", by="vault", current=True),
            Station(kind="issuer", id="calendar", by="vault"),
        )
    )
    assert horizontal(chain) == "● alice ┈┈ ⬢ assistant ┈┈ ◆ calendar"
    assert horizontal(chain, ascii=True) == "(o) alice .. <a> assistant .. <> calendar"
    assert vertical(chain)[1] == "  ┊"


def test_columns_make_room_for_long_and_for_wide_names() -> None:
    wide = Chain(
        stations=(Station(kind="person", id="山田太郎@acme.example"), Station(kind="agent", id="a" * 40)),
    )
    first, _, second = vertical(wide)
    assert first == "  ●  山田太郎@acme.example" + " " * 21 + "person"
    assert second == f"  ⬢  {'a' * 40}  agent     earlier actor: history, not authority"


def test_two_parties_never_look_like_one() -> None:
    chain = Chain(
        stations=(
            Station(kind="person", id="alice@acme.example"),
            Station(kind="person", id="alice@evil.example"),
        ),
        targets=("https://api.acme.example", "https://api.evil.example"),
    )
    assert names(chain) == ("alice@acme.example", "alice@evil.example")
    assert "https://api.acme.example, https://api.evil.example" in horizontal(chain)


def test_a_name_cannot_steer_the_terminal_or_break_the_line() -> None:
    chain = Chain(
        stations=(Station(kind="person", id="al\x1b[2Jice\n● root"),),
        targets=("orders",),
        scopes=("a\u202eb",),
    )
    for drawn in (horizontal(chain), sentence(chain), *vertical(chain)):
        assert not {"\x1b", "\n", "\u202e"} & set(drawn)
    assert horizontal(chain) == r"● al\u001b[2Jice\u000a● root ── ▭ orders     a\u202eb"
