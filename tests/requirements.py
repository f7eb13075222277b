"""Requirements as data, and the tests that show them, found by reading the tests.

Each requirement names its source and says in one sentence what it asks. ``tests/test_requirements.py`` checks
the links both ways; ``scripts/spec_pages.py`` prints them as ``docs/specs``. The rows are in ``promises``.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.promises import (
    chaining,
    clients,
    cross_app,
    devices,
    oidc,
    possession,
    reliability,
    security,
    token_exchange,
)
from tests.promises.row import Page, Requirement

ROOT: Final = Path(__file__).parent.parent

ROWS: Final[tuple[Requirement, ...]] = (
    *token_exchange.ROWS,
    *clients.ROWS,
    *possession.ROWS,
    *oidc.ROWS,
    *devices.ROWS,
    *cross_app.ROWS,
    *chaining.ROWS,
    *security.ROWS,
    *reliability.ROWS,
    *reliability.OPERATIONS,
)
REQUIREMENTS: Final[dict[str, Requirement]] = {row.id: row for row in ROWS}

PAGES: Final[dict[Page, str]] = {
    "rfc8693": "OAuth 2.0 Token Exchange (RFC 8693)",
    "rfc8707": "Resource Indicators (RFC 8707)",
    "rfc9068": "JWT Profile for Access Tokens (RFC 9068)",
    "rfc8414": "Authorization Server Metadata (RFC 8414)",
    "rfc7662": "OAuth 2.0 Token Introspection (RFC 7662, RFC 9701)",
    "rfc9449": "Demonstrating Proof of Possession, DPoP (RFC 9449)",
    "rfc8705": "Certificate-Bound Access Tokens (RFC 8705 section 3)",
    "rfc9728": "Protected Resource Metadata (RFC 9728)",
    "rfc7009": "OAuth 2.0 Token Revocation (RFC 7009)",
    "clients": "Client authentication (RFC 6749, RFC 7521, RFC 7523)",
    "rfc8628": "Device Authorization Grant (RFC 8628)",
    "oidc": "OpenID Connect, PKCE and what belongs to signing in",
    "cross-app": "Cross-app access: ID-JAG and identity chaining across domains",
    "security": "Security and reliability",
}
"""Each page of ``docs/specs`` with its title."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A test that claims to show requirements.

    Attributes:
        file: relative to the project's folder.
        test: its name; a class or a file that marks all of its tests is named instead.
        ids: what it shows. A mark that is not written out as text gives ``?``.
        fails: it is expected to fail: it shows a defect, not that a promise is kept.
    """

    file: str
    test: str
    ids: tuple[str, ...]
    fails: bool = False

    @property
    def sentence(self) -> str:
        """The test's name as the sentence that it is."""
        return self.test.removeprefix("test_").replace("_", " ")


@functools.cache
def shown() -> tuple[Shown, ...]:
    """Return every test that is marked, suites of contracts included. Nothing is imported or run."""
    found: list[Shown] = []
    for folder in (ROOT / "tests", ROOT / "sdk" / "tests"):
        for path in sorted(folder.rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found += _marked(tree, path.relative_to(ROOT).as_posix())
    return tuple(found)


def _marked(tree: ast.Module, file: str) -> Iterator[Shown]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            ids = tuple(one for decorator in node.decorator_list for one in _ids(decorator))
            name, fails = node.name, any("mark.xfail" in ast.unparse(one) for one in node.decorator_list)
        elif isinstance(node, ast.Assign) and any(_is_pytestmark(target) for target in node.targets):
            ids, name, fails = tuple(_ids(node.value)), "every test", False
        else:
            continue
        if ids:
            yield Shown(file, name, ids, fails)


def _is_pytestmark(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) and target.id == "pytestmark"


def _ids(expression: ast.expr) -> Iterator[str]:
    """Yield what ``pytest.mark.requirement`` names anywhere in an expression, parameters' marks included."""
    for node in ast.walk(expression):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.requirement":
            for argument in node.args:
                is_text = isinstance(argument, ast.Constant) and isinstance(argument.value, str)
                yield str(argument.value) if is_text and isinstance(argument, ast.Constant) else "?"
