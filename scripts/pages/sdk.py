"""``sdk.md``: the public names of ``actas_sdk``, with their signatures and docstrings."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from functools import cached_property
from types import FunctionType
from typing import Any, Final

from scripts.pages.docstring import first_sentence, listed, markdown
from scripts.pages.markdown import code, page, table

import actas_sdk
import actas_sdk.errors
import actas_sdk.fastapi
import actas_sdk.mcp
import actas_sdk.testing

INTRODUCTION: Final = """
`actas-sdk` is a package of its own, imported as `actas_sdk`. It asks for narrower tokens and checks the ones
that reach an API. It works with Actas and with any authorization server that speaks RFC 8693, RFC 8414 and
RFC 9068.

`actas_sdk` holds the async names below; `actas_sdk.sync` holds the same names, blocking, safe to use from
several threads. `actas_sdk.fastapi`, `actas_sdk.mcp` and `actas_sdk.testing` are imported by themselves.
"""

_SHOWN: Final = (
    *("Actas", "Verifier", "Caller", "Token", "RefreshToken", "Renewed", "Grant", "Party"),
    *("DpopKey", "ProofMemory", "Resource"),
    *("ClientSecret", "ClientKey", "ClientSecretJwt", "MutualTls", "Workload"),
)
_WIRED: Final = frozenset({"rewired"})
"""For the fake of ``actas_sdk.testing`` alone."""


def make() -> str:
    """Return the page."""
    blocks = [INTRODUCTION]
    for name in _SHOWN:
        blocks += _class(getattr(actas_sdk, name), f"actas_sdk.{name}")
    blocks += [
        "## Errors",
        *_error_tree(),
        table(("Error", "Raised when"), (_error(name) for name in actas_sdk.errors.__all__)),
        *_class(actas_sdk.fastapi.Protect, "actas_sdk.fastapi.Protect"),
        "## actas_sdk.mcp",
        *markdown(actas_sdk.mcp.__doc__),
        *_class(actas_sdk.mcp.ActasTokenVerifier, "actas_sdk.mcp.ActasTokenVerifier"),
        *_function("current_caller"),
        *_class(actas_sdk.mcp.ActasMiddleware, "actas_sdk.mcp.ActasMiddleware"),
        *_function("grant_source"),
        "## actas_sdk.testing",
        "The package installs a pytest fixture, `fake_actas`, that yields a `FakeActas`.",
        *markdown(actas_sdk.testing.__doc__)[1:],
        *_class(actas_sdk.testing.FakeActas, "actas_sdk.testing.FakeActas"),
        *_class(actas_sdk.testing.Asked, "actas_sdk.testing.Asked"),
    ]
    return page("SDK", *blocks)


def members(cls: type) -> Iterator[tuple[str, Any]]:
    """Yield the public methods and properties of a class, its bases' included, in the order written."""
    seen: set[str] = set()
    for base in cls.__mro__:
        if not base.__module__.startswith("actas_sdk"):
            continue
        for name, member in vars(base).items():
            if name.startswith("_") or name in seen | _WIRED:
                continue
            if isinstance(member, FunctionType | property | classmethod | cached_property):
                seen.add(name)
                yield name, member


def _class(cls: type, shown: str) -> list[str]:
    made = next((vars(base).get("__init__") for base in cls.__mro__ if "__init__" in vars(base)), None)
    blocks = [f"## {shown}"]
    if isinstance(made, FunctionType) and _has_source(made):
        blocks.append(f"```python\n{cls.__name__}{_arguments(made)}\n```")
    blocks += markdown(cls.__doc__)
    explained = listed(cls.__doc__)
    for name, member in members(cls):
        if not (isinstance(member, property) and name in explained):
            blocks += _member(name, member)
    return blocks


def _member(name: str, member: Any) -> list[str]:
    if isinstance(member, property):
        return [f"**`{name}`**: {first_sentence(member.__doc__)}"]
    function: Any = member.__func__ if isinstance(member, classmethod) else member
    waits = "await " if inspect.iscoroutinefunction(function) else ""
    return [
        f"### {name}",
        f"```python\n{waits}{name}{_arguments(function)}\n```",
        *markdown(function.__doc__),
    ]


def _function(name: str) -> list[str]:
    function: Any = getattr(actas_sdk.mcp, name)
    return [
        f"## actas_sdk.mcp.{name}",
        f"```python\n{name}{_arguments(function, bound=False)}\n```",
        *markdown(function.__doc__),
    ]


def _has_source(function: FunctionType) -> bool:
    return function.__code__.co_filename.endswith(".py")


def _arguments(function: FunctionType, *, bound: bool = True) -> str:
    """Return the arguments as they are written, without the ``self`` of one that is ``bound``."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    if not isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef):
        raise TypeError(f"{function.__qualname__} is not written as a function")
    given = tree.args
    given.args = given.args[1:] if bound else given.args
    returns = "" if tree.returns is None else f" -> {ast.unparse(tree.returns)}"
    if tree.name == "__init__":
        returns = ""
    each = [one.replace("'", '"') for one in _each(given)]
    short = f"({', '.join(each)}){returns}"
    if len(short) < 80:
        return short
    lines = ",\n    ".join(each)
    return f"(\n    {lines},\n){returns}"


def _each(given: ast.arguments) -> Iterator[str]:
    plain = [*given.posonlyargs, *given.args]
    without = [None] * (len(plain) - len(given.defaults))
    for argument, default in zip(plain, [*without, *given.defaults], strict=True):
        yield _argument(argument, default)
    if given.vararg is not None:
        yield f"*{ast.unparse(given.vararg)}"
    elif given.kwonlyargs:
        yield "*"
    for argument, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        yield _argument(argument, default)


def _argument(argument: ast.arg, default: ast.expr | None) -> str:
    return ast.unparse(argument) + ("" if default is None else f" = {ast.unparse(default)}")


def _error_tree() -> list[str]:
    whole = inspect.cleandoc(actas_sdk.errors.__doc__ or "")
    drawn = next(block for block in whole.split("\n\n") if block.startswith("    "))
    said = [block for block in markdown(whole)[1:] if not block.startswith("```")]
    return [f"```text\n{inspect.cleandoc(drawn)}\n```", *said]


def _error(name: str) -> tuple[str, str]:
    error = getattr(actas_sdk.errors, name)
    return code(name), first_sentence(error.__doc__)
