"""What a notice says: a letter in plain text, and a document for a program. Pure.

Names and reasons come from elsewhere. Each is one line of bounded length in which nothing steers a reader's
screen, so that none of them adds a header or looks like a line of ours.
"""

from __future__ import annotations

import textwrap
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final
from urllib.parse import urlsplit

import msgspec

from actas.core.impersonation import Impersonation
from actas.core.person import Person, VouchedPerson
from actas.core.ports import Json, JsonObject
from actas.notices.due import What

_LONGEST: Final = 500
_NAME: Final = 80
_SUBJECT: Final = 200
"""Characters of a text from elsewhere, of a name, and of the subject of the letter."""

_WIDTH: Final = 76


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What there is to tell.

    Attributes:
        one: the impersonation, as it is now.
        person: as whom somebody acts; None when they are no more.
        issuer: our own issuer identifier.
        account: the address of my access; None when nobody signs in here.
        now: seconds since the epoch.
    """

    what: What
    one: Impersonation
    person: Person | VouchedPerson | None
    issuer: str
    account: str | None
    now: int

    @property
    def runs(self) -> bool:
        """Whether it goes on now, whatever the notice was to tell."""
        return self.one.runs(self.now)


def letter(occasion: Occasion, *, sender: str, to: str, themselves: bool) -> EmailMessage:
    """Return the letter of a notice.

    Args:
        sender: our address.
        to: whom it is sent to.
        themselves: whether that is the person as whom somebody acts.

    Raises:
        ValueError: one of the addresses cannot be written in a letter.
    """
    message = EmailMessage(policy=SMTP)
    host = urlsplit(occasion.issuer).hostname or "localhost"
    message["From"] = mailbox(sender, name="Actas")
    message["To"] = mailbox(to)
    message["Subject"] = _subject(occasion, themselves=themselves)
    message["Date"] = format_datetime(datetime.fromtimestamp(occasion.now, UTC))
    # The same however often it is sent, so that a mailbox knows one that came twice.
    message["Message-ID"] = f"<{occasion.one.id}.{occasion.what}@{host}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no machine answers it
    message.set_content(_text(occasion, themselves=themselves), charset="utf-8", cte="quoted-printable")
    return message


def mailbox(address: str, *, name: str = "") -> Address:
    """Return an address as a header of a letter names it (RFC 5322 section 3.4).

    Raises:
        ValueError: it cannot be written in one, such as ``a..b@acme.example`` or ``ü@acme.example``.
    """
    try:
        return Address(display_name=name, addr_spec=address)
    except HeaderParseError as bad:  # which is no ValueError, though what else is wrong with an address is
        raise ValueError(str(bad)) from bad


def is_writable(address: str) -> bool:
    """Whether an address can be written in a letter."""
    try:
        mailbox(address)
    except ValueError:
        return False
    return True


def document(occasion: Occasion) -> bytes:
    """Return a notice for a program: one JSON object."""
    one, person = occasion.one, occasion.person
    told: JsonObject = {
        "kind": "actas/ImpersonationNotice",
        "v": 1,
        "what": occasion.what,
        "running": occasion.runs,
        "impersonation": one.id,
        "person": {
            "iss": one.subject.issuer,
            "sub": one.subject.subject,
            "name": None if person is None else person.display,
            "email": None if person is None else person.email,
        },
        "administrator": {
            "iss": one.administrator.identity.issuer,
            "sub": one.administrator.identity.subject,
        },
        "reason": one.why.reason,
        "ticket": one.why.ticket or None,
        "client": one.client,
        "apis": list[Json](one.apis),
        "scope": " ".join(one.scope),
        "began_at": one.began_at,
        "until": one.until,
        "ended_by": one.ended_by or None,
        "ended_why": one.ended_why or None,
        "account": occasion.account,
    }
    return msgspec.json.encode(told)


def line(text: str, longest: int = _LONGEST) -> str:
    """Return a text from elsewhere as one line, without what steers a screen, and cut at the end."""
    kept = "".join(" " if char.isspace() else char for char in text)
    kept = "".join(char for char in kept if unicodedata.category(char)[0] != "C")
    said = " ".join(kept.split())
    return said if len(said) <= longest else f"{said[: longest - 1]}…"


def _subject(occasion: Occasion, *, themselves: bool) -> str:
    who, whom = _who(occasion), "you" if themselves else _whom(occasion)
    return line(f"{who} {'acts' if occasion.runs else 'acted'} as {whom}", _SUBJECT)


def _who(occasion: Occasion) -> str:
    return line(occasion.one.administrator.identity.subject, _NAME)


def _whom(occasion: Occasion) -> str:
    person = occasion.person
    return line(occasion.one.subject.subject if person is None else person.display, _NAME)


def _text(occasion: Occasion, *, themselves: bool) -> str:
    one, person = occasion.one, occasion.person
    who, whom = _who(occasion), "you" if themselves else _whom(occasion)
    greeting = f"Hello {_whom(occasion)},\n\n" if themselves else ""
    until = _instant(one.until)
    if occasion.runs:
        says, ends = f"{who} acts as {whom}.", f"{until}, at most"
    else:
        says, ends = f"{who} acted as {whom}. That has ended.", until
    facts = [
        ("Since", _instant(one.began_at)),
        ("Until", ends),
        ("Why", line(one.why.reason) or "no reason was given"),
        ("Ticket", line(one.why.ticket)),
        ("On", line(", ".join(one.apis))),
        ("May", line(" ".join(one.scope))),
        ("Through", line(one.client)),
        ("Approved by", line(one.decided_by.partition(" ")[2])),
        ("Person", "" if themselves else line(one.subject.subject if person is None else person.subject)),
        ("Reference", one.id),
    ]
    told = "\n".join(_fact(name, value) for name, value in facts if value)
    return f"{greeting}{_wrapped(says, indent='  ')}\n\n{told}\n\n{_more(occasion, themselves=themselves)}"


def _more(occasion: Occasion, *, themselves: bool) -> str:
    """Return what the reader can do."""
    sent = f"This letter was sent by {occasion.issuer}. Nobody there reads an answer, or asks for a password."
    if not themselves:
        return f"{_wrapped(sent)}\n"
    if occasion.account is None:
        can = "Ask whoever runs this server when something about it is not right."
    elif occasion.runs:
        can = "You see who acts as you, and end it at once, at:"
    else:
        can = "You see who acted as you, and how it ended, at:"
    where = "" if occasion.account is None else f"\n{occasion.account}"
    return f"{can}{where}\n\n{_wrapped(sent)}\n"


def _fact(name: str, value: str) -> str:
    return _wrapped(f"  {name:<12}{value}", indent=" " * 14)


def _wrapped(text: str, *, indent: str = "") -> str:
    return textwrap.fill(
        text, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _instant(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
