"""Webhooks as Standard Webhooks 1.0.0 says."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import pytest
from tests.fakes.clock import NOON, FixedClock
from tests.fakes.entries import ORIGIN, every_entry

from actas.audit.chain import EMPTY, Head
from actas.audit.formats.catalog import FORMATS, FormatName
from actas.audit.sinks import Batch, Fenced, NotTaken, Refused
from actas.audit.webhook import PATIENCE, BadWebhookSecret, WebhookReceiver, read_secret, signature
from actas.core.ports import Answer, FetchFailed
from actas.core.secret import Secret

KEY = b"k" * 32


class Post:
    """Implements ``core.ports.Post``."""

    def __init__(self, answer: Answer | FetchFailed) -> None:
        self.answer = answer
        self.sent: list[tuple[str, bytes, Mapping[str, str], float | None]] = []

    async def post(
        self, url: str, body: bytes, *, headers: Mapping[str, str], within: float | None = None
    ) -> Answer:
        self.sent.append((url, body, headers, within))
        if isinstance(self.answer, FetchFailed):
            raise self.answer
        return self.answer


def batch(form: FormatName = "json") -> Batch:
    documents = [FORMATS[form].document(one, ORIGIN) for one in every_entry()]
    return Batch(stream="s1", after=EMPTY, upto=Head(len(documents), "a" * 64), documents=documents)


async def take(
    answer: Answer | FetchFailed, *, form: FormatName = "json", keys: tuple[bytes, ...] = (KEY,)
) -> Post:
    post = Post(answer)
    receiver = WebhookReceiver(
        "siem", url="https://siem/in", keys=keys, form=FORMATS[form], post=post, clock=FixedClock()
    )
    await receiver.take(batch(form), confirm=yes)
    return post


async def yes() -> None:
    """Confirm."""


def test_the_signature_is_that_of_the_specifications_example() -> None:
    """The example of the reference libraries: secret, id, timestamp and payload of their own tests."""
    key = read_secret(Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
    made = signature(key, name="msg_p5jXN8AQM9LWM0D4loKWxJek", at=1614265330, body=b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.requirement("REL-04")
async def test_a_delivery_is_named_dated_and_signed_by_every_secret() -> None:
    post = await take(Answer(202, b""), keys=(KEY, b"o" * 24))
    ((url, body, headers, within),) = post.sent
    name = batch().name("siem")
    assert (url, within, headers["webhook-id"]) == ("https://siem/in", PATIENCE, name)
    assert headers["webhook-timestamp"] == str(int(NOON))
    assert headers["webhook-signature"].split(" ") == [
        signature(KEY, name=name, at=int(NOON), body=body),
        signature(b"o" * 24, name=name, at=int(NOON), body=body),
    ]
    assert body.count(b"\n") == len(every_entry())
    assert headers["Content-Type"] == "application/x-ndjson"


async def test_cloud_events_are_one_batch() -> None:
    post = await take(Answer(200, b""), form="cloudevents")
    assert post.sent[0][2]["Content-Type"] == "application/cloudevents-batch+json"
    assert post.sent[0][1].startswith(b'[{"specversion":"1.0"')


@pytest.mark.parametrize("status", [500, 502, 503, 599, 408, 425, 429])
async def test_what_may_be_otherwise_later_is_tried_again(status: int) -> None:
    with pytest.raises(NotTaken, match=f"status {status}: try later"):
        await take(Answer(status, b"try later"))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413, 415, 422])
async def test_a_no_is_a_no(status: int) -> None:
    with pytest.raises(Refused, match=f"status {status}"):
        await take(Answer(status, b""))


async def test_no_answer_is_tried_again() -> None:
    with pytest.raises(NotTaken, match="the connection broke"):
        await take(FetchFailed("https://siem: the connection broke"))


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("9" * 40, 999999999.0),
        ("Mon, 21 Sep 2026 14:14:20 GMT", 60.0),
        ("Mon, 21 Sep 2020 14:14:20 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        (None, None),
    ],
)
async def test_how_long_to_wait_is_read_as_it_may_be_written(
    written: str | None, seconds: float | None
) -> None:
    with pytest.raises(NotTaken) as raised:
        await take(Answer(429, b"", written))
    assert raised.value.retry_after == seconds


async def test_what_a_receiver_says_cannot_steer_a_terminal_and_is_short() -> None:
    with pytest.raises(Refused) as raised:
        await take(Answer(400, b"\x1b[31mno\r\n" + b"x" * 9999))
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 300


async def test_nothing_is_sent_without_the_lease() -> None:
    post = Post(Answer(200, b""))
    receiver = WebhookReceiver(
        "siem", url="https://siem/in", keys=(KEY,), form=FORMATS["json"], post=post, clock=FixedClock()
    )

    async def fenced() -> None:
        raise Fenced

    with pytest.raises(Fenced):
        await receiver.take(batch(), confirm=fenced)
    assert post.sent == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
        "whsec_not base64 at all, not at all, no",
        f"whsec_{base64.b64encode(b'x' * 23).decode()}",
        f"whsec_{base64.b64encode(b'x' * 65).decode()}",
    ],
)
def test_a_secret_in_another_form_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(BadWebhookSecret) as raised:
        read_secret(Secret(text))
    assert "openssl rand -base64 32" in str(raised.value)
    assert text not in str(raised.value) or len(text) < 10
