"""Two serving processes on one database rotate their keys under load, and no verifier ever misses one.

Whoever verifies keeps the key set for as long as it was told to, and asks one of the two processes, not the
one that issues. The clock of every process goes sixty times as fast, so that the ten minutes of publishing
ahead are ten seconds; it is the same clock for all. What is not a matter of the clock (looking at the
database every second, refusing after five seconds without it) is as fast as ever, so it is sixty times slower
here than it may be.

``ACTAS_SOAK=1`` rotates more often.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from tests.fakes.freezing import frozen
from tests.fakes.server import SPREAD, RealServer, until

from actas.crypto import jose

TURNS: Final = 4 if os.environ.get("ACTAS_SOAK") == "1" else 2

PACE: Final = 60

PROGRAM: Final = """
import os, sys, time
from actas.core import ports

began, pace = float(os.environ["TEST_BEGAN"]), float(os.environ["TEST_PACE"])
ports.SystemClock.now = lambda clock: began + (time.time() - began) * pace

# The clock that nobody sets, by which jumps of the other are known, goes as fast.
from actas.store import timekeeper

steady = timekeeper.undisturbed
timekeeper.Timekeeper.__init__.__kwdefaults__["steady"] = lambda: steady() * pace

from actas.cli.main import main
main()
"""


class Commanded(RealServer):
    """A server with what is said to it by command."""

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command beside it, by its clock."""
        return subprocess.run(
            [*self.program, *words, "--dev", "-c", self.company.file.name],
            cwd=self.folder,
            env=self.environ,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )


class Fast(Commanded):
    """Such a server whose clock is handed in."""

    program = (sys.executable, "-c", PROGRAM)


class Verifier(threading.Thread):
    """Takes tokens of one process, checks each with the key set of the other, and notes what fails.

    Attributes:
        failed: why, for each token that could not be verified.
        checked: how many tokens were, by the key that signed.
    """

    def __init__(self, issuer: RealServer, published: RealServer) -> None:
        super().__init__(daemon=True)
        self.issuer, self.published = issuer, published
        self.failed: list[str] = []
        self.checked: dict[str, int] = {}
        self._ended = threading.Event()
        self._keys: dict[str, jose.PublicKey] = {}
        self._until = 0.0

    def run(self) -> None:
        while not self._ended.is_set():
            reply = self._ask()
            if reply is None:
                time.sleep(0.05)
                continue
            self._check(reply)
            time.sleep(0.04)

    def end(self) -> None:
        """Stop, and wait until it has."""
        self._ended.set()
        self.join(20)

    def _ask(self) -> str | None:
        """A token, or None while the process refuses or is frozen: that is no verification that failed."""
        try:
            reply = self.issuer.post(self.issuer.company.own())
        except OSError:
            return None
        return str(reply.json["access_token"]) if reply.status == 200 else None

    def _check(self, token: str) -> None:
        if time.monotonic() >= self._until and not self._fetch():
            return
        jws = jose.parse(token)
        kid = str(jws.unverified_kid)
        key = self._keys.get(kid)
        if key is None:
            self.failed.append(f"{kid} is not in the key set that was kept")
        elif not key.verifies(jws.compact.signing_input, jws.compact.signature):
            self.failed.append(f"{kid} does not verify")
        else:
            self.checked[kid] = self.checked.get(kid, 0) + 1

    def _fetch(self) -> bool:
        try:
            reply = self.published.get("/jwks")
        except OSError:
            return False
        if reply.status != 200:
            return False
        self._keys = {one["kid"]: jose.PublicKey.from_jwk(one, algorithms=None) for one in reply.json["keys"]}
        # To the very limit of what was said, and counted from when it was read.
        said = reply.header("cache-control") or ""
        kept = next((int(one[8:]) for one in said.split(", ") if one.startswith("max-age=")), 0)
        self._until = time.monotonic() + kept / PACE
        return True


@contextmanager
def pair(folder: Path, *, rotate_every: str = "30d") -> Iterator[tuple[Fast, Fast]]:
    one = Fast(folder)
    one.company.environ |= {"TEST_BEGAN": str(time.time()), "TEST_PACE": str(PACE)}
    one.company.tree["keys"] = {"signing": {"publish_ahead": "10m", "rotate_every": rotate_every}}
    two = one.twin()
    try:
        for server in (one, two):
            server.company.write()
            server.start()
        yield one, two
    finally:
        one.close()
        two.close()


@contextmanager
def verified(one: Fast, two: Fast) -> Iterator[list[Verifier]]:
    """Verify what each issues with what the other publishes, while the context is open."""
    verifiers = [Verifier(*servers) for servers in ((one, two), (two, one), (one, one), (two, two))]
    for verifier in verifiers:
        verifier.start()
    try:
        yield verifiers
    finally:
        for verifier in verifiers:
            verifier.end()
    assert [why for verifier in verifiers for why in verifier.failed] == []


def signs_with(server: RealServer) -> str:
    reply = server.post(server.company.own())
    return str(jose.parse(str(reply.json["access_token"])).unverified_kid) if reply.status == 200 else ""


def both_leave(old: str, *servers: RealServer, because: str) -> None:
    """Return when each of the servers signs, and with another key than ``old``."""
    until(lambda: all(signs_with(one) not in ("", old) for one in servers), limit=60, because=because)


def has_refused(server: RealServer, key: str, form: dict[str, Any]) -> bool:
    """Whether a key is not published, signs nothing, and what it signed is refused."""
    published = {one["kid"] for one in server.get("/jwks").json["keys"]}
    return key not in published and server.post(form).status == 400 and signs_with(server) not in ("", key)


@pytest.mark.timeout(240)
@pytest.mark.requirement("REL-05", "REL-06")
def test_rotations_by_command_under_load_lose_no_verification(tmp_path: Path) -> None:
    with pair(tmp_path) as (one, two), verified(one, two) as verifiers:
        for turn in range(TURNS):
            old = signs_with(one)
            ran = one.run("keys", "rotate", "--json")
            assert ran.returncode == 0, ran.stderr
            both_leave(old, one, two, because=f"both sign with the new key of turn {turn}")
            # Both come to the same one.
            assert signs_with(one) == signs_with(two)
            time.sleep(300 / PACE)
        checked: dict[str, int] = {}
        for verifier in verifiers:
            for kid, count in verifier.checked.items():
                checked[kid] = checked.get(kid, 0) + count
    assert len(checked) == TURNS + 1
    assert min(checked.values()) > 20


@pytest.mark.timeout(240)
@pytest.mark.requirement("REL-05", "REL-06", "REL-22")
def test_keys_are_rotated_by_themselves_when_they_are_old_and_once_by_one_process(tmp_path: Path) -> None:
    with pair(tmp_path, rotate_every="20m") as (one, two):
        with verified(one, two):
            for turn in range(2):
                both_leave(signs_with(one), one, two, because=f"nobody asked for turn {turn}")
        assert (one.stop(), two.stop()) == (0, 0)
        # Whoever takes over writes an entry once more under the same id; by this clock he does so after 50 ms.
        entries = {event["id"]: event for event in one.events() if "kid" in event}.values()
        happened = [(event["event"], event["kid"]) for event in entries]
        activated = [kid for event, kid in happened if event == "keys:activated"]
        assert len(activated) >= 2
        assert len(happened) == len(set(happened))
        # The key of the audit log is left as it is.
        assert all(
            event["purpose"] == "token" for event in one.events() if event["event"] == "keys:activated"
        )


@pytest.mark.timeout(240)
@pytest.mark.requirement("REL-05", "REL-06", "REL-22")
def test_a_process_that_was_frozen_through_a_rotation_signs_nothing_that_nobody_knows(tmp_path: Path) -> None:
    with pair(tmp_path) as (one, two), verified(one, two):
        old = signs_with(two)
        assert one.run("keys", "rotate").returncode == 0
        time.sleep(2)
        with frozen(two):
            until(lambda: signs_with(one) not in ("", old), limit=60, because="the other one goes on")
            time.sleep(2)
        new = signs_with(one)
        until(lambda: signs_with(two) == new, limit=60, because="the one that was frozen follows")
        active = [one for one in states(one) if one["state"] == "active"]
        assert [key["kid"] for key in active if key["purpose"] == "token"] == [new]


def states(server: Fast) -> list[dict[str, Any]]:
    import json

    ran = server.run("keys", "list", "--all", "--json")
    assert ran.returncode == 0, ran.stderr
    found: list[dict[str, Any]] = json.loads(ran.stdout)["items"]
    return found


@pytest.mark.requirement("REL-06")
def test_of_two_commands_at_once_one_prepares_a_key(tmp_path: Path) -> None:
    with pair(tmp_path) as (one, _):
        before = len(states(one))
        threads: list[threading.Thread] = []
        codes: list[int] = []
        for _ in range(3):
            threads.append(
                threading.Thread(target=lambda: codes.append(one.run("keys", "rotate").returncode))
            )
            threads[-1].start()
        for thread in threads:
            thread.join(60)
        assert sorted(codes) == [0, 1, 1]
        assert len(states(one)) == before + 1


@pytest.mark.timeout(180)
@pytest.mark.requirement("REL-07", "REL-21")
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_key_that_leaked_is_refused_by_both_within_five_seconds(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    database = None if engine == "sqlite" else str(request.getfixturevalue("postgres"))
    one = Commanded(tmp_path, database=database)
    two = one.twin()
    try:
        for server in (one, two):
            server.company.write()
            server.start()
        leaked = signs_with(one)
        token = one.token(one.company.for_alice())
        form = two.company.exchange("orders", token, audience="inventory", scope="stock:read")
        assert two.post(form).status == 200
        ran = one.run("keys", "retire", leaked, "--now", "--yes")
        assert ran.returncode == 0, ran.stderr
        until(
            lambda: has_refused(one, leaked, form) and has_refused(two, leaked, form),
            limit=SPREAD,
            because="the key is refused by both within the bound",
        )
        assert signs_with(one) == signs_with(two)
    finally:
        one.close()
        two.close()
