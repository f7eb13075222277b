"""``--show``: an exchange as it was sent, as it was answered, and as ``curl`` or Python, secrets masked.

The only place that prints what ``wire`` carries. What is masked is listed here, and everything that could
open something is on the list: a new parameter that carries a token belongs on it too.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote_plus, urlencode

from actas.cli.ask import ABROAD, Wanted
from actas.cli.wire import Answered, Sent
from actas.core.ports import Json
from actas.core.secret import Secret
from actas.core.wire import REFRESH_TOKEN

SHOWABLE: Final = ("request", "response", "code")

_TOKENS: Final = frozenset(
    {
        "subject_token",
        "actor_token",
        "assertion",
        "access_token",
        "refresh_token",
        "id_token",
        "client_assertion",
    }
)
_SECRETS: Final = frozenset({"client_secret"})
_VARIABLES: Final = {
    "subject_token": "SUBJECT_TOKEN",
    "actor_token": "ACTOR_TOKEN",
    "client_assertion": "CLIENT_ASSERTION",
    "assertion": "GRANT",
    "client_secret": "ACTAS_CLIENT_SECRET",
}


def masked(name: str, value: str) -> str:
    """Return a value as it may be shown: a token shortened, a secret not at all."""
    if name in _SECRETS:
        return "…"
    return Secret(value).shortened() if name in _TOKENS else value


def request_lines(sent: Sent) -> Iterator[str]:
    """Yield a request as it was sent."""
    yield f"> {sent.method} {sent.url}"
    for name, value in sent.headers.items():
        yield f"> {name}: {_shown_header(name, value)}"
    if sent.form:
        yield ">"
    for number, (name, value) in enumerate(sent.form):
        shown = masked(name, value)
        # A masked value is not what was sent, so it is not encoded as if it were.
        pair = urlencode({name: value}) if shown == value else f"{name}={shown}"
        yield f"> {'&' if number else ''}{pair}"


def _shown_header(name: str, value: str) -> str:
    if name.lower() == "authorization":
        return f"{value.partition(' ')[0]} …"
    return Secret(value).shortened() if name.lower() == "dpop" else value


def response_lines(answered: Answered) -> Iterator[str]:
    """Yield an answer as it was received."""
    yield f"< {answered.status}, {answered.took * 1000:.0f} ms"
    for name, value in answered.headers.items():
        yield f"< {name}: {'…' if name == 'set-cookie' else value}"
    yield "<"
    document = answered.document()
    if document is None:
        yield f"< {len(answered.body)} bytes that are no JSON object"
        return
    shown: dict[str, Json] = {
        name: masked(name, value) if isinstance(value, str) else value for name, value in document.items()
    }
    for line in json.dumps(shown, indent=2, ensure_ascii=False).split("\n"):
        yield f"< {line}"


def code_lines(sent: Sent, wanted: Wanted, *, client: str) -> Iterator[str]:
    """Yield the request as ``curl`` and, where the SDK has words for it, as Python."""
    yield from _curl(sent, client)
    said = wanted.actor is None and not wanted.redeems and wanted.requested not in ABROAD
    if said and len(wanted.targets) == 1:
        yield ""
        yield from _python(wanted, bound="DPoP" in sent.headers)


def _curl(sent: Sent, client: str) -> Iterator[str]:
    lines = [f"curl -sS {shlex.quote(sent.url)}"]
    if any(name.lower() == "authorization" for name in sent.headers):
        lines.append(f'-u {shlex.quote(quote_plus(client))}:"$ACTAS_CLIENT_SECRET"')
    if "DPoP" in sent.headers:
        lines.append('-H "DPoP: $DPOP_PROOF"')  # good once, for this request and this minute
    if sent.certificate is not None:
        lines.append(f"--cert {shlex.quote(sent.certificate)}")
    for name, value in sent.form:
        variable = _VARIABLES.get(name)
        lines.append(
            f"--data-urlencode {shlex.quote(f'{name}={value}')}"
            if variable is None
            else f'--data-urlencode {name}="${variable}"'
        )
    yield " \\\n  ".join(lines)


def _python(wanted: Wanted, *, bound: bool) -> Iterator[str]:
    """The SDK reads issuer, client and credentials from ``ACTAS_…`` variables."""
    target = wanted.targets[0]
    scopes = f", scopes={list(wanted.scope)!r}" if wanted.scope else ""
    yield "from actas_sdk.sync import Actas"
    yield ""
    yield f"with Actas.from_env({'dpop=True' if bound else ''}) as actas:"
    if wanted.subject is None:
        yield f"    token = actas.own_token(to={target!r}{scopes})"
        return
    kind = wanted.subject.type.rpartition(":")[2]
    does, usual = ("exchange", "access_token")
    if wanted.requested == REFRESH_TOKEN:
        does, usual = ("refresh_token", "id_token")
    declared = "" if kind == usual else f", subject_type={kind!r}"
    yield f"    token = actas.{does}(subject_token, to={target!r}{scopes}{declared})"
