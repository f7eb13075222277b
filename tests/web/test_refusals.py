"""Every refusal that a caller can bring about, in the shape that RFC 6749 section 5.2 gives it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from tests.fakes.served import Company
from tests.fakes.server import RealServer
from tests.fakes.wire import Reply
from tests.web.conftest import PRODUCTION

from actas.core.reasons import REASONS, Reason
from actas.core.wire import ACCESS_TOKEN, ID_TOKEN, JWT, SAML2

Form = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Refused:
    """A form, and how it must be refused."""

    name: str
    form: Callable[[Company], Form]
    code: str
    reason: Reason
    status: int = 400


REFUSED = (
    Refused("no grant", lambda c: c.own(grant_type=None), "invalid_request", "malformed_request"),
    Refused(
        "another grant", lambda c: c.own(grant_type="password"), "unsupported_grant_type", "unknown_grant"
    ),
    Refused("a wrong secret", lambda c: c.own(client_secret="x"), "invalid_client", "bad_client_auth", 401),
    Refused(
        "an unknown client",
        lambda c: c.own("nobody", client_secret="x"),
        "invalid_client",
        "bad_client_auth",
        401,
    ),
    Refused(
        "no client",
        lambda c: c.own(client_id=None, client_secret=None),
        "invalid_client",
        "bad_client_auth",
        401,
    ),
    Refused(
        "a bad assertion",
        lambda c: c.asserted(client_assertion=c.assertion(aud="https://other.example")),
        "invalid_client",
        "bad_client_auth",
        401,
    ),
    Refused(
        "a public client",
        lambda c: c.exchange("phone", c.id_token(), subject_token_type=ID_TOKEN, audience="orders"),
        "unauthorized_client",
        "client_may_not_exchange",
    ),
    Refused(
        "a grant not registered",
        lambda c: c.own("assistant"),
        "unauthorized_client",
        "client_may_not_exchange",
    ),
    Refused("no subject", lambda c: c.for_alice(subject_token=None), "invalid_request", "malformed_request"),
    Refused(
        "no subject type",
        lambda c: c.for_alice(subject_token_type=None),
        "invalid_request",
        "malformed_request",
    ),
    Refused(
        "a type we do not read",
        lambda c: c.for_alice(subject_token_type=SAML2),
        "invalid_request",
        "unknown_profile",
    ),
    Refused(
        "a type by its short name",
        lambda c: c.for_alice(subject_token_type="id_token"),
        "invalid_request",
        "unknown_profile",
    ),
    Refused(
        "a type we do not make",
        lambda c: c.for_alice(requested_token_type=ID_TOKEN),
        "invalid_request",
        "unknown_profile",
    ),
    Refused("no token at all", lambda c: c.for_alice("not.a.token"), "invalid_request", "bad_subject"),
    Refused(
        "another type than declared",
        lambda c: c.for_alice(subject_token_type=ACCESS_TOKEN),
        "invalid_request",
        "bad_subject",
    ),
    Refused(
        "a bad actor token",
        lambda c: c.for_alice(actor_token="a.b.c", actor_token_type=JWT),
        "invalid_request",
        "bad_actor",
    ),
    Refused(
        "an actor type alone",
        lambda c: c.for_alice(actor_token_type=JWT),
        "invalid_request",
        "malformed_request",
    ),
    Refused(
        "an expired token",
        lambda c: c.for_alice(c.id_token(iat=1_700_000_000, exp=1_700_000_600)),
        "invalid_request",
        "expired",
    ),
    Refused(
        "somebody else's token",
        lambda c: c.for_alice(c.id_token(aud="other")),
        "invalid_request",
        "wrong_audience",
    ),
    Refused("an unknown target", lambda c: c.own(audience="nowhere"), "invalid_target", "unknown_target"),
    Refused("a disabled target", lambda c: c.own(audience="cellar"), "invalid_target", "unknown_target"),
    Refused(
        "a relative resource",
        lambda c: c.own(audience=None, resource="/x"),
        "invalid_target",
        "unknown_target",
    ),
    Refused(
        "one target of two",
        lambda c: c.own(audience=["inventory", "cellar"]),
        "invalid_target",
        "unknown_target",
    ),
    Refused(
        "nobody's rule", lambda c: c.for_alice(c.id_token(groups=["sales"])), "invalid_target", "no_rule"
    ),
    Refused("too wide a scope", lambda c: c.own(scope="stock:burn"), "invalid_scope", "excess"),
)


def is_refused(reply: Reply, wanted: Refused) -> None:
    assert (reply.status, reply.json["error"], reply.reason) == (wanted.status, wanted.code, wanted.reason)
    assert reply.header("content-type") == "application/json"
    assert (reply.header("cache-control"), reply.header("pragma")) == ("no-store", "no-cache")
    assert reply.header("retry-after") is None
    assert reply.json.keys() == {"error", "error_description", "error_uri"}
    assert (reply.header("www-authenticate") is not None) == (wanted.status == 401)


@pytest.mark.requirement("TX-5", "TX-16", "TX-20", "TX-90", "TX-91", "TX-93", "TX-94", "SEC-04", "SEC-44")
@pytest.mark.parametrize("wanted", REFUSED, ids=lambda one: one.name)
def test_a_refusal_tells_the_caller_its_reason_and_no_more(wanted: Refused, production: RealServer) -> None:
    form = wanted.form(production.company)
    reply = production.post(form)
    is_refused(reply, wanted)
    assert reply.json["error_description"] == REASONS[wanted.reason].sentence
    assert reply.json["error_uri"] == f"{PRODUCTION}/errors#{wanted.reason}"
    for value in form.values():
        assert len(str(value)) < 10 or str(value) not in reply.body.decode()


@pytest.mark.requirement("SEC-86")
@pytest.mark.parametrize("wanted", REFUSED, ids=lambda one: one.name)
def test_a_refusal_is_in_the_log_under_the_id_that_the_caller_got(
    wanted: Refused, server: RealServer
) -> None:
    # From an address of its own: what many addresses do is counted apart (SEC-90).
    reply = server.post(wanted.form(server.company), source="127.0.0.2")
    is_refused(reply, wanted)
    entry = server.entry(reply)
    assert (entry["event"], entry["outcome"]) == ("exchange:refused", "refused")
    assert (entry["reason"], entry["error"]) == (wanted.reason, wanted.code)
    assert entry["source"] == "127.0.0.2"
    assert entry["detail"]


@pytest.mark.requirement("TX-93")
def test_a_client_that_cannot_be_authenticated_is_told_the_scheme_and_the_realm(server: RealServer) -> None:
    authorization, rest = server.company.basic(server.company.own(client_secret="wrong"))
    reply = server.post(rest, headers={"Authorization": authorization})
    assert reply.status == 401
    assert reply.header("www-authenticate") == f'Basic realm="{server.issuer}", charset="UTF-8"'


@pytest.mark.requirement("SEC-13", "TX-94")
def test_unknown_client_wrong_secret_and_wrong_method_look_alike(production: RealServer) -> None:
    own = production.company.own
    forms = (own("nobody", client_secret="x"), own(client_secret="x"), own("robot", client_secret="x"))
    replies = [production.post(form) for form in forms]
    assert len({(reply.status, reply.body) for reply in replies}) == 1


def test_a_developer_is_told_the_detail_in_the_characters_that_the_standard_allows(
    server: RealServer,
) -> None:
    reply = server.post(server.company.own("söme\\one\n", client_secret="x"))
    told = reply.json["error_description"]
    assert told.startswith("there is no client")
    assert told.isascii()
    assert not set('"\\\n') & set(told)
