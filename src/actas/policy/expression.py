"""CEL: the only importer of the language. Compiled once, evaluated against one context per request.

A missing name is an error and an error refuses (architecture: "rather than a false that might allow").
The language has no effects and no loops without bound; length and nesting are bounded here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType
from typing import Any, Final, cast

from actas.core.ports import Json

# The package imports its own command line, and with it a toolkit for terminals: a seventh of the time in
# which a server or a command of ours starts, and nothing here calls it.
sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))

import cel  # noqa: E402

MAX_EXPRESSION: Final = 1024
MAX_NESTING: Final = 32
MAX_LOOPS: Final = 2
"""Macros that run over a list, in one expression: with ``MAX_LIST`` they bound its time (SEC-42)."""

MAX_LIST: Final = 256
"""Longest list an expression may see. A token could hold thousands of members."""

RULE_NAMES: Final = frozenset({"subject", "actor", "chain", "client", "target", "request", "now"})
"""The names a rule's expression may use."""

ISSUER_NAMES: Final = frozenset({"claims"})
"""The names an issuer's expression may use."""

_STRING: Final = re.compile(
    # Raw strings first: a backslash means nothing in them, and reading on would swallow what follows.
    r"""[bB]?[rR][bB]?(?:"{3}[\s\S]*?"{3}|'{3}[\s\S]*?'{3}|"[^"]*"|'[^']*')"""
    r"""|[bB]?(?:"{3}(?:[^\\]|\\.)*?"{3}|'{3}(?:[^\\]|\\.)*?'{3}|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""",
    re.DOTALL,
)
_PATH: Final = re.compile(
    r"(?<![\w.])([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*(?!\w*\s*\()|\[\"[^\"]*\"\]|\['[^']*'\])*)"
)
_LOOP: Final = re.compile(r"\.(?:all|exists|exists_one|map|filter)\s*\(")
_BOUND: Final = re.compile(r"\.(?:all|exists|exists_one|map|filter)\s*\(\s*(\w+)\s*,")
_STEP: Final = re.compile(r"\.([A-Za-z_]\w*)|\[\"([^\"]*)\"\]|\['([^']*)'\]")


class ExpressionError(ValueError):
    """An expression cannot be compiled. The message is for the person who wrote it."""


class EvaluationError(Exception):
    """An expression could not be evaluated; that refuses. The message is for administrators."""


class Context:
    """The values of one request, converted for CEL once and used by every expression of it.

    Raises:
        EvaluationError: a list among them is longer than ``MAX_LIST``.
    """

    __slots__ = ("_cel", "values")

    def __init__(self, values: Mapping[str, Any]) -> None:
        _require_short(values)
        self.values = values
        try:
            self._cel = cel.Context(dict(values))
        except Exception as odd:
            raise EvaluationError("a value in it is not one that expressions can hold") from odd

    def run(self, program: Any) -> Any:
        """Evaluate a compiled program."""
        return program.execute(self._cel)


class Expression:
    """One compiled CEL expression.

    Args:
        source: the text.
        names: the names it may use.

    Raises:
        ExpressionError: it is too long, does not parse, or names something that is not in scope.
    """

    __slots__ = ("_program", "paths", "source")

    def __init__(self, source: str, *, names: frozenset[str]) -> None:
        if len(source) > MAX_EXPRESSION:
            raise ExpressionError(f"an expression is at most {MAX_EXPRESSION} characters long")
        if _nesting(source) > MAX_NESTING:
            raise ExpressionError(f"an expression nests at most {MAX_NESTING} deep")
        if len(_LOOP.findall(_STRING.sub("", source))) > MAX_LOOPS:
            raise ExpressionError(f"an expression runs over lists at most {MAX_LOOPS} times")
        try:
            self._program: Any = cel.compile(source)
            # A macro names its own variable: exists(group, …).
            bound = set(_BOUND.findall(_STRING.sub('""', source)))
            unknown = sorted(set(self._program.variables()) - names - bound)
        except Exception as exc:
            first = str(exc).splitlines()[0] if str(exc) else type(exc).__name__
            raise ExpressionError(f"is not a CEL expression: {first[:200]}") from exc
        if unknown:
            known = ", ".join(sorted(names))
            raise ExpressionError(f"there is no name {unknown[0]!r} here; the names are {known}")
        self.source = source
        self.paths: tuple[tuple[str, ...], ...] = tuple(_paths(source, names))

    def holds(self, context: Context) -> bool:
        """Whether the expression is true.

        Raises:
            EvaluationError: a name is missing, a type is wrong, or the answer is not a boolean.
        """
        answer = self.value(context)
        if not isinstance(answer, bool):
            raise EvaluationError(f"{self.source}: is {type(answer).__name__}, not true or false")
        return answer

    def value(self, context: Context) -> Any:
        """Return the value of the expression.

        Raises:
            EvaluationError: a name is missing or a type is wrong.
        """
        try:
            return context.run(self._program)
        except KeyError as exc:
            raise EvaluationError(f"{self.source}: there is no {exc.args[0]}") from exc
        except Exception as exc:
            first = str(exc).splitlines()[0] if str(exc) else type(exc).__name__
            raise EvaluationError(f"{self.source}: {first[:200]}") from exc

    def text(self, context: Context) -> str:
        """Return the value, which must be a string.

        Raises:
            EvaluationError: it is not one, or could not be evaluated.
        """
        answer = self.value(context)
        if not isinstance(answer, str):
            raise EvaluationError(f"{self.source}: is {type(answer).__name__}, not a string")
        return answer

    def texts(self, context: Context) -> tuple[str, ...]:
        """Return the value, which must be a list of strings.

        Raises:
            EvaluationError: it is not one, or could not be evaluated.
        """
        answer: object = self.value(context)
        if isinstance(answer, list):
            members = cast("list[object]", answer)
            texts = tuple(one for one in members if isinstance(one, str))
            if len(texts) == len(members):
                return texts
        raise EvaluationError(f"{self.source}: is not a list of strings")

    def seen(self, values: Mapping[str, Any]) -> dict[str, Json]:
        """Return the value of every name the expression uses, for ``explain``; a missing one is left out."""
        found: dict[str, Json] = {}
        for path in self.paths:
            here = _walk(values, path)
            if here is not None and not isinstance(here, Mapping):
                found[".".join(path)] = here if isinstance(here, list | str | int | float) else str(here)
        return found


def _require_short(value: object) -> None:
    if isinstance(value, Mapping):
        held = cast("Mapping[str, object]", value)
        if len(held) > MAX_LIST:
            raise EvaluationError(f"an object of {len(held)} members is longer than {MAX_LIST}")
        for member in held.values():
            _require_short(member)
    elif isinstance(value, list):
        members = cast("list[object]", value)
        if len(members) > MAX_LIST:
            raise EvaluationError(f"a list of {len(members)} members is longer than {MAX_LIST}")
        for member in members:
            _require_short(member)


def _walk(values: Mapping[str, Any], path: Sequence[str]) -> Any:
    here: Any = values
    for step in path:
        if not isinstance(here, Mapping):
            return None
        here = cast("Mapping[str, Any]", here).get(step)
    return here


def compile_all(sources: Iterable[str], *, names: frozenset[str]) -> tuple[Expression, ...]:
    """Compile every expression of a list.

    Raises:
        ExpressionError: one of them cannot be compiled.
    """
    return tuple(Expression(source, names=names) for source in sources)


def _nesting(source: str) -> int:
    deepest = depth = 0
    for char in _STRING.sub("", source):
        if char in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in ")]}":
            depth -= 1
    return deepest


def _paths(source: str, names: frozenset[str]) -> Iterable[tuple[str, ...]]:
    """Find the dotted names of an expression. Text inside quotes counts only as an index."""
    kept = _STRING.sub(lambda m: m.group() if source[m.start() - 1 : m.start()] == "[" else '""', source)
    for match in _PATH.finditer(kept):
        root = match.group(1)
        if root in names:
            steps = [
                next(part for part in step if part) for step in _STEP.findall(match.group(2)) if any(step)
            ]
            yield (root, *steps)
