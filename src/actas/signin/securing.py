"""People look after what they sign in with: password, one-time codes, recovery codes.

``owner`` says who may, and writes down what was changed.
"""

from __future__ import annotations

from typing import Final, Literal

from actas.core.errors import AccessDenied
from actas.core.person import Person
from actas.core.secret import Secret
from actas.signin.credentials import RECOVERY, Credentials
from actas.signin.guessing import SignInGuessing
from actas.signin.holdings import Kind
from actas.signin.one_time_codes import NewApp, OneTimeCodes
from actas.signin.owner import Keeping, Owner
from actas.signin.password_rules import BadPassword, BadPasswordWhy
from actas.signin.proving import Visitor

APP: Final = "app"
"""What the app that makes codes is called."""

PasswordProblem = Literal["wrong", "same"] | BadPasswordWhy
"""Why a password was not changed: the old one is not right, the new one is the old one, or nobody may choose
it."""


class Securing:
    """Changes passwords and one-time codes at the wish of their owner.

    Args:
        keeping: what every change has in common.
        guessing: makes guessing the old password slow.
    """

    def __init__(
        self, keeping: Keeping, *, credentials: Credentials, codes: OneTimeCodes, guessing: SignInGuessing
    ) -> None:
        self._keeping = keeping
        self._credentials = credentials
        self._codes = codes
        self._guessing = guessing

    @property
    def shortest(self) -> int:
        """Characters of a password, at least."""
        return self._credentials.shortest

    async def has(self, owner: Owner, visitor: Visitor) -> frozenset[Kind]:
        """Return what somebody can prove who they are with.

        Raises:
            OAuthError: nobody knows. So for the other methods: or it was not changed, and stands in the
                minutes.
        """
        try:
            return await self._credentials.has(owner.subject, initial=owner.person.initial)
        except Exception as exc:
            raise await self._keeping.refused(visitor, exc) from exc

    async def change_password(
        self, owner: Owner, visitor: Visitor, *, current: Secret | None, new: Secret
    ) -> PasswordProblem | None:
        """Have somebody have another password, and end everything that was begun with the one before.

        What ends: every other session, what apps hold by them, and what apps hold for the time when somebody
        is signed out (RFC 9700 section 4.14.2).

        Args:
            current: the one before; it does not matter when they have none.

        Returns:
            Why it was not changed; None when it was.
        """
        problem: PasswordProblem = "wrong"
        try:
            await self._require_current(owner, visitor, current)
            problem = self._problem(owner, current, new) or problem
            if problem != "wrong":
                raise AccessDenied("weak_password", detail=f"nobody may choose it: {problem}")
            await self._exchange_password(owner, visitor, new)
        except Exception as exc:
            refusal = await self._keeping.refused(visitor, exc)
            if refusal.reason not in ("wrong_credentials", "weak_password"):
                raise refusal from exc
            return problem
        return None

    async def begin_codes(self, owner: Owner, visitor: Visitor) -> NewApp:
        """Return what an app is to be told that makes codes from now on, once it has shown one."""
        try:
            return await self._codes.begin(owner.subject, account=owner.person.name)
        except Exception as exc:
            raise await self._keeping.refused(visitor, exc) from exc

    async def confirm_codes(
        self, owner: Owner, visitor: Visitor, *, code: Secret
    ) -> tuple[Secret, ...] | NewApp | None:
        """Have codes be asked for from now on, when the app shows the right one.

        Returns:
            New recovery codes, which nobody is shown again. When the code is wrong, what the app is to be
            told; None when it has been too long, or nothing was begun.
        """
        record, told = self._keeping.record(owner, visitor, "code", "added"), None
        try:
            told = await self._codes.begun(owner.subject, account=owner.person.name)
            if not await self._codes.confirm(owner.subject, code.reveal(), name=APP, record=record):
                detail = f"the new app of {owner.subject} does not show this code"
                raise AccessDenied("wrong_credentials", detail=detail)
            await self._keeping.write(record)
            return await self._recovery(owner, visitor)
        except Exception as exc:
            refusal = await self._keeping.refused(visitor, exc)
            if refusal.reason != "wrong_credentials":
                raise refusal from exc
            return told

    async def drop_codes(self, owner: Owner, visitor: Visitor) -> bool:
        """Have no codes be asked for any more, and no recovery code be good; False when none were."""
        record = self._keeping.record(owner, visitor, "code", "removed")
        try:
            held = await self._credentials.list(owner.subject)
            makers = [one.id for one in held if one.kind == "code"]
            dropped = await self._credentials.remove(owner.subject, *makers, RECOVERY, record=record)
            if dropped:
                await self._keeping.write(record)
        except Exception as exc:
            raise await self._keeping.refused(visitor, exc) from exc
        return dropped

    async def make_recovery(self, owner: Owner, visitor: Visitor) -> tuple[Secret, ...] | None:
        """Return new recovery codes, the only ones from now on; None when no codes are asked for."""
        if "code" not in await self.has(owner, visitor):
            return None
        try:
            return await self._recovery(owner, visitor)
        except Exception as exc:
            raise await self._keeping.refused(visitor, exc) from exc

    async def _recovery(self, owner: Owner, visitor: Visitor) -> tuple[Secret, ...]:
        record = self._keeping.record(owner, visitor, "recovery", "made")
        codes = await self._codes.make_recovery(owner.subject, record=record)
        await self._keeping.write(record)
        return codes

    async def _require_current(self, owner: Owner, visitor: Visitor, current: Secret | None) -> None:
        person = owner.person
        if "password" not in await self._credentials.has(owner.subject, initial=person.initial):
            return
        typed = "" if current is None else current.reveal()
        async with self._guessing.attempt(person.name, visitor.source, subject=owner.subject) as attempt:
            right = await self._credentials.check_password(owner.subject, typed, initial=person.initial)
            attempt.failed = not right
        if not right:
            raise AccessDenied("wrong_credentials", detail=f"not the password of {owner.subject}")

    def _problem(self, owner: Owner, current: Secret | None, new: Secret) -> PasswordProblem | None:
        if current == new:
            return "same"
        try:
            self._credentials.require_good(new.reveal(), about=_about(owner.person))
        except BadPassword as bad:
            return bad.why
        return None

    async def _exchange_password(self, owner: Owner, visitor: Visitor, new: Secret) -> None:
        # Before, so that nothing goes on when the second half fails; and after it for who came in between.
        await self._end_others(owner, visitor)
        record = self._keeping.record(owner, visitor, "password", "set")
        await self._credentials.set_password(
            owner.subject, new.reveal(), about=_about(owner.person), record=record
        )
        await self._keeping.write(record)
        if any(one.sid != owner.session.sid for one in await self._keeping.sessions.of(owner.subject)):
            await self._end_others(owner, visitor)

    async def _end_others(self, owner: Owner, visitor: Visitor) -> None:
        record = self._keeping.ending(owner, visitor, by="a new password")
        await self._keeping.sessions.end_others(owner.subject, but=owner.session.sid, record=record)
        await self._keeping.write(record)


def _about(person: Person) -> tuple[str, ...]:
    return (person.name, person.display, person.email or "")
