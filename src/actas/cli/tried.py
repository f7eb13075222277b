"""How a connection that was tried or looked over is shown: each side, what it says, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, Literal, cast

from actas.cli.output import Ink, Line
from actas.cli.wording import duration, short_issuer
from actas.core.ports import Json, JsonObject

Outcome = Literal["granted", "refused", "unreachable"]

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

_DOES: Final = {1: "give the grant", 2: "redeem it"}


def outcome_of(legs: Sequence[JsonObject]) -> Outcome:
    """Return what both sides come to."""
    said = [leg["says"] for leg in legs]
    return "refused" if "no" in said else "unreachable" if "unreachable" in said else "granted"


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
        if decided_there and leg["number"] == 2 and leg["decision"] is None:
            yield "      · not asked what it would say: there would be no grant"
    grant = tried["grant"]
    if isinstance(grant, dict):
        yield ""
        yield f"The grant would say:  {_told_by(grant)}"


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
            known = "" if all(leg["decision"] for leg in legs) else ", as far as can be known"
            return (Ink("GRANTED", "good"), f"  both sides would say yes{known}")
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
    decision = leg["decision"]
    if says == "yes" and decision is None:
        would = "says nothing against it: it would"
    place = f"   {leg['place']}" if leg["place"] else ""
    yield (
        f"  {number} ",
        _OF_LEG[says],
        f" {short_issuer(str(leg['server']))} {would} {_DOES[number]}",
        Ink(place, "dim"),
    )
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
