"""The reference says what the code says: no page is stale, and nothing that exists is left out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from scripts.pages import attempts, commands, errors, events, rules
from scripts.reference_pages import FOLDER, PAGES, is_current
from tests.fakes.company import (
    GRANTING,
    HELPDESK_IMPERSONATION,
    PEOPLE,
    REDEEMERS,
    TICKETS,
    acceptance,
    connection,
)
from tests.fakes.encrypting import sealed
from tests.fakes.house import INVENTORY, ISSUER, NOW, ORDERS, ORDERS_TO_INVENTORY, RULES, House
from tests.fakes.prover import Prover

import actas
import actas_sdk
from actas.cli.main import program
from actas.core.errors import OAuthError
from actas.core.events import EVENTS
from actas.core.lineage import Lineage
from actas.core.permit import Proposal
from actas.core.reasons import REASONS
from actas.core.wire import ACCESS_TOKEN, CLIENT_CREDENTIALS, ID_JAG, ID_TOKEN
from actas.policy.expression import RULE_NAMES
from actas.policy.facts import ClaimsNeeded, values_of
from actas.settings.forms import Form
from actas.settings.schema import LISTS, SECTIONS, Configuration
from actas.settings.schema_auth import AnyAuth
from actas.subjects.itself import party_of

SOURCE = Path(actas.__file__).parent
SDK = Path(actas_sdk.__file__).parent


def text_of(page: str) -> str:
    return (FOLDER / f"{page}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_not_stale(page: str) -> None:
    assert is_current(page), f"docs/reference/{page}.md is stale; run scripts/docs"


def test_no_page_is_left_over() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} == set(PAGES)


def forms_of(annotation: Any) -> Iterator[type[Form]]:
    if isinstance(annotation, type) and issubclass(annotation, Form):
        yield annotation
    for inner in get_args(annotation):
        yield from forms_of(inner)


def paths_of(form: type[Form], prefix: str = "", told: set[str] | None = None) -> Iterator[str]:
    told = set() if told is None else told
    for name, field in form.model_fields.items():
        path = f"{prefix}{field.alias or name}"
        yield path
        for inner in forms_of(field.annotation):
            if inner.__name__ in (
                "Reference",
                "ClientReference",
                "PublicFile",
                "CertificateFile",
                "CheckpointCopy",
                "ClientKinds",
            ):
                continue
            if inner.__name__ in told:
                yield f"{path}.*"
                continue
            told.add(inner.__name__)
            yield from paths_of(inner, f"{path}.", told)


@pytest.mark.parametrize("name", SECTIONS)
def test_every_setting_of_the_server_is_documented(name: str) -> None:
    page = text_of("configuration")
    assert [path for path in paths_of(SECTIONS[name], f"{name}.") if f"| `{path}` |" not in page] == []


def test_fields_that_are_those_of_another_mapping_are_told_once() -> None:
    page = text_of("configuration")
    assert "| `keys.envelope.provider` |" in page
    assert "| `keys.previous_envelope.*` |  |  | As `keys.envelope.*`. |" in page
    assert "keys.previous_envelope.provider" not in page


@pytest.mark.parametrize("name", LISTS)
def test_every_field_of_a_list_is_documented(name: str) -> None:
    page = text_of("rules" if name in ("rules", "tests") else "configuration")
    assert [path for path in paths_of(LISTS[name]) if f"| `{path}` |" not in page] == []


def test_every_way_of_client_authentication_is_documented() -> None:
    page = text_of("configuration")
    for form in get_args(AnyAuth):
        assert [path for path in paths_of(form, "auth.") if f"| `{path}` |" not in page] == []


def test_every_section_is_documented() -> None:
    headings = re.findall(r"^## (\w+)$", text_of("configuration"), re.MULTILINE)
    assert set(Configuration.model_fields) <= set(headings)


def test_every_reason_has_its_anchor() -> None:
    headings = re.findall(r"^## (\w+)$", text_of("errors"), re.MULTILINE)
    assert headings == list(REASONS)


def raised() -> Iterator[tuple[str, str]]:
    """Yield error and reason wherever the source writes both in one place."""
    known = {cls.__name__ for cls in OAuthError.__subclasses__()}
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            first = node.args[0] if node.args else None
            named = {one.arg: one.value for one in node.keywords}
            if node.func.id in known and isinstance(first, ast.Constant):
                yield node.func.id, str(first.value)
            error, reason = named.get("error"), named.get("reason")
            if isinstance(error, ast.Name) and isinstance(reason, ast.Constant):
                yield error.id, str(reason.value)


def test_every_reason_is_answered_as_the_page_says() -> None:
    said = {(cls.__name__, reason) for reason, found in errors.ANSWERS.items() for cls in found}
    assert sorted(set(raised()) - said) == []
    assert errors.ANSWERS.keys() == REASONS.keys()


def test_a_reason_that_nothing_refuses_with_is_nowhere_in_the_source() -> None:
    quiet = [reason for reason, found in errors.ANSWERS.items() if not found]
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg in ("why", "reason"):
                assert not (isinstance(node.value, ast.Constant) and node.value.value in quiet), path


def test_every_event_is_documented() -> None:
    page = text_of("events")
    assert [name for name in EVENTS if f"| `{name}` |" not in page] == []
    assert [name for name in events.OTHERS if name not in EVENTS] == []


ASKS = replace(ORDERS_TO_INVENTORY, name="asks", when=('subject.claims.jti != ""',))
"""A rule that looks at a claim, so that entries have one."""


def house_of_entries() -> House:
    rules = (*RULES, ASKS, HELPDESK_IMPERSONATION)
    return House(
        rules=rules,
        people=PEOPLE,
        issuers=(GRANTING,),
        clients=REDEEMERS,
        connections=(connection(),),
        accepted=(acceptance(match="subject", unknown="create", details=({"type": "order"},)),),
    )


async def written(house: House) -> list[dict[str, Any]]:
    """Play granted and refused attempts of every shape, and return their entries."""
    alice = house.id_token()
    await house.ask("assistant", alice, subject_token_type=str(ID_TOKEN), audience="orders", scope="")
    token = house.our_token(may_act=None)
    await house.ask("orders", token, audience="inventory", resource=INVENTORY)
    await house.refused("orders", token, audience="inventory", scope="stock:write")
    boss = house.id_token("dana")
    await house.refused(
        "assistant",
        house.our_token(act=None, may_act={"iss": ISSUER, "sub": "somebody"}),
        audience="orders",
        actor_token=boss,
        actor_token_type=str(ID_TOKEN),
    )
    await house.refused("nobody", token, audience="inventory")
    prover = Prover()
    bound = house.our_token(cnf={"jkt": prover.jkt})
    traced = [f"00-{'a' * 32}-{'b' * 16}-01".encode()]
    form = house.form("orders", bound, audience="inventory")
    await house.post(form, proofs=[prover.proof()], traceparents=traced)
    administrator = house.id_token("dana", groups=["support-leads"])
    who = {"requested_subject": "actas:carol", "reason": "it does not load", "audience": "orders"}
    looked_in = await house.ask("helpdesk", administrator, subject_token_type=str(ID_TOKEN), **who)
    await house.refused("orders", str(looked_in.body["access_token"]), audience="inventory")
    grant = {"requested_token_type": str(ID_JAG), "audience": TICKETS, "scope": "tickets:read"}
    await house.refused("web", alice, subject_token_type=str(ID_TOKEN), **grant)
    await house.post(house.redeeming(house.grant(authorization_details=[{"type": "order"}]), resource=ORDERS))
    await house.turned_away(house.redeeming(sealed(house.grant(jti="another")), resource=ORDERS))
    ended = house.id_token(iat=NOW - 900, exp=NOW - 600)
    await house.refused("assistant", ended, subject_token_type=str(ID_TOKEN), audience="orders")
    return [event for event in house.writer.events if event["event"].startswith("exchange:")]


async def test_every_member_of_an_attempt_is_documented() -> None:
    house = house_of_entries()
    entries = await written(house)
    known = attempts.ATTEMPT.keys() | events.COMMON.keys()
    assert sorted({name for entry in entries for name in entry} - known) == []
    parties = [entry[role] for entry in entries for role in ("subject", "actor") if role in entry]
    assert sorted({name for party in parties for name in party} - attempts.PARTY.keys()) == []


async def test_every_documented_member_of_an_attempt_is_written() -> None:
    house = house_of_entries()
    entries = await written(house)
    seen = {name for entry in entries for name in entry}
    assert sorted((attempts.ATTEMPT.keys() | events.COMMON.keys()) - seen) == []
    parties = [entry[role] for entry in entries for role in ("subject", "actor") if role in entry]
    assert sorted(attempts.PARTY.keys() - {name for party in parties for name in party}) == []


def names_in_expressions() -> set[str]:
    """Return every name that the policy puts before an expression."""
    catalog = House().catalog
    client = catalog.clients["orders"]
    itself = party_of(client, issuer=ISSUER, api=catalog.apis["orders"], lineage=Lineage())
    proposal = Proposal(
        at=NOW,
        grant_type=CLIENT_CREDENTIALS,
        client=client,
        subject=itself,
        actor=None,
        itself=itself,
        requested=ACCESS_TOKEN,
        targets=(catalog.apis["inventory"],),
        scope=None,
    )
    values = values_of(proposal, chain=(), needed=ClaimsNeeded.of(()))
    return {
        name
        for root, value in values.items()
        for name in ([f"{root}.{field}" for field in value] if isinstance(value, dict) else [root])
    }


def test_every_name_of_an_expression_is_documented() -> None:
    found = names_in_expressions()
    assert {name.split(".")[0] for name in rules.SEEN} == RULE_NAMES
    # An actor has what a subject has, so the page lists its fields once.
    wanted = {name for name in found if not name.startswith("actor.")} | {"actor.id"}
    assert set(rules.SEEN) == wanted


def test_every_command_is_documented() -> None:
    page = text_of("commands")
    found = [path for path, _ in commands.commands(program, "")]
    assert found
    assert [path for path in found if f"\n## actas {path}\n" not in page] == []


def test_every_variable_that_a_command_reads_is_documented() -> None:
    read: set[str] = set()
    for path in [*SOURCE.glob("cli/*.py"), *SDK.glob("*.py")]:
        read |= set(
            re.findall(r"(?:variable|environ\.get)\(\s*\"([A-Z_]+)\"", path.read_text(encoding="utf-8"))
        )
    ours = {name for name in read if name.startswith("ACTAS_") or name == "NO_COLOR"}
    assert ours
    assert sorted(ours - commands.VARIABLES.keys()) == []


def test_every_public_name_of_the_sdk_is_documented() -> None:
    page = text_of("sdk")
    assert [
        name
        for name in actas_sdk.__all__
        if f"actas_sdk.{name}\n" not in page and f"| `{name}` |" not in page
    ] == []
