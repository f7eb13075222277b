"""OpenID Connect Core section 5.3: what an app hears of who signed in to it, and who else does not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import msgspec
import pytest
from tests.fakes.company import CORP_FOR_PEOPLE
from tests.fakes.door import DOCS, FORM, Response, call
from tests.fakes.forge import b64
from tests.fakes.house import CLIENTS, IDP, ISSUER, NOW, ORDERS, PEOPLE, House, claims_of, signing_in
from tests.fakes.prover import Prover

from actas.core.lineage import Revoked
from actas.core.party import Identity
from actas.core.person import Person
from actas.core.sign_in import userinfo_audience
from actas.crypto import jose
from actas.issuers.about import CLAIM
from actas.shown import ShownTokens
from actas.signin.userinfo import UserInfo
from actas.web.admission import Admission
from actas.web.errors import ErrorWriter
from actas.web.userinfo import UserInfoEndpoint

URL: Final = userinfo_audience(ISSUER)
APPS: Final = tuple(signing_in(one) if one.name == "web" else one for one in CLIENTS)
ALL: Final = frozenset({"openid", "profile", "email", "groups"})


class Asking:
    """The UserInfo endpoint of a house, and how it is asked."""

    def __init__(self, people: tuple[Person, ...] = PEOPLE, **changes: Any) -> None:
        self.house = House(**{"clients": APPS, "people": people, **changes})
        sts = self.house
        shown = ShownTokens(
            tokens=sts.own_tokens, proofs=sts.proofs, reason="bad_access_token", references=True
        )
        userinfo = UserInfo(
            issuer=ISSUER,
            shown=shown,
            people=sts.catalog,
            about=sts.about,
            clients=sts.catalog,
            audit=sts.minutes,
            fresh=sts.follower.require_fresh,
        )
        self.endpoint = UserInfoEndpoint(
            userinfo,
            url=URL,
            realm=ISSUER,
            nonces=sts.nonces,
            errors=ErrorWriter(docs=DOCS, issuer=ISSUER, dev=True),
            admission=Admission(most=8),
        )

    async def token(self, scope: frozenset[str] = ALL, **changes: Any) -> str:
        """The access token of a sign-in."""
        proofs = changes.pop("proofs", ())
        answer = await self.house.post(await self.house.code_form(scope=scope, **changes), proofs=proofs)
        return str(answer.body["access_token"])

    def made(self, **claims: Any) -> str:
        """An access token of a sign-in, made directly."""
        base = {
            "aud": URL, "sub": "actas:alice", "client_id": "web", "scope": "openid", "act": None,
            "auth_time": NOW, "acr": "pwd", "amr": ["pwd"],
        }  # fmt: skip
        return self.house.our_token(**{**base, **claims})

    async def ask(self, token: str | None, *, method: str = "GET", **more: Any) -> Response:
        scheme = more.pop("scheme", "Bearer")
        headers = [] if token is None else [(b"authorization", f"{scheme} {token}".encode())]
        headers += [(b"dpop", one.encode()) for one in more.pop("proofs", ())]
        headers += more.pop("headers", [])
        return await call(self.endpoint, method=method, path="/userinfo", headers=headers, **more)


@pytest.mark.requirement("OP-60")
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_app_hears_what_the_scopes_open(method: str) -> None:
    asking = Asking()
    answer = await asking.ask(await asking.token(), method=method)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in answer.headers
    assert answer.json == {
        "sub": "actas:alice",
        "name": "Alice",
        "preferred_username": "alice",
        "email": "alice@acme.example",
        "email_verified": False,
        "groups": ["support"],
    }


@pytest.mark.requirement("OP-60")
async def test_the_agent_that_somebody_signs_in_to_is_named_in_its_token_and_hears_the_same() -> None:
    agents = tuple(replace(one, kind="agent") if one.name == "web" else one for one in APPS)
    asking = Asking(clients=agents)
    token = await asking.token()
    actor = jose.parse(token).unverified_claims["act"]
    assert isinstance(actor, dict)
    assert actor["sub"] == "web"
    assert (await asking.ask(token)).json["name"] == "Alice"


@pytest.mark.requirement("OP-60")
@pytest.mark.parametrize(
    ("scope", "heard"),
    [
        ("openid", {"sub"}),
        ("openid profile", {"sub", "name", "preferred_username"}),
        ("openid email", {"sub", "email", "email_verified"}),
        ("openid groups", {"sub", "groups"}),
    ],
)
async def test_a_scope_opens_no_more_than_its_own(scope: str, heard: set[str]) -> None:
    asking = Asking()
    assert set((await asking.ask(await asking.token(frozenset(scope.split())))).json) == heard


@pytest.mark.requirement("OP-60")
async def test_sub_is_that_of_the_id_token() -> None:
    asking = Asking()
    answer = await asking.house.post(await asking.house.code_form(scope=ALL))
    told = jose.parse(str(answer.body["id_token"])).unverified_claims
    assert (await asking.ask(str(answer.body["access_token"]))).json["sub"] == told["sub"]


async def test_what_is_said_is_what_holds_now() -> None:
    moved = msgspec.structs.replace(PEOPLE[0], groups=("platform",), email=None, display="Alice B.")
    asking = Asking(people=(moved,))
    heard = (await asking.ask(asking.made(scope=" ".join(ALL), groups=["support"]))).json
    assert heard == {
        "sub": "actas:alice", "name": "Alice B.", "preferred_username": "alice", "groups": ["platform"],
    }  # fmt: skip


OF_CORP: Final[dict[str, Any]] = {
    "person": Identity(ISSUER, "corp-idp:id-alice"),
    "origin": Identity(IDP, "id-alice"),
    "origin_name": "corp-idp",
    "claims": {"name": "Alice", "email": "alice@acme.example", "email_verified": True},
}
"""Somebody who signed in through an issuer."""


def vouched_for() -> Asking:
    return Asking(issuers=(CORP_FOR_PEOPLE,))


@pytest.mark.requirement("OP-60")
async def test_of_somebody_whom_an_issuer_vouches_for_is_told_what_it_said() -> None:
    asking = vouched_for()
    token = await asking.token(**OF_CORP)
    assert "Alice" not in str(jose.parse(token).unverified_claims)
    assert (await asking.ask(token)).json == {
        "sub": "corp-idp:id-alice", "name": "Alice", "email": "alice@acme.example", "email_verified": True,
        "groups": ["support"],
    }  # fmt: skip


@pytest.mark.requirement("OP-60")
async def test_no_more_of_it_is_told_than_the_scopes_open() -> None:
    asking = vouched_for()
    token = await asking.token(frozenset({"openid", "profile"}), **OF_CORP)
    assert (await asking.ask(token)).json == {"sub": "corp-idp:id-alice", "name": "Alice"}
    bare = await asking.token(frozenset({"openid", "groups"}), **OF_CORP)
    assert CLAIM not in jose.parse(bare).unverified_claims
    assert (await asking.ask(bare)).json == {"sub": "corp-idp:id-alice", "groups": ["support"]}
    assert CLAIM not in jose.parse(await asking.token()).unverified_claims  # the directory knows alice


@pytest.mark.parametrize("told", ["", "x", "x.y", "x." + "A" * 60, 1, None])
async def test_what_was_not_sealed_here_is_not_told(told: Any) -> None:
    asking = vouched_for()
    origin = {"format": "iss_sub", "iss": IDP, "sub": "id-alice"}
    token = asking.made(sub="corp-idp:id-alice", sub_id=origin, scope=" ".join(ALL), told=told)
    assert (await asking.ask(token)).json == {"sub": "corp-idp:id-alice", "groups": []}


async def test_what_was_sealed_of_one_person_is_not_told_of_another() -> None:
    asking = vouched_for()
    told = jose.parse(await asking.token(**OF_CORP)).unverified_claims[CLAIM]
    origin = {"format": "iss_sub", "iss": IDP, "sub": "id-bob"}
    token = asking.made(sub="corp-idp:id-bob", sub_id=origin, scope=" ".join(ALL), **{CLAIM: told})
    assert (await asking.ask(token)).json == {"sub": "corp-idp:id-bob", "groups": []}


REFUSED: Final[dict[str, dict[str, Any]]] = {
    "for another API": {"aud": ORDERS},
    "for this server, by another address": {"aud": ISSUER},
    "somebody acts for the person": {"act": {"iss": ISSUER, "sub": "web"}},
    "another agent acts for the person": {
        "act": {"iss": ISSUER, "sub": "assistant", "sub_profile": "ai_agent"}
    },
    "an agent of another issuer does": {"act": {"iss": IDP, "sub": "web", "sub_profile": "ai_agent"}},
    "somebody acts before the agent": {
        "act": {
            "iss": ISSUER,
            "sub": "web",
            "sub_profile": "ai_agent",
            "act": {"iss": ISSUER, "sub": "orders"},
        }
    },
    "somebody may act for the person": {"may_act": {"iss": ISSUER, "sub": "web"}},
    "of no sign-in": {"auth_time": None, "acr": None, "amr": None},
    "of a client": {"sub": "web", "sub_profile": "service"},
    "of somebody who is locked out": {"sub": "actas:bob"},
    "of somebody who is gone": {"sub": "actas:eve"},
    "of an app that is gone": {"client_id": "gone"},
    "that has ended": {"exp": NOW - 1, "iat": NOW - 10},
}


@pytest.mark.requirement("OP-61", "OP-62", "SEC-48", "SEC-23")
@pytest.mark.parametrize("wrong", REFUSED)
async def test_another_token_is_an_invalid_token(wrong: str) -> None:
    asking = Asking()
    answer = await asking.ask(asking.made(**REFUSED[wrong]))
    assert (answer.status, answer.json["error"]) == (401, "invalid_token")
    assert answer.headers["www-authenticate"] == f'Bearer realm="{ISSUER}", error="invalid_token"'
    (event,) = asking.house.writer.events
    assert (event["event"], event["reason"]) == ("userinfo:refused", "bad_access_token")
    assert answer.headers["actas-entry"] == event["id"]


@pytest.mark.requirement("OP-62", "SEC-48")
async def test_a_token_that_was_exchanged_does_not_work() -> None:
    asking = Asking()
    mine = await asking.token(frozenset({"openid", "orders:read"}))
    assert (await asking.ask(mine)).status == 200
    exchanged = await asking.house.ask("orders", mine, audience="inventory")
    assert claims_of(exchanged)["sub"] == "actas:alice"
    assert (await asking.ask(str(exchanged.body["access_token"]))).status == 401


@pytest.mark.requirement("OP-61", "SEC-91", "SEC-22")
@pytest.mark.parametrize(
    "make",
    [
        lambda sts: sts.our_id_token(),
        lambda sts: sts.our_id_token(typ="at+jwt", aud=URL, scope="openid", client_id="web"),
        lambda sts: sts.id_token(aud=URL),
        lambda sts: "actas_ref_" + "A" * 49,
        lambda sts: "no token at all",
    ],
    ids=["ID token", "made like one", "foreign", "reference", "text"],
)
async def test_what_is_no_access_token_of_ours_is_refused(make: Callable[[House], str]) -> None:
    asking = Asking()
    assert (await asking.ask(make(asking.house))).status == 401


@pytest.mark.requirement("OP-61")
async def test_without_openid_the_scope_is_insufficient() -> None:
    asking = Asking()
    answer = await asking.ask(asking.made(scope="profile"))
    assert (answer.status, answer.json["error"]) == (403, "insufficient_scope")
    assert answer.headers["www-authenticate"] == f'Bearer realm="{ISSUER}", error="insufficient_scope"'
    (event,) = asking.house.writer.events
    assert (event["client"]["name"], event["subject"]["sub"]) == ("web", "actas:alice")


@pytest.mark.requirement("OP-61")
async def test_whoever_shows_nothing_is_told_no_error() -> None:
    """RFC 6750 section 3.1: then the challenge has no error code."""
    answer = await Asking().ask(None)
    assert (answer.status, answer.headers["www-authenticate"]) == (401, f'Bearer realm="{ISSUER}"')


@pytest.mark.requirement("SEC-23")
async def test_what_was_revoked_opens_nothing() -> None:
    asking = Asking()
    token = await asking.token()
    mark = asking.house.ring.mark("session", ISSUER, "session-1")
    await asking.house.revoked.add([Revoked(mark=mark, up_to=NOW + 1, until=NOW + 9999, entry="e")])
    assert (await asking.ask(token)).status == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "POST", "body": b"access_token=x", "headers": [FORM]},
        {"query": b"access_token=x"},
        {"query": b"schema=openid"},
        {"headers": [(b"authorization", b"Bearer another")]},
    ],
    ids=["form", "query", "other query", "two headers"],
)
async def test_a_token_is_taken_from_one_header_only(changes: dict[str, Any]) -> None:
    asking = Asking()
    answer = await asking.ask(asking.made(), **changes)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert "www-authenticate" not in answer.headers
    assert asking.house.writer.events[-1]["event"] == "userinfo:refused"


async def test_other_methods_are_not_there() -> None:
    asking = Asking()
    answer = await asking.ask(asking.made(), method="DELETE")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")


@pytest.mark.requirement("OP-60", "OP-61")
async def test_a_token_that_is_bound_to_a_key_is_shown_with_it() -> None:
    asking, prover, thief = Asking(), Prover(), Prover()
    token = asking.made(cnf={"jkt": prover.jkt})
    ath = b64(hashlib.sha256(token.encode()).digest())
    good = prover.proof(htm="GET", htu=URL, ath=ath)
    assert (await asking.ask(token, scheme="DPoP", proofs=[good])).json == {"sub": "actas:alice"}
    bearer = await asking.ask(token)
    assert (bearer.status, bearer.json["error"]) == (401, "invalid_token")
    for proofs in ([], [good], [thief.proof(htm="GET", htu=URL, ath=ath)]):
        answer = await asking.ask(token, scheme="DPoP", proofs=proofs)
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith(f'DPoP realm="{ISSUER}", error="')
        assert 'algs="' in answer.headers["www-authenticate"]
        assert answer.headers["dpop-nonce"]


@pytest.mark.requirement("SEC-90")
async def test_a_flood_of_made_up_tokens_does_not_fill_the_log() -> None:
    asking = Asking()
    for _ in range(130):
        assert (await asking.ask("made.up.token")).status == 401
    assert len(asking.house.writer.events) == 100


async def test_a_node_that_may_be_out_of_date_says_nothing() -> None:
    asking = Asking()
    token = asking.made()
    asking.house.follower.stale = "not read for 6 s"
    assert (await asking.ask(token)).status == 503
