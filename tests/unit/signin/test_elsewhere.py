"""Signing in through an issuer: where somebody is sent, what is made of the answer, and who they are then."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Literal
from urllib.parse import parse_qs

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.elsewhere import SECRET, VISITOR, Desk, asking
from tests.fakes.hostile_issuer import Answer, HostileIssuer, document
from tests.fakes.house import ISSUER, NOW

from actas.clients.throttle import Limits, Step
from actas.core.errors import OAuthError
from actas.core.party import Identity
from actas.core.person import subject_from
from actas.crypto import jose
from actas.net.fetch import GuardedFetch
from actas.signin.providers import is_fresh
from actas.signin.steps import AskWho, GoOn, SendAway, Trouble
from actas.trust.registry import OwnKey


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
async def idp(clock: FixedClock) -> AsyncIterator[HostileIssuer]:
    async with HostileIssuer(now=clock.now) as served:
        yield served


@pytest.fixture
async def desk(clock: FixedClock, idp: HostileIssuer) -> AsyncIterator[Desk]:
    fetch = GuardedFetch(dev=True)
    made = Desk(idp, fetch=fetch, clock=clock)
    yield made
    await made.aclose()
    fetch.close()


async def test_somebody_is_sent_with_all_that_binds_the_answer(desk: Desk) -> None:
    step = await desk.elsewhere.begin(desk.flow(login_hint="alice", max_age=300), "okta", VISITOR)
    assert isinstance(step, SendAway)
    assert step.address.startswith(f"{desk.idp.origin}/authorize?tenant=acme&response_type=code&")
    sent = await desk.go(desk.flow(login_hint="alice", max_age=300, prompt=frozenset({"login", "consent"})))
    assert (sent["client_id"], sent["scope"]) == ("acme at okta", "openid email")
    assert sent["redirect_uri"] == f"{ISSUER}/sign-in/from/okta"
    assert (sent["login_hint"], sent["max_age"], sent["prompt"]) == ("alice", "300", "login")
    assert (await desk.go())["max_age"] == str(24 * 3600)
    again = await desk.go()
    assert {sent["nonce"], sent["state"], sent["code_challenge"]}.isdisjoint(again.values())
    assert "alice" not in sent["state"]


@pytest.mark.requirement("SEC-91")
@pytest.mark.parametrize(
    ("named", "audience"), [("issuer", "{idp.issuer}"), ("token_endpoint", "{idp.origin}/token")]
)
async def test_a_key_of_ours_shows_an_issuer_who_we_are_for_this_request_alone(
    clock: FixedClock, idp: HostileIssuer, named: Literal["issuer", "token_endpoint"], audience: str
) -> None:
    fetch = GuardedFetch(dev=True)
    desk = Desk(
        idp, fetch=fetch, clock=clock, client_secret=None, own_key=OwnKey(algorithm="ES256", named=named)
    )
    used: set[str] = set()
    for _ in range(2):
        sent = await desk.go()
        assert isinstance(await desk.back(sent), GoOn)
        (request,) = [one for one in idp.requests if one.target == "/token"][-1:]
        form = {name: value for name, (value,) in parse_qs(request.body.decode()).items()}
        assert "authorization" not in request.headers
        assert (form["client_id"], "client_secret" in form) == ("acme at okta", False)
        assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        jws = jose.parse(form["client_assertion"])
        kid = str(jws.unverified_kid)
        assert kid in str(desk.house.ring.client_keys())
        assert kid not in str(desk.house.ring.published())
        public = desk.house.ring.public_key(kid, purpose="client")
        assert public is not None
        claims = jose.verify(
            jws, key=public, types=frozenset({"JWT"}), issuer="acme at okta", now=clock.now(), leeway=0
        )
        assert claims["sub"] == "acme at okta"
        assert claims["aud"] == audience.format(idp=idp)
        assert (claims["iat"], claims["exp"]) == (NOW, NOW + 60)
        used.add(str(claims["jti"]))
    assert len(used) == 2
    await desk.aclose()
    fetch.close()


async def test_whoever_signs_in_is_known_from_then_on_as_the_issuer_said(desk: Desk) -> None:
    claims = {"email": "alice@acme.example", "email_verified": True, "name": "Alice", "groups": ["support"]}
    sent = await desk.go()
    await desk.back(sent, answer=desk.tokens(sent, claims=claims))
    known = await desk.house.known.find("okta:a-17")
    assert known is not None
    assert (known.display, known.email, known.groups) == ("Alice", "alice@acme.example", ("support",))
    assert (known.origin, known.seen_at) == (Identity(desk.idp.issuer, "a-17"), NOW)
    sent = await desk.go()
    await desk.back(sent, answer=desk.tokens(sent, claims={**claims, "email_verified": False, "groups": []}))
    known = await desk.house.known.find("okta:a-17")
    assert known is not None
    assert (known.email, known.groups) == (None, ())


async def test_nobody_is_signed_in_whom_nobody_could_note(desk: Desk) -> None:
    desk.house.known_store.broken = True
    sent = await desk.go()
    with pytest.raises(OAuthError) as refused:
        await desk.back(sent)
    assert refused.value.code == "temporarily_unavailable"
    assert not desk.store.kept


@pytest.mark.requirement("SEC-95", "SEC-14")
async def test_what_fails_through_an_issuer_makes_no_name_wait_that_is_typed(desk: Desk) -> None:
    throttle, source = desk.house.throttle, VISITOR.source
    throttle.limits = Limits(failed_provider_answer=(Step(1, 600),), failed_sign_in=(Step(1, 600),))
    await desk.back(await desk.go(), answer=replace(document({"error": "invalid_grant"}), status=400))
    with pytest.raises(OAuthError):
        await desk.back(await desk.go())
    for name in ("okta", "through okta"):
        throttle.require_patience("failed_sign_in", name, source)
    desk.clock.advance(601)
    for name in ("okta", "through okta"):
        throttle.failed("failed_sign_in", name, source)
    assert isinstance(await desk.back(await desk.go()), GoOn)


async def test_whoever_the_issuer_vouches_for_is_signed_in(desk: Desk) -> None:
    sent = await desk.go()
    claims = {
        "email": "alice@acme.example",
        "email_verified": True,
        "name": "Alice",
        "groups": ["support"],
        "amr": ["pwd", "hwk"],
        "acr": "phr",
    }
    step = await desk.back(sent, answer=desk.tokens(sent, claims=claims))
    assert isinstance(step, GoOn)
    session = await desk.sessions.find(step.session)
    assert session is not None
    who = session.sign_in
    assert (who.person.issuer, who.person.subject) == (ISSUER, "okta:a-17")
    assert (who.origin.issuer, who.origin.subject, who.origin_name) == (desk.idp.issuer, "a-17", "okta")
    assert (who.groups, who.at) == (("support",), NOW - 60)
    assert (who.acr, who.amr) == ("okta:phr", ("okta:pwd", "okta:hwk"))
    assert who.claims == {"email": "alice@acme.example", "email_verified": True, "name": "Alice"}
    begun = desk.begun.open(step.flow)
    assert (begun.proved, begun.request) == (True, asking())
    event = desk.last
    assert (event["event"], event["subject"]["sub"], event["client"]) == (
        "sign_in:granted",
        "okta:a-17",
        "web",
    )
    assert event["subject"]["origin"] == {"iss": desk.idp.issuer, "sub": "a-17", "name": "okta"}


async def test_the_code_is_redeemed_with_verifier_and_secret(desk: Desk) -> None:
    sent = await desk.go()
    await desk.back(sent)
    (request,) = [one for one in desk.idp.requests if one.target == "/token"]
    form = {name: value for name, (value,) in parse_qs(request.body.decode()).items()}
    assert (form["grant_type"], form["code"]) == ("authorization_code", "c-1")
    assert form["redirect_uri"] == sent["redirect_uri"]
    challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
    assert challenge.rstrip(b"=").decode() == sent["code_challenge"]
    name, _, secret = base64.b64decode(request.headers["authorization"].split(" ")[1]).decode().partition(":")
    assert (name, secret) == ("acme+at+okta", "a+secret%3A+with+%25+and+%2B")
    assert "client_secret" not in form


async def test_the_secret_is_in_the_form_where_the_issuer_takes_it_only_there(desk: Desk) -> None:
    desk.idp.discovery["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    sent = await desk.go()
    await desk.back(sent)
    (request,) = [one for one in desk.idp.requests if one.target == "/token"]
    form = parse_qs(request.body.decode())
    assert (form["client_id"], form["client_secret"]) == (["acme at okta"], [SECRET])
    assert "authorization" not in request.headers


async def test_several_factors_count_here_only_where_the_configuration_says_so(desk: Desk) -> None:
    sent = await desk.go()
    step = await desk.back(sent, answer=desk.tokens(sent, claims={"amr": ["pwd", "mfa"], "acr": "mfa"}))
    assert isinstance(step, GoOn)
    session = await desk.sessions.find(step.session)
    assert session is not None
    assert (session.sign_in.acr, session.sign_in.amr) == ("mfa", ("okta:pwd", "okta:mfa", "mfa"))
    sent = await desk.go()
    step = await desk.back(sent, answer=desk.tokens(sent, claims={"acr": "mfa"}))  # without amr
    assert isinstance(step, GoOn)
    session = await desk.sessions.find(step.session)
    assert session is not None
    assert (session.sign_in.acr, session.sign_in.amr) == ("okta:mfa", ("okta",))


@pytest.mark.parametrize(
    ("error", "kind"), [("access_denied", "cancelled"), ("server_error", "refused"), ("<b>", "refused")]
)
async def test_an_error_of_the_issuer_leads_back_to_the_question(desk: Desk, error: str, kind: str) -> None:
    sent = await desk.go()
    step = await desk.back(sent, code=None, error=error, error_description="<script>")
    assert isinstance(step, AskWho)
    assert step.trouble == Trouble(kind=kind, provider="Okta")  # type: ignore[arg-type]
    assert desk.begun.open(step.flow).request == asking()
    assert (desk.last["event"], desk.last["reason"]) == ("sign_in:refused", "provider_refused")
    assert "<" not in desk.last["detail"]
    assert not desk.redeemed


async def test_an_issuer_that_does_not_answer_is_said_to_be_down(desk: Desk) -> None:
    sent = await desk.go()
    step = await desk.back(sent, answer=Answer(status=503))
    assert isinstance(step, AskWho)
    assert step.trouble == Trouble(kind="down", provider="Okta")
    assert desk.last["reason"] == "upstream_down"


async def test_nobody_waits_for_an_issuer_that_cannot_be_found(desk: Desk) -> None:
    desk.idp.answers["/.well-known/openid-configuration"] = Answer(status=500)
    for _ in range(2):
        step = await desk.elsewhere.begin(None, "okta", VISITOR)
        assert isinstance(step, AskWho)
        assert step.trouble == Trouble(kind="down", provider="Okta")
    assert desk.idp.count() == 1
    desk.clock.advance(6)
    del desk.idp.answers["/.well-known/openid-configuration"]
    assert (await desk.go(""))["state"]


async def test_a_sign_in_that_is_older_than_the_app_wants_does_not_do(desk: Desk) -> None:
    for changes in ({"max_age": 10}, {"prompt": frozenset({"login"})}):
        sent = await desk.go(desk.flow(**changes))
        assert isinstance(await desk.back(sent), AskWho)
        assert "proved who they are" in desk.last["detail"]
    sent = await desk.go(desk.flow(max_age=10))
    step = await desk.back(sent, answer=desk.tokens(sent, claims={"auth_time": NOW - 20}))  # clocks differ
    assert isinstance(step, GoOn)


async def test_an_issuer_that_never_says_when_is_believed_where_the_configuration_says_so(
    idp: HostileIssuer, clock: FixedClock
) -> None:
    fetch = GuardedFetch(dev=True)
    for auth_time, expected in (("required", AskWho), ("assumed", GoOn)):
        desk = Desk(idp, fetch=fetch, clock=clock, auth_time=auth_time)
        sent = await desk.go()
        assert isinstance(
            await desk.back(sent, answer=desk.tokens(sent, claims={"auth_time": ...})), expected
        )
        await desk.aclose()
    fetch.close()


async def test_its_userinfo_is_asked_where_the_configuration_says_so(
    idp: HostileIssuer, clock: FixedClock
) -> None:
    fetch = GuardedFetch(dev=True)
    desk = Desk(idp, fetch=fetch, clock=clock, userinfo=True)
    idp.answers["/userinfo"] = document(
        {
            "sub": "a-17",
            "name": "Alice",
            "email": "alice@acme.example",
            "email_verified": "yes",
            "groups": ["x"],
        }
    )
    step = await desk.back(await desk.go())
    assert isinstance(step, GoOn)
    session = await desk.sessions.find(step.session)
    assert session is not None
    assert session.sign_in.claims == {
        "name": "Alice", "email": "alice@acme.example", "email_verified": False,
    }  # fmt: skip
    assert session.sign_in.groups == ()
    (request,) = [one for one in idp.requests if one.target == "/userinfo"]
    assert request.headers["authorization"] == "Bearer their-access-token"
    for answer, reason in (
        (document({"sub": "a-18", "name": "Mallory"}), "bad_provider_answer"),
        (document({"name": "Mallory"}), "bad_provider_answer"),
        (Answer(status=401), "bad_provider_answer"),
        (Answer(status=502), "upstream_down"),
    ):
        idp.answers["/userinfo"] = answer
        assert isinstance(await desk.back(await desk.go()), AskWho)
        assert desk.last["reason"] == reason
        clock.advance(601)
    await desk.aclose()
    fetch.close()


async def test_only_apps_that_it_is_offered_to_lead_there(idp: HostileIssuer, clock: FixedClock) -> None:
    fetch = GuardedFetch(dev=True)
    desk = Desk(idp, fetch=fetch, clock=clock, clients=frozenset({"desk"}))
    assert await desk.go(desk.flow(client="desk"))
    with pytest.raises(OAuthError) as refused:
        await desk.elsewhere.begin(desk.flow(client="web"), "okta", VISITOR)
    assert refused.value.reason == "bad_provider_answer"
    await desk.aclose()
    fetch.close()


@pytest.mark.requirement("OP-51")
@pytest.mark.parametrize(
    "sub", ["a" * 255, "älice", "~" + hashlib.sha256(b"a" * 255).hexdigest(), "~", "a\tb"]
)
def test_a_long_or_strange_sub_becomes_a_short_one_that_nobody_can_choose(sub: str) -> None:
    subject = subject_from("okta", sub)
    assert subject == f"okta:~{hashlib.sha256(sub.encode()).hexdigest()}"
    assert subject.isascii()
    assert len(subject) <= 255
    assert subject_from("okta", "a-17") == "okta:a-17"
    assert subject_from("other", sub) != subject


def test_how_fresh_a_sign_in_is_depends_on_what_was_asked() -> None:
    assert is_fresh(NOW - 10_000, asking(), began=NOW)
    assert not is_fresh(NOW - 31, asking(prompt=frozenset({"login"})), began=NOW)
    assert is_fresh(NOW - 30, asking(prompt=frozenset({"login"})), began=NOW)
    assert is_fresh(NOW - 90, asking(max_age=60), began=NOW)
    assert not is_fresh(NOW - 91, asking(max_age=60), began=NOW)
