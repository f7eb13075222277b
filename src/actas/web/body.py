"""Reading a bounded body from a request: a form (RFC 6749 section 3.2, appendix B), or JSON.

How long it may take is bounded by ``protocol``, which closes the connection.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

from actas.core.errors import InvalidRequest, OAuthError, TooLarge
from actas.core.params import MAX_FORM_BYTES
from actas.core.party import Caller
from actas.core.places import occupying
from actas.core.secret import Secret
from actas.web.admission import Admission
from actas.web.asgi import CERTIFICATE, FORWARDING, Message, Receive, Scope, address, header

Found = TypeVar("Found", covariant=True)  # noqa: PLC0105 - the answer of a desk


def caller_of(scope: Scope) -> Caller:
    """Return who is on the other end, as far as the connection and trusted proxies say."""
    authorization: Secret | None = None
    proofs: tuple[Secret, ...] = ()
    traceparents: tuple[bytes, ...] = ()
    for name, value in scope["headers"]:
        if name == b"authorization" and authorization is None:
            authorization = Secret(value.decode("latin-1"))
        elif name == b"dpop":
            proofs += (Secret(value.decode("latin-1")),)
        elif name == b"traceparent":
            traceparents += (value,)
    return Caller(
        address=address(scope),
        authorization=authorization,
        certificate=scope.get(CERTIFICATE),
        proofs=proofs,
        traceparents=traceparents,
    )


class Desk(Protocol[Found]):
    """What answers forms: the pipeline, the introspection."""

    async def __call__(self, body: bytes, caller: Caller) -> Found:
        """Answer one form."""
        ...

    async def turn_away(self, caller: Caller, error: OAuthError) -> OAuthError:
        """Record a request that cannot be answered, and return what to tell the caller."""
        ...


async def asked(desk: Desk[Found], scope: Scope, receive: Receive, *, admission: Admission) -> Found:
    """Read a form and have it answered.

    Raises:
        OAuthError: it was refused, by us or by the desk, and stands in the minutes.
    """
    caller = caller_of(scope)
    try:
        body = await read_form(scope, receive)
    except OAuthError as refused:
        raise await desk.turn_away(caller, refused) from None
    with admission, occupying(admission):
        return await desk(body, caller)


async def read_form(scope: Scope, receive: Receive) -> bytes:
    """Return the body of a form.

    Raises:
        InvalidRequest: as ``read_body`` says.
    """
    return await read_body(scope, receive, called="application/x-www-form-urlencoded", most=MAX_FORM_BYTES)


async def read_body(scope: Scope, receive: Receive, *, called: str, most: int) -> bytes:
    """Return the body of a request.

    Args:
        called: its content type.
        most: bytes of it.

    Raises:
        InvalidRequest: not a POST, parameters in the query (TX-4), another content type, too large, too slow,
            compressed, or a trusted proxy contradicts itself (TX-108).
    """
    if scope.get(FORWARDING) is not None:
        raise InvalidRequest("malformed_request", detail=scope[FORWARDING])
    if scope["method"] != "POST":
        raise InvalidRequest("malformed_request", detail="this address takes POST only")
    if scope["query_string"]:
        raise InvalidRequest("malformed_request", detail="this address takes no query")
    names = [name for name, _ in scope["headers"]]
    if names.count(b"content-type") != 1 or not _is(header(scope, b"content-type")[0], called.encode()):
        raise InvalidRequest("malformed_request", detail=f"the body is not {called}")
    if names.count(b"authorization") > 1:
        raise InvalidRequest("malformed_request", detail="two Authorization headers")
    if b"content-encoding" in names:
        raise InvalidRequest("malformed_request", detail="the body is compressed")
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        _bound(body, most)
        return body
    return await _gather(message, receive, most)


async def _gather(first: Message, receive: Receive, most: int) -> bytes:
    body = bytearray()
    current = first
    while True:
        if current["type"] != "http.request":
            raise InvalidRequest("malformed_request", detail="the caller went away")
        body += current.get("body", b"")
        _bound(body, most)
        if not current.get("more_body"):
            return bytes(body)
        current = await receive()


def _bound(body: bytes | bytearray, most: int) -> None:
    if len(body) > most:
        raise TooLarge("malformed_request", detail=f"the body is larger than {most // 1024} KiB")


def _is(value: bytes, called: bytes) -> bool:
    if value == called:
        return True
    kind, _, rest = value.partition(b";")
    if kind.strip().lower() != called:
        return False
    rest = rest.strip().lower().replace(b'"', b"")
    return rest in (b"", b"charset=utf-8")
