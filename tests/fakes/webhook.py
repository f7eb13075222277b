"""The receiver of a webhook on a real socket, which verifies what it gets and answers as a test wants.

::

    with Webhook() as receiver:
        receiver.answer = lambda delivery: (500, {})
        ...
        assert receiver.taken == []
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.fakes.listening import Listening, Reply

TOLERANCE: Final = 300.0
"""Seconds that a delivery may have been under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One request that was signed as it must be."""

    id: str
    at: float
    body: bytes
    headers: Mapping[str, str]

    @property
    def lines(self) -> list[bytes]:
        """The lines of its body, each with its end."""
        return self.body.splitlines(keepends=True)


class Webhook(Listening):
    """The receiver.

    Attributes:
        secret: what it was told to verify with.
        tried: every delivery, in order.
        taken: those that were answered with 2xx.
        forged: what did not verify.
        answer: says how a delivery is answered.
    """

    def __init__(self) -> None:
        super().__init__("/in?tenant=acme")
        key = secrets.token_bytes(32)
        self.secret = f"whsec_{base64.b64encode(key).decode()}"
        self.tried: list[Delivery] = []
        self.taken: list[Delivery] = []
        self.forged: list[Any] = []
        self.answer: Callable[[Delivery], Reply] = lambda _: (204, {})
        self._key = key
        self._turn = threading.Lock()
        self.at_once = 0
        self.most_at_once = 0

    def lines(self) -> list[bytes]:
        """Return the lines of every delivery that was taken, each delivery once, as its id says."""
        first = {one.id: one for one in reversed(self.taken)}
        order = dict.fromkeys(one.id for one in self.taken)
        return [line for name in order for line in first[name].lines]

    def posted(self, headers: Mapping[str, str], body: bytes) -> Reply:
        name, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "0")
        made = hmac.new(self._key, f"{name}.{at}.".encode() + body, hashlib.sha256).digest()
        wanted = f"v1,{base64.b64encode(made).decode()}"
        signed = wanted in headers.get("webhook-signature", "").split(" ")
        if not signed or abs(time.time() - int(at)) > TOLERANCE:
            self.forged.append((headers, body))
            return 401, {}
        delivery = Delivery(id=name, at=time.time(), body=body, headers=headers)
        with self._turn:
            self.tried.append(delivery)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            answer = self.answer(delivery)
        finally:
            with self._turn:
                self.at_once -= 1
        if answer is not None and 200 <= answer[0] < 300:
            with self._turn:
                self.taken.append(delivery)
        return answer


def numbers(lines: list[bytes]) -> list[tuple[str, int]]:
    """Return stream and number of each entry among lines."""
    read = [json.loads(line) for line in lines]
    return [(str(one["stream"]), int(one["seq"])) for one in read if "seq" in one]
