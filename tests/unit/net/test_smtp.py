"""Letters to a real SMTP server: over TLS and signed in, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.certificates import Authority
from tests.fakes.mailbox import PASSWORD, USER, Mailbox
from tests.fakes.ports import reserve

from actas.core.secret import Secret
from actas.net.smtp import Relay, SmtpPost
from actas.notices.telling import NotTold, WillNotHear

CAROL = "carol@example.com"
SENDER = "actas@acme.example"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.within(tmp_path, "authority")


@pytest.fixture
def mailbox(authority: Authority) -> Iterator[Mailbox]:
    with Mailbox(authority) as running:
        yield running


def post(port: int, authority: Authority | None, **changes: Any) -> SmtpPost:
    known: dict[str, Any] = {
        "host": "localhost", "port": port, "tls": "starttls", "sender": SENDER,
        "username": USER, "password": Secret(PASSWORD),
    }  # fmt: skip
    authorities = None if authority is None else authority.certificate
    return SmtpPost(Relay(**{**known, **changes}), authorities=authorities)


def letter() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = SENDER, CAROL, "Grüße"
    message.set_content("dana acts as you\n")
    return message


async def test_a_letter_is_taken_over_tls_from_who_has_signed_in(
    mailbox: Mailbox, authority: Authority
) -> None:
    await post(mailbox.port, authority).send(letter(), to=CAROL)
    (taken,) = mailbox.letters
    assert (taken.sender, taken.to, taken.secure, taken.known) == (SENDER, CAROL, True, True)
    assert taken.message["Subject"] == "Grüße"


async def test_nothing_is_said_to_a_server_that_cannot_prove_who_it_is(
    mailbox: Mailbox, tmp_path: Path
) -> None:
    with pytest.raises(NotTold, match="certificate verify failed"):
        await post(mailbox.port, Authority.within(tmp_path, "another")).send(letter(), to=CAROL)
    assert (mailbox.letters, mailbox.tried) == ([], 0)


async def test_a_server_without_tls_gets_neither_password_nor_letter(authority: Authority) -> None:
    """Whoever stands between strikes STARTTLS from what the server offers."""
    with Mailbox() as stripped:
        with pytest.raises(NotTold, match="STARTTLS"):
            await post(stripped.port, authority).send(letter(), to=CAROL)
        assert (stripped.letters, stripped.tried) == ([], 0)
        plain = post(stripped.port, authority, tls="none", username=None, password=None)
        await plain.send(letter(), to=CAROL)
        assert [one.secure for one in stripped.letters] == [False]


async def test_a_wrong_password_is_tried_again_later_and_told_to_nobody(
    mailbox: Mailbox, authority: Authority
) -> None:
    with pytest.raises(NotTold) as failed:
        await post(mailbox.port, authority, password=Secret("not-this-one")).send(letter(), to=CAROL)
    assert "not-this-one" not in str(failed.value)
    assert mailbox.letters == []


@pytest.mark.parametrize(
    ("reply", "error"),
    [("550 no such mailbox", WillNotHear), ("450 come back later", NotTold), ("552 full", WillNotHear)],
)
async def test_what_a_server_says_of_a_mailbox_is_for_now_or_for_good(
    mailbox: Mailbox, authority: Authority, reply: str, error: type[Exception]
) -> None:
    mailbox.answer = lambda _: reply
    with pytest.raises(error, match=reply[:3]):
        await post(mailbox.port, authority).send(letter(), to=CAROL)


async def test_a_server_that_is_away_may_come_back(authority: Authority) -> None:
    port = reserve()
    with pytest.raises(NotTold, match=str(port.number)):
        await post(port.number, authority).send(letter(), to=CAROL)
    port.release()
