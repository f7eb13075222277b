"""What the entries of refusals beside the token endpoint say: who wanted what, and why they were refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from actas.cli.entries_of_people import app_of
from actas.cli.recorded import Event, member, members, text
from actas.cli.wording import clean
from actas.core.ports import Json

LONGEST: Final = 200
"""Characters of the detail that stand in a line; all of it is where the entry is shown whole."""

_WANTED: Final = {
    "introspection": "to ask about a token",
    "userinfo": "to ask about a person",
    "revocation": "to revoke a token",
    "sign_in": "to sign in",
    "authorization": "to sign somebody in",
    "device": "codes for a device",
    "account": "to see or change what is theirs",
    "management": "to manage the server",
    "impersonation": "to see or change impersonations",
    "registration": "to register itself",
}
"""What was wanted at each door but the token endpoint."""


def refused_elsewhere(event: Event) -> str | None:
    """Return what an entry says that is a refusal beside the token endpoint; None for any other."""
    door, _, happened = text(event.get("event")).partition(":")
    wanted = _WANTED.get(door)
    if wanted is None or happened != "refused":
        return None
    detail = text(event.get("detail"))
    why = [text(event.get("reason")), detail if len(detail) <= LONGEST else f"{detail[: LONGEST - 1]}…"]
    return clean(f"{_who(event, door)} wanted {wanted}: {': '.join(one for one in why if one)}")


def _who(event: Event, door: str) -> str:
    """Return who wanted it: a person, an app as it is registered or as it was spelt, an address."""
    subject, app = member(event, "subject"), app_of(event)
    person, acting = text(subject.get("sub")), _acting(subject)
    if person and acting:
        person = f"{acting}, acting as {person},"
    spelt, source = text(event.get("asked_as")), text(event.get("source"))
    if person and app:
        return f"{person} through {app}"
    if door == "sign_in" and app:  # the app did not want it: who came from there did
        return f"somebody at {app}{f', from {source},' if source else ''}"
    named = person or app or (f'something asked as "{spelt}"' if spelt else "somebody")
    known = bool(person or (app and door != "authorization"))
    return named if known or not source else f"{named} from {source}"


def _acting(subject: Mapping[str, Json]) -> str:
    """Return who acts with the token of somebody else, as that token says."""
    newest = members(subject.get("actors"))[:1]
    return text(newest[0].get("sub")) if newest else ""
