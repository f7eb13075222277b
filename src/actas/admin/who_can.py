"""The policy read backwards: who could end at an API, or at one scope of it, and what cuts them off. Pure.

It says what rules allow, not what will happen: conditions are listed, not decided, and a deny with conditions
cuts only when they hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, get_args

from actas.core.client import Client
from actas.core.spans import span
from actas.core.target import Api
from actas.core.wire import CLIENT_CREDENTIALS, JWT_BEARER, TOKEN_EXCHANGE, GrantType
from actas.policy.decide import Policy, Rule, scopes_of
from actas.policy.rule import KindWord, covers

_ASKED_BY: Final[dict[KindWord, GrantType]] = {
    "own": CLIENT_CREDENTIALS,
    "redemption": JWT_BEARER,
    "chained": JWT_BEARER,
}
"""The grant by which a kind of exchange is asked for, where it is not token exchange."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A deny that could cut a way off.

    Attributes:
        conditions: what must hold for that; nothing: it always does.
        scopes: the scopes that it denies; nothing: all.
    """

    rule: str
    place: str
    reason: str
    conditions: tuple[str, ...]
    scopes: tuple[str, ...]

    @property
    def always(self) -> bool:
        """Whether nothing gets past it."""
        return not self.conditions


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to a token for the API.

    Attributes:
        client: who asks.
        kind: the kind of exchange.
        scopes: what this client can get of the API by this rule.
        held: for each scope that a subject token must hold, what it buys; ``any`` for whatever it holds.
        conditions: what must hold, each as ``field: what is wanted``, the expressions last.
        cuts: the denies that concern this client here.
    """

    client: str
    client_kind: str
    kind: str
    rule: str
    place: str
    scopes: tuple[str, ...]
    held: Mapping[str, tuple[str, ...]]
    conditions: tuple[str, ...]
    cuts: tuple[Cut, ...]

    @property
    def closed(self) -> bool:
        """Whether a deny always cuts it off."""
        return any(cut.always and not cut.scopes for cut in self.cuts)


def who_can(policy: Policy, clients: Iterable[Client], api: Api, scope: str | None) -> tuple[Way, ...]:
    """Return every way to the API, or to one scope of it, by client and rule.

    Args:
        policy: the rules.
        clients: every client.
        api: the target.
        scope: only ways that lead to this scope.
    """
    if api.disabled:
        return ()
    found = (way for client in clients for way in _ways(policy, client, api))
    wanted = (way for way in found if scope is None or scope in way.scopes)
    return tuple(sorted((_for(way, scope) for way in wanted), key=lambda way: (way.client, way.rule)))


def _ways(policy: Policy, client: Client, api: Api) -> Iterator[Way]:
    if client.disabled or client.auth.method == "none" or api.name not in client.apis:
        return
    open_to_client = scopes_of(api, client)
    for kind in get_args(KindWord):
        if _ASKED_BY.get(kind, TOKEN_EXCHANGE) not in client.grants:
            continue
        for rule in policy.allows(client, api, kind):
            held = _held(rule, open_to_client)
            scopes = frozenset(one for bought in held.values() for one in bought)
            if not scopes:
                continue
            yield Way(
                client=client.name,
                client_kind=client.kind,
                kind=kind,
                rule=rule.spec.name,
                place=rule.spec.place,
                scopes=tuple(sorted(scopes)),
                held=held,
                conditions=(*_conditions(rule), *_sign_in(api)),
                cuts=tuple(_cut(deny) for deny in policy.denies(client, api) if covers(deny.spec.kind, kind)),
            )


def _held(rule: Rule, open_to_client: frozenset[str]) -> dict[str, tuple[str, ...]]:
    sold = rule.spec.scopes
    if sold is None:
        return {}
    if sold.same:
        return {one: (one,) for one in sorted(open_to_client)}
    table = {held: tuple(sorted(bought & open_to_client)) for held, bought in sorted(sold.bought.items())}
    if anyway := sold.anyway | sold.signed_in:
        table["any"] = tuple(sorted(anyway & open_to_client))
    return {held: bought for held, bought in table.items() if bought}


def _conditions(rule: Rule) -> tuple[str, ...]:
    structured = [f"{one.field}: {one.wanted}" for one in rule.conditions if not one.quiet]
    return (*structured, *(f"when: {one}" for one in rule.spec.when))


def _sign_in(api: Api) -> tuple[str, ...]:
    """Return what a connection asks of the sign-in, which is no condition of its rule."""
    to = api.abroad
    if to is None:
        return ()
    fresh = () if to.max_age is None else (f"sign_in.max_age: at most {span(to.max_age)} ago",)
    return (*fresh, *((f"sign_in.acr: one of {', '.join(to.acr)}",) if to.acr else ()))


def _cut(deny: Rule) -> Cut:
    return Cut(
        rule=deny.spec.name,
        place=deny.spec.place,
        reason=deny.spec.reason,
        conditions=_conditions(deny),
        scopes=tuple(sorted(deny.spec.denied_scopes)),
    )


def _for(way: Way, scope: str | None) -> Way:
    """Leave out what does not concern one scope."""
    if scope is None:
        return way
    return Way(
        client=way.client,
        client_kind=way.client_kind,
        kind=way.kind,
        rule=way.rule,
        place=way.place,
        scopes=(scope,),
        held={held: (scope,) for held, bought in way.held.items() if scope in bought},
        conditions=way.conditions,
        cuts=tuple(
            Cut(rule=cut.rule, place=cut.place, reason=cut.reason, conditions=cut.conditions, scopes=())
            for cut in way.cuts
            if not cut.scopes or scope in cut.scopes
        ),
    )
