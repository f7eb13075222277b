"""A request as OpenTelemetry's own SDK sees it: which spans, whose trace, and nothing that a caller wrote."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Sequence
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, Sampler
from tests.fakes.house import House
from tests.fakes.issuer_keys import World

from actas.core.errors import OAuthError
from actas.core.ports import FetchFailed
from actas.core.tracing import UNTRACED, read_traceparent
from actas.core.wire import ID_TOKEN
from actas.net.fetch import GuardedFetch
from actas.net.telemetry import OpenTelemetry, tracing

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SENT = f"00-{TRACE}-{SPAN}-01".encode()
STEPS = ["actas.client", "actas.subject", "actas.policy", "actas.sign", "actas.record"]


class Traces:
    """What an SDK keeps of a house.

    Args:
        sampler: which spans it keeps; all of them when left out.
    """

    def __init__(self, sampler: Sampler | None = None) -> None:
        self._kept = InMemorySpanExporter()
        provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._kept))
        self.tracing = OpenTelemetry(provider.get_tracer("actas"))
        self.house = House(tracing=self.tracing)

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        """In the order in which they began."""
        return sorted(self._kept.get_finished_spans(), key=lambda span: span.start_time or 0)

    def named(self, name: str) -> ReadableSpan:
        (found,) = [span for span in self.spans if span.name == name]
        return found

    def alice(self, **changes: Any) -> dict[str, Any]:
        token = self.house.id_token()
        form = self.house.form("assistant", token, subject_token_type=ID_TOKEN, audience="orders")
        return {**form, "scope": "orders:read", **changes}


def hexadecimal(span: ReadableSpan) -> tuple[str, str]:
    context = span.get_span_context()
    assert context is not None
    return trace.format_trace_id(context.trace_id), trace.format_span_id(context.span_id)


async def test_an_exchange_is_a_span_with_one_for_each_step_and_its_entry_names_the_trace() -> None:
    traces = Traces()
    answer = await traces.house.post(traces.alice())
    root, *steps = traces.spans
    assert [span.name for span in (root, *steps)] == ["actas.exchange", *STEPS]
    assert root.parent is None
    assert root.kind is trace.SpanKind.SERVER
    assert {span.parent and trace.format_span_id(span.parent.span_id) for span in steps} == {
        hexadecimal(root)[1]
    }
    attributes = dict(root.attributes or {})
    pseudonym = attributes.pop("enduser.pseudo.id")
    assert attributes == {
        "actas.exchange.kind": "delegation",
        "actas.exchange.outcome": "granted",
        "actas.exchange.entry": answer.entry,
        "actas.chain.actors": 1,
        "actas.rule": ("assistant-for-support",),
        "actas.client": "assistant",
        "http.request.method": "POST",
        "http.route": "/token",
    }
    assert isinstance(pseudonym, str)
    assert len(pseudonym) == 12
    assert "alice" not in pseudonym
    assert traces.house.writer.events[-1]["trace"] == hexadecimal(root)[0]
    assert all(
        span.end_time and span.start_time and span.end_time >= span.start_time for span in traces.spans
    )


async def test_a_caller_that_proved_who_it_is_finds_its_request_in_its_own_trace() -> None:
    traces = Traces()
    await traces.house.post(traces.alice(), traceparents=[SENT])
    assert {hexadecimal(span)[0] for span in traces.spans} == {TRACE}
    root = traces.named("actas.exchange")
    assert root.parent is not None
    assert (trace.format_span_id(root.parent.span_id), root.parent.is_remote) == (SPAN, True)
    assert traces.house.writer.events[-1]["trace"] == TRACE


@pytest.mark.requirement("REL-32")
async def test_whoever_did_not_prove_who_it_is_joins_no_trace_and_decides_nothing() -> None:
    traces = Traces(ParentBased(ALWAYS_OFF))
    with pytest.raises(OAuthError):
        await traces.house.post(traces.alice(client_secret="wrong"), traceparents=[SENT])
    assert (
        traces.spans == []
    )  # the operator keeps nothing of strangers, and the flag of a stranger changes that not
    assert traces.house.writer.events[-1]["trace"] != TRACE
    await traces.house.post(traces.alice(), traceparents=[SENT])
    assert {hexadecimal(span)[0] for span in traces.spans} == {TRACE}


@pytest.mark.parametrize(
    "sent",
    [
        [],
        [SENT, SENT],
        [b""],
        [SENT.replace(b"00-", b"01-", 1)],
        [SENT.replace(b"00-", b"ff-", 1)],
        [SENT.upper()],
        [SENT + b"-extra"],
        [b"00-" + b"0" * 32 + SENT[35:]],
        [SENT[:36] + b"0" * 16 + b"-01"],
        [b" " + SENT],
        [SENT + b"\n"],
        [b"00-" + b"\xff" * 32 + SENT[35:]],
    ],
)
async def test_anything_but_one_good_header_is_none(sent: list[bytes]) -> None:
    assert read_traceparent(sent) is None
    traces = Traces()
    await traces.house.post(traces.alice(), traceparents=sent)
    assert hexadecimal(traces.named("actas.exchange"))[0] != TRACE


async def test_without_anybody_who_traces_a_callers_trace_is_named_in_the_minutes_all_the_same() -> None:
    house = House()
    form = house.form(
        "assistant", house.id_token(), subject_token_type=ID_TOKEN, audience="orders", scope="orders:read"
    )
    await house.post(form, traceparents=[SENT])
    assert house.writer.events[-1]["trace"] == TRACE
    await house.post(form)
    assert "trace" not in house.writer.events[-1]
    with pytest.raises(OAuthError):
        await house.post({**form, "client_secret": "wrong"}, traceparents=[SENT])
    assert "trace" not in house.writer.events[-1]


async def test_a_refusal_says_where_it_happened_and_is_no_failure_of_ours() -> None:
    traces = Traces()
    with pytest.raises(OAuthError):
        await traces.house.post(traces.alice(scope="orders:read stock:write"))
    root = traces.named("actas.exchange")
    assert (root.attributes or {})["actas.exchange.outcome"] == "refused"
    assert (root.attributes or {})["actas.exchange.reason"] == "excess"
    assert root.status.status_code is trace.StatusCode.UNSET
    assert "actas.sign" not in [span.name for span in traces.spans]


async def test_a_failure_of_ours_is_one_in_the_trace() -> None:
    traces = Traces()
    traces.house.writer.broken = True
    with pytest.raises(OAuthError):
        await traces.house.post(traces.alice())
    root, record = traces.named("actas.exchange"), traces.named("actas.record")
    assert root.status.status_code is record.status.status_code is trace.StatusCode.ERROR
    assert (root.attributes or {})["error.type"] == "audit_unavailable"
    assert (record.attributes or {})["error.type"] == "AuditUnavailable"


async def test_what_is_marked_as_used_is_a_step_of_the_step_that_needs_it() -> None:
    traces = Traces()
    house = traces.house
    form = {**house.own_form("robot", audience="orders"), "client_assertion": house.assertion()}
    del form["client_secret"]
    form["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    with contextlib.suppress(OAuthError):  # no rule lets it, which is another matter
        await house.post(form)
    marks, proving = traces.named("actas.marks"), traces.named("actas.client")
    assert marks.parent is not None
    assert trace.format_span_id(marks.parent.span_id) == hexadecimal(proving)[1]


@pytest.mark.requirement("REL-32", "SEC-87")
async def test_no_span_holds_what_a_caller_wrote() -> None:
    traces = Traces()
    canary = "canary-0123456789"
    house = traces.house
    token = house.id_token()
    attempts: list[dict[str, Any]] = [
        traces.alice(),
        traces.alice(scope=canary),
        traces.alice(audience=canary),
        traces.alice(client_id=canary),
        traces.alice(client_secret=canary),
        traces.alice(subject_token=canary),
        traces.alice(subject_token=token[:-6] + "AAAAAA"),
        traces.alice(grant_type=canary),
        traces.alice(subject_token=house.id_token(sub=canary, email=canary, groups=[canary])),
    ]
    for form in attempts:
        with contextlib.suppress(OAuthError):
            await house.post(form, authorization=f"Bearer {canary}" if form.get("scope") == canary else None)
    assert len(traces.spans) > 20
    shown = json.dumps([json.loads(span.to_json()) for span in traces.spans])
    for secret in (canary, token, token.rpartition(".")[2], "alice@acme.example"):
        assert secret not in shown
    assert not any(span.events or span.status.description for span in traces.spans)


async def test_requests_at_the_same_time_keep_their_traces_apart() -> None:
    traces = Traces()
    ids = [f"{number:032x}" for number in range(1, 21)]
    await asyncio.gather(
        *[
            asyncio.create_task(
                traces.house.post(traces.alice(), traceparents=[f"00-{one}-{SPAN}-01".encode()])
            )
            for one in ids
        ]
    )
    for one in ids:
        names = [span.name for span in traces.spans if hexadecimal(span)[0] == one]
        assert sorted(names) == sorted(["actas.exchange", *STEPS])


async def test_an_issuer_that_is_asked_is_a_step_and_hears_where_it_stands() -> None:
    traces = Traces()
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
        writer.close()

    serving = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{serving.sockets[0].getsockname()[1]}/keys?secret=canary"
    fetch = GuardedFetch(dev=True, tracing=traces.tracing)
    async with serving:
        with traces.tracing.request("actas.exchange"):
            with traces.tracing.step("actas.client"):
                await fetch.get_json(url)  # of a stranger: no trace is settled yet
            traces.tracing.begin([SENT])
            with traces.tracing.step("actas.subject"):
                await fetch.get_json(url)
        with pytest.raises(FetchFailed):
            await GuardedFetch(dev=True, tracing=traces.tracing, time_limit=0.05).get_json(
                "http://127.0.0.1:1/"
            )
    fetch.close()
    first, second, third = [span for span in traces.spans if span.name == "actas.fetch"]
    assert b"traceparent" not in heard[0]
    ids = hexadecimal(second)
    assert f"traceparent: 00-{ids[0]}-{ids[1]}-01".encode() in heard[1]
    assert ids[0] == TRACE == hexadecimal(first)[0]
    assert dict(second.attributes or {}) == {"server.address": "127.0.0.1", "http.request.method": "GET"}
    assert second.parent is not None
    assert trace.format_span_id(second.parent.span_id) == hexadecimal(traces.named("actas.subject"))[1]
    assert (third.attributes or {})["error.type"]
    assert "canary" not in "".join(span.to_json() for span in traces.spans)


async def test_keys_that_several_wait_for_are_fetched_in_the_trace_of_the_first() -> None:
    traces, world = Traces(), World()

    async def ask(one: str) -> None:
        with traces.tracing.request("actas.exchange"):
            traces.tracing.begin([f"00-{one}-{SPAN}-01".encode()])
            with traces.tracing.step("actas.subject"):
                await world.key()

    world.fetch.gate = asyncio.Event()
    asked = [asyncio.create_task(ask(f"{number:032x}")) for number in (1, 2)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    world.fetch.gate.set()
    await asyncio.gather(*asked)
    assert world.fetches == 1
    assert len(traces.spans) == 4
    await world.keys.aclose()


def test_nobody_traces_until_an_sdk_is_set_up() -> None:
    assert tracing() is UNTRACED
