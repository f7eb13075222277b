"""A real SMTP server (aiosmtpd) that wants STARTTLS and a password, and keeps the letters it takes.

::

    with Mailbox(authority) as mailbox:
        ...
        assert mailbox.letters[0].to == "carol@example.com"
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from types import TracebackType
from typing import Any, Final, Self, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.fakes.certificates import Authority
from tests.fakes.ports import reserve

USER: Final = "actas"
PASSWORD: Final = "a password of the mail server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A letter that was taken.

    Attributes:
        sender, to: of the envelope.
        raw: as it came.
        secure: whether it came over TLS; ``known`` whether who sent it had signed in.
    """

    sender: str
    to: str
    raw: bytes
    secure: bool
    known: bool

    @property
    def message(self) -> EmailMessage:
        """What it says."""
        return message_from_bytes(self.raw, policy=default)

    @property
    def text(self) -> str:
        """Its text."""
        return str(self.message.get_content())


class Mailbox:
    """The server, in a thread of its own.

    Args:
        authority: issues its certificate; None for a server that speaks no TLS and wants no password.

    Attributes:
        letters: those that were taken, in order.
        tried: how many recipients it was told of.
        answer: says how a recipient is answered, by the text of the reply; None takes them.
    """

    def __init__(self, authority: Authority | None = None) -> None:
        self.letters: list[Letter] = []
        self.tried = 0
        self.answer: Callable[[str], str | None] = lambda _: None
        self._reserved = reserve()
        self.port = self._reserved.number
        context = None if authority is None else authority.server("localhost")
        self._controller = Controller(
            cast("Any", self),
            hostname="127.0.0.1",
            port=self.port,
            **(_secure(context) if context is not None else {}),
        )

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        self.tried += 1
        answer = self.answer(address)
        if answer is not None:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:
        for to in envelope.rcpt_tos:
            self.letters.append(
                Letter(
                    sender=envelope.mail_from,
                    to=to,
                    raw=envelope.content,
                    secure=session.ssl is not None,
                    known=bool(session.authenticated),
                )
            )
        return "250 taken"

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()
        self._reserved.release()


def _secure(context: ssl.SSLContext) -> dict[str, Any]:
    return {
        "tls_context": context,
        "require_starttls": True,
        "auth_required": True,
        "authenticator": _knows,
    }


def _knows(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    known = isinstance(data, LoginPassword) and (data.login, data.password) == (
        USER.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=known)
