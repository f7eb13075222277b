"""Grants that are encrypted to the server that redeems them: a proposal to ID-JAG that is not in it (JAG-153)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.company import (
    GRANTING,
    PEOPLE,
    REDEEMERS,
    TICKETS,
    TICKETS_API,
    acceptance,
    connection,
)
from tests.fakes.crossing import crossing, grant_form, granted, read, refused
from tests.fakes.encrypting import OURS, THEIRS, OneRecipient, sealed
from tests.fakes.house import INVENTORY, NOW, ORDERS, House

from actas.core.errors import InvalidGrant, InvalidTarget, TemporarilyUnavailable
from actas.core.wire import ID_JAG_JWT
from actas.crypto.jwe import read_encrypted
from actas.trust.recipients import NoRecipient

TRIES = frozenset[Any]({"encryption"})


def vouching(**changes: Any) -> House:
    """The house as the identity provider."""
    rest = {one: changes.pop(one) for one in ("recipients",) if one in changes}
    return crossing(connections=[connection(**{"proposals": TRIES, **changes})], **rest)


def redeeming(*accepted: Any) -> House:
    """The house as the resource's server."""
    return House(
        issuers=(GRANTING,),
        clients=REDEEMERS,
        people=PEOPLE,
        accepted=accepted,
        clock=FixedClock(NOW),
    )


# ── What is given ────────────────────────────────────────────────────────────────────────


@pytest.mark.requirement("JAG-153")
async def test_a_grant_is_signed_and_then_encrypted_to_the_key_of_the_server_that_it_is_for() -> None:
    it = vouching(key_hosts=frozenset({"keys.tickets.example"}))
    answer = await granted(it)
    seen = read_encrypted(str(answer.body["access_token"]), typ=ID_JAG_JWT)
    assert {one: seen.header.members[one] for one in ("alg", "enc", "cty", "kid", "typ")} == {
        "alg": "ECDH-ES+A256KW",
        "enc": "A256GCM",
        "cty": "JWT",
        "kid": THEIRS.kid,
        "typ": ID_JAG_JWT,
    }
    claims = read(it, THEIRS.decrypt(seen))
    assert (claims["aud"], claims["client_id"], claims["resource"]) == (TICKETS, "acme-web", TICKETS_API)
    assert it.recipients.asked == [(TICKETS, frozenset({"keys.tickets.example"}))]
    (event,) = it.writer.events
    assert event["given"]["encrypted_to"] == THEIRS.kid
    assert (event["given"]["jti"], event["given"]["key"]) == (claims["jti"], it.ring.private("grant").kid)
    assert event["given"]["digest"] == it.ring.digest(seen.text)


@pytest.mark.requirement("JAG-153")
@pytest.mark.parametrize(
    ("away", "error", "reason"),
    [(False, InvalidTarget, "no_encryption_key"), (True, TemporarilyUnavailable, "upstream_down")],
)
async def test_where_there_is_no_key_no_grant_is_given_and_none_in_the_open(
    away: bool, error: type[Exception], reason: str
) -> None:
    it = vouching(recipients=OneRecipient(NoRecipient("it has none", away=away)))
    said = await refused(it)
    assert (type(said), said.reason, said.detail) == (error, reason, "it has none")
    assert "access_token" not in str(it.writer.events)


@pytest.mark.requirement("JAG-153", "SEC-23", "SEC-52")
@pytest.mark.parametrize("gone", ["connection_paused", "revoked"])
async def test_no_grant_leaves_that_was_stopped_while_its_key_was_looked_for(gone: Any) -> None:
    it = vouching()
    it.recipients.looked_for = lambda: it.there.end(gone)
    assert (await refused(it)).reason == gone
    (event,) = it.writer.events
    assert event["event"] == "exchange:refused"
    assert "access_token" not in str(event)


@pytest.mark.requirement("JAG-153")
async def test_nobody_is_asked_for_a_key_by_a_connection_that_does_not_try_it() -> None:
    it = vouching(proposals=frozenset())
    assert str((await granted(it)).body["access_token"]).count(".") == 2
    assert it.recipients.asked == []


@pytest.mark.requirement("JAG-153")
async def test_what_policy_refuses_is_refused_before_a_key_is_asked_for() -> None:
    it = vouching()
    error = await it.turned_away({**grant_form(it), "scope": "tickets:delete"})
    assert error.code == "invalid_scope"
    assert it.recipients.asked == []


# ── What is taken ────────────────────────────────────────────────────────────────────────


@pytest.mark.requirement("JAG-153")
async def test_a_connection_that_tries_it_takes_both_unless_it_requires_it() -> None:
    it = redeeming(acceptance(proposals=TRIES))
    assert (await it.post(it.redeeming(sealed(it.grant(jti="one"))))).body["access_token"]
    assert (await it.post(it.redeeming(it.grant(jti="two")))).body["access_token"]
    it = redeeming(acceptance(proposals=TRIES, must_encrypt=True))
    error = await it.turned_away(it.redeeming(it.grant()))
    assert (type(error), error.reason) == (InvalidGrant, "encryption_missing")
    assert "web-from-corp requires" in error.detail
    assert (await it.post(it.redeeming(sealed(it.grant())))).body["access_token"]


@pytest.mark.requirement("JAG-153")
async def test_a_connection_that_does_not_try_it_takes_no_encrypted_grant() -> None:
    it = redeeming(acceptance())
    error = await it.turned_away(it.redeeming(sealed(it.grant())))
    assert (type(error), error.reason) == (InvalidGrant, "encryption_untried")
    assert "web-from-corp does not try" in error.detail
    event = it.writer.events[-1]
    assert event["subject"]["encrypted_to"] == OURS["ECDH-ES+A256KW"].kid
    assert (await it.post(it.redeeming(it.grant()))).body["access_token"], "and it was not used up"


@pytest.mark.requirement("JAG-153")
async def test_the_connection_to_the_api_decides_of_several_that_one_client_has() -> None:
    takes = acceptance(proposals=TRIES, must_encrypt=True)
    other = acceptance("web-stock", api="inventory", scopes=frozenset({"stock:read"}))
    it = redeeming(takes, other)
    for resource, scope, wanted in ((ORDERS, "orders:read", True), (INVENTORY, "stock:read", False)):
        for encrypted in (True, False):
            grant = it.grant(resource=resource, scope=scope, jti=f"{scope} {encrypted}")
            form = it.redeeming(sealed(grant) if encrypted else grant)
            if encrypted is wanted:
                assert (await it.post(form)).body["access_token"]
            else:
                assert (await it.turned_away(form)).reason in ("encryption_missing", "encryption_untried")


@pytest.mark.requirement("JAG-153")
async def test_a_paused_connection_has_no_say_in_it() -> None:
    it = redeeming(acceptance(proposals=TRIES, must_encrypt=True, paused=True))
    assert (await it.turned_away(it.redeeming(it.grant()))).reason == "connection_paused"


@pytest.mark.requirement("JAG-153")
async def test_an_entry_explains_that_a_grant_was_not_encrypted() -> None:
    it = redeeming(acceptance(proposals=TRIES, must_encrypt=True))
    await it.turned_away(it.redeeming(it.grant()))
    found = it.rehearsal().of_event(it.writer.events[-1])
    assert (found.granted, found.reason) == (False, "encryption_missing")
    await it.post(it.redeeming(sealed(it.grant())))
    assert it.rehearsal().of_event(it.writer.events[-1]).granted


@pytest.mark.requirement("JAG-153")
async def test_what_cannot_be_decrypted_is_explained_to_administrators_as_far_as_can_be_told() -> None:
    it = redeeming(acceptance(proposals=TRIES))
    await it.turned_away(it.redeeming(sealed(it.grant(), kid="another")))
    assert "encrypted to" in it.writer.events[-1]["detail"]
    honest = sealed(it.grant())
    await it.turned_away(it.redeeming(honest[:-4] + "AAAA"))
    assert "cannot be decrypted" in it.writer.events[-1]["detail"]
    assert honest[:40] not in str(it.writer.events)
