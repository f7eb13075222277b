"""What the entries of people and their apps say, in a sentence each: who, at which app, for what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from actas.cli.recorded import Event, member, text, words
from actas.cli.wording import clean, listed
from actas.core.ports import Json

_THINGS: Final = {
    "password": "the password",
    "code": "one-time codes",
    "recovery": "recovery codes",
    "passkey": "passkeys",
}


def of_people(event: Event) -> str | None:
    """Return what an entry says of people and their apps; None when it is about something else."""
    says = _SENTENCES.get(text(event.get("event")))
    return None if says is None else clean(says(event))


def app_of(event: Event) -> str:
    """Return the client that an entry names, as an object or by its name alone; empty for none."""
    return text(member(event, "client").get("name")) or text(event.get("client"))


def who_of(by: Json) -> str:
    """Return who did something: a word, or as ``configuration:changed`` says it."""
    if isinstance(by, dict):
        return text(by.get("client")) or "the server"
    return text(by)


def _signed_in(event: Event) -> str:
    origin = text(member(member(event, "subject"), "origin").get("name"))
    through = f" through {origin}" if origin else ""
    how = "+".join(words(event.get("amr")))
    return (
        f"{_whose(event)} signed in{_to(event)}{through}, {text(event.get('acr'))} by {how or 'nothing'}"
        f"{_source(event)}"
    )


def _authorized(event: Event) -> str:
    device = text(event.get("asked_from"))
    where = f", on a device at {device}" if device else ""
    return f"{app_of(event)} may act for {_whose(event)}: {_what(event)}{where}"


def _consented(event: Event) -> str:
    return f"{_whose(event)} lets {app_of(event)} act for them: {_what(event)}"


def _withdrawn(event: Event) -> str:
    return f"{_whose(event)} lets {app_of(event)} act for them no more{_by(event)}"


def _session_ended(event: Event) -> str:
    app = app_of(event)
    return f"a session of {_whose(event)} ended{f', asked by {app}' if app else ''}{_by(event)}"


def _others_ended(event: Event) -> str:
    but = " but the one they are in" if event.get("sid") else ""
    return f"all sessions of {_whose(event)} ended{but}{_by(event)}"


def _heard(event: Event) -> str:
    return f"{app_of(event)} was told that a session of {_whose(event)} ended"


def _not_heard(event: Event) -> str:
    detail = text(event.get("detail"))
    return f"{app_of(event)} was not told that a session of {_whose(event)} ended: {detail}"


def _changed(event: Event) -> str:
    what = text(event.get("what"))
    return f"{_whose(event)}: {_THINGS.get(what, what)} {text(event.get('change'))}{_by(event)}"


def _reset(event: Event) -> str:
    lost = listed([_THINGS.get(one, one) for one in words(event.get("what"))]) or "nothing that was there"
    why = text(event.get("why"))
    return f"taken away from {_whose(event)}: {lost}{_by(event)}{f': {why}' if why else ''}"


def _registered(event: Event) -> str:
    called = text(member(event, "after").get("client_name"))
    by = text(event.get("by"))
    let_in = "as anybody may" if by == "anybody" else f"with {by}"
    return f"{app_of(event)}{f' ({called})' if called else ''} registered itself, {let_in}{_source(event)}"


def _unregistered(event: Event) -> str:
    return f"{app_of(event)}, which registered itself, was removed: {text(event.get('why'))}"


def _whose(event: Event) -> str:
    return text(member(event, "subject").get("sub")) or "somebody"


def _to(event: Event) -> str:
    app = app_of(event)
    return f" to {app}" if app else ""


def _what(event: Event) -> str:
    return f"{text(event.get('scope')) or 'no scope'} at {listed(words(event.get('apis'))) or 'no API'}"


def _by(event: Event) -> str:
    by = who_of(event.get("by"))
    return f", by {by}" if by else ""


def _source(event: Event) -> str:
    source = text(event.get("source"))
    return f", from {source}" if source else ""


_SENTENCES: Final[dict[str, Callable[[Event], str]]] = {
    "sign_in:granted": _signed_in,
    "authorization:granted": _authorized,
    "consent:given": _consented,
    "consent:withdrawn": _withdrawn,
    "session:ended": _session_ended,
    "session:others_ended": _others_ended,
    "logout:delivered": _heard,
    "logout:failed": _not_heard,
    "credentials:changed": _changed,
    "credentials:reset": _reset,
    "registration:granted": _registered,
    "registration:ended": _unregistered,
}
