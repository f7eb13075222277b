"""The management API as an application: who is let in, what is read, and what is refused on the record.

Tokens in a header only, never a cookie, and JSON only: a page of somebody else cannot make a browser send
either (SEC-78). Every refusal is an entry of the audit log, unknown routes included (SEC-86, SEC-89).
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

import msgspec
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute

from actas.admin.entrance import require
from actas.admin.record import Author
from actas.admin.refusals import NotAccepted, NotFound
from actas.audit.refusal import refused
from actas.core.errors import InvalidDpopProof, InvalidToken, OAuthError, UseDpopNonce
from actas.core.party import Caller
from actas.core.ports import JsonObject
from actas.core.redaction import Redaction
from actas.crypto.json import BadJson, read_object
from actas.crypto.proof import PROOF_ALGORITHMS
from actas.web.api.call import Call, Desk, malformed
from actas.web.api.openapi import document
from actas.web.api.routes import BASE, ROUTES, Route
from actas.web.asgi import Receive, Scope, Send
from actas.web.body import caller_of
from actas.web.reading import MAX_MESSAGE

LARGEST: Final = MAX_MESSAGE
"""Bytes of a body: those that a listener of ours takes, with its head. Files that are applied come as one."""

LONGEST_PATH: Final = 1000
"""Characters of an address that are looked through for the record: strangers send them, and it costs time."""

_REDACTION: Final = Redaction()
"""For addresses in the record: anybody writes anything into one, a token meant for a header too (SEC-87)."""

_WITH_SLASHES: Final = frozenset({"tests", "admins"})
"""Kinds whose names may have a slash: a policy test is called by a sentence, an administrator by a group.
Nothing lies below one."""

_HEADERS: Final = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def application(desk: Desk, *, prefix: str) -> Starlette:
    """Return the application.

    Args:
        desk: what answers.
        prefix: the path of the issuer, below which everything is.
    """
    base = f"{prefix}{BASE}"

    @functools.cache
    def description() -> JsonObject:
        # Anybody may ask for it, and it takes as long to make as many exchanges.
        return document(issuer=desk.issuer, configuration=desk.schema())

    async def described(request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return await _guarded(desk, request, None)
        return _json(description(), 200, {})

    app = Starlette(
        routes=[
            StarletteRoute(f"{base}/openapi.json", _Endpoint(described)),
            *(
                StarletteRoute(f"{base}{path}", _answering(desk, of_path))
                for path, of_path in _by_path().items()
            ),
            StarletteRoute(f"{base}/{{rest:path}}", _answering(desk, {})),
        ]
    )
    app.router.redirect_slashes = False  # a redirect would be made from the caller's Host header (SEC-84)
    return app


def _by_path() -> dict[str, dict[str, Route]]:
    found: dict[str, dict[str, Route]] = {}
    for route in ROUTES:
        path = route.path.replace("{name}", "{name:path}") if route.kind in _WITH_SLASHES else route.path
        found.setdefault(path, {})[route.method] = route
    return found


class _Endpoint:
    """Answers requests of every method: which ones there are is ours to say, and to write down."""

    def __init__(self, answer: Callable[[Request], Awaitable[Response]]) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)


def _answering(desk: Desk, of_path: Mapping[str, Route]) -> _Endpoint:
    async def answer(request: Request) -> Response:
        return await _guarded(desk, request, of_path.get(request.method))

    return _Endpoint(answer)


async def _guarded(desk: Desk, request: Request, route: Route | None) -> Response:
    """Let the caller in, answer, and write down a refusal."""
    source = request.client.host if request.client is not None else "unknown"
    trail = desk.audit.open(source, door="management")
    author: Author | None = None
    try:
        author = await desk.entrance.enter(_caller(request), method=request.method, url=_url(desk, request))
        trail.client, trail.subject = desk.clients.get(author.client or ""), author.party
        if route is None:
            raise NotFound(detail="there is no such route")
        require(author, route.role, doing=f"{route.method} {route.path}")
        reply = await route.answers(desk, await _call(request, route, author))
    except Exception as exc:  # noqa: BLE001 - every exception ends as a refusal (SEC-04)
        refusal = await refused(desk.audit, trail, _placed(exc, request))
        return _error(desk, refusal, inside=author is not None)
    if reply.body is None:
        return Response(status_code=reply.status, headers={**_HEADERS, **reply.headers})
    return _json(reply.body, reply.status, reply.headers)


def _placed(exc: Exception, request: Request) -> Exception:
    """Add to what administrators see of a refusal what was asked."""
    if isinstance(exc, OAuthError):
        path = _REDACTION.text(str(request.scope["path"])[:LONGEST_PATH])[:300]
        exc.detail = f"{request.method} {path}: {exc.detail}"
    return exc


def _caller(request: Request) -> Caller:
    if len(request.headers.getlist("authorization")) > 1:
        raise InvalidToken("bad_token", detail="two Authorization headers")
    return caller_of(request.scope)


def _url(desk: Desk, request: Request) -> str:
    """Return the public address of a request: its ``Host`` could have been made up with the proof."""
    server = urlsplit(desk.issuer)
    path = bytes(request.scope.get("raw_path") or request.url.path.encode())
    return f"{server.scheme}://{server.netloc}{path.partition(b'?')[0].decode('latin-1')}"


async def _call(request: Request, route: Route, author: Author) -> Call:
    query = request.query_params.multi_items()
    if len({name for name, _ in query}) != len(query):
        raise malformed("a parameter is given twice")
    return Call(
        author=author,
        kind=route.kind,
        path={name: str(value) for name, value in request.path_params.items()},
        query=dict(query),
        body=await _body(request, route),
        headers={name: ", ".join(request.headers.getlist(name)) for name in request.headers},
    )


async def _body(request: Request, route: Route) -> JsonObject | None:
    data = bytearray()
    try:
        async for piece in request.stream():
            data += piece
            if len(data) > LARGEST:
                raise malformed(f"the body is larger than {LARGEST} bytes")
    except ClientDisconnect:
        raise malformed("the caller went away") from None
    if not data:
        return None
    if route.body is None:
        raise malformed("this route takes no body")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise malformed("the body is not application/json")
    try:
        return read_object(bytes(data), max_bytes=LARGEST)
    except BadJson as bad:
        raise malformed(str(bad)) from bad


def _json(body: JsonObject, status: int, headers: Mapping[str, str]) -> Response:
    return Response(
        msgspec.json.encode(body),
        status_code=status,
        media_type="application/json",
        headers={**_HEADERS, **headers},
    )


def _error(desk: Desk, refusal: OAuthError, *, inside: bool) -> Response:
    """Return a refusal. Whoever was let in is told why, in full: they may read it in the audit log anyway."""
    body = desk.errors.body(refusal)
    if inside:
        body["detail"] = refusal.detail
    if isinstance(refusal, NotAccepted):
        body["faults"] = [*refusal.faults]
    headers: dict[str, str] = {}
    if refusal.entry is not None:
        headers["actas-entry"] = refusal.entry
    if refusal.retry_after is not None:
        headers["retry-after"] = str(refusal.retry_after)
    status = refusal.status
    if isinstance(refusal, InvalidDpopProof | UseDpopNonce):
        status = 401  # RFC 9449 section 7.1
        headers["dpop-nonce"] = desk.nonces.fresh()
        algorithms = " ".join(PROOF_ALGORITHMS)
        headers["www-authenticate"] = (
            f'DPoP realm="{desk.issuer}", error="{refusal.code}", algs="{algorithms}"'
        )
    elif status in (401, 403):
        headers["www-authenticate"] = f'Bearer realm="{desk.issuer}", error="{refusal.code}"'
    return _json(body, status, headers)
