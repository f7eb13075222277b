"""What the conformance suite of MCP, from the npm index, says of our requesting side (``mcp_conformance/``).

The suite is the servers: an identity provider, an authorization server and an MCP server of its own. The client
that it tests gets every token by ``actas_sdk``. These of its scenarios have a part that is ours:

- ``auth/cross-app-access-complete-flow``: both legs of cross-app access, and the token at the MCP server;
- ``auth/client-credentials-basic`` and ``auth/client-credentials-jwt``: a service's token for itself;
- ``auth/resource-mismatch``: an MCP server that says it is another gets nothing.

The others of version 0.1.16 do not apply. There is none for an authorization server: what Actas is cannot be what is
tested. All its other ``auth/`` scenarios are of clients that send people to sign in, by a browser and by registering
themselves, which the SDK leaves to the app. Scenarios without ``auth/``, and all of its server suite, test the messages
of MCP, of which neither server nor SDK has any.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from tests.fakes import node

SUITE: Final = Path(__file__).with_name("mcp_conformance")
NODE: Final = 22
"""The oldest Node.js that runs the suite."""


def checked(scenario: str, results: Path) -> dict[str, set[str]]:
    """What the suite says of each of its checks, the notes aside."""
    program, folder = node.newer(SUITE, NODE)
    words: list[Any] = [
        *(
            program,
            "--import",
            "./loopback.mjs",
            "node_modules/@modelcontextprotocol/conformance/dist/index.js",
        ),
        *("client", "--scenario", scenario, "--output-dir", results),
        *("--command", shlex.join([sys.executable, str(folder / "client.py")])),
    ]
    # The suite's own servers are on this computer, also where there is a proxy.
    environ = {**os.environ, "NO_PROXY": "localhost,127.0.0.1", "no_proxy": "localhost,127.0.0.1"}
    ran = subprocess.run(
        words, check=False, cwd=folder, env=environ, capture_output=True, text=True, timeout=node.PATIENCE
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (written,) = results.rglob("checks.json")
    found: dict[str, set[str]] = {}
    for check in json.loads(written.read_text()):
        if check["status"] != "INFO":
            found.setdefault(check["id"], set()).add(check["status"])
    return found


@pytest.mark.requirement("JAG-101", "JAG-114")
def test_both_legs_of_cross_app_access_are_as_the_suite_wants_them(tmp_path: Path) -> None:
    found = checked("auth/cross-app-access-complete-flow", tmp_path)
    assert set().union(*found.values()) == {"SUCCESS"}
    assert {"complete-flow-token-exchange", "complete-flow-jwt-bearer", "valid-bearer-token"} <= found.keys()


@pytest.mark.parametrize(("how", "check"), [("basic", "basic-auth"), ("jwt", "jwt-verified")])
def test_a_service_proves_itself_as_the_suite_wants_it(how: str, check: str, tmp_path: Path) -> None:
    found = checked(f"auth/client-credentials-{how}", tmp_path)
    assert set().union(*found.values()) == {"SUCCESS"}
    assert {f"client-credentials-{check}", "valid-bearer-token"} <= found.keys()


@pytest.mark.requirement("JAG-114")
def test_a_server_that_says_it_is_another_gets_nothing(tmp_path: Path) -> None:
    found = checked("auth/resource-mismatch", tmp_path)
    assert found == {"prm-pathbased-requested": {"SUCCESS"}, "resource-mismatch-rejected": {"SUCCESS"}}
