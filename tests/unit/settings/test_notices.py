"""Who is told of impersonations, and how letters are sent, as the configuration says it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fakes.configuration import ACME_ENVIRONMENT, acme, complaints, loaded

from actas.core.secret import Secret
from actas.settings.told import MailSettings, NoticeSettings

MAIL: dict[str, Any] = {"host": "smtp.acme.example", "from": "actas@acme.example"}
SECRET = "whsec_" + "QUJD" * 11
HOOK: dict[str, Any] = {"notify_webhook": "https://notices.acme.example/in", "notify_secret": {"env": "HOOK"}}


def tree(section: dict[str, Any], mail: dict[str, Any] | None = MAIL, **user: Any) -> dict[str, Any]:
    found = acme()
    found["impersonation"] = section
    found["users"] = [{"name": "carol", "email": "carol@example.com", **user}]
    if mail is not None:
        found["server"]["mail"] = mail
    return found


def test_the_words_of_the_product_are_understood(tmp_path: Path) -> None:
    told = loaded(tmp_path, tree({"notify": ["subject", "security@acme.example"]})).definitions
    assert told.notices == NoticeSettings(to=("subject", "security@acme.example"), at=frozenset({"start"}))
    assert told.server.mail == MailSettings(
        host="smtp.acme.example", port=587, tls="starttls", sender="actas@acme.example"
    )
    assert not told.impersonating.must_be_told


def test_all_of_it_is_understood(tmp_path: Path) -> None:
    section = {"notify": ["subject"], "notify_at": ["end"], "notify_required": True, **HOOK}
    mail = {**MAIL, "tls": "tls", "username": "actas", "password": {"env": "MAIL"}}
    environ = {**ACME_ENVIRONMENT, "HOOK": SECRET, "MAIL": "hunter2"}
    told = loaded(tmp_path, tree(section, mail), environ=environ).definitions
    assert told.notices == NoticeSettings(
        to=("subject",), at=frozenset({"end"}), webhook=HOOK["notify_webhook"], secrets=(Secret(SECRET),)
    )
    assert told.server.mail is not None
    assert (told.server.mail.port, told.server.mail.username) == (465, "actas")
    assert told.server.mail.password == Secret("hunter2")
    assert "hunter2" not in repr(told)
    assert told.impersonating.must_be_told


@pytest.mark.parametrize(
    ("section", "mail", "sentence"),
    [
        ({"notify": ["subject"]}, None, "nobody who takes letters: give server.mail"),
        ({"notify": ["everybody"]}, MAIL, "not an e-mail address"),
        ({"notify": ["a@b.example\r\nBcc: c@d.example"]}, MAIL, "not an e-mail address"),
        ({"notify": ["b@acme.example"], "notify_required": True}, MAIL, "wants subject in notify"),
        ({"notify_at": ["end"]}, MAIL, "nobody is told"),
        ({"notify_webhook": HOOK["notify_webhook"]}, MAIL, "come together"),
        (HOOK, MAIL, "not a secret of Standard Webhooks"),
        ({**HOOK, "notify_webhook": "http://notices.acme.example/in"}, MAIL, "must be https"),
        ({}, {**MAIL, "host": "smtp.acme.example:25"}, "without its port"),
        ({}, {**MAIL, "tls": "none"}, "for a server on this computer"),
        ({}, {**MAIL, "username": "actas"}, "come together"),
        ({}, {**MAIL, "from": "Actas"}, "not an e-mail address"),
        ({}, {**MAIL, "from": "a@b.example\nBcc: c@d.example"}, "not an e-mail address"),
        ({}, {**MAIL, "from": "a..b@acme.example"}, "server.mail.from: no letter can name it"),
        ({"notify": ["ü@acme.example"]}, MAIL, "impersonation.notify[0]: no letter can name it"),
        ({"notify": ["b@acme.example", "b@acme..example"]}, MAIL, "impersonation.notify[1]: no letter can"),
    ],
)
def test_what_would_tell_nobody_or_anybody_is_refused(
    tmp_path: Path, section: dict[str, Any], mail: dict[str, Any] | None, sentence: str
) -> None:
    made = tree(section or {"require_reason": True}, mail)
    environ = {**ACME_ENVIRONMENT, "HOOK": "long enough, and yet no such secret: 7f3a05"}
    assert any(sentence in one for one in complaints(tmp_path, made, environ=environ))


def test_who_gets_no_letter_is_named(tmp_path: Path) -> None:
    made = tree({"notify": ["subject"]}, email=None)
    made["users"][0].pop("email")
    found = loaded(tmp_path, made)
    assert any("carol: no email, so they get no letter" in one.message for one in found.warnings)


@pytest.mark.requirement("SEC-48")
def test_a_person_whom_no_letter_can_name_is_a_fault_where_they_are_told(tmp_path: Path) -> None:
    for email in ("carol.@example.com", ".carol@example.com", "cárol@example.com"):
        (said,) = complaints(tmp_path, tree({"notify": ["subject"]}, email=email))
        assert "users[0].email: no letter can name it" in said
        loaded(tmp_path, tree({"notify": ["security@acme.example"]}, email=email))  # nothing is sent to them
