"""Everything that can say no, as one change of a request that is granted: the columns of the guard matrix.

A guard says which check of the specifications it trips, if it is one of those. No cell is empty by accident:
a trip says why it has no meaning on a path (SEC-01). ``tests/attacks/test_guard_matrix.py`` runs every cell,
``tests/test_guards_are_needed.py`` takes checks away.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from actas.core.administrators import Administrators
from actas.core.client import SignInTerms
from actas.core.wire import ACCESS_TOKEN, JWT, TOKEN_EXCHANGE, GrantType
from actas.kinds import administrative_impersonation, checks
from actas.kinds.sign_in import authorization_is_the_requesters
from actas.policy.rule import PartySelector
from tests.fakes import trips
from tests.fakes.attempts import locked_out, nobody, ours
from tests.fakes.company import CALLBACK
from tests.fakes.guard import Guard
from tests.fakes.guards_between_domains import BETWEEN_DOMAINS
from tests.fakes.house import CORP, ISSUER, NOW, ORDERS_TO_INVENTORY
from tests.fakes.impersonating import impersonated

GUARDS: Final[tuple[Guard, ...]] = (
    Guard(
        name="client off",
        reason="bad_client_auth",
        naming="disabled",
        trip=lambda one: one.with_client(one.who, disabled=True),
    ),
    Guard(
        name="wrong secret",
        reason="bad_client_auth",
        naming="secret",
        trip=lambda one: replace(one, parameters={"client_secret": "wrong"}),
    ),
    Guard(
        name="public client",
        reason="client_may_not_exchange",
        naming="not registered",
        trip=trips.public_client,
    ),
    Guard(
        name="grant off for this client",
        reason="client_may_not_exchange",
        naming="not registered",
        trip=lambda one: one.with_client(
            one.who, grants=frozenset({TOKEN_EXCHANGE, GrantType("client_credentials")}) - {one.grant}
        ),
    ),
    Guard(name="expired", reason="expired", naming="expired", trip=trips.subject(exp=NOW - 60, iat=NOW - 90)),
    Guard(name="not an issuer of ours", reason="bad_subject", naming="", trip=trips.subject(iss="https://evil.example")),
    Guard(
        name="bound to a key",
        reason="key_not_proven",
        naming="proves no key",
        trip=trips.subject(cnf={"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}),
    ),
    Guard(
        name="declared as another type",
        reason="bad_subject",
        naming="",
        trip=lambda one: "no subject token that is declared"
        if not one.shows_subject or one.acceptance is not None
        else replace(one, subject_type=str(JWT)),
    ),
    Guard(name="issuer off", reason="bad_subject", naming="disabled", trip=trips.issuer(disabled=True)),
    Guard(
        name="issuer not trusted for this type",
        reason="bad_subject",
        naming="accepts",
        trip=trips.issuer(accepts=frozenset({JWT})),
    ),
    Guard(
        name="issuer's own condition",
        reason="bad_subject",
        naming="is false",
        trip=trips.issuer(when=("claims.email == 'nobody'",)),
    ),
    Guard(
        name="subject's client off", reason="bad_subject", naming="helpdesk", trip=trips.client_of_the_token_off
    ),
    Guard(name="earlier actor off", reason="bad_subject", naming="robot", trip=trips.earlier_actor_off),
    Guard(
        name="subject off",
        reason="bad_subject",
        naming="gone",
        trip=trips.of_our_own(sub="gone", sub_profile="service"),
    ),
    Guard(
        name="meant for somebody else",
        reason="wrong_audience",
        naming="",
        trip=trips.meant_for_somebody_else,
        check=checks.subject_token_was_meant_for_the_requester,
    ),
    Guard(
        name="a token for managing",
        reason="wrong_audience",
        naming="for managing",
        trip=lambda one: trips.subject(aud=f"{ISSUER}/api", client_id=one.who, act=None)(one)
        if one.is_ours
        else "no access token of our own",
        check=checks.managing_is_for_nothing_else,
    ),
    Guard(
        name="may_act names another",
        reason="actor_not_allowed",
        naming="may_act asks",
        trip=trips.of_a_chain(trips.subject(may_act={"iss": ISSUER, "sub": "inventory"}, act=None)),
        check=checks.may_act_names_the_actor,
    ),
    Guard(
        name="chain and offer at once",
        reason="actor_not_allowed",
        naming="both act and may_act",
        trip=trips.of_a_chain(trips.with_chain_and_offer),
        check=checks.chain_continues_or_begins,
    ),
    Guard(
        name="actor in the chain already",
        reason="actor_not_allowed",
        naming="in the chain already",
        trip=trips.only("delegation", trips.of_a_chain(trips.in_the_chain_already)),
        check=checks.actor_is_new,
    ),
    Guard(
        name="a chain would be lost by impersonation",
        reason="actor_not_allowed",
        naming="no longer be the current one",
        trip=trips.only("impersonation", trips.somebody_acts_already),
        check=checks.no_chain_would_be_lost,
    ),
    Guard(
        name="a chain would be lost by translation",
        reason="actor_not_allowed",
        naming="no longer be the current one",
        trip=trips.only("translation", trips.somebody_acts_already),
        check=checks.no_chain_would_be_lost,
    ),
    Guard(
        name="narrowing at another API",
        reason="unknown_target",
        naming="is not for inventory",
        trip=trips.only("downscope", trips.at_another_api),
        check=checks.requester_holds_the_token,
    ),
    Guard(
        name="who may act would be lost",
        reason="actor_not_allowed",
        naming="that would be lost",
        trip=trips.only("downscope", trips.subject(may_act={"sub": "web", "iss": ISSUER}, act=None)),
        check=checks.restriction_is_kept,
    ),
    Guard(
        name="who may act would be lost by redeeming",
        reason="actor_not_allowed",
        naming="that would be lost",
        trip=trips.only("redemption", trips.subject(may_act={"sub": "web", "iss": ISSUER})),
        check=checks.restriction_is_kept,
    ),
    Guard(
        name="an API that nobody was asked about",
        reason="unknown_target",
        naming="nobody was asked",
        trip=trips.of_a_code(scope=frozenset({"orders:read"}), apis=("inventory",)),
        check=authorization_is_the_requesters,
    ),
    Guard(
        name="code of another client",
        reason="bad_code",
        naming="was given to",
        trip=trips.of_a_code(client="helpdesk"),
    ),
    Guard(
        name="another verifier",
        reason="bad_code",
        naming="code_verifier",
        trip=trips.of_a_code(code_verifier="another-verifier-that-is-long-enough-for-it"),
    ),
    Guard(
        name="another redirect address",
        reason="bad_code",
        naming="redirect_uri",
        trip=trips.of_a_code(redirect_uri="https://evil.example/callback"),
    ),
    Guard(name="person off", reason="bad_subject", naming="disabled", trip=trips.person("actas:bob")),
    Guard(name="person gone", reason="bad_subject", naming="no longer", trip=trips.person("actas:eve")),
    Guard(
        name="people of this group only",
        reason="no_rule",
        naming="no rule",
        trip=trips.only("sign_in", lambda one: one.with_client(
            one.who, sign_in=SignInTerms(redirect_uris=(CALLBACK,), groups=frozenset({"platform"}))
        )),
    ),
    Guard(name="chain too deep", reason="chain_too_deep", naming="2 actors", trip=trips.only("delegation", trips.of_a_chain(trips.too_deep))),
    Guard(
        name="actor token issued to another client",
        reason="bad_actor",
        naming="was issued to",
        trip=trips.delegating_actor(
            actor=ours,
            actor_type=str(ACCESS_TOKEN),
            changed_actor={"sub": "dana@acme.example", "client_id": "web", "act": None},
            rule=replace(ORDERS_TO_INVENTORY, actor=PartySelector(issuers=frozenset({"actas"}))),
        ),
        check=checks.actor_token_belongs_to_the_requester,
    ),
    Guard(
        name="actor token about another service",
        reason="bad_actor",
        naming="speaks of",
        trip=trips.delegating_actor(
            actor=ours,
            actor_type=str(ACCESS_TOKEN),
            changed_actor={"sub": "inventory", "sub_profile": "service", "client_id": "orders", "act": None},
            rule=replace(ORDERS_TO_INVENTORY, actor=PartySelector(issuers=frozenset({"actas"}))),
        ),
        check=checks.actor_token_belongs_to_the_requester,
    ),
    Guard(
        name="foreign actor token of another client",
        reason="wrong_audience",
        naming="to present",
        trip=trips.actor(issuers=(replace(CORP, audiences={"acme-web": frozenset({"web"})}),)),
        check=checks.actor_token_belongs_to_the_requester,
    ),
    Guard(
        name="actor token under which somebody acts",
        reason="impersonated",
        naming="acts as",
        trip=trips.delegating_actor(
            actor=impersonated,
            actor_type=str(ACCESS_TOKEN),
            changed_actor={"sub": "dana@acme.example", "client_id": "orders"},
            rule=replace(ORDERS_TO_INVENTORY, actor=PartySelector(issuers=frozenset({"actas"}))),
        ),
        check=checks.nobody_acts_by_an_impersonated_token,
    ),
    Guard(
        name="somebody acts as the subject already",
        reason="no_rule",
        naming="",  # a connection says that nobody may
        trip=trips.acted_as_already,
    ),
    Guard(
        name="one impersonation feeds another",
        reason="impersonated",
        naming="already",
        trip=trips.only("impersonation", trips.fed),
        check=checks.no_impersonation_is_fed,
    ),
    Guard(
        name="somebody may act for the administrator",
        reason="actor_not_allowed",
        naming="himself",
        trip=trips.only("administrative_impersonation", trips.actor(changed_actor={"may_act": {"sub": "x"}})),
        check=administrative_impersonation.administrator_acts_in_person,
    ),
    Guard(
        name="nobody is called so",
        reason="protected_subject",
        naming="nobody here",
        trip=trips.only("administrative_impersonation", lambda one: replace(one, subject=nobody)),
        check=administrative_impersonation.person_is_known,
    ),
    Guard(
        name="the person is locked out",
        reason="protected_subject",
        naming="disabled",
        trip=trips.only("administrative_impersonation", lambda one: replace(one, subject=locked_out)),
    ),
    Guard(
        name="the person holds a role, and the administrator none",
        reason="protected_subject",
        naming="is auditor, and",
        trip=trips.only(
            "administrative_impersonation",
            lambda one: replace(one, administrators=Administrators(users={"carol": "auditor"})),
        ),
    ),
    Guard(
        name="no reason is given",
        reason="reason_missing",
        naming="no reason",
        trip=trips.only("administrative_impersonation", lambda one: replace(one, parameters={})),
    ),
    Guard(
        name="actor token expired",
        reason="expired",
        naming="expired",
        trip=trips.actor(changed_actor={"exp": NOW - 60, "iat": NOW - 90}),
    ),
    Guard(
        name="actor's issuer off",
        reason="bad_actor",
        naming="disabled",
        trip=trips.actor(issuers=(replace(CORP, disabled=True),)),
    ),
    Guard(
        name="target off",
        reason="unknown_target",
        naming="disabled",
        trip=trips.of_ours(lambda one: one.with_api(disabled=True)),
        check=checks.targets_are_open,
    ),
    Guard(
        name="target not on the client's list",
        reason="unknown_target",
        naming="may_request",
        trip=trips.of_ours(lambda one: one.with_client(one.who, apis=frozenset({"handbook"}))),
        check=checks.targets_are_open,
    ),
    Guard(
        name="target unknown",
        reason="unknown_target",
        naming="there is no API",
        trip=trips.of_ours(lambda one: replace(one, target="nowhere")),
    ),
    *BETWEEN_DOMAINS,
    Guard(
        name="no rule",
        reason="no_rule",
        naming="",  # a connection says which of its conditions did not hold
        trip=trips.no_rule,
    ),
    Guard(
        name="rule off",
        reason="no_rule",
        naming="no rule",
        trip=trips.rule_off,
    ),
    Guard(
        name="scope the target lacks",
        reason="excess",
        naming="not available",
        trip=lambda one: replace(one, scope=f"{one.scope} burn"),
    ),
    Guard(
        name="scope the client may not ask for",
        reason="excess",
        naming="not available",
        trip=trips.of_ours(lambda one: one.with_client(one.who, scopes={one.target: frozenset({"other"})})),
    ),
    Guard(
        name="minutes cannot be written",
        reason="audit_unavailable",
        naming="",
        trip=lambda one: replace(one, broken_audit=True),
    ),
)  # fmt: skip
"""Everything that can say no in this release."""
