"""Asking the management API: signed in with ``actas login``, JSON there and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import quote, urlencode

from actas.cli.amounts import counted
from actas.cli.asking import asker
from actas.cli.dpop import holder
from actas.cli.exits import Exit, Failure, misused
from actas.cli.logins import login_at
from actas.cli.output import Line
from actas.cli.run import Run
from actas.cli.wire import Answered, Sent
from actas.core.ports import Json, JsonObject

API: Final = "/api/v1"

MOST_FAULTS: Final = 200
"""Faults that a server tells at most."""

_EXITS: Final = {
    "insufficient_scope": Exit.NOT_ALLOWED,
    "invalid_token": Exit.NOT_ALLOWED,
    "invalid_dpop_proof": Exit.NOT_ALLOWED,
    "invalid_configuration": Exit.CONFIGURATION,
    "temporarily_unavailable": Exit.UNFINISHED,
    "not_found": Exit.NO,
    "conflict": Exit.NO,
    "precondition_failed": Exit.NO,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the server answered.

    Attributes:
        version: of the object, from its ETag; None when it is none.
    """

    body: JsonObject
    version: str | None


class Manager:
    """Asks one server as whoever is signed in there.

    Args:
        server: its address; the one that is asked anyway when left out.

    Raises:
        Failure: nobody is signed in (exit 5).
    """

    def __init__(self, run: Run, *, server: str | None = None) -> None:
        self.server = run.server() if server is None else server
        login = login_at(run.home, self.server)
        if login is None or login.ends_at <= run.now:
            raise Failure(
                f"not signed in at {self.server}" if login is None else "the login has ended",
                code="not_signed_in",
                exit=Exit.NOT_ALLOWED,
                hint="actas login --client NAME, or actas login --device --client NAME for a person",
            )
        self.login = login
        self._key = holder(run) if login.proves else None
        self._run = run
        self._ask = asker(run)

    def get(self, path: str, **query: str | None) -> Told:
        """Ask a question.

        Raises:
            Failure: it was refused, or there is no answer.
        """
        known = {name: value for name, value in query.items() if value is not None}
        return self._told(self._send("GET", path + (f"?{urlencode(known)}" if known else "")))

    def send(
        self,
        method: str,
        path: str,
        body: JsonObject | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Told:
        """Ask for a change.

        Raises:
            Failure: it was refused, or there is no answer.
        """
        return self._told(self._send(method, path, body, headers))

    def make(self, kind: str, name: str, document: JsonObject) -> JsonObject:
        """Make an object that is not there yet and return it; with ``--dry-run`` what would be made.

        Raises:
            Failure: it was refused, or would be; or there is no answer.
        """
        query = "?dry_run=true" if self._run.options.dry_run else ""
        return self.send("PUT", at(kind, name) + query, document, headers={"If-None-Match": "*"}).body

    def items(self, kind: str, **query: str | None) -> list[JsonObject]:
        """Return every object of a kind, page by page."""
        found: list[JsonObject] = []
        following: str | None = None
        while True:
            page = self.get(f"/{kind}", limit="500", cursor=following, **query).body
            found += cast("list[JsonObject]", page["items"])
            after = page.get("next")
            if not isinstance(after, str):
                return found
            following = after

    def _send(
        self,
        method: str,
        path: str,
        body: JsonObject | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        token, key = self.login.token.reveal(), self._key
        scheme = "Bearer" if key is None else "DPoP"
        sent = Sent(
            method=method,
            url=f"{self.server}{API}{path}",
            headers={"Authorization": f"{scheme} {token}", **(headers or {})},
            json=body,
            certificate=self.login.certificate,
        )
        if key is None:
            return self._ask(sent)
        return key.asks(self._ask, lambda: sent, token=token)[1]

    def _hint(self, error: str, answered: Answered) -> str | None:
        if error == "invalid_dpop_proof" and self._key is not None:
            return self._key.drift(answered) or "actas login --client NAME"
        return "actas login --client NAME" if error == "invalid_token" else None

    def _told(self, answered: Answered) -> Told:
        document = answered.document() if answered.body else {}
        if answered.status in (200, 201, 204) and document is not None:
            tag = answered.headers.get("etag")
            return Told(body=document, version=tag)
        raise self._refused(answered, document)

    def _refused(self, answered: Answered, document: JsonObject | None) -> Failure:
        error = None if document is None else document.get("error")
        if document is None or not isinstance(error, str):
            return Failure(
                f"{self.server} answers with status {answered.status}, not as a server that can be managed",
                code="bad_answer",
                exit=Exit.UNFINISHED if answered.status >= 500 else Exit.PROTOCOL,
            )
        detail = str(document.get("detail") or document.get("error_description") or error)
        faults = document.get("faults")
        many = cast("list[JsonObject]", faults) if isinstance(faults, list) else []
        if not self._run.out.structured:
            for one in many:
                mark = "warning: " if one.get("severity") == "warning" else ""
                self._run.out.aside(f"{mark}{one.get('place')}: {one.get('path')}: {one.get('message')}")
            detail = _summed(detail, many)
        return Failure(
            detail,
            code=error,
            exit=_EXITS.get(error, Exit.PROTOCOL),
            hint=self._hint(error, answered),
            more={"faults": list[Json](many)} if many else None,
        )


def _summed(detail: str, faults: list[JsonObject]) -> str:
    """Return how many faults were told, when a sentence only tells the first of them again."""
    errors = [one for one in faults if one.get("severity") != "warning"]
    if not errors or str(errors[0].get("message")) not in detail:
        return detail
    more = " at least" if len(faults) >= MOST_FAULTS else ""
    return f"{counted(len(errors), 'error')}{more}. Nothing was changed."


def at(*steps: str) -> str:
    """Return a path of names, each of them quoted.

    Raises:
        Failure: nothing can be called so (exit 2).
    """
    for step in steps:
        if step in ("", ".", "..") or "/" in step or not step.isprintable():
            raise misused(f"nothing is called {step!r}")
    return "/" + "/".join(quote(step, safe="") for step in steps)


def tag(told: Told) -> dict[str, str]:
    """Return the header that names the version that was seen."""
    return {"If-Match": told.version or '"0"'}


def change_lines(changes: Json) -> list[Line]:
    """Return a line for each change of a plan, in the manner of a diff."""
    marks = {"created": "+", "restored": "+", "enabled": "+", "deleted": "-", "pruned": "-", "disabled": "-"}
    lines: list[Line] = []
    for one in cast("list[JsonObject]", changes):
        what = str(one["what"])
        said = {"pruned": "no longer in the files: out of force, not deleted", "adopted": "taken over"}
        kind = str(one["kind"])
        singular = kind if kind == "defaults" else kind.removesuffix("s")
        told = said.get(what) or _difference(one)
        lines.append(f"{marks.get(what, '~')} {singular} {one['name']}  {told}".rstrip())
    return lines


def _difference(change: JsonObject) -> str:
    """Say which fields of a document change, and how, as far as one line holds it."""
    before, after = (change.get(side) for side in ("before", "after"))
    if not isinstance(before, dict) or not isinstance(after, dict):
        return "" if isinstance(before, dict) or isinstance(after, dict) else str(change["what"])
    old, new = before.get("document"), after.get("document")
    if not isinstance(old, dict) or not isinstance(new, dict):
        return ""
    names = [name for name in dict.fromkeys([*old, *new]) if old.get(name) != new.get(name)]
    told = [f"{name}: {_short(old.get(name))} → {_short(new.get(name))}" for name in names[:3]]
    return "; ".join(told) + ("; …" if len(names) > 3 else "")


def _short(value: Json) -> str:
    text = "nothing" if value is None else value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
