"""People add passkeys, name them and remove them.

``owner`` says who may, and writes down what was changed.
"""

from __future__ import annotations

from actas.core.errors import AccessDenied
from actas.core.ports import JsonObject
from actas.core.secret import Secret
from actas.crypto.passkey import BadPasskey
from actas.signin.by_passkey import read_answer
from actas.signin.credentials import Credentials, Held
from actas.signin.owner import Keeping, Owner
from actas.signin.passkeys import Passkeys
from actas.signin.proving import Visitor


class PasskeyCare:
    """Changes passkeys at the wish of their owner.

    Args:
        keeping: what every change has in common.
    """

    def __init__(self, keeping: Keeping, *, credentials: Credentials, passkeys: Passkeys) -> None:
        self._keeping = keeping
        self._credentials = credentials
        self._passkeys = passkeys

    async def list(self, owner: Owner, visitor: Visitor) -> tuple[Held, ...]:
        """Return somebody's passkeys, oldest first.

        Raises:
            OAuthError: nobody knows. So for the other methods: or it was not changed, and stands in the
                minutes.
        """
        try:
            held = await self._credentials.list(owner.subject)
        except Exception as exc:
            raise await self._keeping.refused(visitor, exc) from exc
        return tuple(one for one in held if one.kind == "passkey")

    async def begin(self, owner: Owner, visitor: Visitor) -> JsonObject:
        """Return what a browser is asked for that is to make a passkey."""
        try:
            return await self._passkeys.begin(
                owner.subject,
                session=visitor.browser,
                account=owner.person.name,
                display=owner.person.display,
            )
        except Exception as exc:
            raise await self._keeping.refused(visitor, exc) from exc

    async def add(self, owner: Owner, visitor: Visitor, *, answer: Secret, name: str) -> bool:
        """Have a passkey count that a browser has made; False when it was not made as it was asked for.

        It is also False when they have too many, or this very one already.
        """
        record = self._keeping.record(owner, visitor, "passkey", "added")
        try:
            try:
                added = await self._passkeys.finish(
                    owner.subject, read_answer(answer), session=visitor.browser, name=name, record=record
                )
            except BadPasskey as bad:
                raise AccessDenied("wrong_credentials", detail=f"the new passkey: {bad}") from None
            if not added:
                detail = f"{owner.subject} has too many passkeys, or this one already"
                raise AccessDenied("wrong_credentials", detail=detail)
            await self._keeping.write(record)
        except Exception as exc:
            refusal = await self._keeping.refused(visitor, exc)
            if refusal.reason != "wrong_credentials":
                raise refusal from exc
            return False
        return True

    async def rename(self, owner: Owner, visitor: Visitor, *, passkey: str, name: str) -> bool:
        """Call a passkey otherwise; False when they have none such, or it is called so."""
        record = self._keeping.record(owner, visitor, "passkey", "renamed")
        try:
            renamed = await self._own(owner, passkey) and await self._credentials.rename(
                owner.subject, passkey, name, record=record
            )
            if renamed:
                await self._keeping.write(record)
        except Exception as exc:
            raise await self._keeping.refused(visitor, exc) from exc
        return renamed

    async def remove(self, owner: Owner, visitor: Visitor, *, passkey: str) -> bool:
        """Have a passkey prove nothing any more; False when they have none such.

        It is also False when it is the last thing that they can sign in with.
        """
        record = self._keeping.record(owner, visitor, "passkey", "removed")
        try:
            removed = await self._credentials.remove_passkey(
                owner.subject, passkey, initial=owner.person.initial, record=record
            )
            if removed:
                await self._keeping.write(record)
        except Exception as exc:
            raise await self._keeping.refused(visitor, exc) from exc
        return removed

    async def may_remove(self, owner: Owner, visitor: Visitor) -> bool:
        """Return whether they can still sign in with one passkey less."""
        try:
            has = await self._credentials.has(owner.subject, initial=owner.person.initial)
        except Exception as exc:
            raise await self._keeping.refused(visitor, exc) from exc
        return "password" in has or len(await self.list(owner, visitor)) > 1

    async def _own(self, owner: Owner, passkey: str) -> bool:
        held = await self._credentials.list(owner.subject)
        return any(one.kind == "passkey" and one.id == passkey for one in held)
