"""Requests followed with OpenTelemetry. The only user of its API; which SDK keeps the spans is for operators.

To which trace a request belongs is known only when its caller has proved who it is. Until then its steps are
noted with their times, and become spans when it is settled. No message of an exception becomes part of a
span: it may hold a secret.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
)

from actas import __version__
from actas.core.tracing import UNTRACED, Attributes, TraceParent, Tracing, read_traceparent

SCOPE: Final = "actas"
"""By which name the spans of this server are known to be its own."""


def tracing() -> Tracing:
    """Return what follows requests: nothing, unless an SDK was set up in this process."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, trace.ProxyTracerProvider | trace.NoOpTracerProvider):
        return UNTRACED
    return OpenTelemetry(provider.get_tracer(SCOPE, __version__))


@dataclass(slots=True)
class _Step:
    """A step that ended, or began, before the trace of its request was settled. Times are in nanoseconds."""

    name: str
    attributes: Attributes | None
    kind: SpanKind
    began: int
    parent: int | None
    ended: int = 0
    failed: str = ""


@dataclass(slots=True)
class _Request:
    """One request under way."""

    name: str
    began: int
    span: Span | None = None
    steps: list[_Step] = field(default_factory=list[_Step])
    open: list[int] = field(default_factory=list[int])


_request: ContextVar[_Request | None] = ContextVar("actas_request", default=None)


class OpenTelemetry:
    """Implements ``core.tracing.Tracing``."""

    on: bool = True

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    @contextmanager
    def request(self, name: str) -> Generator[None]:
        under_way = _Request(name, time.time_ns())
        before = _request.set(under_way)
        try:
            yield
        finally:
            self.begin()
            if under_way.span is not None:
                under_way.span.end()
            _request.reset(before)

    def step(
        self, name: str, attributes: Attributes | None = None, *, leaves: bool = False
    ) -> AbstractContextManager[object]:
        kind = SpanKind.CLIENT if leaves else SpanKind.INTERNAL
        under_way = _request.get()
        if under_way is not None and under_way.span is None:
            return self._noted(under_way, _Step(name, attributes, kind, time.time_ns(), None))
        return self._followed(under_way, name, attributes, kind)

    def begin(self, sent: Sequence[bytes] = ()) -> str | None:
        under_way = _request.get()
        if under_way is None:
            return None
        if under_way.span is None:
            self._settle(under_way, read_traceparent(sent))
        return (
            None
            if under_way.span is None
            else trace.format_trace_id(under_way.span.get_span_context().trace_id)
        )

    def describe(self, attributes: Attributes, *, failed: str = "") -> None:
        under_way = _request.get()
        self.begin()
        if under_way is not None and under_way.span is not None:
            under_way.span.set_attributes(dict(attributes))
            if failed:
                _fail(under_way.span, failed)

    def headers(self) -> Mapping[str, str]:
        here = trace.get_current_span().get_span_context()
        if not here.is_valid:
            return {}
        ids = f"{trace.format_trace_id(here.trace_id)}-{trace.format_span_id(here.span_id)}"
        return {"traceparent": f"00-{ids}-{here.trace_flags & TraceFlags.SAMPLED:02x}"}

    @contextmanager
    def _noted(self, under_way: _Request, step: _Step) -> Generator[None]:
        step.parent = under_way.open[-1] if under_way.open else None
        place = len(under_way.steps)
        under_way.open.append(place)
        under_way.steps.append(step)
        try:
            yield
        except BaseException as error:
            step.failed = _kind(error)
            raise
        finally:
            step.ended = time.time_ns()
            under_way.open.remove(place)  # not always the last: what is fetched outlives who asked first

    @contextmanager
    def _followed(
        self, under_way: _Request | None, name: str, attributes: Attributes | None, kind: SpanKind
    ) -> Generator[None]:
        here = None
        if (
            under_way is not None
            and under_way.span is not None
            and not trace.get_current_span().is_recording()
        ):
            here = trace.set_span_in_context(under_way.span)
        span = self._tracer.start_span(name, here, kind, attributes)
        with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            try:
                yield
            except BaseException as error:
                _fail(span, _kind(error))
                raise

    def _settle(self, under_way: _Request, parent: TraceParent | None) -> None:
        """Begin the span of the request, with what was noted of it so far."""
        span = self._tracer.start_span(
            under_way.name, _remote(parent), SpanKind.SERVER, start_time=under_way.began
        )
        made: list[Span] = []
        for step in under_way.steps:
            above = span if step.parent is None else made[step.parent]
            one = self._tracer.start_span(
                step.name, trace.set_span_in_context(above), step.kind, step.attributes, start_time=step.began
            )
            if step.failed:
                _fail(one, step.failed)
            one.end(step.ended or time.time_ns())
            made.append(one)
        under_way.steps.clear()
        under_way.span = span


def _remote(parent: TraceParent | None) -> Context:
    """Return the context of a caller, or one in which there is nobody: what is ambient is not ours."""
    if parent is None:
        return Context()
    flags = TraceFlags(TraceFlags.SAMPLED if parent.is_sampled else TraceFlags.DEFAULT)
    above = SpanContext(int(parent.trace_id, 16), int(parent.span_id, 16), is_remote=True, trace_flags=flags)
    return trace.set_span_in_context(NonRecordingSpan(above), Context())


def _kind(error: BaseException) -> str:
    """Return what is said of an exception: the reason of a refusal, or its type. Never its message."""
    reason = getattr(error, "reason", None) or getattr(error, "why", None)
    return reason if isinstance(reason, str) else type(error).__name__


def _fail(span: Span, reason: str) -> None:
    span.set_attribute("error.type", reason)
    span.set_status(Status(StatusCode.ERROR))
