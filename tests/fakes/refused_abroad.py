"""Requests for grants of other domains that are refused, each for a reason of its own.

Each is a house, what goes before, what is posted to it, and what has to be said of it afterwards: the stage
that refused, the reason, and what it turned on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import msgspec
import pytest

from actas.core.errors import OAuthError, StoreUnavailable
from actas.core.reasons import Reason
from actas.core.wire import ACCESS_TOKEN, ID_JAG
from actas.policy.connections import Connected
from actas.policy.rule import ClientSelector, RuleSpec
from tests.fakes.company import TICKETS, connection
from tests.fakes.crossing import APPS, SHOWN, crossing, grant_form, refresh_token
from tests.fakes.house import NOW, ORDERS, PEOPLE, House
from tests.fakes.prover import Prover

PLACE: Final = "actas.yaml:31"
"""Where the connections say that they stand."""

RULE: Final = "rules.yaml:7"
"""Where a rule that denies says so."""

Asks = Callable[[House], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """One request that is refused.

    Attributes:
        stage: the number of the stage at which it is explained.
        says: what it turned on, each of which the explanation has.
        house: makes where it is asked.
        asks: does what goes before, and returns the form.
        proves: whether a proof of a key that nobody knows goes with it.
    """

    reason: Reason
    stage: int
    says: tuple[str, ...]
    house: Callable[[], House]
    asks: Asks
    proves: bool = False

    @classmethod
    def when(
        cls,
        reason: Reason,
        stage: int,
        house: Callable[[], House],
        asks: Asks,
        *says: str,
        proves: bool = False,
    ) -> Self:
        """Return one, said in the order in which it happens."""
        return cls(reason=reason, stage=stage, says=says, house=house, asks=asks, proves=proves)

    async def entry(self) -> tuple[House, dict[str, Any], dict[str, Any]]:
        """Ask, be refused, and return the house, the form and the entry."""
        here = self.house()
        form = await self.asks(here)
        with pytest.raises(OAuthError) as caught:
            await here.post(form, proofs=[Prover().proof()] if self.proves else ())
        event = here.writer.events[-1]
        assert (event["id"], event["reason"]) == (caught.value.entry, caught.value.reason)
        return here, form, event


def asking(token: Callable[[House], str] | None = None, who: str = "web", **parameters: Any) -> Asks:
    """A client asks for a grant."""

    async def form(it: House) -> dict[str, Any]:
        return grant_form(it, None if token is None else token(it), who, **parameters)

    return form


def told(**claims: Any) -> Callable[[House], str]:
    """An ID token that says so."""
    return lambda it: it.our_id_token(**claims)


async def with_refresh_token_of_another(it: House) -> dict[str, Any]:
    return grant_form(it, await refresh_token(it, who="assistant"), **SHOWN)


async def while_no_key_may_sign(it: House) -> dict[str, Any]:
    async def sign(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("this node has not published the grant key k for 600 s yet")

    it.ring.sign = sign  # type: ignore[method-assign]
    return grant_form(it)


async def with_a_defect(it: House) -> dict[str, Any]:
    async def sign(*_: Any, **__: Any) -> Any:
        raise LookupError("there is no active grant key")

    it.ring.sign = sign  # type: ignore[method-assign]
    return grant_form(it)


def leading(
    *more: Any, rules: tuple[RuleSpec, ...] = (), clients: Any = APPS, users: Any = PEOPLE, **changes: Any
) -> Callable[[], House]:
    """A house with a connection abroad.

    Args:
        more: other connections.
        users: people of ours.
        changes: of the connection.
    """
    there = [connection(place=PLACE, **changes), *more]
    return lambda: crossing(connections=there, rules=rules, clients=clients, people=users)


def alice(**changes: Any) -> Any:
    """The people, one of whom is otherwise."""
    return [msgspec.structs.replace(one, **changes) if one.name == "alice" else one for one in PEOPLE]


def only(*issuers: str, names: tuple[str, ...] = ()) -> Connected:
    """The people of a connection."""
    return Connected(issuers=frozenset(issuers), names=frozenset(names))


def deny(**changes: Any) -> RuleSpec:
    """A rule against it."""
    return RuleSpec(name="no", effect="deny", kind="any", reason="Not this month.", place=RULE, **changes)


def off(name: str) -> Any:
    """The clients, one of whom is disabled."""
    return [replace(one, disabled=one.name == name) for one in APPS]


WIKI: Final = connection("wiki", resources=("https://api.wiki.example",), place="actas.yaml:44")

ASKING: Final[dict[str, Refused]] = {
    "no connection": Refused.when(
        "no_connection",
        1,
        leading(),
        asking(audience="https://auth.wiki.example"),
        "web",
        "https://auth.wiki.example",
    ),
    "a connection of another client": Refused.when(
        "no_connection", 1, leading(), asking(who="assistant"), "assistant", TICKETS
    ),
    "paused": Refused.when(
        "connection_paused", 1, leading(paused=True), asking(), "web-to-tickets", "paused"
    ),
    "a resource that it does not list": Refused.when(
        "no_connection",
        1,
        leading(),
        asking(resource="https://api.other.example"),
        "https://api.other.example",
        TICKETS,
    ),
    "several connections": Refused.when(
        "several_connections",
        1,
        leading(WIKI),
        asking(),
        f"web has several connections to '{TICKETS}', send the resource of one: web-to-tickets (",
        "; wiki (https://api.wiki.example)",
    ),
    "several audiences": Refused.when(
        "malformed_request",
        1,
        leading(),
        asking(audience=[TICKETS, "https://auth.wiki.example"]),
        "exactly one audience",
    ),
    "an audience of ours beside": Refused.when(
        "malformed_request", 1, leading(), asking(audience=[TICKETS, "orders"]), "exactly one audience"
    ),
    "no audience": Refused.when(
        "malformed_request", 1, leading(), asking(audience=[]), "exactly one audience"
    ),
    "a resource that is none": Refused.when(
        "unknown_target", 1, leading(), asking(resource="tickets"), "absolute URI"
    ),
    "a scope outside": Refused.when(
        "excess",
        5,
        leading(),
        asking(scope="tickets:read tickets:admin"),
        "tickets:admin",
        "connection:web-to-tickets",
    ),
    "not in the groups": Refused.when(
        "no_rule",
        4,
        leading(users=alice(groups=("sales",))),
        asking(),
        "connection:web-to-tickets",
        PLACE,
        "is for the groups support, and the groups of actas:alice are sales",
    ),
    "not one of the people": Refused.when(
        "no_rule",
        4,
        leading(people=only("actas", names=("actas:olga",))),
        asking(),
        "connection:web-to-tickets",
        PLACE,
        "Why:               the connection web-to-tickets is for actas:olga, and not for actas:alice",
    ),
    "people of another issuer": Refused.when(
        "no_rule",
        4,
        leading(people=only("corp-idp")),
        asking(),
        "connection:web-to-tickets",
        PLACE,
        "the connection web-to-tickets is for people of corp-idp",
    ),
    "a condition": Refused.when(
        "no_rule",
        4,
        leading(when=('client.name == "other"',)),
        asking(),
        "connection:web-to-tickets",
        PLACE,
        'client.name == "other"',
    ),
    "a condition over a claim": Refused.when(
        "no_rule",
        4,
        leading(when=('subject.claims.acr == "mfa"',)),
        asking(),
        "connection:web-to-tickets",
        PLACE,
        'a condition of the connection web-to-tickets does not hold: subject.claims.acr == "mfa"',
        "pwd",
    ),
    "a condition that cannot be evaluated": Refused.when(
        "denied_by_rule",
        4,
        leading(when=("subject.claims.level > 3",)),
        asking(),
        "connection:web-to-tickets",
        PLACE,
        "subject.claims.level",
        "cannot be evaluated",
    ),
    "signed in too long ago": Refused.when(
        "sign_in_again",
        2,
        leading(max_age=300),
        asking(told(auth_time=NOW - 3600)),
        "actas:alice",
        "actas:alice signed in 1 h ago, longer than 5 m",
    ),
    "does not say when": Refused.when(
        "sign_in_again", 2, leading(max_age=300), asking(told(auth_time=None)), "auth_time"
    ),
    "signed in too weakly": Refused.when("sign_in_again", 2, leading(acr=("mfa",)), asking(), "'pwd'", "mfa"),
    "an expired ID token": Refused.when(
        "expired", 2, leading(), asking(told(exp=NOW - 60, iat=NOW - 90)), "expired"
    ),
    "an ID token of another client": Refused.when(
        "wrong_audience", 2, leading(), asking(told(aud="helpdesk")), "web", "helpdesk"
    ),
    "an access token": Refused.when(
        "bad_subject",
        2,
        leading(people=only("actas")),
        asking(
            lambda it: it.our_token(aud=ORDERS, client_id="web", act=None),
            subject_token_type=str(ACCESS_TOKEN),
        ),
        "ID token",
    ),
    "an access token of somebody outside the groups": Refused.when(
        "bad_subject",
        2,
        leading(people=Connected(issuers=frozenset({"actas"}), groups=frozenset({"sales"}))),
        asking(
            lambda it: it.our_token(aud=ORDERS, client_id="web", act=None),
            subject_token_type=str(ACCESS_TOKEN),
        ),
        "says who signed in",
    ),
    "an access token called an ID token": Refused.when(
        "bad_subject", 2, leading(), asking(lambda it: it.our_token()), "no key of ours for ID tokens"
    ),
    "an ID token of nobody we trust": Refused.when(
        "bad_subject", 2, leading(), asking(told(iss="https://evil.example")), "https://evil.example"
    ),
    "a refresh token of another client": Refused.when(
        "wrong_audience", 2, leading(), with_refresh_token_of_another, "assistant"
    ),
    "a person who is disabled": Refused.when(
        "bad_subject", 2, leading(), asking(told(sub="actas:bob")), "actas:bob", "disabled"
    ),
    "a person who is gone": Refused.when(
        "bad_subject", 2, leading(), asking(told(sub="actas:nobody")), "actas:nobody"
    ),
    "a client that is disabled": Refused.when(
        "bad_client_auth", 1, leading(clients=off("web")), asking(), "web", "disabled"
    ),
    "a wrong secret": Refused.when("bad_client_auth", 1, leading(), asking(client_secret="wrong"), "web"),
    "a public client": Refused.when(
        "client_may_not_exchange",
        1,
        leading(client="phone"),
        asking(who="phone", client_secret=None),
        "phone",
    ),
    "a person without the address that names them": Refused.when(
        "person_not_nameable",
        8,
        leading(identify_by="email", users=alice(email=None)),
        asking(),
        "alice",
        "web-to-tickets",
    ),
    "denied by a rule": Refused.when(
        "denied_by_rule",
        4,
        leading(rules=(deny(client=ClientSelector()),)),
        asking(),
        "no",
        "Not this month.",
        RULE,
    ),
    "an actor token": Refused.when(
        "actor_not_allowed",
        1,
        leading(),
        asking(actor_token="x", actor_token_type=str(ACCESS_TOKEN)),
        "actor",
    ),
    "a grant as the subject": Refused.when(
        "unknown_profile",
        1,
        leading(),
        asking(lambda it: it.grant(), subject_token_type=str(ID_JAG)),
        "subject_token_type",
    ),
    "no key may sign yet": Refused.when(
        "storage_unavailable", 8, leading(), while_no_key_may_sign, "has not published the grant key"
    ),
    "a defect": Refused.when("internal", 8, leading(), with_a_defect, "LookupError"),
}
