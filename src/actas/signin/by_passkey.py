"""Somebody proves who they are by a passkey: alone, or after the password in the place of a one-time code.

A passkey says by itself whose it is, so no name is typed and none is said to exist; and the device has made
sure of its person, so that it is two factors in one. Nothing can be guessed. What fails is counted for the
source all the same, together with wrong passwords: looking at it costs us something.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from actas.audit.log import Minutes
from actas.audit.refusal import refused
from actas.core.client import Client
from actas.core.errors import AccessDenied, OAuthError
from actas.core.ports import JsonObject
from actas.core.secret import Secret
from actas.crypto.json import BadJson, read_object
from actas.crypto.passkey import BadPasskey
from actas.signin.beginning import Beginning, Begun, Half, Visitor, begun_if_any
from actas.signin.flow import Flow
from actas.signin.guessing import SignInGuessing
from actas.signin.passkeys import Passkeys, Proven
from actas.signin.proving import Directory, Proving
from actas.signin.steps import AskCode, AskWho, GoOn

LONGEST: Final = 64 * 1024
"""Bytes of what a browser answers, at most."""


def read_answer(answer: Secret) -> JsonObject:
    """Return what a browser answered.

    Raises:
        BadPasskey: it is no answer.
    """
    try:
        return read_object(answer.reveal().encode("utf-8", "surrogatepass"), max_bytes=LONGEST)
    except BadJson as bad:
        raise BadPasskey(str(bad)) from None


class ByPasskey:
    """Has people prove who they are by a passkey.

    Args:
        proving: asks again.
        beginning: begins sessions.
        fresh: raises when what this process knows of the shared state may be out of date.
    """

    def __init__(
        self,
        *,
        directory: Directory,
        proving: Proving,
        passkeys: Passkeys,
        guessing: SignInGuessing,
        beginning: Beginning,
        begun: Flow[Begun],
        audit: Minutes,
        fresh: Callable[[], None],
    ) -> None:
        self._directory = directory
        self._proving = proving
        self._passkeys = passkeys
        self._guessing = guessing
        self._beginning = beginning
        self._begun = begun
        self._audit = audit
        self._fresh = fresh

    async def alone(self, flow: str | None, *, answer: Secret, visitor: Visitor) -> GoOn | AskWho:
        """Look at what a browser answered for somebody who has said nothing yet.

        Raises:
            OAuthError: the form was not ours, or nothing can be looked at now; it stands in the minutes.
        """
        trail = self._audit.open(visitor.source, door="sign_in")
        try:
            self._fresh()
            begun = begun_if_any(self._begun, flow, visitor)
            trail.said_by = self._client(begun)
            proven = await self._proven(answer, visitor, subject=None)
            return await self._signed_in(proven, begun, visitor, before=())
        except Exception as exc:
            refusal = await refused(self._audit, trail, exc)
            if not _may_try_again(refusal):
                raise refusal from exc
            return self._proving.ask(flow, "", visitor, passkey_refused=True)

    async def second(self, flow: str | None, *, answer: Secret, visitor: Visitor) -> GoOn | AskCode:
        """Look at what a browser answered for somebody whose password was right.

        Raises:
            OAuthError: as for ``alone``.
        """
        trail = self._audit.open(visitor.source, door="sign_in")
        half: Half | None = None
        try:
            self._fresh()
            half = await self._proving.half_of(flow, visitor)
            trail.said_by = self._client(half.begun)
            proven = await self._proven(answer, visitor, subject=half.subject)
            return await self._signed_in(proven, half.begun, visitor, before=("pwd",))
        except Exception as exc:
            refusal = await refused(self._audit, trail, exc)
            if not _may_try_again(refusal) or half is None or flow is None:
                raise refusal from exc
            return self._proving.ask_code(half, flow, passkey_refused=True)

    async def _proven(self, answer: Secret, visitor: Visitor, *, subject: str | None) -> Proven:
        """Return whose passkey it was.

        Args:
            subject: who it must be; None for anybody.
        """
        async with self._guessing.unnamed(visitor.source) as attempt:
            try:
                proven = await self._passkeys.check(read_answer(answer), session=visitor.browser)
            except BadPasskey as bad:
                attempt.failed = True
                raise AccessDenied("wrong_credentials", detail=f"the passkey: {bad}") from None
            attempt.failed = subject is not None and proven.subject != subject
        if attempt.failed:
            detail = f"a passkey of {proven.subject}, after the password of {subject}"
            raise AccessDenied("wrong_credentials", detail=detail)
        return proven

    def _client(self, begun: Begun) -> Client | None:
        return None if begun.request is None else self._directory.client(begun.request.client)

    async def _signed_in(
        self, proven: Proven, begun: Begun, visitor: Visitor, *, before: tuple[str, ...]
    ) -> GoOn:
        person = self._directory.person(proven.subject)
        if person is None or person.disabled:
            raise AccessDenied("wrong_credentials", detail=f"{proven.subject} is locked out, or is no more")
        # One that is kept in sync between devices is not held by any hardware (RFC 8176 section 2).
        held = "swk" if proven.synced else "hwk"
        amr = (*before, held, "user", "mfa")
        return await self._beginning.signed_in(person, begun, visitor, name=person.name, amr=amr)


def _may_try_again(refusal: OAuthError) -> bool:
    return refusal.reason == "wrong_credentials"
