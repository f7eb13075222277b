"""``actas inspect``: take a token apart, check it, draw its chain. Works without a server."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

import click

from actas.cli.chains import GRANTS, chain_of, chain_of_grant, parties, texts
from actas.cli.exits import Exit, Failure, misused
from actas.cli.findings import Check, Finding, Question, Result, findings
from actas.cli.keysets import Keys, keys_from, keys_of
from actas.cli.line import vertical
from actas.cli.look import Look, look
from actas.cli.output import Answer, Ink, Line
from actas.cli.run import Run
from actas.cli.sentence import sentence, signed_in
from actas.cli.tokens import TokenArguments, TokenText
from actas.cli.tree import command as make
from actas.cli.values import Instant
from actas.cli.wording import padded
from actas.core.ports import Json

_MARKS: Final[dict[Result, Ink]] = {
    "good": Ink("✓", "good"),
    "bad": Ink("✕", "bad"),
    "unknown": Ink("?", "warn"),
    "skipped": Ink("-", "dim"),
}
_LABEL_COLUMNS: Final = 23


@make(
    examples=(
        ("a token saved by actas exchange --save, with the keys kept beside it", "actas inspect @orders"),
        (
            "any JWT, against the keys its issuer publishes",
            "actas inspect @token.txt --jwks https://sts.acme.example/jwks",
        ),
    ),
    dry_run="harmless",
)
@click.argument("token")
@click.option("--jwks", metavar="FILE|URL", help="Keys to verify with: a file, or exactly this address.")
@click.option("--no-verify", is_flag=True, help="Only look; do not check the signature.")
@click.option("--audience", metavar="X", help="Also check that it is meant for exactly X.")
@click.option("--at", type=Instant(), metavar="TIME", help="Judge its times by another instant than now.")
@click.option("--claims", is_flag=True, help="Also print its header and claims.")
@click.pass_obj
def command(
    run: Run,
    *,
    token: str,
    jwks: str | None,
    no_verify: bool,
    audience: str | None,
    at: float | None,
    claims: bool,
) -> None:
    """Take a token apart, check it, draw its chain.

    Works without a server, and never asks an address found inside the token. Exits 0 when the token is
    good, 1 when it is not or could not be checked, 7 when its signature is bad.

    TOKEN is @name for a saved one, @file, - for stdin, env:NAME, or the text itself.
    """
    if jwks is not None and no_verify:
        raise misused("--jwks and --no-verify contradict each other")
    given = TokenArguments(run).read(token, flag="TOKEN")
    seen = look(given.value.reveal())
    question = Question(
        keys=_keys(run, given, jwks) if not no_verify and seen.form == "jwt" else None,
        verify=not no_verify,
        audience=audience,
        at=run.now if at is None else at,
        whose=None if given.saved is None else given.saved.issuer,
    )
    found = findings(given.value.reveal(), seen, question)
    run.out.answer(_answer(run, seen, found, claims=claims))
    _end(found)


def _keys(run: Run, given: TokenText, where: str | None) -> Keys | None:
    if where is not None:
        return keys_from(where, timeout=run.options.timeout)
    return None if given.saved is None else keys_of(given.saved, name=given.source)


def _answer(run: Run, seen: Look, found: tuple[Finding, ...], *, claims: bool) -> Answer:
    body: dict[str, Json] = {
        "type": seen.type,
        "form": seen.form,
        "good": _worst(found) == Exit.YES,
        "checks": [
            {"check": one.check, "result": one.result, "label": one.label, "detail": one.detail}
            for one in found
        ],
    }
    lines: list[Line] = [_head(seen), *(_shown(one) for one in found)]
    if seen.form == "jwt":
        grant, identity = seen.type in GRANTS, seen.type == "id_token"
        chain = chain_of_grant(seen.claims) if grant else chain_of(seen.claims, person=identity)
        said = signed_in(chain) if identity else sentence(chain)
        body |= {
            "issuer": seen.claims.get("iss"),
            "chain": parties(chain),
            "audience": list(texts(seen.claims.get("aud"))),
            "scope": list(chain.scopes),
            "sentence": said,
        }
        lines += ["", *vertical(chain, ascii=run.out.ascii), ""]
        lines.append(said if _is_proven(found) else f"Unproven: {said}")
    if seen.header:
        body |= {"header": dict(seen.header), "claims": dict(seen.claims)}
    if claims:
        lines += [line for part in (seen.header, seen.claims) if part for line in ("", *_json(part))]
    token_id = seen.claims.get("jti")
    name = token_id if isinstance(token_id, str) else ""
    return Answer(kind="actas/Inspection", body=body, name=name, lines=lines)


def _is_proven(found: tuple[Finding, ...]) -> bool:
    return any(one.check == "signature" and one.result == "good" for one in found)


def _head(seen: Look) -> Line:
    if seen.form == "jwt":
        return f"{seen.title} · {seen.algorithm} · key {seen.kid}"
    if seen.form == "jwe":
        return f"{seen.title} · {seen.algorithm} · to key {seen.kid}"
    return f"{seen.title}, {seen.length} characters"


def _shown(one: Finding) -> Line:
    label = padded(one.label, _LABEL_COLUMNS) if one.detail else one.label
    return (_MARKS[one.result], f" {label}{one.detail}")


def _json(part: Mapping[str, Json]) -> Iterator[str]:
    yield from json.dumps(dict(part), indent=2, ensure_ascii=False).split("\n")


def _worst(found: tuple[Finding, ...]) -> Exit:
    """Return what the findings come to: a bad signature outweighs everything, a doubt is not a yes."""
    if any(one.check == "signature" and one.result == "bad" for one in found):
        return Exit.INTEGRITY
    return Exit.NO if any(one.result in ("bad", "unknown") for one in found) else Exit.YES


def _end(found: tuple[Finding, ...]) -> None:
    """Tell programs in one word what people were told line by line.

    Raises:
        Failure: the token is not good.
    """
    code = _worst(found)
    if code == Exit.YES:
        return
    weights: tuple[Result, ...] = ("bad", "unknown")
    worst = min(
        (one for one in found if one.result in weights),
        key=lambda one: (one.check != "signature" or one.result != "bad", weights.index(one.result)),
    )
    message = f"{worst.label}: {worst.detail}" if worst.detail else worst.label
    raise Failure(message, code=_CODES[worst.check, worst.result], exit=code, told=True)


_CODES: Final[dict[tuple[Check, Result], str]] = {
    ("form", "bad"): "not_acceptable",
    ("signature", "bad"): "bad_signature",
    ("signature", "unknown"): "not_verified",
    ("times", "bad"): "not_live",
    ("audience", "bad"): "wrong_audience",
    ("chain", "bad"): "bad_chain",
}
