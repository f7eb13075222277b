"""RFC 7009: a client ends its own tokens, and what was exchanged from them; nobody learns of anybody else's."""

from __future__ import annotations

import json

import pytest
from tests.fakes.door import DOCS, FORM, Response, call
from tests.fakes.house import ISSUER, NOW, House, secret_of

from actas.clients.throttle import Limits
from actas.core.errors import OAuthError
from actas.core.lineage import LATER
from actas.core.party import Caller
from actas.core.records import Record
from actas.web.admission import Admission
from actas.web.errors import ErrorWriter
from actas.web.introspect import IntrospectionEndpoint
from actas.web.revoke import RevocationEndpoint


class Desk:
    """The revocation endpoint over a house."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.errors = ErrorWriter(docs=DOCS, issuer=ISSUER, dev=False)
        self.endpoint = RevocationEndpoint(
            house.revocation(), errors=self.errors, admission=Admission(most=10)
        )

    async def revoke(self, who: str, token: str | None, **changes: str) -> Response:
        form = {"client_id": who, "client_secret": secret_of(who), **changes}
        if token is not None:
            form["token"] = token
        body = "&".join(f"{name}={value}" for name, value in form.items()).encode()
        return await call(self.endpoint, path="/revoke", headers=(FORM,), body=body)

    async def active(self, who: str, token: str) -> bool:
        async def never(*_: object, **__: object) -> object:
            raise AssertionError

        endpoint = IntrospectionEndpoint(
            self.house.introspection(),
            issuer=ISSUER,
            sign=never,  # type: ignore[arg-type]
            clock=self.house.clock,
            errors=self.errors,
            admission=Admission(most=10),
        )
        body = f"client_id={who}&client_secret={secret_of(who)}&token={token}".encode()
        return bool((await call(endpoint, path="/introspect", headers=(FORM,), body=body)).json["active"])


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house)


@pytest.mark.requirement("TX-133", "TX-134", "SEC-23")
async def test_a_client_ends_its_token_and_nobody_takes_it_any_more(desk: Desk, house: House) -> None:
    token = house.our_token()
    assert await desk.active("orders", token)
    reply = await desk.revoke("assistant", token)
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["cache-control"] == "no-store"
    assert not await desk.active("orders", token)
    with pytest.raises(OAuthError) as refused:
        await house.ask("orders", token, audience="inventory", scope="stock:read")
    assert (refused.value.code, refused.value.reason) == ("invalid_request", "revoked")
    entry = reply.headers["actas-entry"]
    assert entry in refused.value.detail
    done = next(event for event in house.writer.events if event["id"] == entry)
    assert done["event"] == "revocation:granted"
    assert done["client"]["name"] == "assistant"
    assert done["revoked"] == ["token:parent-1"]
    assert [(one.up_to, one.until) for one in house.revoked.listed] == [(LATER, NOW + 300)]


@pytest.mark.requirement("TX-134")
@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "x" * 5000])
async def test_what_is_no_token_of_ours_is_answered_alike_and_changes_nothing(
    desk: Desk, house: House, token: str
) -> None:
    reply = await desk.revoke("assistant", token)
    assert (reply.status, reply.body, "actas-entry" in reply.headers) == (200, b"", False)
    assert house.revoked.listed == []


@pytest.mark.requirement("TX-134")
async def test_a_token_that_has_ended_is_answered_alike(desk: Desk, house: House) -> None:
    token = house.our_token()
    assert (await desk.revoke("assistant", token)).status == 200
    again = await desk.revoke("assistant", token)
    assert (again.status, "actas-entry" in again.headers, len(house.revoked.listed)) == (200, False, 1)
    expired = house.our_token(iat=NOW - 600, exp=NOW - 300)
    assert (await desk.revoke("assistant", expired)).status == 200
    assert len(house.revoked.listed) == 1


@pytest.mark.requirement("TX-133", "SEC-85")
@pytest.mark.parametrize("who", ["orders", "web", "helpdesk"])
async def test_nobody_ends_the_token_of_another_client_nor_learns_of_it(
    desk: Desk, house: House, who: str
) -> None:
    token = house.our_token()
    foreign, unknown = await desk.revoke(who, token), await desk.revoke(who, "nonsense")
    assert (foreign.status, foreign.headers, foreign.body) == (unknown.status, unknown.headers, unknown.body)
    assert house.revoked.listed == []
    assert await desk.active("orders", token)
    (event,) = house.writer.events
    assert (event["event"], event["reason"]) == ("revocation:refused", "wrong_audience")
    assert event["subject"]["token"]["jti"] == "parent-1"


@pytest.mark.requirement("TX-133")
async def test_the_caller_proves_who_it_is(desk: Desk, house: House) -> None:
    reply = await desk.revoke("assistant", house.our_token(), client_secret="wrong")
    assert (reply.status, reply.json["error"]) == (401, "invalid_client")
    reply = await desk.revoke("assistant", None)
    assert (reply.status, reply.json["error"]) == (400, "invalid_request")
    assert house.revoked.listed == []


@pytest.mark.requirement("REL-19", "TX-134")
async def test_a_revocation_that_cannot_be_kept_is_never_said_to_be_done(desk: Desk, house: House) -> None:
    house.revoked.broken = True
    reply = await desk.revoke("assistant", house.our_token())
    assert (reply.status, reply.json["error"]) == (503, "temporarily_unavailable")
    assert int(reply.headers["retry-after"]) >= 1


@pytest.mark.requirement("REL-01")
async def test_one_that_cannot_be_recorded_is_done_and_asked_for_again_and_its_entry_waits(
    desk: Desk, house: House
) -> None:
    token = house.our_token()
    house.writer.broken = True
    assert (await desk.revoke("assistant", token)).status == 503
    house.writer.broken = False
    assert not await desk.active("orders", token)
    (waiting,) = house.revoked.waiting
    body = json.loads(waiting.body)
    assert (body["id"], body["event"]) == (house.revoked.listed[0].entry, "revocation:granted")
    assert body["revoked"] == ["token:parent-1"]


@pytest.mark.requirement("REL-01")
async def test_the_entry_that_is_kept_with_it_is_the_one_that_is_written_and_waits_no_more(
    desk: Desk, house: House
) -> None:
    kept: list[Record] = []
    house.revoked.waiting = kept
    assert (await desk.revoke("assistant", house.our_token())).status == 200
    assert house.revoked.waiting == []
    (event,) = [one for one in house.writer.events if one["event"] == "revocation:granted"]
    assert [json.loads(one.body) for one in kept] == [event]


async def test_a_form_that_is_none_is_refused_and_recorded(desk: Desk, house: House) -> None:
    reply = await call(desk.endpoint, path="/revoke", body=b"{}", headers=((b"content-type", b"text/json"),))
    assert (reply.status, reply.json["error"]) == (400, "invalid_request")
    assert house.writer.events[-1]["event"] == "revocation:refused"


async def feed(house: House, who: str, **form: str) -> dict[str, object]:
    fields = {"client_id": who, "client_secret": secret_of(who), **form}
    body = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
    return dict(await house.feed()(body, Caller(address="127.0.0.1")))


async def test_the_feed_tells_what_was_revoked_since_and_no_name(desk: Desk, house: House) -> None:
    assert await feed(house, "orders") == {"revoked": [], "last": 0, "more": False, "age": 0.0}
    await desk.revoke("assistant", house.our_token())
    await desk.revoke("assistant", house.our_token(jti="parent-2"))
    marks = [house.ring.mark("token", ISSUER, name) for name in ("parent-1", "parent-2")]
    told = await feed(house, "orders")
    assert told == {
        "revoked": [{"mark": mark, "up_to": LATER, "until": NOW + 300} for mark in marks],
        "last": 2,
        "more": False,
        "age": 0.0,
    }
    assert (await feed(house, "orders", after="1"))["revoked"] == told["revoked"][1:]  # type: ignore[index]
    assert await feed(house, "orders", after="2") == {"revoked": [], "last": 2, "more": False, "age": 0.0}


async def test_the_feed_says_where_it_ends_here_and_how_old_that_is(desk: Desk, house: House) -> None:
    await desk.revoke("assistant", house.our_token())
    house.follower.read_ago = 1.23456
    # From beyond the end: this node has not read so far, or the database is a restored one.
    assert await feed(house, "orders", after="99") == {"revoked": [], "last": 1, "more": False, "age": 1.235}


@pytest.mark.requirement("REL-11")
async def test_whoever_asked_for_too_many_tokens_still_hears_what_was_revoked() -> None:
    house = House(limits=Limits(per_client=1.0))
    token = house.our_token()
    await house.ask("orders", token, audience="inventory", scope="stock:read")
    with pytest.raises(OAuthError) as asking:
        await house.ask("orders", token, audience="inventory", scope="stock:read")
    assert asking.value.reason == "rate_limited"
    assert (await feed(house, "orders"))["last"] == 0
    with pytest.raises(OAuthError) as feeding:
        await feed(house, "orders")
    assert feeding.value.reason == "rate_limited"


@pytest.mark.parametrize("after", ["-1", "1.5", "x", "9" * 16, "%C2%B2"])
async def test_a_place_in_the_feed_that_is_none_is_refused(house: House, after: str) -> None:
    with pytest.raises(OAuthError) as refused:
        await feed(house, "orders", after=after)
    assert refused.value.code == "invalid_request"


async def test_the_feed_is_for_clients_that_prove_who_they_are(house: House) -> None:
    with pytest.raises(OAuthError) as wrong:
        await feed(house, "orders", client_secret="guess")
    assert wrong.value.code == "invalid_client"
    with pytest.raises(OAuthError) as public:
        await house.feed()(b"client_id=phone", Caller(address="127.0.0.1"))
    assert public.value.code == "invalid_client"


@pytest.mark.requirement("REL-21")
async def test_a_node_that_may_be_behind_says_so_rather_than_that_all_is_well(house: House) -> None:
    house.follower.stale = "the database has been away"
    with pytest.raises(OAuthError) as feeding:
        await feed(house, "orders")
    with pytest.raises(OAuthError) as revoking:
        await house.revocation()(b"token=x", Caller(address="127.0.0.1"))
    assert (feeding.value.status, revoking.value.status) == (503, 503)
