"""What each field of a connection is for: of a field that would do nothing, `check` says so.

A field that one kind of connection passes over in silence is a promise that nobody keeps: whoever writes `act: false`
believes that nobody is named. So each field is written on each kind of connection, and either all is well or the
field is named. A field that is added and not listed here fails.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import yaml
from tests.fakes.configuration import ACME_ENVIRONMENT, Change, Tree, loaded, named, write
from tests.unit.settings.test_chaining import plain, taking, trusted
from tests.unit.settings.test_connections import accepting, believed, company, faults, form, there

from actas.cli.objects import lines_of
from actas.core.ports import JsonObject
from actas.settings.forms import Form
from actas.settings.load import read
from actas.settings.schema_connections import ConnectedPeople, ConnectionForm, ResourceForm
from actas.settings.schema_identifiers import IdentifiersForm

GIVES, SERVES, PLAIN_GIVES, TAKES, PLAIN_TAKES = (
    "gives",
    "gives for MCP",
    "gives plain",
    "takes",
    "takes plain",
)
ASSERTS: Final = {GIVES, SERVES}
ISSUES: Final = {*ASSERTS, PLAIN_GIVES}
ACCEPTS: Final = {TAKES, PLAIN_TAKES}
EVERY: Final = ISSUES | ACCEPTS
DETAILS: Final = [{"type": "ticket_access"}]


class Field(NamedTuple):
    """A value that somebody may write, and the kinds of connection on which it does something."""

    value: Any
    holds: set[str]


FIELDS: Final[dict[str, Field]] = {
    "description": Field("Tickets", EVERY),
    "disabled": Field(True, EVERY),
    "lifetime": Field("2m", EVERY),
    "people.groups": Field("support", EVERY),
    "people.names": Field("actas:alice", EVERY),
    "people.when": Field("true", EVERY),
    "people.from": Field("actas", ISSUES),
    "identify_by": Field("pairwise", ISSUES),
    "email": Field(False, ISSUES),
    "sign_in": Field({"max_age": "8h"}, ISSUES),
    "algorithm": Field("ES256", ISSUES),
    "redeem": Field({"private_key_jwt": {"algorithm": "ES256"}}, ISSUES),
    "act": Field(False, ASSERTS),
    "resource.kind": Field("mcp", ASSERTS),
    "resource.resource": Field("https://api.tickets.example", ASSERTS),
    "resource.authorization_details": Field(DETAILS, ASSERTS),
    "resource.audience": Field("urn:tickets", {GIVES, PLAIN_GIVES}),
    "identifiers.aud_sub": Field({"known_as": "tickets"}, ASSERTS),
    "identifiers.tenant": Field("acme", ASSERTS | ACCEPTS),
    "identifiers.aud_tenant": Field("t-42", ASSERTS | ACCEPTS),
    "identifiers.sub_id": Field({"format": "opaque", "who": {"known_as": "hr"}}, ASSERTS | ACCEPTS),
    "proposals": Field(["access_denied", "encryption"], ASSERTS | {TAKES}),
    "require_encryption": Field(True, {TAKES}),
    "resource.jwks_hosts": Field("keys.tickets.example", ASSERTS),
    "chain": Field("keep", {PLAIN_GIVES}),
    "people.token_types": Field(["id_token"], {PLAIN_GIVES}),
    "claims": Field({"department": {"claim": "dept"}}, {PLAIN_GIVES, PLAIN_TAKES}),
    "client_claim": Field("none", {PLAIN_TAKES}),
    "requested_cnf": Field(True, {PLAIN_TAKES}),
    "from": Field("corp-okta", ACCEPTS),
    "api": Field("orders", ACCEPTS),
    "scopes": Field(["orders:read"], ACCEPTS),
    "authorization_details": Field(DETAILS, ACCEPTS),
    "single_use": Field(True, ACCEPTS),
    "people.match": Field("aud_sub", ACCEPTS),
    "people.unknown": Field("create", ACCEPTS),
    "resource.issuer": Field("https://auth.tickets.example", ISSUES),
    "resource.client_id": Field("acme-helpdesk", ISSUES),
}
SAY_THE_KIND: Final = {
    "name",
    "direction",
    "grant",
    "client",
    "resource",
    "people",
    "identifiers",
    "resource.scopes",
}
"""What every connection of a kind has, or what holds the fields above."""


def written(kind: str, path: str, value: Any) -> dict[str, Any]:
    """A connection of a kind with one more field."""
    bases = {
        GIVES: form(),
        SERVES: form(resource=there(kind="mcp")),
        PLAIN_GIVES: plain(),
        TAKES: accepting(),
        PLAIN_TAKES: taking(),
    }
    one = bases[kind]
    holder, _, name = path.rpartition(".")
    if holder:
        empty = there() if holder == "resource" else {}
        one[holder] = {**one.get(holder, empty), name: value}
    else:
        one[name] = value
    if path in ("require_encryption", "resource.jwks_hosts") and kind in ASSERTS | {TAKES}:
        one["proposals"] = "encryption"
    if path == "identifiers.sub_id" and kind in ACCEPTS:
        one["people"] = {"match": "sub_id"}
    return one


def change_for(kind: str) -> Change:
    def change(tree: Tree) -> None:
        if kind in ACCEPTS:
            (believed if kind == TAKES else trusted())(tree)
            named(tree, "issuers", "corp-okta").setdefault("email_domains", ["acme.example"])

    return change


def every_case() -> Iterator[tuple[str, str]]:
    for path in FIELDS:
        for kind in sorted(EVERY):
            yield path, kind


@pytest.mark.parametrize(("path", "kind"), [*every_case()])
def test_a_field_does_something_or_is_named(tmp_path: Path, path: str, kind: str) -> None:
    field = FIELDS[path]
    found = faults(tmp_path, written(kind, path, field.value), change=change_for(kind))
    if kind in field.holds:
        assert found == []
    else:
        holder = path.partition(".")[0]
        place = re.compile(rf"connections\[0\]\.(?:{re.escape(path)}|{holder})(?:\[\d+\])?: ")
        assert any(place.match(one) for one in found), found


def test_no_field_is_left_out() -> None:
    forms: dict[str, type[Form]] = {
        "": ConnectionForm,
        "resource.": ResourceForm,
        "people.": ConnectedPeople,
        "identifiers.": IdentifiersForm,
    }
    fields = {
        f"{where}{field.alias or name}"
        for where, one in forms.items()
        for name, field in one.model_fields.items()
    }
    assert fields == FIELDS.keys() | SAY_THE_KIND


def whole(kind: str) -> dict[str, Any]:
    """A connection of a kind with every field that does something on it, as far as they go together."""
    one = written(kind, "description", "Tickets")
    for path, field in FIELDS.items():
        if kind in field.holds and path not in ("people.unknown", "people.match"):
            holder, _, name = path.rpartition(".")
            (one.setdefault(holder, {}) if holder else one)[name] = field.value
    if kind in ACCEPTS:
        one["people"]["match"] = "sub_id"
    if kind == GIVES:
        one["resource"]["kind"] = "api"
    return one


@pytest.mark.parametrize("kind", sorted(EVERY))
def test_every_field_that_is_kept_comes_out_as_it_was_and_is_shown(tmp_path: Path, kind: str) -> None:
    """What `apply` keeps, `export` writes as a file, from which the same connection is read."""
    tree = company(whole(kind), change=change_for(kind))
    draft = read([write(tmp_path, tree)], dev=False, environ=ACME_ENVIRONMENT)
    (kept,) = (one for one in draft.offered(pepper=None) if one.kind == "connections")
    document: JsonObject = json.loads(kept.document)
    exported = yaml.safe_load(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100))
    first, again = (
        loaded(tmp_path, {**tree, "connections": [one]}).definitions for one in (whole(kind), exported)
    )
    assert without_places(first) == without_places(again) != ()
    body: JsonObject = {"name": kept.name, "document": document, "version": 1, "disabled": False}
    shown = [str(one) for one in lines_of({**body, "in_force": True, "kept_by": "console"})]
    for field in document.keys() - {"name"}:
        assert [one for one in shown if one.startswith(f"  {field} ")]


def without_places(definitions: Any) -> tuple[Any, ...]:
    return tuple(replace(one, place="") for one in (*definitions.connections, *definitions.accepted))
