"""Getting told of somebody to another domain who did not sign in here, and who did not ask.

A grant for another domain's server is this server's word on who somebody is. Whoever gets one for somebody else
is that person there. So somebody asks with an ID token that nobody signed, that another key signed, that is for
another client, that has ended; with an access token, which says nothing of a sign-in; with the refresh token of
another client, or one of a session that is over; through a connection of another client, to a server that was
never connected, for a person who is locked out. Each is refused, and each is written down.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs
from tests.fakes.attempts import Attempt
from tests.fakes.bound import ME, OTHER
from tests.fakes.company import CORP_FOR_PEOPLE, NO_AGENT_WRITES_STOCK, TICKETS, TICKETS_API, connection
from tests.fakes.crossing import APPS, SHOWN, crossing, granted, read, refresh_token, refused, told
from tests.fakes.guards import GUARDS
from tests.fakes.house import CORP, ISSUER, NOW, House, allow, secret_of
from tests.fakes.impersonating import impersonated
from tests.fakes.paths import PATHS
from tests.fakes.refreshing import CALLER
from tests.fakes.wire import encoded

from actas.core.errors import OAuthError
from actas.core.lineage import Revoked
from actas.core.wire import ACCESS_TOKEN, JWT
from actas.crypto import jose
from actas.policy.connections import Connected
from actas.policy.rule import ChainSelector, ClientSelector, PartySelector, RuleSpec

STRANGER = jose.PrivateKey.generate("RS256")


def unsigned(it: House) -> str:
    """The same token, with no signature and an algorithm that asks for none."""
    _, claims, _ = it.our_id_token().split(".")
    header = (
        base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).rstrip(b"=").decode()
    )
    return f"{header}.{claims}."


def stripped(it: House) -> str:
    return it.our_id_token().rpartition(".")[0] + "."


def altered(it: House) -> str:
    """The claims of one, the signature of another."""
    first, second = it.our_id_token(sub="actas:olga"), it.our_id_token()
    return first.rpartition(".")[0] + "." + second.rpartition(".")[2]


FORGERIES: dict[str, Callable[[House], str]] = {
    "unsigned": unsigned,
    "its signature cut off": stripped,
    "altered": altered,
    "signed by a stranger": lambda it: it.our_id_token(key=STRANGER),
    "signed by a key for access tokens": lambda it: it.our_id_token(key=it.ring.private("token", "RS256")),
    "signed by a key for grants": lambda it: it.our_id_token(key=it.ring.private("grant", "RS256")),
    "an access token": lambda it: it.our_token(client_id="web", sub="actas:alice", act=None),
    "typed as an access token": lambda it: it.our_id_token(typ="at+jwt"),
    "typed as a grant": lambda it: it.our_id_token(typ="oauth-id-jag+jwt"),
    "an impersonated token": lambda it: impersonated(it, {"client_id": "web"}),
    "of another issuer": lambda it: it.our_id_token(iss="https://evil.example"),
    "for another client": lambda it: it.our_id_token(aud="helpdesk"),
    "for several clients": lambda it: it.our_id_token(aud=["web", "helpdesk"], azp="web"),
    "ended": lambda it: it.our_id_token(exp=NOW - 1, iat=NOW - 301),
    "of somebody locked out": lambda it: it.our_id_token(sub="actas:bob"),
    "of somebody unknown": lambda it: it.our_id_token(sub="actas:eve"),
    "of a client": lambda it: it.our_id_token(sub="web"),
    "no token": lambda _: "actas_rt_nothing",
}


@pytest.mark.requirement("SEC-54", "JAG-31", "JAG-32", "JAG-53")
@pytest.mark.parametrize("name", FORGERIES)
async def test_no_grant_comes_of_a_token_that_is_no_good_id_token_of_that_client(name: str) -> None:
    it = crossing(connections=[connection(people=Connected(issuers=frozenset({"actas", "corp-idp"})))])
    assert await told(it)
    error = await refused(it, FORGERIES[name](it))
    assert error.code == "invalid_grant"
    assert error.reason in ("bad_subject", "wrong_audience", "expired")


@pytest.mark.requirement("SEC-54")
@pytest.mark.parametrize("ended", ["session", "party", "token"])
async def test_none_comes_of_a_session_that_is_over(ended: str) -> None:
    it = crossing()
    token = it.our_id_token(lineage=lineage(it))
    assert await told(it, token)
    name = {"session": "session-1", "party": "actas:alice", "token": "told-1"}[ended]
    await it.revoked.add(
        [Revoked(mark=it.ring.mark(ended, ISSUER, name), up_to=NOW + 1, until=NOW + 9999, entry="e")]
    )
    error = await refused(it, token)
    assert (error.code, error.reason) == ("invalid_grant", "revoked")


def lineage(it: House) -> str:
    marks = (("token", "told-1"), ("session", "session-1"), ("party", "actas:alice"), ("party", "web"))
    return " ".join((str(NOW), *(it.ring.mark(kind, ISSUER, name) for kind, name in marks)))


# Refresh tokens.


@pytest.mark.requirement("SEC-54", "JAG-33")
async def test_none_comes_of_a_refresh_token_of_another_client() -> None:
    it = crossing(connections=[connection(), connection("others", client="assistant")])
    stolen = await refresh_token(it)
    error = await refused(it, stolen, "assistant", **SHOWN)
    assert (error.code, error.reason) == ("invalid_grant", "wrong_audience")
    assert await told(it, stolen, **SHOWN)


@pytest.mark.requirement("SEC-54", "JAG-33")
@pytest.mark.parametrize("how", ["revoked", "session over", "expired", "unknown"])
async def test_none_comes_of_a_refresh_token_that_is_dead(how: str) -> None:
    it = crossing()
    token = await refresh_token(it)
    assert await told(it, token, **SHOWN)
    if how == "revoked":
        form = {"token": token, "client_id": "web", "client_secret": secret_of("web")}
        await it.revocation()(encoded(form), CALLER)
    elif how == "session over":
        mark = it.ring.mark("session", ISSUER, "session-1")
        await it.revoked.add([Revoked(mark=mark, up_to=NOW + 1, until=NOW + 9999, entry="e")])
    elif how == "expired":
        it.clock.advance(3601)
    else:
        token = token[:-6] + "AAAAAA"
    error = await refused(it, token, **SHOWN)
    assert error.code == "invalid_grant"
    assert error.reason in ("revoked", "expired", "bad_subject")


@pytest.mark.requirement("SEC-54", "SEC-56")
async def test_a_thief_of_a_bound_refresh_token_needs_its_key() -> None:
    it = crossing()
    token = str((await it.post(await it.code_form(), proofs=[ME.proof()])).body["refresh_token"])
    for proofs in ([], [OTHER.proof()]):
        with pytest.raises(OAuthError) as caught:
            await granted(it, token, proofs=proofs, **SHOWN)
        assert (caught.value.code, caught.value.reason) == ("invalid_grant", "key_not_proven")


# Tokens of other issuers.


@pytest.mark.requirement("SEC-54", "JAG-31", "IDC-16")
async def test_an_id_token_of_an_issuer_is_good_for_the_client_that_it_is_for() -> None:
    people = Connected(issuers=frozenset({"corp-idp"}))
    both = [connection(people=people), connection("desk", client="helpdesk", people=people)]
    per_client = {"acme-web": frozenset({"web"}), "acme-desk": frozenset({"helpdesk"})}
    it = crossing(issuers=(replace(CORP, audiences=per_client),), connections=both)
    mine, theirs = it.id_token(), it.id_token(aud="acme-desk")
    assert await told(it, mine)
    assert (await refused(it, theirs)).reason == "wrong_audience"
    assert (await refused(it, mine, "helpdesk")).reason == "wrong_audience"
    both_of_them = ["acme-web", "acme-desk"]
    several_audiences: tuple[dict[str, Any], ...] = (
        {"aud": both_of_them},
        {"aud": both_of_them, "azp": "acme-desk"},
    )
    for several in several_audiences:
        assert (await refused(it, it.id_token(**several))).code == "invalid_grant"
    for audiences in ({"acme-web": None}, {"acme-web": None, "acme-desk": frozenset({"web"})}):
        anybody = crossing(issuers=(replace(CORP, audiences=audiences),), connections=both)
        error = await refused(anybody, anybody.id_token())
        assert (error.code, error.reason) == ("invalid_grant", "wrong_audience")


@pytest.mark.requirement("SEC-54", "JAG-31")
@pytest.mark.parametrize(
    "changes",
    [
        {"disabled": True},
        {"accepts": frozenset({JWT})},
        {"algorithms": frozenset({"RS256"})},
        {"when": ("false",)},
    ],
)
async def test_nor_of_an_issuer_that_is_not_believed_for_it(changes: dict[str, Any]) -> None:
    known = replace(CORP, audiences={"acme-web": frozenset({"web"})})
    people = Connected(issuers=frozenset({"corp-idp"}))
    it = crossing(issuers=(replace(known, **changes),), connections=[connection(people=people)])
    assert (await refused(it, it.id_token())).code == "invalid_grant"


@pytest.mark.requirement("SEC-54")
async def test_an_issuer_through_which_people_sign_in_no_more_is_no_way_to_a_grant() -> None:
    them: dict[str, Any] = {
        "sub": "corp-idp:~alice",
        "sub_id": {"format": "iss_sub", "iss": CORP.issuer, "sub": "id-alice"},
    }
    connected = [connection(people=Connected(issuers=frozenset({"corp-idp"})))]
    assert await told(
        crossing(issuers=(CORP_FOR_PEOPLE,), connections=connected), crossing().our_id_token(**them)
    )
    for issuers in ((CORP,), (replace(CORP_FOR_PEOPLE, disabled=True),), ()):
        it = crossing(issuers=issuers, connections=connected)
        assert (await refused(it, it.our_id_token(**them))).code == "invalid_grant"


@pytest.mark.requirement("SEC-54", "JAG-154")
async def test_a_grant_is_about_people_only() -> None:
    services = replace(CORP, party_kind="service", audiences={"acme-web": frozenset({"web"})})
    it = crossing(
        issuers=(services,), connections=[connection(people=Connected(issuers=frozenset({"corp-idp"})))]
    )
    error = await refused(it, it.id_token())
    assert (error.code, error.reason) == ("invalid_grant", "bad_subject")


# The connection.


@pytest.mark.requirement("SEC-55", "JAG-35")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"connections": []}, "no_connection"),
        ({"connections": [connection(client="assistant")]}, "no_connection"),
        ({"connections": [connection(issuer="https://evil.example")]}, "no_connection"),
        ({"connections": [connection(paused=True)]}, "connection_paused"),
    ],
)
async def test_without_a_connection_of_the_client_there_is_no_way(
    changes: dict[str, Any], reason: str
) -> None:
    error = await refused(crossing(**changes))
    assert (error.code, error.reason) == ("invalid_target", reason)


@pytest.mark.requirement("SEC-55")
async def test_whatever_rules_say_they_lead_nowhere_abroad() -> None:
    """The client may ask for the target, and a rule is wide open; there is no connection."""
    wide = allow("wide", "delegation", "web", "orders", subject=PartySelector(issuers=frozenset({"actas"})))
    open_to_all = [replace(one, apis=one.apis | {"connection:web-to-tickets"}) for one in APPS]
    it = crossing(clients=open_to_all, connections=[], rules=(wide,))
    for asked in (TICKETS, "connection:web-to-tickets", "orders"):
        assert (await refused(it, audience=asked)).code == "invalid_target"


@pytest.mark.requirement("SEC-55", "JAG-35")
async def test_a_grant_is_for_the_people_of_the_connection_as_they_are_now() -> None:
    it = crossing()
    assert (await refused(it, it.our_id_token(sub="actas:olga", groups=["support"]))).reason == "no_rule"
    person = it.catalog.people["actas:alice"]
    it.catalog.people["actas:alice"] = structs.replace(person, groups=())
    assert (await refused(it, it.our_id_token(groups=["support"]))).reason == "no_rule"
    it.catalog.people["actas:alice"] = structs.replace(person, disabled=True)
    error = await refused(it)
    assert (error.code, error.reason) == ("invalid_grant", "bad_subject")


@pytest.mark.requirement("SEC-55")
async def test_a_client_that_was_disabled_gets_none_nor_does_who_holds_its_tokens() -> None:
    off = [replace(one, disabled=True) if one.name == "web" else one for one in APPS]
    it = crossing(clients=off)
    assert (await refused(it)).code == "invalid_client"


@pytest.mark.requirement("SEC-55", "JAG-35", "JAG-55")
@pytest.mark.parametrize(
    ("deny", "who"),
    [
        (RuleSpec(name="no", effect="deny", kind="any", client=ClientSelector(), reason="Not now."), "web"),
        (
            RuleSpec(
                name="no",
                effect="deny",
                kind="any",
                subject=PartySelector(groups=frozenset({"support"})),
                reason="No.",
            ),
            "web",
        ),
        (
            RuleSpec(
                name="no",
                effect="deny",
                kind="any",
                chain=ChainSelector(kinds=frozenset({"agent"})),
                reason="No agents.",
            ),
            "assistant",
        ),
        (RuleSpec(name="no", effect="deny", kind="cross_app", reason="Nobody abroad."), "web"),
    ],
)
async def test_a_deny_that_names_no_api_holds_for_connections_too(deny: RuleSpec, who: str) -> None:
    both = [connection(), connection("agents", client="assistant")]
    assert await told(crossing(connections=both), who=who)
    it = crossing(connections=both, rules=(NO_AGENT_WRITES_STOCK, deny))
    error = await refused(it, who=who)
    assert (error.code, error.reason) == ("invalid_target", "denied_by_rule")


@pytest.mark.requirement("SEC-55")
async def test_no_grant_has_more_scopes_than_its_connection_whatever_its_token_holds() -> None:
    it = crossing()
    token = await refresh_token(it, scope=frozenset({"openid", "orders:read"}))
    for scope in ("tickets:admin", "orders:read", "openid", "tickets:read tickets:admin"):
        assert (await refused(it, token, scope=scope, **SHOWN)).code == "invalid_scope"
    assert (await told(it, token, **SHOWN))["scope"] == "tickets:comment tickets:read"


# What is written down.


@pytest.mark.requirement("JAG-127", "IDC-58", "SEC-87")
async def test_a_grant_is_in_no_entry_and_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    it = crossing()
    grant = str((await granted(it, resource=TICKETS_API)).body["access_token"])
    for form in ({"subject_token": grant}, {"actor_token": grant, "actor_token_type": str(ACCESS_TOKEN)}):
        await refused(it, **form)
    text = b"".join(it.writer.lines).decode() + caplog.text
    for part in (grant, *grant.rsplit(".", 1), grant.split(".")[1]):
        assert part not in text
    given = it.writer.events[0]["given"]
    assert given["jti"] == read(it, grant)["jti"]
    assert given["audience"] == [TICKETS]
    assert it.writer.events[0]["rules"] == ["connection:web-to-tickets"]


@pytest.mark.requirement("SEC-54", "SEC-55")
def test_every_way_to_a_grant_is_among_the_paths_that_every_guard_is_tried_on() -> None:
    ways = [path for path in PATHS if path.kind == "cross_app"]
    assert len(ways) >= 2
    for way in ways:
        assert sum(isinstance(guard.trip(way), Attempt) for guard in GUARDS) >= 20
