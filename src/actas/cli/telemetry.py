"""Setting up OpenTelemetry's SDK in a serving process, when the environment asks for it.

``OTEL_EXPORTER_OTLP_ENDPOINT`` (or ``OTEL_TRACES_EXPORTER``) turns traces on; every other ``OTEL_`` variable
is the SDK's own. A process in which somebody else set an SDK up, as ``opentelemetry-instrument`` does, is
left alone.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from actas import __version__

FLUSH: Final = 3.0
"""Seconds that the last spans may take when the process ends; a collector that is away holds up no stop."""

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_EXPORTERS: Final = {
    "otlp": ("opentelemetry.exporter.otlp.proto.http.trace_exporter", "OTLPSpanExporter"),
    "console": ("opentelemetry.sdk.trace.export", "ConsoleSpanExporter"),
}
INSTALL: Final = "pip install 'actas[otel]'"


class NotTraced(Exception):
    """Traces were asked for and cannot be had. The message is a sentence for administrators."""


def set_up(environ: Mapping[str, str]) -> Callable[[], None]:
    """Set up what the environment asks for, and return what ends it.

    Args:
        environ: variables, as the SDK itself reads them.

    Raises:
        NotTraced: the SDK or the exporter is not installed, or there is no such exporter.
    """
    wanted = _wanted(environ)
    if wanted is None:
        return _nothing
    place = _EXPORTERS.get(wanted)
    if place is None:
        known = ", ".join((*_EXPORTERS, "none"))
        raise NotTraced(f"OTEL_TRACES_EXPORTER asks for {wanted!r:.40}; there are: {known}")
    try:
        api: Any = importlib.import_module("opentelemetry.trace")
        if not isinstance(api.get_tracer_provider(), api.ProxyTracerProvider):
            return _nothing
        sdk: Any = importlib.import_module("opentelemetry.sdk.trace")
        exporting: Any = importlib.import_module("opentelemetry.sdk.trace.export")
        resources: Any = importlib.import_module("opentelemetry.sdk.resources")
        exporter = getattr(importlib.import_module(place[0]), place[1])()
    except ImportError as missing:
        raise NotTraced(f"traces are asked for, but {missing.name} is not installed: {INSTALL}") from None
    provider = sdk.TracerProvider(resource=resources.Resource.create(_named(environ)), shutdown_on_exit=False)
    provider.add_span_processor(exporting.BatchSpanProcessor(exporter))
    api.set_tracer_provider(provider)
    return lambda: _ended(provider)


def _wanted(environ: Mapping[str, str]) -> str | None:
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    default = "otlp" if any(environ.get(name) for name in _ENDPOINTS) else "none"
    wanted = environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() or default
    return None if wanted == "none" else wanted


def _named(environ: Mapping[str, str]) -> dict[str, str]:
    said = {"service.name": "actas", "service.version": __version__}
    if environ.get("OTEL_SERVICE_NAME") or "service.name=" in environ.get("OTEL_RESOURCE_ATTRIBUTES", ""):
        del said["service.name"]  # what is given here would win
    return said


def _ended(provider: Any) -> None:
    """Let the last spans leave, for as long as they may take."""
    thread = threading.Thread(target=provider.shutdown, name="last spans", daemon=True)
    thread.start()
    thread.join(FLUSH)


def _nothing() -> None:
    """End nothing."""
