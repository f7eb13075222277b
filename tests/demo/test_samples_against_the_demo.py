"""The README's two samples, run as it says beside a running demo. They are embedded there as they are here."""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Generator
from pathlib import Path
from typing import Final

import httpx2
from tests.fakes.demo import RunningDemo, elsewhere

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
AGENT: Final = 'actas exchange --client assistant --key "$ACTAS_DEMO/assistant.jwk" --subject @demo/alice --audience orders'


@contextlib.contextmanager
def served(demo: RunningDemo, sample: str, folder: Path) -> Generator[str]:
    """Serve a sample with uvicorn, and yield its address.

    The only change is that of the demo's usual ports to those it has here.
    """
    usual = {8693: demo.ports["server"], 8697: demo.ports["inventory"]}
    code = (EXAMPLES / f"{sample}.py").read_text(encoding="utf-8")
    for before, after in usual.items():
        code = code.replace(f"http://127.0.0.1:{before}", f"http://127.0.0.1:{after}")
    (folder / f"{sample}.py").write_text(code, encoding="utf-8")
    process = subprocess.Popen(
        ["/bin/sh", "-c", f". {demo.document['environment']}\nexec uvicorn {sample}:app --port 0"],
        cwd=folder,
        env=elsewhere(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        yield _address(process.stderr.readline for _ in range(50))
    finally:
        process.terminate()
        process.wait(timeout=100)
        process.stderr.close()


def _address(lines: Generator[object]) -> str:
    said: list[str] = []
    for read in lines:
        assert callable(read)
        said.append(str(read()))
        found = re.search(r"running on (http://\S+)", said[-1])
        if found is not None:
            return found[1]
    raise AssertionError("".join(said))


def token_of(demo: RunningDemo) -> dict[str, str]:
    seen = demo.shell(AGENT)
    assert seen.returncode == 0, seen.stderr
    return {"Authorization": f"Bearer {seen.stdout.strip()}"}


def test_protect_an_api(live_demo: RunningDemo, tmp_path: Path) -> None:
    with served(live_demo, "protect_an_api", tmp_path) as address, httpx2.Client(trust_env=False) as http:
        answer = http.get(f"{address}/orders/7", headers=token_of(live_demo))
        assert answer.status_code == 200
        assert answer.json() == {"number": "7", "for": "alice@acme.example", "asked_by": "assistant"}
        without = http.get(f"{address}/orders/7")
        assert without.status_code == 401
        assert without.headers["www-authenticate"].startswith("Bearer ")


def test_call_the_next_service_for_the_same_person(live_demo: RunningDemo, tmp_path: Path) -> None:
    with (
        served(live_demo, "call_the_next_service", tmp_path) as address,
        httpx2.Client(trust_env=False, timeout=10.0) as http,
    ):
        answer = http.get(f"{address}/orders/7/stock", headers=token_of(live_demo))
        assert answer.status_code == 200
        assert answer.json()["count"] == 12
        assert [party["id"] for party in answer.json()["chain"]] == [
            "alice@acme.example",
            "assistant",
            "orders",
        ]
        assert answer.json()["scopes"] == ["stock:read"]
