"""What is printed about the server's answer: the JSON of ``exchange``, and the lines for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from actas.cli.ask import Wanted
from actas.cli.chains import parties
from actas.cli.details import detail_lines
from actas.cli.exits import Failure
from actas.cli.grants import taken_apart
from actas.cli.line import horizontal
from actas.cli.output import Ink, Line
from actas.cli.recorded import instant_of, moment
from actas.cli.repeated import repeated
from actas.cli.sentence import sentence
from actas.cli.verdict import Granted, Refused, Running
from actas.cli.wording import clean, duration, listed
from actas.core.ports import Json
from actas.core.wire import ID_JAG, JWT

_KINDS: Final = {str(ID_JAG): "grant (ID-JAG)", str(JWT): "grant (plain JWT)"}
"""What people call the grants for other domains."""


def granted_document(granted: Granted, *, shown: str, saved: str | None) -> dict[str, Json]:
    """Return the JSON of a granted exchange.

    Args:
        shown: the token, whole or shortened.
        saved: what it was saved as, or None.
    """
    document: dict[str, Json] = {
        "outcome": "granted",
        "entry": granted.entry,
        "token": {
            "value": shown,
            "type": granted.type.rpartition(":")[2],
            "scheme": granted.scheme,
            "expires_in": granted.expires_in,
            "scope": list(granted.scope),
            "audience": list(granted.audience),
        },
        "chain": granted.named,
        "sentence": sentence(granted.chain),
    }
    if granted.details:
        document["authorization_details"] = [*granted.details]
    if granted.grant:
        document["grant"] = dict(granted.grant)
    if granted.impersonation is not None:
        document["impersonation"] = granted.impersonation
    return document if saved is None else {**document, "saved": saved}


def granted_lines(
    granted: Granted,
    wanted: Wanted,
    *,
    saved: str | None,
    ascii: bool,  # noqa: A002 - the flag's word
) -> Sequence[Line]:
    """Return what people are told of a granted exchange."""
    what = _KINDS.get(granted.type) or granted.type.rpartition(":")[2].replace("_", " ")
    life = "" if granted.expires_in is None else f", {duration(granted.expires_in)}"
    where = f" for {listed(granted.audience)}" if granted.audience else ""
    tied = ", DPoP-bound" if granted.scheme.lower() == "dpop" else ""
    left_out = [scope for scope in wanted.scope if scope not in granted.scope]
    entry = f"entry {granted.entry} · " if granted.entry else ""
    keeping = f"saved as {saved}" if saved else "saved nowhere (use --save or --raw)"
    return (
        (Ink("granted", "good"), f"  {what}{where}{life}{tied}"),
        "",
        f"  {horizontal(granted.chain, ascii=ascii)}",
        *([f"  not granted: {listed(left_out)}"] if left_out else []),
        *(f"  may        {one}" for one in detail_lines(granted.details)),
        *(("", *taken_apart(granted.grant)) if granted.grant else ()),
        "",
        f"  {entry}{keeping}",
        *([f"  impersonation {granted.impersonation}"] if granted.impersonation else []),
    )


def refused_document(refused: Refused) -> dict[str, Json]:
    """Return the JSON of a refused exchange."""
    return {
        "outcome": "refused",
        "entry": refused.entry,
        "error": refused.error,
        "reason": refused.reason,
        "message": refused.message,
        **({} if refused.impersonation is None else {"impersonation": refused.impersonation}),
        "chain": parties(refused.chain),
    }


def refused_lines(
    refused: Refused,
    *,
    ascii: bool,  # noqa: A002 - the flag's word
    again: str = "",
    elsewhere: str = "",
) -> Sequence[Line]:
    """Return what people are told of a refused exchange.

    Args:
        again: the flags that commands on the server's computer need.
        elsewhere: the server of another domain that refuses: its log is on its own computer.
    """
    words = refused.error if refused.reason is None else f"{refused.error}, {refused.reason}"
    why = ""
    if refused.entry:
        why = f"entry {refused.entry} · {repeated(_why(refused.entry, elsewhere), again)}"
    return (
        (Ink("REFUSED", "bad"), f"  {words}"),
        "",
        f"  {horizontal(refused.chain, ascii=ascii)}",
        "",
        f"  {refused.message}",
        *(_approval(refused.impersonation) if refused.impersonation else ()),
        *([f"  {why}"] if why else []),
    )


def _approval(name: str) -> Sequence[Line]:
    """Say who has to do what, when somebody else has to approve it first."""
    return (f"  A second person does: actas impersonate approve {name}", "  Then ask again.")


def _ending(running: Sequence[Running]) -> str:
    """Say which impersonations run, and what ends one."""
    said = [f"actas impersonate end {one.name} ({one.whom}, until {_clock(one.until)})" for one in running]
    return clean(listed(said, last="or"))


def _clock(at: int) -> str:
    instant = instant_of(at)
    return "?" if instant is None else moment(instant)


def explanation(entry: str) -> str:
    """Return the command that explains an entry."""
    return f"actas explain --entry {entry}"


def _why(entry: str, elsewhere: str) -> str:
    where = f", on the computer of {clean(elsewhere)}" if elsewhere else ""
    return f"why{where}: {explanation(entry)}"


def failure_of(
    refused: Refused, *, hint: str | None = None, drawn: bool = False, elsewhere: str = ""
) -> Failure:
    """Return the failure that a refusal is.

    Args:
        refused: the refusal.
        hint: what would help; without one, the command that explains it.
        drawn: whether it was shown already, in a drawing or as a document.
        elsewhere: the server of another domain that refuses; empty for one's own.
    """
    reason = f" ({refused.reason})" if refused.reason else ""
    more: dict[str, Json] = {"error": refused.error, "reason": refused.reason, "entry": refused.entry}
    why = _why(refused.entry, elsewhere) if refused.entry else None
    if refused.retry_after is not None and refused.retry_after.isdecimal():
        hint = f"try again in {duration(int(refused.retry_after))}{f' · {why}' if why else ''}"
    elif hint is None and refused.entry:
        hint = why if elsewhere else explanation(refused.entry)
    if refused.running:
        hint = f"{_ending(refused.running)}; or {hint}" if hint else _ending(refused.running)
        more["impersonations"] = [
            {"id": one.name, "subject": one.whom, "until": one.until} for one in refused.running
        ]
    return Failure(
        refused.message if drawn else f"{refused.error}{reason}: {refused.message}",
        code=refused.reason or refused.error,
        exit=refused.exit,
        hint=hint,
        more=more,
        told=drawn,
    )
