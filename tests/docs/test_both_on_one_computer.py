"""The guides between domains, followed on one computer: their two files, and what they say to type there.

Each command is the one that is printed. Only the ports are others, and who signs in does it at once.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from tests.docs.pages import ROOT, Block, blocks_of
from tests.fakes.browser import Browser
from tests.fakes.demo import elsewhere
from tests.fakes.ports import Port, reserve
from tests.fakes.program import Program, Ran

PAGE = ROOT / "docs" / "guides" / "cross-app-access.md"
PLAIN = ROOT / "docs" / "guides" / "take-a-token-to-another-domain.md"
NAMES = {
    "https://sts.acme.example": "http://127.0.0.1:9100",
    "https://auth.tickets.example": "http://127.0.0.1:9200",
    "https://auth.stock.example": "http://127.0.0.1:9200",
}
PORTS = ("9100", "9101", "9200", "9201")
_STARTING = 40.0


def printed(language: str, holding: str, page: Path = PAGE) -> Block:
    """The one block of a page that holds a text."""
    (found,) = [one for one in blocks_of(page) if one.language == language and holding in one.text]
    return found


class Here:
    """Both companies in a folder, as the page says to put them there, on ports that are free."""

    def __init__(self, folder: Path, page: Path) -> None:
        self.folder = folder
        self.page = page
        self.held: dict[str, Port] = {one: reserve() for one in PORTS}
        self.servers: list[subprocess.Popen[bytes]] = []
        self.actas = Program(folder / "home", environ={"ACTAS_TIMEOUT": "20"}, now=time.time())

    def translated(self, text: str) -> str:
        for one, port in self.held.items():
            text = text.replace(f":{one}", f":{port.number}")
        return text

    def write(self) -> None:
        for name, file, issuer in (
            ("ours", "actas.yaml", "issuer: http://127.0.0.1:9100\n"),
            ("theirs", "theirs.yaml", "issuer: http://127.0.0.1:9200\n"),
        ):
            (whole,) = [one.text for one in blocks_of(self.page) if one.about == file]
            for one, other in NAMES.items():
                whole = whole.replace(one, other)
            server = printed("yaml", f"{issuer}  listen:").text
            whole = whole.replace(f"server:\n  {issuer}  data: ./data\n", server)
            assert server in whole
            (self.folder / name).mkdir()
            (self.folder / name / "actas.yaml").write_text(self.translated(whole), encoding="utf-8")
        secrets = printed("bash", "token_urlsafe", self.page).text
        subprocess.run(["bash", "-c", secrets], cwd=self.folder, check=True, timeout=30)

    def start(self) -> None:
        for port in self.held.values():
            port.release()
        for name in ("ours", "theirs"):
            folder, *words = shlex.split(printed("bash", f"cd {name} && actas serve").text)[1:]
            assert words[:2] == ["&&", "actas"]
            with (self.folder / f"{name}.log").open("wb") as log:
                self.servers.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "actas", *words[2:]],
                        cwd=self.folder / folder,
                        env={**elsewhere(), "PATH": os.environ["PATH"]},
                        stdout=log,
                        stderr=subprocess.STDOUT,
                    )
                )
        for number in ("9100", "9200"):
            address = self.translated(f"http://127.0.0.1:{number}/jwks")
            _until_it_answers(address)

    def add(self, name: str, block: Block) -> None:
        """Put a part that is printed into the file of one side; an entry takes the place of its namesake."""
        file = self.folder / name / "actas.yaml"
        whole, text = yaml.safe_load(file.read_text(encoding="utf-8")), block.text
        for one, other in NAMES.items():
            text = text.replace(one, other)
        for section, entries in yaml.safe_load(self.translated(text)).items():
            added = {one["name"] for one in entries}
            kept = [one for one in whole.get(section, []) if one["name"] not in added]
            whole[section] = [*kept, *entries]
        file.write_text(yaml.safe_dump(whole, sort_keys=False), encoding="utf-8")

    def stop(self) -> None:
        for one in self.servers:
            one.terminate()
        for one in self.servers:
            one.wait(timeout=30)
        self.servers.clear()

    def types(self, command: str, *, person: str | None = None, at: str = "ours") -> Ran:
        """Type one command of the page; a person answers for it at a browser of one of the servers."""
        words = shlex.split(self.translated(command))
        assert words[0] == "actas"
        self.actas.meanwhile = [] if person is None else [lambda: self._say_yes(person, at)]
        self.actas.now = time.time()
        ran = self.actas(*words[1:])
        assert ran.code == 0, (command, ran.err)
        return ran

    def _say_yes(self, person: str, at: str) -> None:
        found = re.search(r"type the code ([A-Z]{4}-[A-Z]{4})", self.actas.err.getvalue())
        assert found is not None
        browser = Browser(self.translated(f"http://127.0.0.1:{'9100' if at == 'ours' else '9200'}"))
        browser.get("/device")
        browser.send(user_code=found[1])
        browser.sign_in(person, (self.folder / at / f"{person}.secret").read_text().strip())
        browser.send(decision="allow")


@pytest.fixture
def here(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Here]:
    both = Here(tmp_path, getattr(request, "param", PAGE))
    monkeypatch.chdir(tmp_path)
    both.write()
    try:
        both.start()
        yield both
    finally:
        both.stop()


@pytest.mark.timeout(180)
def test_both_files_run_beside_each_other_and_alice_gets_in_until_dana_pauses_it(here: Here) -> None:
    typed = printed("bash", "--subject @alice/id").text.replace("\\\n", " ").splitlines()
    word, server = here.translated(typed[0]).removeprefix("export ").split("=")
    here.actas.environ[word] = server
    here.types(typed[1], person="alice")
    for command in typed[2:-1]:
        here.types(command)
    assert "acting for acme:actas:alice, who asked through assistant." in here.types(typed[-1]).out

    pausing = printed("console", "connections pause assistant-to-tickets").text
    login, pause, *said = pausing.replace("https://sts.acme.example", server).splitlines()
    here.types(login.removeprefix("$ "), person="dana")
    here.types("actas login --device --client cli --server http://127.0.0.1:9200", person="omar", at="theirs")
    known, tried = printed("bash", "context add").text.splitlines()
    here.types(known)
    assert here.types(tried).out.startswith("GRANTED  both sides would say yes\n")
    paused = here.types(pause.removeprefix("$ ")).out.replace(
        here.translated("127.0.0.1:9200"), "auth.tickets.example"
    )
    assert paused.splitlines() == said
    words = shlex.split(here.translated(typed[2]))
    assert "connection_paused" in here.actas(*words[1:]).err


@pytest.mark.timeout(180)
@pytest.mark.parametrize("here", [PLAIN], indirect=True)
def test_the_files_for_plain_grants_run_too_and_a_token_is_taken_to_the_other_domain(here: Here) -> None:
    typed = printed("bash", "--for jwt", PLAIN).text.replace("\\\n", " ").splitlines()
    word, server = here.translated(typed[0]).removeprefix("export ").split("=")
    here.actas.environ[word] = server
    here.types(typed[1], person="alice")
    for command in typed[2:-1]:
        here.types(command)
    said = here.types(typed[-1]).out
    assert "acme-orders" in said
    assert "stock:read" in said

    here.types("actas login --device --client cli", person="dana")
    (asked,) = printed("bash", "rules who-can", PLAIN).text.splitlines()
    assert "stock:reserve" in here.types(asked).out
    login, *making = (
        printed("console", "connections create", PLAIN)
        .text.replace("https://sts.acme.example", server)
        .splitlines()
    )
    here.types(login.removeprefix("$ "), person="dana")
    made = " ".join(one.removesuffix("\\") for one in making).removeprefix("$ ")
    # The file has one of this name already.
    here.types(made.replace("create orders-to-stock", "create console-to-stock --paused"))


@pytest.mark.timeout(180)
@pytest.mark.parametrize("here", [PLAIN], indirect=True)
def test_a_client_that_has_no_way_there_gets_a_token_once_both_parts_are_in_the_files(here: Here) -> None:
    here.stop()
    here.add("ours", printed("yaml", "- name: crm-to-stock", PLAIN))
    here.add("theirs", printed("yaml", "- name: acme-actas-to-stock", PLAIN))
    here.start()
    here.actas.environ["ACTAS_SERVER"] = here.translated("http://127.0.0.1:9100")
    login, asks, inspects = (
        printed("bash", "--subject @alice/id", PLAIN).text.replace("\\\n", " ").splitlines()
    )
    here.types(login, person="alice")
    bound = here.actas(*shlex.split(here.translated(asks))[1:], "--dpop")
    assert "unbound_there" in bound.err
    here.types(asks)
    said = here.types(inspects).out
    assert "acme:actas:alice" in said
    assert "stock:read" in said


def _until_it_answers(address: str) -> None:
    ends = time.monotonic() + _STARTING
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except (urllib.error.URLError, OSError):
            assert time.monotonic() < ends, f"nothing answers at {address}"
            time.sleep(0.1)
        else:
            return
