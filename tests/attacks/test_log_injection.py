"""Writing somebody else's log lines.

Whatever a caller sends ends up in the log: names, scopes, targets, types. A newline starts a line of his own,
a quote or a brace closes the record and opens another, an escape sequence rewrites the terminal of whoever
reads it (CVE-2025-62513, CVE-2020-7694). Every caller-controlled field is tried with all of them, and each
attempt leaves exactly one well-formed line in which the text is data.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
from typing import Any
from urllib.parse import quote_plus

import pytest
from tests.fakes.house import CORP, ISSUER, House, allow

from actas.audit.chain import check_body
from actas.audit.formats.catalog import FORMATS
from actas.audit.formats.entry import Origin, read_entry
from actas.audit.harmless import harmless
from actas.core.errors import OAuthError
from actas.core.wire import ID_TOKEN

POISON = (
    "a\nb",
    "a\r\nb",
    '"}\n{"event":"exchange:granted","outcome":"granted"}',
    '","outcome":"granted","x":"',
    "\x1b[2J\x1b[1;1Hgranted",
    "\x1b]0;owned\x07",
    "\x08\x08\x08\x7f",
    "\x9b31m",
    "\u2028\u2029\u0085",
    "\u202egranted",
    "\\u000a\\",
    "%0a%0d%1b",
    "{{7*7}} ${jndi:ldap://x} <script>alert(1)</script>",
    "\ufffe\uffff\U0010ffff",
    "x" * 5000,
)
FIELDS = (
    "grant_type",
    "client_id",
    "client_secret",
    "subject_token",
    "subject_token_type",
    "actor_token",
    "actor_token_type",
    "requested_token_type",
    "audience",
    "resource",
    "scope",
    "client_assertion",
    "client_assertion_type",
    "unheard_of",
)
READ: dict[str, Any] = {"audience": "inventory", "scope": "stock:read"}
CONTROL = re.compile(rb"[\x00-\x1f]")
MORE_CONTROL = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""DEL, the C1 controls - U+009B starts a terminal sequence as ESC does -, line and direction marks."""


def one_line(house: House) -> dict[str, Any]:
    """The one event of a house, which is one line of JSON that says what happened once."""
    (line,) = house.writer.lines
    check_body(line)
    assert CONTROL.search(line) is None
    pairs: list[list[tuple[str, Any]]] = []

    def keep(found: list[tuple[str, Any]]) -> dict[str, Any]:
        pairs.append(found)
        return dict(found)

    event: dict[str, Any] = json.loads(line, object_pairs_hook=keep)
    for found in pairs:
        assert len(found) == len(dict(found)), "a member appears twice"
    assert line.decode("utf-8")
    assert len(line) < 20_000
    return event


@pytest.mark.requirement("SEC-87", "SEC-86")
@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("poison", POISON)
async def test_a_poisoned_field_leaves_one_well_formed_line(field: str, poison: str) -> None:
    house = House()
    form = {**house.form("orders", house.our_token(), **READ), field: poison}
    try:
        await house.post(form)
        expected = "granted"
    except OAuthError:
        expected = "refused"
    event = one_line(house)
    assert event["outcome"] == expected
    assert event["event"] == f"exchange:{expected}"
    assert (expected == "granted") == (field == "unheard_of")


@pytest.mark.requirement("SEC-87")
@pytest.mark.parametrize("poison", [one for one in POISON if "\x00" not in one])
async def test_a_poisoned_name_of_a_field_does_too(poison: str) -> None:
    for value in ("", "1"):
        house = House()
        form = {**house.form("orders", house.our_token(), **READ), poison: value}
        await house.post(form)
        event = one_line(house)
        assert event.get("blank", []) == ([poison[:64]] if not value else [])


@pytest.mark.requirement("SEC-87")
@pytest.mark.parametrize("poison", ["\x7f", "\x9b31m", "\u2028"])
async def test_every_control_character_is_escaped(poison: str) -> None:
    house = House()
    await house.post({**house.form("orders", house.our_token(), **READ), poison: ""})
    assert MORE_CONTROL.search(house.writer.lines[0].decode()) is None


@pytest.mark.requirement("SEC-87")
@pytest.mark.parametrize("poison", [one for one in POISON if "\x00" not in one])
async def test_so_does_what_somebody_wrote_who_changes_something(poison: str) -> None:
    house = House()
    await house.minutes.note("revocation:granted", why=poison)
    assert one_line(house)["why"] == poison
    assert MORE_CONTROL.search(house.writer.lines[0].decode()) is None


@pytest.mark.requirement("SEC-87", "REL-04")
@pytest.mark.parametrize("form", FORMATS)
async def test_nothing_steers_whoever_reads_a_copy_of_the_log(form: str) -> None:
    """Sinks and exports write entries anew, in the words of others, for a terminal, a file or a search."""
    house = House()
    poison = "a\x9b31m\x7f\u202egranted\u2028\x1b[2J\r\nb"
    with pytest.raises(OAuthError):
        await house.post(house.own_form("nightly", scope=poison, **{poison: ""}, audience=poison))
    await house.minutes.note("revocation:granted", why=poison, operator=poison)
    for line in house.writer.lines:
        members = {"v": 1, "stream": "s1", "seq": 1, **json.loads(line), "trace": poison, "kid": poison}
        entry = read_entry(harmless(json.dumps(members, ensure_ascii=False).encode()), stream="s1", seq=1)
        copied = FORMATS[form].document(entry, Origin(issuer=ISSUER, version="1"))  # type: ignore[index]
        assert CONTROL.search(copied) is None
        assert MORE_CONTROL.search(copied.decode()) is None


@pytest.mark.requirement("SEC-87")
@pytest.mark.parametrize("poison", POISON)
async def test_a_poisoned_authorization_header_does_too(poison: str) -> None:
    encoded = base64.b64encode(f"{quote_plus(poison)}:{quote_plus(poison)}".encode()).decode()
    for header in (f"Basic {encoded}", f"Basic {poison}", poison):
        house = House()
        form = house.form("orders", house.our_token(), **READ, client_id=None, client_secret=None)
        form.pop("client_id", None)
        with pytest.raises(OAuthError):
            await house.post(form, authorization=header)
        assert one_line(house)["outcome"] == "refused"
        assert MORE_CONTROL.search(house.writer.lines[0].decode()) is None


@pytest.mark.requirement("SEC-87")
@pytest.mark.parametrize("poison", POISON)
@pytest.mark.parametrize(
    "claim", ["iss", "sub", "aud", "email", "groups", "act", "may_act", "jti", "dept", "azp", "scope"]
)
async def test_a_poisoned_claim_does_too(claim: str, poison: str) -> None:
    shaped: Any = {
        "act": {"sub": poison},
        "may_act": {"sub": poison},
        "groups": [poison],
        "aud": ["acme-web", poison],
    }.get(claim, poison)
    when = ("has(subject.claims.dept)",)
    rule = allow("a", "delegation", "orders", "inventory", subject=House().rules[0].subject, when=when)  # type: ignore[index]
    house = House(rules=(rule,), issuers=(CORP,))
    given: dict[str, Any] = {"dept": "x", "nonce": "n", claim: shaped}
    token = house.id_token(**given)
    with contextlib.suppress(OAuthError):
        await house.ask("orders", token, subject_token_type=str(ID_TOKEN), audience="inventory")
    assert one_line(house)["event"].startswith("exchange:")
