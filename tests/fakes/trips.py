"""Ways to spoil one thing about a request: what a guard of the matrix trips over.

Each takes an attempt and returns it with one thing wrong, or says why that has no meaning on its path.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from actas.core.client import ClientAuth
from actas.policy.rule import RuleSpec
from tests.fakes.attempts import Attempt, granted, granted_plainly, of_corp
from tests.fakes.house import IDP, ISSUER, NOW, sells
from tests.fakes.impersonating import impersonated

OF_ANY_CODE = {"client", "scope", "apis", "subject"}
"""What codes of apps and of devices have in common."""

Trip = Callable[[Attempt], Attempt | str]


def subject(**claims: Any) -> Trip:
    """Change the subject token."""

    def trip(one: Attempt) -> Attempt | str:
        return replace(one, changed=claims) if one.shows_subject else "no subject token"

    return trip


def of_a_code(**changes: Any) -> Trip:
    """Change the code, or what comes with it."""

    def trip(one: Attempt) -> Attempt | str:
        if one.code is None:
            return "no code"
        if one.on_device and not changes.keys() <= OF_ANY_CODE:
            return "nothing like it comes with the code of a device"
        return replace(one, code=changes)

    return trip


def person(subject: str) -> Trip:
    """Have another person sign in."""

    def trip(one: Attempt) -> Attempt | str:
        if one.code is None and not one.is_told:
            return "no person of ours"
        return (
            replace(one, code={"subject": subject})
            if one.code is not None
            else replace(one, changed={"sub": subject})
        )

    return trip


def of_a_chain(change: Trip) -> Trip:
    """Change who acts in the subject token, or may."""

    def trip(one: Attempt) -> Attempt | str:
        return "nobody acts in an ID token of ours" if one.is_told else change(one)

    return trip


def public_client(one: Attempt) -> Attempt | str:
    if one.code is not None:
        return "people sign in to public clients too"
    public = one.with_client(one.who, auth=ClientAuth(method="none"))
    return replace(public, parameters={"client_secret": None})


def of_ours(change: Callable[[Attempt], Attempt]) -> Trip:
    """Change the target, or what may be asked for there: what another domain has is said by its connection."""

    def trip(one: Attempt) -> Attempt | str:
        return "its target is of another domain" if one.connection is not None else change(one)

    return trip


def connected(**changes: Any) -> Trip:
    """Change the connection."""

    def trip(one: Attempt) -> Attempt | str:
        if one.connection is None:
            return "no connection"
        return replace(one, connection=replace(one.connection, **changes))

    return trip


def accepted(**changes: Any) -> Trip:
    """Change the connection by which a grant is redeemed."""

    def trip(one: Attempt) -> Attempt | str:
        if one.acceptance is None:
            return "no grant is redeemed"
        return replace(one, acceptance=replace(one.acceptance, **changes))

    return trip


def signed_in_too_long_ago(one: Attempt) -> Attempt | str:
    if one.connection is None or one.connection.to.max_age is None:
        return "no connection that asks when"
    return replace(one, changed={"auth_time": NOW - one.connection.to.max_age - 1})


def no_rule(one: Attempt) -> Attempt | str:
    if one.acceptance is not None:
        return replace(one, acceptance=replace(one.acceptance, groups=frozenset({"nobody"})))
    if one.connection is not None:
        nobody = replace(one.connection.people, groups=frozenset({"nobody"}))
        return replace(one, connection=replace(one.connection, people=nobody))
    if one.code is not None:
        return one.with_client(one.who, sign_in=None)
    return replace(one, rule=replace(one.rule, client=replace(one.rule.client, names=frozenset({"x"}))))


def rule_off(one: Attempt) -> Attempt | str:
    if one.connection is not None or one.acceptance is not None:
        return "its rule is the connection"
    if one.code is not None:
        return "its rule is the registration of its client"
    return replace(one, rule=replace(one.rule, disabled=True))


def only(kind: str, change: Trip) -> Trip:
    def trip(one: Attempt) -> Attempt | str:
        return change(one) if one.kind == kind else f"only {kind} can trip it"

    return trip


def issuer(**changes: Any) -> Trip:
    def trip(one: Attempt) -> Attempt | str:
        foreign = one.subject in (of_corp, granted, granted_plainly)
        return one.with_issuer(**changes) if foreign else "no foreign subject token"

    return trip


def of_our_own(**claims: Any) -> Trip:
    def trip(one: Attempt) -> Attempt | str:
        return replace(one, changed=claims) if one.is_ours else "no subject token of our own"

    return trip


def client_of_the_token_off(one: Attempt) -> Attempt | str:
    if one.is_told:
        return replace(one.with_client("helpdesk", disabled=True), changed={"aud": "helpdesk"})
    if not one.is_ours:
        return "no subject token of our own"
    return replace(one.with_client("helpdesk", disabled=True), changed={"client_id": "helpdesk"})


def earlier_actor_off(one: Attempt) -> Attempt | str:
    if not one.is_ours:
        return "no subject token of our own"
    return replace(one.with_client("robot", disabled=True), changed={"act": {"iss": ISSUER, "sub": "robot"}})


def meant_for_somebody_else(one: Attempt) -> Attempt | str:
    if not one.shows_subject:
        return "no subject token"
    if one.is_told:
        return replace(one, changed={"aud": "helpdesk"})
    if one.acceptance is not None:
        return replace(
            one, changed={"client_id": "helpdesk"}, acceptance=replace(one.acceptance, match="subject")
        )
    if one.is_ours:
        return replace(one, changed={"aud": "urn:acme:handbook", "client_id": "inventory"})
    return one.with_issuer(audiences={"acme-web": frozenset({"web"})})


def with_chain_and_offer(one: Attempt) -> Attempt | str:
    if not one.shows_subject:
        return "no subject token"
    issuer = ISSUER if one.is_ours else IDP
    acting = {"iss": IDP, "sub": "id-dana"} if one.actor is not None else {"iss": ISSUER, "sub": one.who}
    return replace(one, changed={"act": {"iss": issuer, "sub": "robot"}, "may_act": acting})


def in_the_chain_already(one: Attempt) -> Attempt | str:
    if not one.is_ours:
        return "a foreign token names no party of ours"
    if one.kind == "chaining":
        return "whose own token it is acts already, and is named once"
    name = "dana@acme.example" if one.actor is not None else one.who
    return replace(one, changed={"act": {"iss": ISSUER, "sub": name, "sub_profile": "user"}})


def somebody_acts_already(one: Attempt) -> Attempt | str:
    issuer = ISSUER if one.is_ours else IDP
    return replace(one, changed={"act": {"iss": issuer, "sub": "robot"}})


def too_deep(one: Attempt) -> Attempt | str:
    issuer = ISSUER if one.is_ours else IDP
    return replace(
        one,
        changed={"act": {"iss": issuer, "sub": "robot"}},
        rule=replace(one.rule, max_depth=1),
    )


def actor(**changes: Any) -> Trip:
    def trip(one: Attempt) -> Attempt | str:
        return "no actor token" if one.actor is None else replace(one, **changes)

    return trip


def deny(one: Attempt) -> Attempt:
    deny = RuleSpec(name="no", effect="deny", kind="any", apis=frozenset({one.target}), reason="Not now.")
    return replace(one, more_rules=(deny,))


def unevaluable(one: Attempt) -> Attempt:
    return replace(one, rule=replace(one.rule, when=("subject.claims.nowhere == 1",)))


def at_another_api(one: Attempt) -> Attempt:
    rule = replace(one.rule, scopes=sells(any="orders:read stock:read"))
    held = {"scope": "orders:read stock:read"}
    return replace(one, target="inventory", scope="stock:read", rule=rule, changed=held)


def delegating_actor(**changes: Any) -> Trip:
    """Change the actor token of a delegation."""

    def trip(one: Attempt) -> Attempt | str:
        if one.actor is None or one.kind != "delegation":
            return "no actor token of ours"
        return replace(one, **changes)

    return trip


def acted_as_already(one: Attempt) -> Attempt | str:
    if not one.is_ours:
        return "no subject token of our own"
    return replace(one, subject=impersonated)


def fed(one: Attempt) -> Attempt | str:
    """An impersonated token, where the rule takes such tokens."""
    subject = one.rule.subject
    if subject is None:
        return "no subject token"
    return replace(
        one, subject=impersonated, rule=replace(one.rule, subject=replace(subject, impersonated=True))
    )
