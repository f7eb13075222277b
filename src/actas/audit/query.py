"""The query language of ``actas audit search``, and what of an entry it can find. Pure.

A query is terms between spaces, and all of them must hold: ``client:orders reason:no_rule api:inv*``. A
value that ends in ``*`` matches by its beginning, ``"..."`` keeps spaces and stars literal, and a bare word
is looked for as client, subject, actor or id. How the projection keeps terms is ``store``'s.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from actas.core.ports import Json, JsonObject

BARE: Final = ("client", "subject", "actor", "id")
"""Where a bare word is looked for."""

FIELDS: Final[dict[str, str]] = {
    "id": "the entry's id",
    "stream": "the stream it is in",
    "event": "what happened, as in exchange:granted",
    "outcome": "granted or refused",
    "reason": "why it was refused",
    "kind": "the kind of exchange",
    "grant": "the grant type",
    "client": "who asked, or for which app somebody did; of an app that nobody knows, as it was spelt",
    "subject": "for whom",
    "impersonation": "the impersonation that it belongs to, or is about",
    "issuer": "who vouched for the subject or the actor",
    "actor": "who acts, and who acted before in the chain; of an impersonation, the administrator; "
    "of a change, the person who made it",
    "api": "the target",
    "connection": "the connection by which a grant for another domain was asked for",
    "scope": "a scope that was given",
    "rule": "a rule that decided",
    "policy": "the configuration in force, by its digest",
    "txn": "the transaction",
    "trace": "the trace that the request was part of",
    "jti": "the id of a token, given or presented",
    "digest": "the keyed digest of a token, given or presented",
    "key": "the key that signed the token that was given",
    "source": "where the request came from",
    "delivery": "unknown, for tokens of which nobody knows whether they were delivered",
}
"""What can be asked for, with its meaning for the documentation."""

LONGEST: Final = 1000
"""Characters of a query; a value is kept up to this length too."""

_TERM: Final = re.compile(r'\s*(?:([A-Za-z_]+):)?(?:"([^"]*)"|([^\s"]+))(?=\s|$)')


class BadQuery(ValueError):
    """A query that cannot be read. The message says what would be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One condition.

    Attributes:
        fields: any of them may match.
        prefix: whether ``value`` is only the beginning.
    """

    fields: tuple[str, ...]
    value: str
    prefix: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A token that an entry names.

    Attributes:
        role: ``given`` for the one it records, ``parent`` for those it came from.
    """

    role: str
    jti: str
    digest: str


def read_query(text: str) -> tuple[Term, ...]:
    """Read a query; the empty one has no terms and matches every entry.

    Raises:
        BadQuery: it cannot be read.
    """
    if len(text) > LONGEST:
        raise BadQuery(f"a query has at most {LONGEST} characters")
    terms: list[Term] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TERM.match(text, at)
        if match is None:
            raise BadQuery(
                f"cannot read {text[at:].strip()!r}: terms are field:value, with quotes around spaces"
            )
        terms.append(_term(match))
        at = match.end()
    return tuple(terms)


def _term(match: re.Match[str]) -> Term:
    field, quoted, plain = match.groups()
    if field is not None and field not in FIELDS:
        known = ", ".join(FIELDS)
        raise BadQuery(f'there is no field {field!r}; put "..." around text with a colon. Fields: {known}')
    if field is None and quoted is None and plain.endswith(":"):
        raise BadQuery(f"cannot read {plain!r}: a value is missing")
    value = plain if quoted is None else quoted
    prefix = quoted is None and value.endswith("*")
    return Term(
        fields=BARE if field is None else (field,),
        value=value.removesuffix("*") if prefix else value,
        prefix=prefix,
    )


def terms_of(event: JsonObject) -> set[tuple[str, str]]:
    """Return what an entry can be found by, as field and value; what has an unexpected shape is left out."""
    found: set[tuple[str, str]] = set()
    simple = (
        "id",
        "stream",
        "event",
        "outcome",
        "reason",
        "kind",
        "impersonation",
        "grant",
        "policy",
        "txn",
        "trace",
        "source",
    )
    for field in simple:
        _put(found, field, event.get(field))
    _put(found, "client", _member(event, "client", "name"))
    for spelt in ("client", "asked_as"):  # of what people do, the name alone; or what a browser called it
        _put(found, "client", event.get(spelt))
    _put(found, "client", _member(event, "by", "client"))  # who changed the configuration
    _put(found, "actor", _member(event, "by", "person"))
    _put(found, "subject", _member(event, "subject", "sub"))
    _put(found, "actor", _member(event, "actor", "sub"))
    _put(found, "actor", _member(event, "administrator", "sub"))
    # The chain starts with the subject; whoever comes after acted for him.
    for link in _list(event.get("chain"))[1:]:
        _put(found, "actor", _get(link, "sub"))
    for party in (event.get("subject"), event.get("actor")):
        for link in _list(_get(party, "actors")):  # of a refusal that no rule saw, this is all there is
            _put(found, "actor", _get(link, "sub"))
        _put(found, "issuer", _get(party, "issuer"))
        _put(found, "issuer", _get(party, "iss"))
    for field, many in (("api", "apis"), ("rule", "rules")):
        for value in _list(event.get(many)):
            _put(found, field, value)
    _put(found, "connection", _member(event, "abroad", "connection"))
    scope = _get(event.get("given"), "scope") or _get(_get(event.get("redeemed"), "came"), "scope")
    for value in scope.split() if isinstance(scope, str) else _list(scope):
        _put(found, "scope", value)
    _put(found, "key", _get(event.get("given"), "key"))
    for mention in mentions(event):
        _put(found, "jti", mention.jti)
        _put(found, "digest", mention.digest)
    return found


def matches(terms: Sequence[Term], event: JsonObject) -> bool:
    """Whether an entry is one that a search for ``terms`` would find."""
    if not terms:  # most sinks get every entry, and what each can be found by is a long list
        return True
    known = terms_of(event)
    return all(
        any(
            field in term.fields and (value.startswith(term.value) if term.prefix else value == term.value)
            for field, value in known
        )
        for term in terms
    )


def mentions(event: JsonObject) -> Iterator[Mention]:
    """Yield the tokens that an entry names, the given one first; parents are followed by ``lineage``."""
    yield from _mention("given", event.get("given"))
    redeemed = event.get("redeemed")  # the grant, as the entry has it in which it was given
    yield from _mention("parent", redeemed)
    yield from _mention("given", _get(redeemed, "came"))
    parents = _list(event.get("parents"))
    for parent in parents:
        yield from _mention("parent", parent)
    for party in ("subject", "actor"):
        token = _get(event.get(party), "token")
        yield from _mention(party, token)


def undelivered_ids(event: JsonObject) -> list[str]:
    """Return the entries that this one, of the log's own, names as "delivery unknown" (REL-03)."""
    if not str(event.get("event")).startswith("log:"):
        return []
    ids = _list(_get(event.get("facts"), "delivery_unknown"))
    return [one for one in ids if isinstance(one, str)]


def read_event(line: bytes) -> JsonObject | None:
    """Return an entry as an object, or None when it is none."""
    try:
        found: Json = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _mention(role: str, token: Json) -> Iterator[Mention]:
    jti, digest = _get(token, "jti"), _get(token, "digest")
    mention = Mention(
        role=role, jti=jti if isinstance(jti, str) else "", digest=digest if isinstance(digest, str) else ""
    )
    if mention.jti or mention.digest:
        yield mention


def _put(found: set[tuple[str, str]], field: str, value: Json) -> None:
    if isinstance(value, str) and value:
        found.add((field, value[:LONGEST]))


def _member(event: JsonObject, name: str, member: str) -> Json:
    return _get(event.get(name), member)


def _get(value: Json, member: str) -> Json:
    return value.get(member) if isinstance(value, dict) else None


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
