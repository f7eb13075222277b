"""What the entries of an impersonation say, in a sentence each: its life, and who was told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from actas.cli.recorded import Event, instant_of, member, text, words
from actas.cli.wording import clean, listed
from actas.core.ports import Json

_RECIPIENTS: Final = {"subject": "the person", "webhook": "the webhook"}


def impersonated(event: Event) -> str | None:
    """Return what an entry says of an impersonation; None when it is about something else."""
    says = _SENTENCES.get(text(event.get("event")))
    return None if says is None else clean(says(event))


def _requested(event: Event) -> str:
    groups = listed(words(event.get("approval")))
    return f"{_pair(event, 'wants to act as')}{_where(event)}{_why(event)}; {groups} has to approve"


def _approved(event: Event) -> str:
    return f"{_pair(event, 'may act as')}, says {_name(event.get('decided_by'))}"


def _rejected(event: Event) -> str:
    why = text(event.get("refused_why"))
    said = f": {why}" if why else ""
    return f"{_pair(event, 'may not act as')}, says {_name(event.get('decided_by'))}{said}"


def _started(event: Event) -> str:
    until = instant_of(event.get("until"))
    ends = "" if until is None else f", until {until[11:19]}"
    return f"{_pair(event, 'acts as')}{ends}{_where(event)}{_why(event)}"


def _ended(event: Event) -> str:
    by, why = _name(event.get("ended_by")), text(event.get("ended_why"))
    return f"{_pair(event, 'acts no more as')}{f', ended by {by}' if by else ''}{f': {why}' if why else ''}"


def _told(event: Event) -> str:
    return f"{_recipient(event)} was told of the {text(event.get('what'))}"


def _untold(event: Event) -> str:
    return f"{_recipient(event)} was not told of the {text(event.get('what'))}: {text(event.get('detail'))}"


def _pair(event: Event, does: str) -> str:
    who, whom = (text(member(event, name).get("sub")) for name in ("administrator", "subject"))
    return f"{who} {does} {whom}"


def _where(event: Event) -> str:
    """Say what may be done, where, and through which client."""
    scope, apis = text(event.get("scope")), listed(words(event.get("apis")))
    client = text(member(event, "client").get("name"))
    said = [f"for {scope}"] if scope else []
    said += [f"at {apis}"] if apis else []
    said += [f"through {client}"] if client else []
    return f", {' '.join(said)}" if said else ""


def _why(event: Event) -> str:
    why = member(event, "why")
    said = " ".join(one for one in (text(why.get("ticket")), text(why.get("reason"))) if one)
    return f": {said}" if said else ""


def _recipient(event: Event) -> str:
    recipient = text(event.get("recipient"))
    return _RECIPIENTS.get(recipient, recipient)


def _name(by: Json) -> str:
    """Return whom an entry names, without the issuer."""
    said = text(by)
    return said.partition(" ")[2] if said.startswith("http") else said


_SENTENCES: Final[dict[str, Callable[[Event], str]]] = {
    "impersonation:requested": _requested,
    "impersonation:approved": _approved,
    "impersonation:rejected": _rejected,
    "impersonation:started": _started,
    "impersonation:ended": _ended,
    "impersonation:told": _told,
    "impersonation:untold": _untold,
}
