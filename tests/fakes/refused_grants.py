"""Requests to redeem grants of other domains that are refused, each for a reason of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from actas.core.errors import StoreUnavailable
from actas.core.wire import ID_JAG, ID_JAG_JWT, JWT_GRANT
from actas.crypto import jose
from actas.policy.rule import ClientSelector, RuleSpec
from tests.fakes.clock import FixedClock
from tests.fakes.company import GRANTING, REDEEMERS, acceptance
from tests.fakes.crossing import APPS
from tests.fakes.house import APIS, IDP, INVENTORY, ISSUER, NOW, ORDERS, PEOPLE, House
from tests.fakes.refused_abroad import PLACE, RULE, Asks, Refused, deny

JKT: Final = "A" * 43

WRONG_CLIENT: Final = "Why:               the grant names the client helpdesk, and web redeems it"


def redeeming(who: str = "web", parameters: dict[str, Any] | None = None, **grant: Any) -> Asks:
    """A client redeems a grant that says so."""

    async def form(it: House) -> dict[str, Any]:
        return it.redeeming(it.grant(**grant), who, **(parameters or {}))

    return form


def accepting(
    *more: Any, rules: tuple[RuleSpec, ...] = (), house: dict[str, Any] | None = None, **changes: Any
) -> Callable[[], House]:
    """A house with a connection by which grants are redeemed.

    Args:
        more: other connections.
        house: what else is otherwise there.
        changes: of the connection.
    """
    accepted = [acceptance(place=PLACE, **changes), *more]
    usual: dict[str, Any] = {"issuers": (GRANTING,), "clients": REDEEMERS, "people": PEOPLE}
    return lambda: House(
        **{**usual, "rules": rules, "accepted": accepted, "clock": FixedClock(NOW), **(house or {})}
    )


def issuer(**changes: Any) -> dict[str, Any]:
    """The issuer of the grants is otherwise."""
    return {"issuers": (replace(GRANTING, **changes),)}


async def a_second_time(it: House) -> dict[str, Any]:
    form = it.redeeming(it.grant())
    await it.post(form)
    return form


async def of_our_own(it: House) -> dict[str, Any]:
    claims = {"iss": ISSUER, "sub": "actas:alice", "aud": ISSUER, "client_id": "web", "jti": "g"}
    times = {"iat": NOW, "exp": NOW + 300}
    return it.redeeming(jose.sign({**claims, **times}, key=it.ring.private("grant"), typ=ID_JAG_JWT))


async def forged(it: House) -> dict[str, Any]:
    return it.redeeming(it.grant(key=jose.PrivateKey.generate("ES256")))


async def while_nobody_knows_what_was_used(it: House) -> dict[str, Any]:
    async def claim(**_: Any) -> bool:
        raise StoreUnavailable("the marks cannot be written: disk I/O error")

    it.marks.claim = claim  # type: ignore[method-assign]
    return it.redeeming(it.grant())


async def while_nobody_knows_who_was_here(it: House) -> dict[str, Any]:
    async def find(subject: str) -> Any:
        raise StoreUnavailable(f"known people cannot be read, {subject} neither")

    it.known_store.find = find  # type: ignore[method-assign]
    return it.redeeming(it.grant())


REDEEMING: Final[dict[str, Refused]] = {
    "an unknown issuer": Refused.when(
        "bad_subject", 2, accepting(), redeeming(iss="https://idp.other.example"), "https://idp.other.example"
    ),
    "an issuer but for a slash": Refused.when(
        "bad_subject", 2, accepting(), redeeming(iss=f"{IDP}/"), f'did you mean "{IDP}"?'
    ),
    "an issuer that is not trusted for grants": Refused.when(
        "bad_subject",
        2,
        accepting(house=issuer(accepts=GRANTING.accepts - {ID_JAG})),
        redeeming(),
        "corp-idp",
        "accepts",
    ),
    "an issuer that is disabled": Refused.when(
        "bad_subject", 2, accepting(house=issuer(disabled=True)), redeeming(), "corp-idp", "disabled"
    ),
    "a forged signature": Refused.when("bad_subject", 2, accepting(), forged, "key"),
    "another typ": Refused.when(
        "bad_subject",
        2,
        accepting(),
        redeeming(typ="JWT"),
        "by its typ it is neither an ID-JAG nor a plain grant",
        "ID-JAGs alone",
    ),
    "an access token of that issuer": Refused.when(
        "bad_subject", 2, accepting(), redeeming(typ="at+jwt"), "by its typ it is an access token", "corp-idp"
    ),
    "an ID-JAG where plain grants are redeemed": Refused.when(
        "bad_subject",
        2,
        accepting(grant="jwt", house=issuer(accepts=(GRANTING.accepts - {ID_JAG}) | {JWT_GRANT})),
        redeeming(),
        "by its typ it is an ID-JAG; of the issuer corp-idp plain grants alone are redeemed here",
    ),
    "something else where plain grants are redeemed": Refused.when(
        "bad_subject",
        2,
        accepting(grant="jwt", house=issuer(accepts=(GRANTING.accepts - {ID_JAG}) | {JWT_GRANT})),
        redeeming(typ="secevent+jwt"),
        "by its typ it is neither an ID-JAG nor a plain grant",
        "plain grants alone",
        "by web-from-corp, web redeems plain grants of corp-idp for orders",
    ),
    "another audience": Refused.when(
        "wrong_audience",
        2,
        accepting(),
        redeeming(aud="https://as.other.example"),
        "https://as.other.example",
    ),
    "several audiences": Refused.when(
        "wrong_audience",
        2,
        accepting(),
        redeeming(aud=[ISSUER, "https://as.other.example"]),
        ISSUER,
        "https://as.other.example",
    ),
    "a grant for another client, people matched by address": Refused.when(
        "wrong_audience", 2, accepting(), redeeming(client_id="helpdesk"), WRONG_CLIENT
    ),
    "a grant for another client, people matched by name": Refused.when(
        "wrong_audience",
        2,
        accepting(match="subject", unknown="create"),
        redeeming(client_id="helpdesk"),
        WRONG_CLIENT,
    ),
    "another client with a connection presents it": Refused.when(
        "wrong_audience",
        2,
        accepting(acceptance("helpdesk-from-corp", client="helpdesk")),
        redeeming("helpdesk"),
        "helpdesk",
        "web",
    ),
    "no client_id": Refused.when("bad_subject", 2, accepting(), redeeming(client_id=None), "client_id"),
    "no jti": Refused.when("bad_subject", 2, accepting(), redeeming(jti=None), "jti"),
    "no sub": Refused.when("bad_subject", 2, accepting(), redeeming(sub=None), "sub"),
    "no exp": Refused.when("bad_subject", 2, accepting(), redeeming(exp=None), "exp"),
    "a claim of ID tokens": Refused.when("bad_subject", 2, accepting(), redeeming(nonce="n"), "nonce"),
    "an expired one": Refused.when(
        "expired",
        2,
        accepting(),
        redeeming(exp=NOW - 60, iat=NOW - 90),
        "it ended 1 m ago, and lived 30 s",
    ),
    "one that ended while clocks may differ": Refused.when(
        "expired",
        2,
        accepting(),
        redeeming(exp=NOW - 24, iat=NOW - 144),
        "Why:               the grant ended 24 s ago, and lived 2 m",
    ),
    "a second time": Refused.when("grant_reused", 2, accepting(), a_second_time, "redeemed before"),
    "of our own": Refused.when("bad_subject", 2, accepting(), of_our_own, "this server"),
    "no connection": Refused.when(
        "no_connection",
        1,
        accepting(),
        redeeming("helpdesk", client_id="helpdesk"),
        "helpdesk",
        "corp-idp",
        "web-from-corp",
    ),
    "paused": Refused.when(
        "connection_paused", 1, accepting(paused=True), redeeming(), "web-from-corp", PLACE, "paused"
    ),
    "paused, beside one for another API": Refused.when(
        "connection_paused",
        1,
        accepting(acceptance("stock-from-corp", api="inventory"), paused=True),
        redeeming(resource=ORDERS),
        "web-from-corp",
        PLACE,
        "the connection web-from-corp is paused",
    ),
    "a client that is disabled": Refused.when(
        "bad_client_auth",
        1,
        accepting(house={"clients": [replace(one, disabled=one.name == "web") for one in REDEEMERS]}),
        redeeming(),
        "web",
        "disabled",
    ),
    "a client without the grant": Refused.when(
        "client_may_not_exchange", 1, accepting(house={"clients": APPS}), redeeming(), "web", "jwt-bearer"
    ),
    "a public client": Refused.when(
        "client_may_not_exchange",
        1,
        accepting(),
        redeeming("phone", {"client_secret": None}),
        "phone",
        "jwt-bearer",
    ),
    "nobody has that address": Refused.when(
        "unknown_person", 2, accepting(), redeeming(user="nina"), "email", "nina@acme.example"
    ),
    "an address that its issuer has not verified": Refused.when(
        "bad_subject", 2, accepting(), redeeming(email_verified=False), "verified"
    ),
    "nobody here has that name": Refused.when(
        "unknown_person",
        2,
        accepting(match="aud_sub"),
        redeeming(aud_sub="actas:nobody"),
        "aud_sub",
        "actas:nobody",
    ),
    "no name here": Refused.when("unknown_person", 2, accepting(match="aud_sub"), redeeming(), "aud_sub"),
    "somebody who never was here": Refused.when(
        "no_rule",
        4,
        accepting(match="subject"),
        redeeming(),
        "connection:web-from-corp",
        PLACE,
        "subject.known",
        "Why:               corp-idp:id-alice was never here, and the connection web-from-corp lets nobody new in",
    ),
    "a person who is disabled": Refused.when(
        "unknown_person",
        2,
        accepting(match="aud_sub"),
        redeeming(aud_sub="actas:bob"),
        "actas:bob",
        "disabled",
    ),
    "not in the groups": Refused.when(
        "no_rule",
        4,
        accepting(groups=frozenset({"platform"})),
        redeeming(),
        "connection:web-from-corp",
        PLACE,
        "Why:               the connection web-from-corp is for the groups platform, and the groups of "
        "actas:alice are support",
    ),
    "not one of the people": Refused.when(
        "no_rule",
        4,
        accepting(names=frozenset({"actas:olga"})),
        redeeming(),
        "connection:web-from-corp",
        PLACE,
        "Why:               the connection web-from-corp is for actas:olga, and not for actas:alice",
    ),
    "a condition": Refused.when(
        "no_rule",
        4,
        accepting(when=('subject.claims.email == "x"',)),
        redeeming(),
        "connection:web-from-corp",
        PLACE,
        'Why:               a condition of the connection web-from-corp does not hold: subject.claims.email == "x"',
        "(saw subject.claims.email = 'alice@acme.example')",
    ),
    "denied by a rule": Refused.when(
        "denied_by_rule",
        4,
        accepting(rules=(deny(client=ClientSelector()),)),
        redeeming(),
        "no",
        "Not this month.",
        RULE,
    ),
    "a scope that the grant does not say": Refused.when(
        "excess",
        5,
        accepting(),
        redeeming(parameters={"scope": "orders:write"}, scope="orders:read"),
        "not available on this path: orders:write",
        "the grant says orders:read, and the connection web-from-corp lists orders:read orders:write",
    ),
    "scopes of which the connection has none": Refused.when(
        "excess",
        5,
        accepting(scopes=frozenset({"orders:read"})),
        redeeming(scope="orders:write"),
        "the grant says orders:write, and the connection web-from-corp lists orders:read",
        "the grant says        ✕            ●",
        "the connection lists  ●            ✕",
    ),
    "a resource that is not ours": Refused.when(
        "unknown_target",
        1,
        accepting(),
        redeeming(resource="https://api.other.example"),
        "https://api.other.example",
    ),
    "a resource that the connection is not for": Refused.when(
        "no_rule",
        4,
        accepting(),
        redeeming(resource=INVENTORY),
        "no connection lets web redeem grants of corp-idp for inventory; its connections for them lead to orders",
    ),
    "no resource, and scopes of two APIs": Refused.when(
        "excess",
        5,
        accepting(acceptance("stock-from-corp", api="inventory", scopes=frozenset({"stock:read"}))),
        redeeming(scope="orders:read stock:read"),
        "one token would be for inventory, orders together: name one as resource, such as",
    ),
    "a resource that is no name": Refused.when(
        "bad_subject", 2, accepting(), redeeming(resource=[7]), "resource"
    ),
    "a key that is not proven": Refused.when(
        "key_not_proven", 2, accepting(), redeeming(cnf={"jkt": JKT}), "the DPoP key AAAAAAAA...;"
    ),
    "another key": Refused.when(
        "key_not_proven", 2, accepting(), redeeming(cnf={"jkt": JKT}), "key", proves=True
    ),
    "an API that wants a key": Refused.when(
        "binding_needed",
        7,
        accepting(house={"apis": [replace(one, binding="dpop") for one in APIS]}),
        redeeming(),
        "orders",
    ),
    "nobody knows what was used": Refused.when(
        "storage_unavailable", 8, accepting(), while_nobody_knows_what_was_used, "the marks cannot be written"
    ),
    "nobody knows who was here": Refused.when(
        "storage_unavailable",
        2,
        accepting(match="subject"),
        while_nobody_knows_who_was_here,
        "cannot be read",
    ),
}
