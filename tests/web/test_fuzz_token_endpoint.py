"""Whatever is sent to the token endpoint, the answer is a refusal, the process lives and says nothing of itself.

Requests are grown from a sound one by a grammar of damage: to the bytes of the form, to its parameters, to the
JSON inside a signed token, to a token's text. ``ACTAS_SOAK=1`` makes the run long.
"""

from __future__ import annotations

import base64
import json
import os
import random
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote_from_bytes

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fakes.forge import SigningKey, forge
from tests.fakes.served import IDP
from tests.fakes.server import RealServer
from tests.fakes.wire import FORM, Line, Reply, encoded, request

import actas
from actas.core.reasons import REASONS

SOAK: Final = os.environ.get("ACTAS_SOAK") == "1"
EXAMPLES: Final = 20_000 if SOAK else 120
SECONDS: Final = 300.0 if SOAK else 3.0

TOKEN = re.compile(rb"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
INTERNALS: Final = (
    b"Traceback",
    b'File "',
    b".py",
    b"Error(",
    b"Exception",
    b"object at 0x",
    str(Path(actas.__file__).parent.parent).encode(),
    b"site-packages",
)

SEEDS: Final[tuple[bytes, ...]] = (
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"9" * 5_000,
    b'{"exp":' + b"9" * 5_000 + b"}",
    b"." * 400_000,
    b'{"act":' * 1_000 + b"{}" + b"}" * 1_000,
    b'{"exp":NaN}',
    b'{"exp":Infinity}',
    b'{"exp":-Infinity}',
    b'{"exp":1e999}',
    b'{"exp":1e-999}',
    b'{"sub":"\\ud800"}',
    b'{"sub":"\\udc00\\ud800"}',
    b'{"sub":"\xed\xa0\x80"}',
    b'{"sub":"\x00"}',
    b'{"sub":"\\u0000"}',
    b'{"sub":["a"]}',
    b'{"aud":{}}',
    b'{"iss":["%b"]}' % IDP.encode(),
    b'{"sub":"a","sub":"b"}',
    b'{"":""}',
    b"[]",
    b"null",
    b'"text"',
    b"",
    b"\xff\xfe",
    b"\xef\xbb\xbf{}",
    b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
    b"' OR '1'='1",
    b"{{7*7}}${7*7}<%= 7*7 %>",
    b"\r\nActas-Entry: x_forged",
    b"\x1b[31mred\x1b[0m",
    "пароль".encode(),
    "\u202ereversed".encode(),
)
MANY: Final = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
PARAMETERS: Final = (
    "grant_type",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "subject_token",
    "subject_token_type",
    "actor_token",
    "actor_token_type",
    "requested_token_type",
    "audience",
    "resource",
    "scope",
    "colour",
)


class Fuzz:
    """A connection over which damage is sent, and what must be true of each answer."""

    def __init__(self, server: RealServer) -> None:
        self.server = server
        idp = server.company.idp_key
        private = serialization.load_der_private_key(idp.to_bytes(), None)
        assert isinstance(private, ec.EllipticCurvePrivateKey)
        # The company's own identity provider gone mad: whatever it says is genuine.
        self.signer = SigningKey("ES256", idp.kid, private)
        self._line: Line | None = None

    def send(self, body: bytes, **headers: str) -> Reply:
        """Send a body and judge the answer."""
        line = self._line = self._line or Line(self.server.port, source="127.0.0.5")
        try:
            line.send(request("POST", "/token", headers={"Content-Type": FORM, **headers}, body=body))
            reply = line.reply()
        except ConnectionError:
            self.close()
            raise AssertionError(f"no answer to {body[:500]!r}") from None
        self.judge(reply, body)
        return reply

    def judge(self, reply: Reply, sent: bytes) -> None:
        """Fail when an answer is not as every answer must be."""
        assert reply.status in (200, 400, 401), (reply, sent[:500])
        # One signature in four thousand begins as the name of a file ends.
        said = TOKEN.sub(b"", reply.body)
        for word in INTERNALS:
            assert word not in said, (reply, sent[:500])
        for _, value in reply.headers:
            assert "forged" not in value
        if reply.status == 200:
            return
        found = reply.json
        assert found.keys() == {"error", "error_description", "error_uri"}
        assert found["error"] != "server_error"
        assert reply.reason in REASONS
        assert reply.reason != "internal"
        told = found["error_description"]
        assert told.isascii()
        assert told.isprintable()
        assert not set('"\\') & set(told)

    def close(self) -> None:
        """Hang up."""
        if self._line is not None:
            self._line.close()
            self._line = None


@pytest.fixture(scope="module")
def fuzz(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzz]:
    with RealServer(tmp_path_factory.mktemp("fuzzed")) as server:
        it = Fuzz(server)
        yield it
        it.close()
        # After all of that, it works and its log is whole.
        assert server.post(server.company.for_alice()).status == 200
        assert "Traceback" not in server.said
        assert server.verdict().findings == ()


def parts(token: str) -> list[bytes]:
    return [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split(".")]


@pytest.mark.requirement("SEC-04", "SEC-13")
@pytest.mark.parametrize("name", PARAMETERS)
def test_every_seed_in_every_parameter_is_refused(name: str, fuzz: Fuzz) -> None:
    company = fuzz.server.company
    for seed in SEEDS:
        plain = not set(b"&%+") & set(seed)
        value = seed if plain else quote_from_bytes(seed).encode()
        for form in (company.for_alice(), company.own()):
            rest = encoded({key: text for key, text in form.items() if key != name})
            reply = fuzz.send(rest + b"&" + name.encode() + b"=" + value)
            assert reply.status != 200 or name == "colour" or not seed


@pytest.mark.requirement("SEC-04", "SEC-19", "SEC-20")
@pytest.mark.parametrize("place", ["header", "claims"])
def test_every_seed_inside_a_signed_token_is_refused(place: str, fuzz: Fuzz) -> None:
    company = fuzz.server.company
    key = fuzz.signer
    for seed in SEEDS:
        if place == "header":
            token = forge(json.loads(parts(company.id_token())[1]), key=key, headers=seed)
        else:
            token = forge(seed, key=key)
        for form in (
            company.for_alice(token),
            company.for_alice(actor_token=token, actor_token_type="urn:ietf:params:oauth:token-type:jwt"),
            company.asserted(client_assertion=token),
        ):
            assert fuzz.send(encoded(form)).status != 200


@pytest.mark.requirement("SEC-04", "SEC-13", "TX-101")
@pytest.mark.parametrize(
    "credentials",
    [
        *(base64.b64encode(seed).decode() for seed in SEEDS if len(seed) < 6000),
        base64.b64encode("nightly:пароль".encode()).decode(),
        base64.b64encode(b"nightly:%ff%fe").decode(),
        base64.b64encode(b"nightly:%zz").decode(),
        base64.b64encode(b"nightly:\x00").decode(),
        "=" * 100,
        "bmlnaHRseTp4=",
        "bmlnaHRseTp4 bmlnaHRseTp4",
        "\u00e9\u00ff",
    ],
)
def test_damaged_basic_credentials_are_refused(credentials: str, fuzz: Fuzz) -> None:
    rest = encoded(fuzz.server.company.own(client_id=None, client_secret=None))
    for scheme in ("Basic", "basic", "Bearer", "", "Basic Basic"):
        assert fuzz.send(rest, Authorization=f"{scheme} {credentials}").status != 200


@pytest.mark.requirement("SEC-04")
@pytest.mark.parametrize(
    ("claim", "digits"),
    [
        *((claim, digits) for claim in ("email", "act") for digits in (309, 4000)),
        ("colour", 309),
        *((claim, 5000) for claim in ("email", "colour", "act", "exp", "aud")),
        ("exp", 309),
        ("aud", 4000),
    ],
)
def test_a_number_that_no_float_can_hold_is_refused(claim: str, digits: int, fuzz: Fuzz) -> None:
    honest = parts(fuzz.server.company.id_token())[1]
    payload = honest[:-1] + b',"%b":%b}' % (claim.encode(), b"9" * digits)
    if claim.encode() in honest:
        members = json.loads(honest)
        del members[claim]
        payload = json.dumps(members).encode()[:-1] + b',"%b":%b}' % (claim.encode(), b"9" * digits)
    fuzz.send(encoded(fuzz.server.company.for_alice(forge(payload, key=fuzz.signer))))


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**300), 10**300)  # larger ones have a test of their own
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.text(max_size=20)
    | st.sampled_from([IDP, "alice@acme.example", "acme-web", "support", 1_795_000_000, True]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
CLAIMS = (
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "nbf",
    "jti",
    "email",
    "email_verified",
    "groups",
    "act",
    "may_act",
)


@pytest.mark.requirement("SEC-04", "SEC-20")
@MANY
@given(changes=st.dictionaries(st.sampled_from(CLAIMS), JSON_VALUES, min_size=1, max_size=4))
def test_claims_of_any_shape_end_in_an_answer(changes: dict[str, Any], fuzz: Fuzz) -> None:
    company = fuzz.server.company
    honest = json.loads(parts(company.id_token())[1])
    payload = json.dumps({**honest, **changes}).encode("utf-8", "surrogatepass")
    fuzz.send(encoded(company.for_alice(forge(payload, key=fuzz.signer))))


@pytest.mark.requirement("SEC-04", "SEC-05")
@MANY
@given(
    pairs=st.lists(
        st.tuples(st.sampled_from(PARAMETERS) | st.text(max_size=8), st.text(max_size=30)), max_size=12
    ),
    joint=st.sampled_from(["&", "&&", ";", "&amp;", "\n"]),
)
def test_forms_of_any_parameters_end_in_an_answer(
    pairs: list[tuple[str, str]], joint: str, fuzz: Fuzz
) -> None:
    form = joint.join(f"{name}={value}" for name, value in pairs)
    fuzz.send(form.encode("utf-8", "surrogatepass"))


@pytest.mark.requirement("SEC-04")
def test_sound_requests_that_are_damaged_at_random_end_in_an_answer(fuzz: Fuzz) -> None:
    company = fuzz.server.company
    seed = random.SystemRandom().randrange(1 << 32)
    chance = random.Random(seed)
    sound: list[Callable[[], dict[str, Any]]] = [company.for_alice, company.own, company.asserted]
    until = time.monotonic() + SECONDS
    try:
        while time.monotonic() < until:
            for _ in range(20):
                fuzz.send(damaged(encoded(chance.choice(sound)()), chance))
    except AssertionError as failed:
        failed.add_note(f"seed {seed}")
        raise


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Return ``data`` with a few bytes, pieces or parameters changed."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(out) + 1)
        match chance.randrange(7):
            case 0:
                out[at:at] = bytes([chance.randrange(256)])
            case 1:
                out[at : at + chance.randrange(1, 40)] = b""
            case 2:
                out[at : at + 1] = bytes([chance.randrange(256)])
            case 3:
                out[at:at] = chance.choice(SEEDS)[:200]
            case 4:
                out[at:at] = out[: chance.randrange(200)]
            case 5:
                pieces = bytes(out).split(b"&")
                chance.shuffle(pieces)
                out = bytearray(b"&".join(pieces))
            case _:
                out[at:at] = chance.choice(
                    [b"&", b"=", b"%", b"%00", b"+", b"%2", b"..", b"=&=", b"\x00", b";"]
                )
    return bytes(out)
