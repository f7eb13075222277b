"""RFC 9126: apps push what they ask, prove who they are, and send the browser with a reference to it.

Whoever sits at the browser, or between, must be able neither to change what is asked nor to use it for another
app, nor again, nor later; and somebody who loads a page again must not be punished for it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.bound import ME, OTHER
from tests.fakes.company import CALLBACK, CLIENT_KEY, INVENTORY, ORDERS, client, secret_of, signing_in
from tests.fakes.door import call
from tests.fakes.front_door import STRANGER, FrontDoor, asked
from tests.fakes.house import CLIENTS, ISSUER, PEOPLE, House, claims_of
from tests.fakes.visits import VERIFIER

from actas.clients.throttle import Limits
from actas.core.client import ClientAuth
from actas.core.errors import StoreUnavailable
from actas.signin.steps import Answered, AskConsent, Later

WEB = signing_in(client("web", kind="app"), consent="never")
ROBOT_AUTH = ClientAuth(method="private_key_jwt", keys=(CLIENT_KEY.public.jwk(),))
ROBOT = signing_in(client("robot", auth=ROBOT_AUTH), consent="never")
PHONE = signing_in(client("phone", kind="app", auth=ClientAuth(method="none"), grants=frozenset()))
URN = "urn:ietf:params:oauth:request_uri:"


def door(*clients: Any, **changes: Any) -> FrontDoor:
    return FrontDoor(House(clients=[*CLIENTS[:3], *(clients or (WEB,))], people=PEOPLE, **changes))


def by(uri: str, who: str = "web", **more: str) -> dict[str, str]:
    return {"client_id": who, "request_uri": uri, **more}


@pytest.mark.requirement("OP-30", "OP-32")
async def test_what_was_pushed_is_what_the_browser_asks() -> None:
    here = door()
    answer = await here.push()
    assert (answer.status, answer.headers["cache-control"]) == (201, "no-store")
    uri = answer.json["request_uri"]
    assert uri.startswith(URN)
    assert answer.json == {"request_uri": uri, "expires_in": 60}
    step = await here.bring(await here.visitor(), by(uri))
    assert isinstance(step, Answered)
    members = dict(step.members)
    assert (step.where.redirect_uri, members["state"], members["iss"]) == (CALLBACK, "s-1 &x=", ISSUER)
    form = {"grant_type": "authorization_code", "client_id": "web", "client_secret": secret_of("web")}
    form |= {"code": members["code"], "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    assert claims_of(await here.house.post(form))["scope"] == "openid orders:read"


@pytest.mark.requirement("OP-30", "OP-32")
async def test_what_was_pushed_cannot_be_read_or_changed_at_the_browser() -> None:
    here = door()
    uri = await here.uri(login_hint="alice@acme.example")
    assert "alice" not in uri
    assert CALLBACK not in uri
    changed = by(uri, scope="openid orders:write", redirect_uri="https://evil.example/", state="other")
    step = await here.bring(await here.visitor(), changed)
    assert isinstance(step, Answered)
    assert step.where.redirect_uri == CALLBACK
    assert dict(step.members)["state"] == "s-1 &x="
    assert here.house.writer.events[-1]["scope"] == "openid orders:read"


@pytest.mark.requirement("OP-32", "SEC-95")
async def test_nobody_makes_up_a_reference_or_uses_what_was_sealed_for_something_else() -> None:
    here = door()
    uri = await here.uri()
    assert uri != await here.uri()
    visitor = await here.visitor()
    tampered = uri[:-1] + ("A" if uri[-1] != "A" else "B")
    step = await here.bring(STRANGER, by(uri))
    assert isinstance(step, Later)
    for forged in (tampered, URN, URN + "guess", uri + "x", URN + step.flow):
        assert (await here.refused(visitor, by(forged))).reason == "request_gone"


@pytest.mark.requirement("OP-32")
async def test_a_reference_is_good_for_the_client_that_pushed_it_alone() -> None:
    here = door(WEB, ROBOT)
    uri = await here.uri()
    for other in ("robot", "nobody", None):
        form = {name: value for name, value in by(uri, other or "").items() if value}
        error = await here.refused(await here.visitor(), form)
        assert (error.code, error.reason) == ("invalid_request", "request_gone")
    assert isinstance(await here.bring(await here.visitor(), by(uri)), Answered)


@pytest.mark.requirement("OP-32")
async def test_a_reference_is_good_for_a_minute() -> None:
    here = door()
    uri = await here.uri()
    here.house.clock.advance(59)
    assert isinstance(await here.bring(await here.visitor(), by(uri)), Answered)
    late = await here.uri()
    here.house.clock.advance(60)
    assert (await here.refused(await here.visitor(), by(late))).reason == "request_gone"


@pytest.mark.requirement("OP-32", "SEC-11")
async def test_a_reference_becomes_one_code_on_whichever_node() -> None:
    here = door()
    there = FrontDoor(here.house)
    uri = await here.uri()
    assert isinstance(await there.bring(await there.visitor(), by(uri)), Answered)
    assert (await here.refused(await here.visitor(), by(uri))).reason == "request_gone"
    assert "code" not in here.house.writer.events[-1]


@pytest.mark.requirement("OP-32")
async def test_whoever_loads_the_page_again_or_lets_it_stand_goes_on() -> None:
    here = door(replace(WEB, sign_in=replace(_terms(), consent="always")))
    uri = await here.uri()
    first = await here.bring(STRANGER, by(uri))
    again = await here.bring(STRANGER, by(uri))
    assert isinstance(first, Later)
    assert isinstance(again, Later)
    assert not first.signed_in
    here.house.clock.advance(600)  # somebody looks for their password
    visitor = await here.visitor()
    assert isinstance(await here.authorizing.go_on(again.flow, visitor), AskConsent)
    asking = await here.authorizing.go_on(again.flow, visitor)
    assert isinstance(asking, AskConsent)
    step = await here.authorizing.decide(asking.flow, allowed=True, visitor=visitor)
    assert isinstance(step, Answered)
    # The back button, after the app was answered.
    with pytest.raises(Exception, match="request_gone"):
        await here.authorizing.decide(asking.flow, allowed=True, visitor=visitor)


def _terms() -> Any:
    assert WEB.sign_in is not None
    return WEB.sign_in


@pytest.mark.requirement("OP-32")
async def test_a_page_that_was_open_for_longer_than_anybody_remembers_answers_nothing() -> None:
    here = door()
    step = await here.bring(STRANGER, by(await here.uri()))
    assert isinstance(step, Later)
    flow = step.flow
    consent = door(replace(WEB, sign_in=replace(_terms(), consent="always")))
    consent.house.marks = here.house.marks
    visitor = await consent.visitor()
    for _ in range(2):  # each look at the page seals what it carries anew
        consent.house.clock.advance(1790)
        asking = await consent.authorizing.go_on(flow, visitor)
        assert isinstance(asking, AskConsent)
        flow = asking.flow
    consent.house.clock.advance(60)
    with pytest.raises(Exception, match="request_gone"):
        await consent.authorizing.decide(flow, allowed=True, visitor=visitor)


@pytest.mark.requirement("OP-32", "REL-19")
async def test_while_nobody_knows_what_was_answered_nothing_is() -> None:
    here = door()
    uri = await here.uri()

    async def away(**_: Any) -> bool:
        raise StoreUnavailable("the marks are away")

    here.house.marks.claim = away  # type: ignore[method-assign]
    error = await here.refused(await here.visitor(), by(uri))
    assert (error.status, error.reason) == (503, "storage_unavailable")


@pytest.mark.requirement("OP-31")
@pytest.mark.parametrize("uri", ["https://web.acme.example/r", URN + "actas", "x"])
async def test_a_reference_is_not_pushed(uri: str) -> None:
    answer = await door().push(request_uri=uri)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.requirement("OP-15", "OP-33", "OP-2", "OP-12", "OP-21", "OP-16")
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"request": "e30."}, "request_not_supported"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"scope": "burn:everything"}, "invalid_scope"),
        ({"resource": [ORDERS, INVENTORY + "/elsewhere"]}, "invalid_target"),
        ({"state": "x" * 3000}, "invalid_request"),
        ({"dpop_jkt": "short"}, "invalid_request"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_the_app_hears_at_once_what_is_wrong(changes: dict[str, Any], error: str) -> None:
    here = door()
    answer = await here.push(**changes)
    assert (answer.status, answer.json["error"]) == (400, error)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    event = here.house.writer.events[-1]
    assert (event["event"], event["id"]) == ("authorization:refused", answer.headers["actas-entry"])


@pytest.mark.requirement("OP-20", "OP-21")
@pytest.mark.parametrize("changes", [{"code_challenge": None}, {"code_challenge_method": "plain"}])
async def test_an_app_without_pkce_is_told_what_is_missing(changes: dict[str, Any]) -> None:
    here = door()
    answer = await here.push(**changes)
    assert "code_challenge_method=S256" in answer.json["error_description"]
    assert here.house.writer.events[-1]["reason"] == "pkce_missing"


@pytest.mark.requirement("OP-30", "OP-33", "SEC-13")
@pytest.mark.parametrize(
    "changes",
    [{"client_secret": "wrong"}, {"client_secret": None}, {"client_id": "nobody"}, {"client_id": None}],
    ids=["wrong", "none", "unknown", "unnamed"],
)
async def test_whoever_does_not_prove_to_be_the_client_pushes_nothing(changes: dict[str, Any]) -> None:
    answer = await door().push(**changes)
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


@pytest.mark.requirement("OP-30")
async def test_a_public_client_pushes_too() -> None:
    here = door(PHONE)
    uri = await here.uri(client_id="phone", client_secret=None)
    assert isinstance(await here.bring(STRANGER, by(uri, "phone")), Later)
    assert here.house.writer.events == []  # anybody may say its name, and fills nothing


@pytest.mark.requirement("OP-35", "AG-44")
async def test_an_assertion_names_the_issuer_alone_even_for_a_client_that_is_allowed_otherwise() -> None:
    lenient = replace(ROBOT, auth=replace(ROBOT_AUTH, endpoint_audience=True))
    here = door(lenient)
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

    async def pushed(audience: Any) -> int:
        assertion = here.house.assertion(aud=audience)
        form: dict[str, Any] = {"client_secret": None, "client_id": "robot", "client_assertion_type": kind}
        return (await here.push(**form, client_assertion=assertion)).status

    assert await pushed(ISSUER) == 201
    for audience in (f"{ISSUER}/token", f"{ISSUER}/par", [ISSUER, f"{ISSUER}/par"], "https://evil.example"):
        assert await pushed(audience) == 401


@pytest.mark.requirement("OP-33")
async def test_wrong_method_too_large_and_too_many_are_said_as_such() -> None:
    here = door(limits=Limits(per_client=1))
    get = await call(here.par, method="GET", path="/par", headers=())
    assert (get.status, get.headers["allow"], get.json["error"]) == (405, "POST", "invalid_request")
    assert (await here.push(login_hint="x", id_token_hint="y" * 6000)).status == 413
    many = await here.push()
    assert (many.status, many.headers["retry-after"]) == (429, "1")
    larger = await here.push(padding="x" * (600 * 1024))
    assert (larger.status, larger.json["error"]) == (413, "invalid_request")


async def test_what_a_client_pushes_takes_nothing_from_what_it_may_ask_for_tokens() -> None:
    here = door(limits=Limits(per_client=1))
    await here.uri()
    answer = await here.house.post(await here.house.code_form())
    assert answer.body["access_token"]


@pytest.mark.requirement("OP-34")
async def test_a_client_that_must_push_is_refused_otherwise() -> None:
    here = door(replace(WEB, sign_in=replace(_terms(), pushed=True)))
    step = await here.bring(await here.visitor())
    assert isinstance(step, Answered)
    assert dict(step.members)["error"] == "invalid_request"
    assert here.house.writer.events[-1]["reason"] == "push_required"
    foreign = await here.bring(await here.visitor(), asked(request_uri="https://web.acme.example/r"))
    assert isinstance(foreign, Answered)
    assert dict(foreign.members)["error"] == "request_uri_not_supported"
    pushed = await here.bring(await here.visitor(), by(await here.uri()))
    assert "code" in dict(pushed.members) if isinstance(pushed, Answered) else False


# RFC 9449 section 10.1: a proof that comes with what is pushed binds the code.

PAR = f"{ISSUER}/par"


@pytest.mark.requirement("OP-30")
async def test_the_key_that_was_proven_redeems_the_code() -> None:
    here = door()
    proof = ME.proof(htu=PAR).encode()
    answer = await here.push(headers=[(b"dpop", proof)])
    assert answer.status == 201
    assert answer.headers["dpop-nonce"]
    step = await here.bring(await here.visitor(), by(answer.json["request_uri"]))
    assert isinstance(step, Answered)
    form = {"grant_type": "authorization_code", "client_id": "web", "client_secret": secret_of("web")}
    form |= {"code": dict(step.members)["code"], "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    for proofs in ([], [OTHER.proof()]):
        with pytest.raises(Exception, match="bad_code"):
            await here.house.post(form, proofs=proofs)
    assert claims_of(await here.house.post(form, proofs=[ME.proof()]))["cnf"] == {"jkt": ME.jkt}


@pytest.mark.requirement("OP-33")
@pytest.mark.parametrize(
    ("proof", "jkt"),
    [
        (ME.proof(htu=PAR), OTHER.jkt),
        (ME.proof(), None),
        (ME.proof(htu=PAR, htm="GET"), None),
        ("no proof", None),
    ],
    ids=["another key", "another address", "another method", "none at all"],
)
async def test_a_proof_that_is_not_for_this_request_is_refused(proof: str, jkt: str | None) -> None:
    answer = await door().push(headers=[(b"dpop", proof.encode())], dpop_jkt=jkt)
    assert (answer.status, answer.json["error"]) == (400, "invalid_dpop_proof")
