"""How a connection that was tried or looked over is shown: each side, what it says, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, Literal, cast

from actas.cli.output import Ink, Line
from actas.cli.wording import duration, short_issuer
from actas.core.ports import Json, JsonObject

Outcome = Literal["granted", "undecided", "refused", "unreachable"]

MARKS: Final[dict[str, Ink]] = {
    "good": Ink("✓", "good"),
    "warn": Ink("!", "warn"),
    "bad": Ink("✕", "bad"),
    "skipped": Ink("·", "dim"),
}
_OF_LEG: Final[dict[str, Ink]] = {
    "yes": Ink("✓", "good"),
    "no": Ink("✕", "bad"),
    "unreachable": Ink("!", "warn"),
}
_NO_CLAIM: Final = re.compile(r"\bclaims\b.*: there is no (\w+)$")
"""How the sentence ends of an expression over claims of which one was not there (``policy.expression``)."""

_UNDECIDED: Final = Ink("?", "warn")
_DOES: Final = {1: "give the grant", 2: "redeem it"}


def outcome_of(legs: Sequence[JsonObject]) -> Outcome:
    """Return what both sides come to; ``undecided`` is a yes of ours beside a server that was not asked."""
    said = [leg["says"] for leg in legs]
    if "no" in said:
        return "refused"
    if "unreachable" in said:
        return "unreachable"
    return "granted" if all(leg["decision"] for leg in legs) else "undecided"


def blamed(legs: Sequence[JsonObject]) -> list[JsonObject]:
    """Return the sides that would refuse."""
    return [leg for leg in legs if leg["says"] == "no"]


def lines_of_trial(tried: JsonObject, legs: Sequence[JsonObject], *, decided_there: bool) -> Iterator[Line]:
    """Yield what people are told of a connection that was tried.

    Args:
        tried: what the server answered.
        legs: both sides.
        decided_there: whether the other side was asked to decide.
    """
    yield _headline(legs)
    for leg in legs:
        yield ""
        yield from _leg(leg)
        if leg["ours"] and _reason(leg) == "connection_paused":
            yield f"      → actas connections resume {tried['connection']}"
        if leg["number"] == 2 and leg["decision"] is None:
            if decided_there:
                yield "      · not asked what it would say: there would be no grant"
            elif leg["says"] == "yes":
                yield "      → --there CONTEXT asks it, where it is an Actas in which you hold a role too"
    grant = tried["grant"]
    if isinstance(grant, dict):
        yield ""
        yield f"The grant would say:  {_told_by(grant)}"
        yield from _left(grant, legs[1]["decision"])


def lines_of_checks(checks: Json, *, indent: str) -> Iterator[Line]:
    """Yield a line for each check, and what to do about what is not good."""
    many = cast("list[JsonObject]", checks)
    wide = max((len(str(one["name"])) for one in many), default=0)
    for one in many:
        yield (indent, MARKS[str(one["state"])], f" {str(one['name']).ljust(wide)}  {one['says']}")
        if one["remedy"]:
            yield Ink(f"{indent}  {' ' * wide}  → {one['remedy']}", "dim")


def _reason(leg: JsonObject) -> Json:
    decision = leg["decision"]
    return decision["reason"] if isinstance(decision, dict) else None


def _headline(legs: Sequence[JsonObject]) -> Line:
    match outcome_of(legs):
        case "granted":
            return (Ink("GRANTED", "good"), "  both sides would say yes")
        case "undecided":
            other = " and ".join(short_issuer(str(leg["server"])) for leg in legs if not leg["ours"])
            return (Ink("YES HERE", "good"), f"  our side would say yes; what {other} decides is not known")
        case "refused":
            sides = " and ".join(short_issuer(str(leg["server"])) for leg in blamed(legs))
            return (Ink("REFUSED", "bad"), f"  by {sides}")
        case _:
            sides = " and ".join(
                short_issuer(str(leg["server"])) for leg in legs if leg["says"] == "unreachable"
            )
            return (Ink("UNKNOWN", "warn"), f"  {sides} could not be reached")


def _leg(leg: JsonObject) -> Iterator[Line]:
    says, number = str(leg["says"]), cast("int", leg["number"])
    would = {"yes": "would", "no": "would not", "unreachable": "cannot say whether it would"}[says]
    decision, mark, does = leg["decision"], _OF_LEG[says], _DOES[number]
    if says == "yes" and decision is None:
        mark = _UNDECIDED
        would, does = "says nothing against it; whether it would", f"{_DOES[number]} is not known"
    place = f"   {leg['place']}" if leg["place"] else ""
    yield (f"  {number} ", mark, f" {short_issuer(str(leg['server']))} {would} {does}", Ink(place, "dim"))
    if isinstance(decision, dict):
        yield from _decision(decision)
        if leg["ours"] and (missing := _unsaid(decision)) is not None:
            yield f"      → say it for their issuer: --claims '{{\"{missing}\": …}}'"
    yield from lines_of_checks(leg["checks"], indent="      ")


def _decision(decision: JsonObject) -> Iterator[Line]:
    refused = decision["outcome"] == "refused"
    if refused:
        yield ("      ", Ink(f"{decision['error']}, {decision['reason']}", "bad"))
    for stage in cast("list[JsonObject]", decision["stages"]):
        mark = {True: "good", False: "bad", None: "skipped"}[cast("bool | None", stage["passed"])]
        yield (f"      {stage['name']!s:<9} ", MARKS[mark], f"  {stage['text']}")
        if stage["name"] == "rules" and refused:
            yield from _rules(cast("list[JsonObject]", decision["rules"]))
    if not refused:
        return
    yield f"      Why:  {decision['detail']}"
    better = decision["would_be_granted"]
    if isinstance(better, dict):
        scope = " ".join(cast("list[str]", better["scope"]))
        yield ("      ", Ink("Would be granted:  ", "strong"), f'--scope "{scope}"')


def _unsaid(decision: JsonObject) -> str | None:
    """Return the claim that the mapping of an issuer looked for and nobody said, if that is why."""
    found = _NO_CLAIM.search(str(decision["detail"]))
    return None if decision["reason"] != "bad_subject" or found is None else found[1]


def _rules(rules: Sequence[JsonObject]) -> Iterator[Line]:
    for rule in rules:
        state = {True: "", False: " (did not match)", None: " (cannot be evaluated)"}[
            cast("bool | None", rule["matched"])
        ]
        yield (
            f"        {rule['name']} {rule['effect']}{state}",
            Ink(f"   {rule['place']}", "dim"),
        )
        for one in cast("list[JsonObject]", rule["conditions"]):
            if one["holds"] is not True:
                seen = one["seen"] or "nothing"
                yield (
                    "          ",
                    MARKS["bad"],
                    f" {one['field']}: {one['wanted']}",
                    Ink(f"   saw {seen}", "dim"),
                )
        if rule["effect"] == "denies" and rule["matched"] and rule["reason"]:
            yield f'          "{rule["reason"]}"'


def _left(grant: JsonObject, decision: Json) -> Iterator[Line]:
    """Yield what a token would have that comes of a grant, where somebody decided it."""
    if not isinstance(decision, dict) or decision["outcome"] != "granted":
        return
    left = cast("list[str]", decision["scope"])
    dropped = [one for one in str(grant.get("scope", "")).split() if one not in left]
    less = f"; {' '.join(dropped)} would be left out" if dropped else ""
    yield f"The token would have: scope {' '.join(left) or '(none)'}{less}"


def _told_by(grant: JsonObject) -> str:
    """Return what a grant says, in one line: whom it names, as whom, and what for."""
    resource = grant.get("resource")
    there = " ".join(map(str, resource)) if isinstance(resource, list) else resource
    said = [f"sub {grant.get('sub')}", f"client_id {grant.get('client_id')}"]
    said += [f"resource {there}"] if there else []
    said += [f"scope {grant.get('scope')}"]
    since, until = grant.get("iat"), grant.get("exp")
    if isinstance(since, int) and isinstance(until, int):
        said.append(f"for {duration(until - since)}")
    return ", ".join(said)
