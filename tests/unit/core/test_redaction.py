"""Nothing that is a secret, stands under a secret's name or is shaped like one is written."""

from __future__ import annotations

import base64
import re
import secrets
import time
from urllib.parse import quote

import pytest

from actas.core.redaction import DEEPEST, MOST, REMOVED, Redaction
from actas.crypto import jose

REDACTION = Redaction()
SHORT = "hunter2"
"""A password that no shape gives away."""


@pytest.mark.requirement("SEC-87", "REL-32")
@pytest.mark.parametrize(
    "secret",
    [
        jose.sign({"iss": "a"}, key=jose.PrivateKey.generate("ES256"), typ="JWT"),
        jose.sign({"iss": "a"}, key=jose.PrivateKey.generate("ES256"), typ="JWT").rpartition(".")[0],
        secrets.token_urlsafe(32),
        secrets.token_hex(16),
        secrets.token_hex(32),
        "+iVheMGTlqJVHhq/bJoUpuAJSEMStOUvbYVZAXEabTg=",
        "aA1/bB2+" * 5 + "=",
        "/aA1bB2cC3/dD4eE5fF6/gG7hH8iI9",
        "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----",
        "-----BEGIN EC PRIVATE KEY-----\nabc\ndef cut off",
    ],
)
def test_what_is_shaped_like_a_secret_leaves_a_digest(secret: str) -> None:
    shown = REDACTION.text(f"before {secret}, after")
    assert secret not in shown
    assert secret[10:-10] not in shown
    assert re.match(r"before \[removed [0-9a-f]{8}\]", shown)
    assert shown == REDACTION.text(f"before {secret}, after")  # two mentions can be matched


def test_random_text_is_removed_wherever_a_slash_happens_to_stand() -> None:
    kept = [
        text
        for text in (base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(3000))
        if text[:30] in REDACTION.text(f"key {text} end")
    ]
    assert kept == []


@pytest.mark.requirement("SEC-87", "REL-32")
@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Basic {SHORT}",
        f"authorization: {SHORT}",
        f"{{'authorization': 'Bearer {SHORT}'}}",
        f"[(b'host', b'a'), (b'authorization', b'{SHORT}')]",
        f"Cookie: session={SHORT}; theme=dark",
        f"Set-Cookie: session={SHORT}",
        f"DPoP: {SHORT}",
        f"sent with Bearer {SHORT.upper()}9",
        f"sent with bearer {SHORT}",
        f"postgresql://actas:{SHORT}@db.acme.example/actas",
        f"postgresql://actas:p@ss{SHORT}@db.acme.example/actas",
        f"connecting to redis://:{SHORT}@cache:6379/0 failed",
        f"grant_type=x&client_secret={SHORT}&scope=a",
        f"https://as.example/token?client_secret={SHORT}#x",
        f"https://app.example/callback?code={SHORT}&state=1",
        f"connect(user='a', password='{SHORT}')",
        f'connect(user="a", password="{SHORT} with spaces")',
        f"host=db password={SHORT} user=a",
        f'{{"password": "{SHORT}"}}',
        f'{{"password": "quoted \\"{SHORT}"}}',
        f'{{\\"subject_token\\": \\"{SHORT}\\"}}',
        f"{{'refresh_token': '{SHORT}'}}",
        f"client_assertion={SHORT}",
        f"SAMLResponse={SHORT}",
        f"DATABASE_PASSWORD={SHORT}",
        f"password: {SHORT}",
        f'"client_secret": "{SHORT} never closed',
    ],
)
def test_what_stands_under_a_secrets_name_is_removed_however_short_it_is(text: str) -> None:
    shown = REDACTION.text(text)
    assert SHORT not in shown.lower()
    assert REMOVED in shown


@pytest.mark.parametrize(
    "text",
    [
        "a" * 30,
        "/var/lib/actas/data/audit/streams/one/two/three.db",
        'File "/usr/lib/python3.11/site-packages/sqlalchemy/engine/base.py", line 1967, in _execute_context',
        "subject token: its audience is not registered for the client orders",
        "urn:ietf:params:oauth:token-type:access_token",
        "https://idp.acme.example:8443/realms/acme/.well-known/openid-configuration: answered with status 500",
        "550e8400-e29b-41d4-a716-446655440000",
        "test_an_issuer_that_is_down_does_not_stop_known_keys",
        "Basic credentials are refused; bearer tokens too",
        "actas.yaml:12: clients.web.auth.secret: a secret is never written here",
        "2026-11-26T04:13:20.123456Z",
        "status_code=500 exit_code=1",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert REDACTION.text(text) == text


@pytest.mark.requirement("SEC-87")
def test_a_secret_that_the_process_was_given_is_removed_wherever_it_turns_up() -> None:
    given = Redaction(["pa ss/word", "abc", "postgres"])
    assert given.text('FATAL: "pa ss/word" is wrong') == f'FATAL: "{REMOVED}" is wrong'
    assert quote("pa ss/word", safe="") not in given.text(f"at {quote('pa ss/word', safe='')}!")
    assert given.text("abc") == "abc"
    assert given.text("postgres, postgresql") == f"{REMOVED}, postgresql"


def test_values_keep_their_form_and_lose_their_secrets() -> None:
    token = secrets.token_urlsafe(32)
    found = REDACTION.value(
        {
            "count": 3,
            "ratio": 0.5,
            "none": None,
            "flag": True,
            "list": [token, {"password": SHORT, "name": "alice"}],
            "raw": b"\x00\x01\x02",
            "client_secret": {"value": SHORT},
            f"key {token}": "x",
        }
    )
    assert found == {
        "count": 3,
        "ratio": 0.5,
        "none": None,
        "flag": True,
        "list": [REDACTION.text(token), {"password": REMOVED, "name": "alice"}],
        "raw": "[removed 3 bytes]",
        "client_secret": REMOVED,
        f"key {REDACTION.text(token)}": "x",
    }


def test_digests_and_ids_of_ours_stay_in_their_own_fields_and_nowhere_else() -> None:
    for name, text in (("digest", "0a" * 32), ("trace_id", "0a" * 16), ("kid", "k-" + "aB3" * 14)):
        assert REDACTION.value(text, name=name) == text
        assert REDACTION.value(text, name="detail") != text
    assert REDACTION.value(f"{'0a' * 32} and more", name="digest") != f"{'0a' * 32} and more"


def test_a_structure_without_end_is_written_to_a_bounded_depth() -> None:
    loop: dict[str, object] = {}
    loop["again"] = loop
    assert str(REDACTION.value(loop)).count("again") <= 2 * DEEPEST


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "a.",
            "a-",
            "api-",
            "://",
            '"token":"',
            "-----BEGIN A",
            "eyJ",
            "password",
            "aaaa/",
            '\\"',
            "Bearer ",
        ),
        "cookie",
    ],
)
def test_no_text_makes_the_search_slow(piece: str) -> None:
    began = time.process_time()
    REDACTION.text(piece * (2 * MOST // len(piece)))
    assert time.process_time() - began < 0.3  # strangers can have this done, as often as they like


def test_a_long_text_is_cut_where_no_secret_is_cut_in_half() -> None:
    secret = "correct horse battery".replace(" ", "-")
    given = Redaction([secret])
    for shift in range(len(secret) + 2):
        text = "x " * ((MOST - 12) // 2) + "y" * shift + " " + secret + " z" * 50
        shown = given.text(text)
        assert "correct" not in shown
        assert shown.endswith("more characters") or shift == 0
