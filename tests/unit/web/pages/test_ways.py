"""How somebody signs in, and at which device they are signed in, in words that people know."""

from __future__ import annotations

import pytest

from actas.signin.credentials import Held
from actas.signin.holdings import Kind
from actas.web.pages.devices import device
from actas.web.pages.ways import FEW, ways
from actas.web.showing import THEN

LINUX = "Mozilla/5.0 (X11; Linux x86_64)"
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (f"{LINUX} Gecko/20100101 Firefox/145.0", "Firefox on Linux"),
        (f"{LINUX} {CHROME}", "Chrome on Linux"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Edg/142.0.0.0", "Edge on Windows"),
        (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {CHROME} OPR/120.0", "Opera on Mac"),
        (
            f"Mozilla/5.0 (Linux; Android 15; K) {CHROME.replace('Safari', 'Mobile Safari')}",
            "Chrome on Android",
        ),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) Chrome/142.0 Safari/537.36", "Chrome on ChromeOS"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/26.1 Safari/605.1.15", "Safari on Mac"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) Version/19 Safari/604", "Safari on iPhone"),
        ("Mozilla/5.0 (iPad; CPU OS 19_1 like Mac OS X) CriOS/142.0 Safari/604", "Chrome on iPad"),
        ("Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0", "Firefox on Android"),
        (f"{LINUX} something of its own", "A browser on Linux"),
        ("Firefox/1.0", "Firefox"),
        ("curl/8.5.0", "An unknown browser"),
        ("", "An unknown browser"),
    ],
)
def test_a_device_is_called_as_its_person_calls_it(agent: str, said: str) -> None:
    assert device(agent) == said


def shown(*has: Kind, left: int = 0) -> dict[str, tuple[str | None, bool, str, str]]:
    held = (Held(id="recovery", kind="recovery", name="", made_at=1, used_at=None, left=left),)
    rows = ways(frozenset(has), held, account="alice", paths=THEN)
    return {one.name: (one.on, one.care, one.path, one.button) for one in rows}


def test_what_is_there_can_be_changed_and_what_is_not_can_be_had() -> None:
    none = shown()
    assert none["Password"] == (None, False, "/account/password", "Set a password")
    assert none["One-time codes"] == (None, False, "/account/codes", "Turn on codes")
    assert "Recovery codes" not in none
    both = shown("password", "code", left=10)
    assert both["Password"][3] == "Change password"
    assert both["One-time codes"] == ("on", False, "/account/codes", "Turn off codes")
    assert both["Recovery codes"][1] is False


@pytest.mark.parametrize("left", range(FEW + 1))
def test_somebody_with_few_recovery_codes_is_told(left: int) -> None:
    assert shown("password", "code", left=left)["Recovery codes"][1] is True
