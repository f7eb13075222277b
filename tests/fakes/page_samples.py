"""Every page with what people see on it: what is usual, and what somebody hostile would have it show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from actas.core.reasons import REASONS
from actas.web.pages.account import AppRow, ImpersonationRow, MyAccess, SessionRow, WayRow
from actas.web.pages.answers import ErrorView, Message, Posting, ReasonsView, SignOut
from actas.web.pages.consent import Consent
from actas.web.pages.device import DeviceCode, DeviceConsent
from actas.web.pages.parts import App, ProviderButton, ScopeLine
from actas.web.pages.security import (
    BeginCodes,
    ChangePassword,
    DropCodes,
    EnrolCodes,
    MakePasskey,
    NewRecovery,
    PasskeyList,
    PasskeyRow,
    RecoveryCodes,
)
from actas.web.pages.sign_in import PasskeyForm, SignIn, SignInCode
from actas.web.pages.view import View

NOW: Final = datetime(2026, 11, 26, 14, 2, 11, tzinfo=UTC)
CSRF: Final = "csrf-of-this-page"
RETURN: Final = "http://127.0.0.1:19999/callback"
SECRET: Final = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
ASKED: Final = '{"challenge":"AAAA","rpId":"localhost","userVerification":"required"}'
RECOVERY: Final = tuple(
    "-".join((*["mzxw", "6ytb", "oi3t", "kmju", "gyzd", "qnrw", "geyd"], f"az{n}q")) for n in range(2, 8)
)


@dataclass(frozen=True, slots=True)
class Words:
    """What comes from elsewhere.

    Attributes:
        name: of a person or an app.
        line: a sentence.
        host: of an address.
        scopes: how many are asked for.
        rows: of each list.
    """

    name: Callable[[str], str]
    line: Callable[[str], str]
    host: Callable[[str], str]
    scopes: int
    rows: int


USUAL: Final = Words(name=str, line=str, host=str, scopes=4, rows=2)

RAN: Final = "window.marked = (window.marked || 0) + 1"
MARKUP: Final = (
    f"<script>{RAN}</script>",
    f'"><img src=x onerror="{RAN}">',
    f"'><svg onload='{RAN}'>",
    f'{{{{ 7 * 7 }}}}<iframe srcdoc="<script>parent.{RAN}</script>"></iframe>',
    f"--></title></textarea></style><script>{RAN}</script>",
    f'" autofocus onfocus="{RAN}" x="',
    f"javascript:{RAN}",
    '<link rel="stylesheet" href="https://evil.example/x.css"><base href="https://evil.example/">',
)
LONG: Final = "W" * 400
TURNED: Final = "\u202eelpmaxe.live\u2066 שלום עולם مرحبا بالعالم\u2067"
STACKED: Final = "e" + "\u0301" * 60


def _hostile(text: str) -> str:
    # Each place gets another: which one depends on what would usually stand there.
    chosen = sum(text.encode("utf-8"))
    return f"{TURNED} {STACKED} {MARKUP[chosen % len(MARKUP)]} {LONG if chosen % 3 == 0 else text}"


HOSTILE: Final = Words(
    name=_hostile,
    line=lambda text: f"{text} {' '.join(MARKUP)} {LONG}",
    host=lambda text: f"{'a' * 63}.{'b' * 63}.{'xn--' + 'c' * 59}.{text}",
    scopes=200,
    rows=6,
)


def samples(words: Words) -> Mapping[str, View]:
    """Return every page in every state, by a name for each."""
    return {**_signing_in(words), **_consent(words), **_endings(words), **_account(words)}


REASONS_PAGE: Final = ReasonsView(reasons=tuple(REASONS.items()))
"""The one page on which nothing comes from elsewhere."""


def _form(action: str, words: Words) -> dict[str, Any]:
    return {"action": f"/posted/{action}", "csrf": CSRF, "hidden": (("request", words.name("r-1")),)}


def _app(words: Words) -> App:
    return App(words.name("Notes"), words.host("notes.example"))


def _signing_in(words: Words) -> dict[str, View]:
    app, name = _app(words), words.name("alice@acme.example")
    ids = tuple(
        ProviderButton(f"/posted/provider?provider=p{n}", words.name(one))
        for n, one in enumerate(("corp-okta", "Acme Google"))
    )
    wrong = "This name and password do not go together. Check both, or ask whoever runs this server."
    form = _form("sign-in", words)
    code = {"name": name, "back": "/posted/back", **_form("code", words)}
    passkey = PasskeyForm("/posted/passkey", CSRF, ASKED)
    return {
        "sign_in": SignIn(app=app, **form),
        "sign_in_plain": SignIn(**form),
        "sign_in_again": SignIn(
            app=app,
            name=name,
            error=words.line(wrong),
            providers=ids,
            **form,
        ),
        "sign_in_passkey": SignIn(
            app=app,
            providers=ids,
            passkey=passkey,
            **form,
        ),
        "sign_in_once_more": SignIn(name=name, again=True, **form),
        "sign_in_elsewhere": SignIn(app=app, password=False, providers=ids, **form),
        "sign_in_nobody": SignIn(password=False, **form),
        "sign_in_code": SignInCode(app=app, **code),
        "sign_in_code_passkey": SignInCode(app=app, passkey=passkey, **code),
        "sign_in_code_again": SignInCode(error=words.line("This code is not the one of now."), **code),
    }


def _scopes(words: Words) -> tuple[ScopeLine, ...]:
    about = (
        ScopeLine("openid", "Know that it is you"),
        ScopeLine("email", words.line("Read your email address")),
    )
    some = (("orders:read", "Read your orders"), ("orders:write", "Change and cancel your orders"))
    rest = [
        ScopeLine(
            words.name(f"{some[n % 2][0]}{n // 2 or ''}"), words.line(some[n % 2][1]), words.name("orders")
        )
        for n in range(words.scopes - 2)
    ]
    return (*about, *rest)


def _consent(words: Words) -> dict[str, View]:
    common = {
        "person": words.name("Alice Liddell"),
        "account": words.name("alice@acme.example"),
        "my_access": "/my-access",
        **_form("consent", words),
    }
    assistant = App(words.name("assistant"), kind="agent")
    one = (ScopeLine("stock:read", words.line("See what is in stock"), words.name("inventory")),)
    return {
        "consent": Consent(
            app=_app(words),
            scopes=_scopes(words),
            redirect_host=words.host("notes.example"),
            offline=True,
            **common,
        ),
        "consent_local": Consent(app=assistant, scopes=one, redirect_host="localhost", local=True, **common),
        "consent_who": Consent(
            app=_app(words), scopes=_scopes(words)[:2], redirect_host="notes.example", **common
        ),
        "consent_nothing": Consent(app=_app(words), scopes=(), redirect_host="notes.example", **common),
        "device_consent": DeviceConsent(
            app=App(words.name("Television")),
            scopes=one,
            code="WDJB-MJHT",
            asked_from="198.51.100.7",
            **common,
        ),
        "device_code": DeviceCode(**_form("device", words)),
        "device_code_again": DeviceCode(
            code=words.name("WDJB-MJH"),
            error=words.line("No device waits for this code. Compare it with what the device shows now."),
            **_form("device", words),
        ),
    }


def _endings(words: Words) -> dict[str, View]:
    return {
        "error": ErrorView(
            sentence=words.line("This app is not registered here"),
            remedy=words.line("Go back to the app and tell whoever runs it: `client_id` names no client."),
            reason="unknown_client",
            docs="/errors",
            entry="main:48213",
        ),
        "error_bare": ErrorView(
            sentence="This page has ended.", remedy="Go back to the app and begin again."
        ),
        "message": Message(
            sentence=words.line("Your device is connected."),
            text=("You can close this page. The device goes on by itself within a few seconds.",),
            link=("/my-access", "See my access"),
        ),
        "message_care": Message(
            sentence="You are signed out here.",
            text=(words.line("Notes could not be told. Close it, too."),),
        ),
        "posting": Posting(
            address=RETURN,
            host=words.host("notes.example"),
            app=_app(words),
            fields=(("code", words.name("c-1")), ("state", words.line("s-1"))),
        ),
        "sign_out": SignOut(
            person=words.name("Alice Liddell"), stay="/my-access", **_form("sign-out", words)
        ),
        "sign_out_app": SignOut(person=words.name("alice"), app=_app(words), **_form("sign-out", words)),
    }


def _account(words: Words) -> dict[str, View]:
    security: dict[str, Any] = {"account": words.name("alice@acme.example"), "back": "/my-access"}
    wrong = words.line("This is not your password.")
    uri = f"otpauth://totp/acme:alice%40acme.example?secret={SECRET}&issuer=acme"
    empty = _access(words, sessions=(), apps=(), impersonations=())
    return {
        "my_access": _access(
            words,
            sessions=_sessions(words),
            apps=_apps(words),
            impersonations=_impersonations(words),
            ways=_ways(words),
            done=words.line("release-bot may not act for you any more."),
        ),
        "my_access_empty": empty,
        "change_password": ChangePassword(shortest=12, **security, **_form("password", words)),
        "change_password_again": ChangePassword(
            shortest=12, error=wrong, **security, **_form("password", words)
        ),
        "enrol_codes": EnrolCodes(secret=SECRET, uri=uri, **security, **_form("codes", words)),
        "change_password_none": ChangePassword(
            shortest=12, has_one=False, **security, **_form("password", words)
        ),
        "begin_codes": BeginCodes(back="/my-access", **_form("codes", words)),
        "drop_codes": DropCodes(back="/my-access", **_form("codes", words)),
        "new_recovery": NewRecovery(back="/my-access", **_form("recovery", words)),
        "passkeys": _passkeys(words, done=words.line("The passkey signs you in from now on.")),
        "passkeys_last": _passkeys(words, removable=False),
        "passkeys_none": _passkeys(words, passkeys=(), error=words.line("No passkey was added.")),
        "make_passkey": MakePasskey(
            asked=ASKED, name=words.name("Firefox on Linux"), back="/passkeys", **_form("passkeys", words)
        ),
        "recovery_codes": RecoveryCodes(codes=RECOVERY, first=True, back="/my-access"),
    }


def _access(words: Words, **more: Any) -> MyAccess:
    return MyAccess(
        person=words.name("Alice Liddell"),
        account=words.name("alice@acme.example"),
        now=NOW,
        csrf=CSRF,
        end_session="/posted/session",
        stop_app="/posted/app",
        end_impersonation="/posted/impersonation",
        sign_out="/posted/sign-out",
        **more,
    )


def _passkeys(words: Words, **more: Any) -> PasskeyList:
    rows = tuple(
        PasskeyRow(
            id=f"k{n}",
            name=words.name("Laptop" if n else "Phone"),
            made_at=NOW - timedelta(days=40 + n),
            used_at=NOW - timedelta(minutes=7) if n else None,
        )
        for n in range(words.rows)
    )
    kept: dict[str, Any] = {"passkeys": rows, "removable": True, "now": NOW, "back": "/my-access", **more}
    return PasskeyList(**kept, **_form("passkeys", words))


def _ways(words: Words) -> tuple[WayRow, ...]:
    account = words.name("alice@acme.example")
    return (
        WayRow(name="Password", text=f"You sign in as {account}.", path="/pw", button="Change password"),
        WayRow(name="Passkeys", on="2", text="They sign you in.", path="/k", button="Manage passkeys"),
        WayRow(name="One-time codes", on="on", text="You are asked.", path="/c", button="Turn off codes"),
        WayRow(name="Recovery codes", text="2 left.", care=True, path="/r", button="Make new codes"),
    )


def _sessions(words: Words) -> tuple[SessionRow, ...]:
    return tuple(
        SessionRow(
            id=f"s{n}",
            device=words.name("Chromium on Linux" if n == 0 else "Safari on iPhone"),
            where="2001:db8:85a3::8a2e:370:7334" if n else "198.51.100.7",
            signed_in_at=NOW - timedelta(days=n * 9, minutes=20),
            seen_at=NOW - timedelta(hours=n * 5),
            current=n == 0,
        )
        for n in range(words.rows)
    )


def _apps(words: Words) -> tuple[AppRow, ...]:
    return tuple(
        AppRow(
            id=f"a{n}",
            app=_app(words) if n == 0 else App(words.name("assistant"), kind="agent"),
            scopes=_scopes(words)[: 4 + n] if n != 1 else (),
            since=NOW - timedelta(days=75 - n),
            used_at=NOW - timedelta(minutes=4) if n == 0 else None,
        )
        for n in range(words.rows)
    )


def _impersonations(words: Words) -> tuple[ImpersonationRow, ...]:
    return tuple(
        ImpersonationRow(
            id=f"i{n}",
            who=words.name("dana@acme.example" if n else "Dana Diaz"),
            identifier=None if n else words.name("actas:dana"),
            reason=words.line("An order stands twice in her basket; looking at what she sees"),
            ticket="HELP-4711" if n == 0 else None,
            targets=(words.name("orders"), words.name("inventory")),
            scopes=_scopes(words)[:2],
            known_by="https://idp.acme.example" if n else None,
            client=words.name("helpdesk"),
            approved_by=words.name("lee") if n else None,
            began_at=NOW - timedelta(days=n * 40, minutes=2),
            ends_at=NOW - timedelta(days=n * 40, minutes=-8),
            running=n == 0,
            ended="by you" if n == 1 else "when its time was over" if n else None,
            ended_why=words.line("The ticket is closed") if n == 1 else None,
        )
        for n in range(words.rows)
    )
