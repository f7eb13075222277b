"""Sending letters: SMTP (RFC 5321) to the one server that the configuration names, over TLS.

A server that does not offer STARTTLS although it is wanted gets nothing: neither a password nor a letter. The
library blocks, so each letter is sent on a thread, one at a time.
"""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Final, Literal

from actas.core.secret import Secret
from actas.net.authorities import trust
from actas.notices.telling import NotTold, WillNotHear

PATIENCE: Final = 10.0
"""Seconds that the server has for each step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """The server that takes letters.

    Attributes:
        tls: ``starttls`` begins in plain text and goes on in TLS, ``tls`` speaks it from the start, ``none``
            never does.
        username: None for a server that wants none.
    """

    host: str
    port: int
    tls: Literal["starttls", "tls", "none"]
    sender: str
    username: str | None = None
    password: Secret | None = field(default=None, repr=False)


class SmtpPost:
    """Implements ``notices.telling.Post``.

    Args:
        authorities: a PEM file of the certificate authorities to trust instead of the system's.

    Raises:
        OSError: ``authorities`` cannot be read or holds no certificate.
    """

    def __init__(self, relay: Relay, *, authorities: Path | None = None) -> None:
        self._relay = relay
        self._trust = trust(authorities)

    async def send(self, message: EmailMessage, *, to: str) -> None:
        await asyncio.to_thread(self._send, message, to)

    def _send(self, message: EmailMessage, to: str) -> None:
        relay = self._relay
        try:
            with self._connect() as server:
                if relay.tls == "starttls":
                    server.starttls(context=self._trust)
                if relay.username is not None and relay.password is not None:
                    server.login(relay.username, relay.password.reveal())
                server.send_message(message, from_addr=relay.sender, to_addrs=[to])
        except smtplib.SMTPRecipientsRefused as refused:
            code, said = next(iter(refused.recipients.values()))
            raise _problem(code, said) from None
        except smtplib.SMTPDataError as refused:
            raise _problem(refused.smtp_code, refused.smtp_error) from None
        except smtplib.SMTPAuthenticationError as refused:
            # What it says may repeat what it was sent.
            raise NotTold(
                f"{self._where} does not accept the user name and password: {refused.smtp_code}"
            ) from None
        except (smtplib.SMTPException, ssl.SSLError, OSError, UnicodeError) as failed:
            raise NotTold(f"{self._where}: {type(failed).__name__}: {_shown(str(failed))}") from None

    def _connect(self) -> smtplib.SMTP:
        relay = self._relay
        if relay.tls == "tls":
            return smtplib.SMTP_SSL(relay.host, relay.port, timeout=PATIENCE, context=self._trust)
        return smtplib.SMTP(relay.host, relay.port, timeout=PATIENCE)

    @property
    def _where(self) -> str:
        return f"{self._relay.host}:{self._relay.port}"


def _problem(code: int, said: bytes | str) -> NotTold | WillNotHear:
    """Return what a reply means (RFC 5321 section 4.2.1): 5yz is for good."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    detail = f"status {code}: {_shown(text)}"
    return WillNotHear(detail) if code >= 500 else NotTold(detail)


def _shown(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)[:200]
