"""``/livez``, ``/readyz`` and ``/metrics``, on the management listener only."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from actas.web.metrics import written
from actas.web.tally import Snapshot

Probe = Callable[[], Awaitable[str | None]]
"""Returns None when the thing works, else a sentence that says what is wrong."""

SLOWEST = 2.0
"""Seconds a probe may take."""


def management_app(
    probes: Mapping[str, Probe],
    metrics: Callable[[], Snapshot],
    *,
    warnings: Callable[[], Sequence[str]] = tuple,
) -> Starlette:
    """Return the application of the management listener.

    Args:
        probes: what must work for this process to issue, by name.
        metrics: the numbers of this server; raises ``OSError`` when no sum would be true.
        warnings: what is not as it should be although this process can issue: what was accepted (REL-30), and
            whom it fetches from that does not answer; shown with ``?verbose``.
    """

    async def live(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def ready(request: Request) -> Response:
        results = [await _run(name, probe) for name, probe in probes.items()]
        broken = [result for result in results if result["problem"] is not None]
        status = 503 if broken else 200
        if "verbose" in request.query_params:
            body = msgspec.json.encode(
                {
                    "kind": "actas/Ready",
                    "v": 1,
                    "ready": not broken,
                    "checks": results,
                    "warnings": list(warnings()),
                }
            )
            return Response(body, status_code=status, media_type="application/json")
        text = "ok\n" if not broken else f"{broken[0]['name']}: {broken[0]['problem']}\n"
        return PlainTextResponse(text, status_code=status)

    async def scraped(request: Request) -> Response:
        try:
            snapshot = metrics()
        except OSError as problem:
            sentence = f"the numbers of this process cannot be shared: {problem.strerror or problem}\n"
            return PlainTextResponse(sentence, status_code=503)
        body, media_type = written(snapshot, accept=request.headers.get("accept", ""))
        return Response(body, headers={"content-type": media_type})

    app = Starlette(routes=[Route("/livez", live), Route("/readyz", ready), Route("/metrics", scraped)])
    app.router.redirect_slashes = False  # a redirect would be made from the caller's Host header (SEC-84)
    return app


async def _run(name: str, probe: Probe) -> dict[str, object]:
    began = time.perf_counter()
    try:
        async with asyncio.timeout(SLOWEST):
            problem = await probe()
    except TimeoutError:
        problem = f"no answer in {SLOWEST:.0f} s"
    except Exception as exc:  # noqa: BLE001  (a probe that fails is an answer, never a crash)
        problem = f"{type(exc).__name__}: {exc}"
    return {"name": name, "problem": problem, "ms": round((time.perf_counter() - began) * 1000, 1)}
