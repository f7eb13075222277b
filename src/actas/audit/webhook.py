"""A webhook as a sink, signed as Standard Webhooks 1.0.0 says.

``webhook-id`` names the delivery, the same however often it is tried; ``webhook-timestamp`` is when it is
tried, in seconds since the epoch; ``webhook-signature`` is ``v1,`` and the HMAC-SHA256 over both and the
body, in base64, once for each secret that is in force. A secret is ``whsec_`` and 24 to 64 bytes in base64.

An answer of 2xx means that it has it for good. What may be otherwise later (5xx, 408, 425, 429, no answer at
all) is tried again; any other 4xx is a no.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Sequence
from email.utils import parsedate_to_datetime
from typing import Final

from actas.audit.formats.catalog import Format
from actas.audit.formats.entry import one_line
from actas.audit.sinks import Batch, NotTaken, Refused
from actas.core.ports import Answer, Clock, FetchFailed, Post
from actas.core.secret import Secret
from actas.crypto.keyed import keyed_digest

PREFIX: Final = "whsec_"
PATIENCE: Final = 20.0
"""Seconds that a receiver has to answer."""

_LATER: Final = frozenset({408, 425, 429})
_SHOWN: Final = 200
"""Characters of an answer that an operator is shown."""


class BadWebhookSecret(ValueError):
    """A text is not a secret of Standard Webhooks. The message does not repeat it."""


def read_secret(secret: Secret) -> bytes:
    """Return the key that a secret is.

    Raises:
        BadWebhookSecret: it is not written as one.
    """
    text = secret.reveal()
    try:
        key = b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(PREFIX) or not 24 <= len(key) <= 64:
        raise BadWebhookSecret(
            "is not a secret of Standard Webhooks: whsec_ and 24 to 64 bytes in base64; make one with: "
            'echo "whsec_$(openssl rand -base64 32)"'
        )
    return key


def signature(key: bytes, *, name: str, at: int, body: bytes) -> str:
    """Return one signature of a message.

    Args:
        name: the ``webhook-id``.
        at: the ``webhook-timestamp``.
    """
    made = keyed_digest(b"%b.%d.%b" % (name.encode("ascii"), at, body), key=key)
    return f"v1,{b64encode(made).decode('ascii')}"


class SignedPost:
    """Sends documents to one address, signed.

    Args:
        url: an address on record.
        keys: of the secrets in force; each signs.
        post: the guarded way out.
    """

    def __init__(self, url: str, *, keys: Sequence[bytes], post: Post, clock: Clock) -> None:
        self._url = url
        self._keys = tuple(keys)
        self._post = post
        self._clock = clock

    async def send(self, body: bytes, *, name: str, media_type: str) -> Answer:
        """Send a document, and return what was answered.

        Args:
            name: of the delivery, the same however often it is tried.
            media_type: of ``body``.

        Raises:
            FetchFailed: nothing was.
        """
        at = int(self._clock.now())
        headers = {
            "Content-Type": media_type,
            "webhook-id": name,
            "webhook-timestamp": str(at),
            "webhook-signature": " ".join(signature(key, name=name, at=at, body=body) for key in self._keys),
        }
        return await self._post.post(self._url, body, headers=headers, within=PATIENCE)


def is_taken(answer: Answer) -> bool:
    """Return whether the far end has a document for good."""
    return 200 <= answer.status < 300


def is_no(answer: Answer) -> bool:
    """Return whether the far end will not take a document later either."""
    return 400 <= answer.status < 500 and answer.status not in _LATER


class WebhookReceiver:
    """Implements ``audit.sinks.Receiver``: sends each delivery in one request.

    Args:
        sink: its name, which the id of a delivery depends on.
        url: an address on record.
        keys: of the secrets in force; each signs.
        post: the guarded way out.
    """

    def __init__(
        self,
        sink: str,
        *,
        url: str,
        keys: Sequence[bytes],
        form: Format,
        post: Post,
        clock: Clock,
    ) -> None:
        self._sink = sink
        self._form = form
        self._out = SignedPost(url, keys=keys, post=post, clock=clock)
        self._clock = clock

    async def take(self, batch: Batch, *, confirm: Callable[[], Awaitable[None]]) -> None:
        body = self._form.body(batch.documents)
        await confirm()
        name = batch.name(self._sink)
        try:
            answer = await self._out.send(body, name=name, media_type=self._form.media_type)
        except FetchFailed as failed:
            raise NotTaken(failed.detail) from failed
        if is_taken(answer):
            return
        said = one_line(answer.body[:_SHOWN].decode("utf-8", "replace")).strip()
        detail = f"answered with status {answer.status}{f': {said}' if said else ''}"
        if is_no(answer):
            raise Refused(detail)
        raise NotTaken(detail, retry_after=self._wish(answer.retry_after))

    def _wish(self, written: str | None) -> float | None:
        """Return how many seconds to wait; None for what is not written as RFC 9110 section 10.2.3 says."""
        if written is None:
            return None
        if written.isascii() and written.isdigit():
            return float(written[:9])
        try:
            return max(0.0, parsedate_to_datetime(written).timestamp() - self._clock.now())
        except (ValueError, OverflowError):
            return None
