"""HTTP for commands that talk to a server: small, without redirects, and remembered so it can be shown.

Plain http is spoken to this computer alone, and never through a proxy: tokens and secrets travel here.
Which addresses exist is ``server``'s business; what was sent and answered is drawn by ``shown``.
"""

from __future__ import annotations

import functools
import json
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from actas import __version__
from actas.cli.exits import Exit, Failure, misused
from actas.cli.values import typed_path
from actas.core.ports import JsonObject
from actas.core.url import Url, read_url
from actas.crypto.json import BadJson, read_object

if TYPE_CHECKING:
    import ssl

    import httpx2

MAX_BODY: Final = 1024 * 1024
"""Most bytes of an answer."""

MOST_SENT: Final = 1_000_000
"""Bytes of a body: with its head, a server of ours takes 1 MiB."""

_NUMBER: Final = re.compile(r"^\[Errno -?\d+\] ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request as it was sent. Holds secrets: only ``shown`` may print it.

    Attributes:
        form: the fields of the body, in order; empty for a GET.
        json: the body, when it is no form.
        certificate: the file of the client's certificate and key, to be shown in the TLS handshake.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    form: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    json: JsonObject | None = field(default=None, repr=False)
    certificate: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer as it was received.

    Attributes:
        headers: names in lower case.
        took: seconds between sending and the end of the body.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    took: float

    def document(self) -> JsonObject | None:
        """Return the JSON object of the body, or None when it is none."""
        try:
            return read_object(self.body, max_bytes=MAX_BODY)
        except BadJson:
            return None


def checked(address: str, *, what: str) -> Url:
    """Return an address that secrets may be sent to: https, or http on this computer.

    Args:
        what: what it is, for the message.

    Raises:
        Failure: it is another kind of address (exit 2).
    """
    try:
        url = read_url(address)
    except ValueError as error:
        raise misused(f"{what}: {error}") from None
    if url.scheme == "http" and not _is_here(url):
        raise misused(
            f"{what}: {url.shown} is plain http to another computer, which would give secrets away",
            hint="use https",
        )
    return url


def _is_here(url: Url) -> bool:
    if url.literal is not None:
        return url.literal.is_loopback
    return url.host == "localhost" or url.host.endswith(".localhost")  # RFC 6761 section 6.3


def send(sent: Sent, *, timeout: float) -> Answered:
    """Send a request and return the whole answer.

    Args:
        timeout: seconds to wait for the connection and for each part of the answer.

    Raises:
        Failure: there is no answer, or it is too long (exit 4).
    """
    import httpx2

    url = checked(sent.url, what="the address")
    body = urlencode(sent.form).encode("ascii") if sent.form else None
    headers = {"User-Agent": f"actas/{__version__}", "Accept": "application/json", **sent.headers}
    if body is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    if sent.json is not None:
        body = json.dumps(sent.json).encode()
        if len(body) > MOST_SENT:
            raise Failure(
                f"what is to be sent is {len(body) / 1e6:.1f} MB, and {url.shown} takes 1 MB at once",
                code="too_large",
                exit=Exit.UNFINISHED,
            )
        headers["Content-Type"] = "application/json"
    # On this computer the HTTP library is to look at no variables, lest it find a proxy; but SSL_CERT_FILE
    # says which authorities are believed here as it does elsewhere.
    trust = True if sent.certificate is None and not _is_here(url) else _tls(sent.certificate)
    begun = time.perf_counter()
    try:
        with (
            httpx2.Client(
                timeout=timeout, follow_redirects=False, trust_env=not _is_here(url), verify=trust
            ) as client,
            client.stream(sent.method, sent.url, content=body, headers=headers) as response,
        ):
            data = _body(response, url)
    except httpx2.TimeoutException:
        raise _unreachable(
            f"{url.shown} did not answer within {timeout:g} s", "--timeout waits longer"
        ) from None
    except (httpx2.HTTPError, OSError) as error:
        hint = None if _is_here(url) else "--server, ACTAS_SERVER, ACTAS_ISSUER or the context names it"
        raise _unreachable(f"{url.shown} cannot be reached: {_why(error)}", hint) from error
    return Answered(
        status=response.status_code,
        headers={name.lower(): value for name, value in response.headers.items()},
        body=data,
        took=time.perf_counter() - begun,
    )


@functools.cache
def _tls(certificate: str | None) -> ssl.SSLContext:
    """Return how to speak TLS, perhaps with a certificate of one's own. Its key may have a passphrase, which
    is asked for once.

    Raises:
        Failure: the file holds none, or no key of it that can be used (exit 2).
    """
    import ssl

    context = ssl.create_default_context()
    if certificate is None:
        return context
    try:
        # Without an answer of ours, OpenSSL would ask for a passphrase by itself, of nobody knows which file.
        context.load_cert_chain(typed_path(certificate), password=lambda: _passphrase(certificate))
    except OSError as error:
        why = error.strerror or str(error)
        if isinstance(error, ssl.SSLError):
            why = "it holds no certificate and key in PEM that belong together, or the passphrase is wrong"
        raise misused(f"--certificate: {certificate} cannot be used: {why}") from None
    return context


def _passphrase(certificate: str) -> str:
    """Ask for the passphrase of a key.

    Raises:
        Failure: there is nobody to ask (exit 2).
    """
    import getpass

    if not sys.stdin.isatty():
        raise misused(
            f"--certificate: the key in {certificate} has a passphrase, and there is no terminal to ask at",
            hint="openssl pkey -in FILE writes the key without one, for a file that only its owner can read",
        )
    return getpass.getpass(f"passphrase of the key in {certificate}: ")


def _body(response: httpx2.Response, url: Url) -> bytes:
    data = bytearray()
    for chunk in response.iter_bytes():
        data += chunk
        if len(data) > MAX_BODY:
            raise _unreachable(f"{url.shown} answers with more than 1 MiB", None)
    return bytes(data)


def _why(error: BaseException) -> str:
    text = _NUMBER.sub("", str(error)) or type(error).__name__
    return "nothing listens there" if "refused" in text else text


def _unreachable(message: str, hint: str | None) -> Failure:
    hint = hint or "actas serve --dev starts a server on this computer; --server names another"
    return Failure(message, code="unreachable", exit=Exit.UNFINISHED, hint=hint)
