"""What the text of an expression shows without evaluating it: patterns that match more than they say.

``matches`` of CEL finds its pattern anywhere, so ``repo:acme/`` also accepts ``x-repo:acme/``, and
``^a|b$`` anchors neither half (octo-sts learnt that the hard way). Patterns here are anchored as a whole,
case-exact and written out (SEC-25). The syntax itself is checked by ``policy.expression``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_TEXT: Final = re.compile(r"""[rR]?(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
_CALL: Final = re.compile(r"\b(matches|startsWith|endsWith)\s*\(\s*(?:[^()]*,\s*)?(?:\0(\d+)\0)?\s*(\))?")
_CLAIM: Final = re.compile(r"\bclaims\s*(?:\.\s*([A-Za-z_]\w*)|\[\s*\0(\d+)\0\s*\])")
_COMPARES: Final = re.compile(r"==|\bin\b|\b(?:matches|startsWith|endsWith|contains)\s*\(")
_WILDCARDS: Final = frozenset({".", ".*", ".+", r"\S*", r"\S+", "[^/]*", "[^/]+"})
_SAYS_NOTHING: Final = frozenset({"iss", "aud", "exp", "iat", "nbf", "jti", "email_verified"})
"""Claims that are the same for all customers of an issuer, or that everybody has."""


def faults_of_patterns(expression: str) -> Iterator[str]:
    """Yield a sentence for every pattern in ``expression`` that is not anchored, exact and narrow."""
    bare, texts = _take_texts(expression)
    for call in _CALL.finditer(bare):
        if call[1] != "matches":
            continue
        if call[2] is None or call[3] is None:
            yield "the pattern of matches() must be written out as a text"
            continue
        yield from _pattern(texts[int(call[2])])


def loose_ends(expression: str) -> Iterator[str]:
    """Yield a sentence for every prefix or suffix that ends in the middle of a name.

    ``repo:acme`` also begins ``repo:acme-evil/x`` (SEC-25).
    """
    bare, texts = _take_texts(expression)
    for call in _CALL.finditer(bare):
        text = texts[int(call[2])] if call[2] is not None else ""
        edge = {"startsWith": text[-1:], "endsWith": text[:1]}.get(call[1])
        if edge is not None and (not edge or edge.isalnum() or edge in "-_"):
            side = "end" if call[1] == "startsWith" else "begin"
            yield (
                f'{call[1]}("{text}") stops in the middle of a name; '
                f"{side} it with a separator such as / : or @"
            )


def tells_customers_apart(expression: str) -> bool:
    """Whether the expression compares a claim that differs between the customers of an issuer."""
    bare, texts = _take_texts(expression)
    named = {found[1] or texts[int(found[2])] for found in _CLAIM.finditer(bare)}
    return bool(named - _SAYS_NOTHING) and _COMPARES.search(bare) is not None


def _take_texts(expression: str) -> tuple[str, list[str]]:
    """Replace the quoted texts of an expression by numbers between NULs, and return them."""
    texts: list[str] = []

    def take(found: re.Match[str]) -> str:
        quoted = found.group()
        raw = quoted[0] in "rR"
        text = quoted[2:-1] if raw else quoted[1:-1]
        texts.append(text if raw else re.sub(r"\\(.)", r"\1", text))
        return f"\0{len(texts) - 1}\0"

    return _TEXT.sub(take, expression.replace("\0", "")), texts


def _pattern(pattern: str) -> Iterator[str]:
    shown = pattern[:60]
    if re.search(r"\(\?[a-zA-Z]*i", pattern):
        yield f'the pattern "{shown}" ignores case; names are compared exactly here'
    if not pattern.startswith("^") or not pattern.endswith("$") or pattern.endswith(r"\$"):
        yield f'the pattern "{shown}" matches anywhere in the text; write it as ^…$'
    elif _has_bare_alternative(pattern):
        yield f'the pattern "{shown}" anchors only its first and last alternative; write ^(?:a|b)$'
    elif re.sub(r"[()^$]|\?:", "", pattern) in _WILDCARDS:
        yield f'the pattern "{shown}" matches everything; leave the condition out, or say what must match'


def _has_bare_alternative(pattern: str) -> bool:
    """Whether there is a ``|`` outside of every group and class."""
    depth = 0
    for char in re.sub(r"\\.|\[\^?\]?[^\]]*\]", "", pattern):
        depth += (char == "(") - (char == ")")
        if char == "|" and depth == 0:
            return True
    return False
