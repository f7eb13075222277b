"""A ``Secret`` gives its value to whoever asks for it by name, and to nothing that prints, logs or copies."""

from __future__ import annotations

import copy
import io
import json
import logging
import pickle
import traceback
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actas.clients.authenticator import Credentials
from actas.core.issued import Issued
from actas.core.party import Caller, PresentedToken
from actas.core.permit import ExchangeRequest
from actas.core.secret import Secret
from actas.core.wire import ACCESS_TOKEN, JWT, TOKEN_EXCHANGE

values = st.text(alphabet=st.characters(exclude_characters="…Secret() "), min_size=12, max_size=200)


@dataclass
class Holder:
    secret: Secret


def printed(value: Any) -> str:
    """Every way in which a value becomes text by accident."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    for message, arguments in (("%s %r", (value, value)), ("%(x)s", ({"x": value},))):
        handler.emit(logging.LogRecord("test", logging.WARNING, "", 0, message, arguments, None))
    try:
        raise ValueError(value)
    except ValueError as error:
        trace = "".join(traceback.format_exception(error))
    texts = [repr(value), str(value), f"{value}", f"{value!r:>50}", "%s" % (value,), "{0:10}".format(value)]  # noqa: UP030, UP031, UP032
    return "\n".join([*texts, repr([value]), str({"k": value}), trace, stream.getvalue()])


@pytest.mark.requirement("SEC-87")
@settings(max_examples=150, deadline=None)
@given(values)
def test_no_way_of_printing_shows_it(value: str) -> None:
    assert value not in printed(Secret(value))


@pytest.mark.requirement("SEC-87")
@settings(max_examples=60, deadline=None)
@given(values)
def test_nothing_that_carries_one_shows_it(value: str) -> None:
    secret = Secret(value)
    carriers: list[Any] = [
        Holder(secret),
        PresentedToken(JWT, secret, "subject"),
        Caller(address="::1", authorization=secret),
        Credentials(offer="name", client_id="x", proof=secret),
        ExchangeRequest(
            grant_type=TOKEN_EXCHANGE, subject=PresentedToken(JWT, secret, "subject"), requested=ACCESS_TOKEN
        ),
        Issued(
            id="i",
            token=secret,
            key="k1",
            digest="d",
            token_type=ACCESS_TOKEN,
            issued_at=1,
            expires_at=2,
            scope=frozenset(),
            audience=(),
            txn="t",
        ),
    ]
    for carrier in carriers:
        text = repr(carrier) + str(carrier)
        assert value not in text


@pytest.mark.requirement("SEC-87")
@settings(max_examples=60, deadline=None)
@given(values)
def test_no_encoder_and_no_copy_takes_it_along(value: str) -> None:
    secret = Secret(value)
    for refuse in (json.dumps, msgspec.json.encode, pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError) as refused:
            refuse(secret)
        assert value not in str(refused.value)


@pytest.mark.requirement("SEC-13")
@settings(max_examples=100, deadline=None)
@given(st.text(), st.text())
def test_two_secrets_are_equal_when_their_values_are(one: str, other: str) -> None:
    assert (Secret(one) == Secret(other)) == (one == other)
    assert Secret(one) != one
    assert (hash(Secret(one)) == hash(Secret(other))) or one != other
    assert (Secret(one).reveal(), len(Secret(one)), bool(Secret(one))) == (one, len(one), bool(one))


@pytest.mark.requirement("SEC-87")
@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300))
def test_the_short_form_leaves_most_of_it_out(value: str) -> None:
    short = Secret(value).shortened()
    assert len(short) <= 13
    assert len(value) < 40 or sum(map(len, short.split("…"))) <= len(value) // 3
