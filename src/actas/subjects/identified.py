"""Whom ``sub_id`` of a grant means (ID-JAG section 3.2, RFC 9493): a person of ours who says to be called so.

Everything that the identifier says is compared with what the connection and the person say, member by
member: one more, one less or another one is somebody else (JAG-67). That an ``iss`` and ``sub`` which meant
one person does not mean another is remembered for as long as people are known (JAG-5).
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Protocol

from actas.core.claims import is_name
from actas.core.errors import BadToken
from actas.core.naming import SubjectId
from actas.core.party import Party
from actas.core.person import Person
from actas.core.ports import Json


class KnownElsewhere(Protocol):
    """Finds people of ours by what they are called elsewhere. Answers from memory."""

    def person_known_as(self, label: str, name: str) -> Person | None:
        """Return the person of ours who is called so elsewhere; None when nobody is, or several are."""
        ...


def identified(claims: Mapping[str, Json], form: SubjectId, people: KnownElsewhere) -> Person | None:
    """Return the person of ours whom ``sub_id`` means; None when it is nobody.

    Args:
        form: how the connection says that people are named.

    Raises:
        BadToken: there is no ``sub_id``, or none of that format, or not for that namespace (JAG-68).
    """
    said = _members(claims.get("sub_id"), form)
    if form.who is None or form.who.known_as is None:
        return None
    person = people.person_known_as(form.who.known_as, said[form.named_by])
    if person is None or form.alone:
        return person
    for member, called in form.own.items():
        if said.get(member) != called.of(person, {}):
            return None
    return person


def _members(value: Json, form: SubjectId) -> dict[str, str]:
    """Return the members of an identifier: all text, and right where they are the same for everybody."""
    if not isinstance(value, dict):
        raise BadToken("the claim sub_id is missing or is no object")
    said = {name: one for name, one in value.items() if isinstance(one, str) and is_name(one)}
    if len(said) != len(value):
        raise BadToken("a member of sub_id is not a name")
    if said.get("format") != form.format:
        raise BadToken(f"sub_id is not of the format {form.format}")
    fixed = {name: one for name, one in form.fixed.items() if not form.alone or name == "issuer"}
    for name, wanted in fixed.items():
        if said.get(name) != wanted:
            raise BadToken(f"sub_id says another {name} than the connection, or none")
    if form.named_by not in said:
        raise BadToken(f"sub_id says no {form.named_by}")
    more = said.keys() - {"format", form.named_by, *form.fixed, *form.own}
    if more and not form.alone:
        raise BadToken(f"sub_id says {', '.join(sorted(more))}, and the connection does not")
    return said


def otherwise(now: str, before: str) -> str:
    """Return what is said of a grant that means another person of ours than those before it."""
    return f"sub_id says {now}, and the sub beside it was {before} before"


def key_of(party: Party) -> str:
    """Return what it is kept under whom the ``sub`` of an issuer was matched to: no name of anybody here."""
    whom = f"{party.origin.issuer}\n{party.origin.subject}".encode("utf-8", "surrogatepass")
    return f"matched={sha256(whom).hexdigest()}"
