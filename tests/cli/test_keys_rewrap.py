"""actas keys rewrap, beside two servers that change from one envelope key to another without a pause."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from tests.fakes.program import Program, Ran
from tests.fakes.server import RealServer, until

from actas.keys.kept import SecretName


class Pair:
    """Two servers on one database, and the command beside them."""

    def __init__(self, program: Program, one: RealServer, two: RealServer) -> None:
        self.program, self.one, self.two = program, one, two
        self.keys = one.folder / "keys"
        self.keys.mkdir(mode=0o700)

    def key(self, name: str) -> str:
        """Make an envelope key, and return how the configuration names it."""
        path = self.keys / name
        path.write_text(secrets.token_hex(32))
        path.chmod(0o600)
        return str(path)

    def configure(self, server: RealServer, **files: str) -> None:
        server.company.tree["keys"] = {name: {"file": path} for name, path in files.items()}
        server.company.write()

    def __call__(self, *words: str) -> Ran:
        return self._run("keys", *words)

    def doctor(self) -> Ran:
        self.program.now = time.time()
        return self._run("doctor", "--json")

    def _run(self, *words: str) -> Ran:
        for name, value in self.one.company.environ.items():
            self.program.environ[name] = value
        return self.program(*words, "-c", str(self.one.company.file), "--dev")

    def issue(self) -> None:
        """What one issues, the other exchanges, both ways."""
        for here, there in ((self.one, self.two), (self.two, self.one)):
            token = here.token(here.company.for_alice())
            form = there.company.exchange("orders", token, audience="inventory", scope="stock:read")
            assert there.post(form).status == 200


@pytest.fixture(params=["sqlite", "postgresql"])
def pair(request: pytest.FixtureRequest, actas: Program, tmp_path: Path) -> Iterator[Pair]:
    database = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    one = RealServer(tmp_path, database=database)
    pair = Pair(actas, one, one.twin())
    try:
        yield pair
    finally:
        one.close()
        pair.two.close()


@pytest.mark.timeout(240)
@pytest.mark.requirement("REL-08", "SEC-92")
def test_two_servers_change_to_another_envelope_key_one_after_the_other(pair: Pair) -> None:
    one, two = pair.one, pair.two
    old, new = pair.key("old.key"), pair.key("new.key")
    for server in (one, two):
        pair.configure(server, envelope=old)
        server.start()
    pair.issue()

    pair.configure(one, envelope=new, previous_envelope=old)
    one.restart()
    pair.issue()
    # The one that does not know the new key yet can read what is made meanwhile.
    assert pair("rotate").code == 0
    until(lambda: len(two.get("/jwks").json["keys"]) == 2, because="the other follows")
    pair.issue()
    pair.configure(two, envelope=new, previous_envelope=old)
    two.restart()

    looked = pair("rewrap", "--dry-run", "--json")
    rows = looked.document["rows"]
    assert looked.code == 0
    # Two keys of tokens, the one of the log, and every secret.
    assert rows == 3 + len(get_args(SecretName))
    assert pair("rewrap", "--dry-run", "--json").document == looked.document
    asked = pair("rewrap")
    assert asked.code == 2
    assert "Every node must have been started with it" in asked.err
    assert pair("rewrap", "--dry-run", "--json").document["rows"] == rows
    done = pair("rewrap", "--yes", "--json")
    assert done.code == 0, done.err
    envelope = looked.document["envelope"]
    assert done.document == {
        "kind": "actas/Rewrap",
        "v": 1,
        "dry_run": False,
        "envelope": envelope,
        "rows": rows,
        "left": 0,
        "service": None,
    }
    pair.issue()
    again = pair("rewrap")
    assert (again.code, again.out) == (
        0,
        f"everything that can be opened here rests under the envelope key {envelope}\n",
    )

    Path(old).unlink()
    for server in (one, two):
        pair.configure(server, envelope=new)
        server.restart()
        pair.issue()
    (event,) = [found for found in one.events() if found["event"] == "keys:rewrapped"]
    assert (event["rows"], event["envelope"]) == (rows, envelope)
    assert event["previous"] != envelope
    assert one.verdict().whole


@pytest.mark.requirement("SEC-92", "REL-30")
def test_a_server_without_the_old_key_does_not_start_and_says_which_one_it_lacks(pair: Pair) -> None:
    old, new = pair.key("old.key"), pair.key("new.key")
    pair.configure(pair.one, envelope=old)
    pair.one.start()
    assert pair.one.stop() == 0
    pair.configure(pair.one, envelope=new)
    code, said = pair.one.refuse()
    assert code == 3
    assert "is sealed under another envelope key" in said
    assert "name the old one as keys.previous_envelope" in said
    assert pair("rewrap", "--yes").code == 3
    missing = str(pair.keys / "nowhere.key")
    pair.configure(pair.one, envelope=new, previous_envelope=missing)
    code, said = pair.one.refuse()
    assert code == 3
    assert f"there is no envelope key at {missing}" in said
    pair.configure(pair.one, envelope=old)
    pair.one.start()


@pytest.mark.requirement("SEC-92", "REL-08")
def test_the_doctor_says_what_still_rests_under_the_old_key_and_what_to_do(pair: Pair) -> None:
    def said() -> dict[str, str]:
        ran = pair.doctor()
        (found,) = [one for one in ran.document["results"] if one["name"] == "envelope key"]
        return {name: found[name] for name in ("state", "says", "remedy")}

    old, new = pair.key("old.key"), pair.key("new.key")
    pair.configure(pair.one, envelope=old)
    pair.one.start()
    before = said()
    assert (before["state"], before["remedy"]) == ("good", "")
    assert pair.one.stop() == 0
    pair.configure(pair.one, envelope=new, previous_envelope=old)
    rows = 2 + len(get_args(SecretName))
    assert said() == {
        "state": "warn",
        "says": f"{rows} rows are still sealed under keys.previous_envelope",
        "remedy": "once every node has both keys: actas keys rewrap",
    }
    assert pair("rewrap", "--yes").code == 0
    after = said()
    assert after["state"] == "good"
    assert after["says"] != before["says"]
