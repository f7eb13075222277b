"""The key that tokens are bound to, and proofs of it (RFC 9449).

Without another one it is a key of this person's own, made when it is first needed and kept where the logins
are: a token that is kept on this computer is worth nothing on another one.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from actas.cli.exits import Exit, Failure
from actas.cli.private import write_private
from actas.cli.proofs import read_signer
from actas.cli.run import Run
from actas.cli.server import Ask
from actas.cli.wire import Answered, Sent
from actas.core.ports import JsonObject
from actas.core.wire import DPOP_JWT
from actas.crypto import base64url
from actas.crypto.key import PrivateKey
from actas.crypto.thumbprint import access_token_hash

_SHORTEST_DRIFT: Final = 5
"""Seconds by which two clocks differ before it is worth a word."""


class Holder:
    """Holds a key, and proves it with every request. Remembers the nonces that servers give.

    Args:
        key: the key.
        run: says what time it is.
    """

    def __init__(self, key: PrivateKey, run: Run) -> None:
        self.key = key
        self._run = run
        self._nonces: dict[str, str] = {}

    def asks(self, ask: Ask, make: Callable[[], Sent], *, token: str | None = None) -> tuple[Sent, Answered]:
        """Send a request with a proof, and once more when all that was missing is a nonce.

        Args:
            ask: sends one request.
            make: makes the request: the client proves who it is anew each time.
            token: the access token that the request shows, if any.

        Returns:
            What was sent last, and the answer to it.

        Raises:
            Failure: there is no answer.
        """
        sent, answered = self._once(ask, make(), token)
        if _nonce_wanted(answered):
            sent, answered = self._once(ask, make(), token)
        return sent, answered

    def drift(self, answered: Answered) -> str | None:
        """Say how far this computer's clock is off, when a server says what time it is and it is."""
        try:
            there = parsedate_to_datetime(answered.headers.get("date", "")).timestamp()
        except (ValueError, TypeError):
            return None
        off = round(self._run.now - there)
        if abs(off) <= _SHORTEST_DRIFT:
            return None
        return f"this computer's clock is {abs(off)} s {'ahead of' if off > 0 else 'behind'} the server's"

    def _once(self, ask: Ask, sent: Sent, token: str | None) -> tuple[Sent, Answered]:
        place = urlsplit(sent.url).netloc
        proof = self._proof(sent, token=token, nonce=self._nonces.get(place))
        sent = replace(sent, headers={**sent.headers, "DPoP": proof})
        answered = ask(sent)
        if answered.headers.get("dpop-nonce"):
            self._nonces[place] = answered.headers["dpop-nonce"]
        return sent, answered

    def _proof(self, sent: Sent, *, token: str | None, nonce: str | None) -> str:
        """Return a proof for one request and no other (RFC 9449 section 4.2)."""
        parts = urlsplit(sent.url)
        public = self.key.public.jwk()
        members = {name: public[name] for name in public if name not in ("kid", "alg", "use")}
        header: JsonObject = {"typ": DPOP_JWT, "alg": self.key.algorithm, "jwk": members}
        claims: JsonObject = {
            "jti": secrets.token_urlsafe(16),
            "htm": sent.method,
            "htu": urlunsplit((parts.scheme, parts.netloc, parts.path or "/", "", "")),
            "iat": int(self._run.now),
        }
        if token is not None:
            claims["ath"] = access_token_hash(token)
        if nonce is not None:
            claims["nonce"] = nonce
        signing_input = b".".join(base64url.encode(json.dumps(part).encode()) for part in (header, claims))
        return (signing_input + b"." + base64url.encode(self.key.sign(signing_input))).decode("ascii")


def holder(run: Run, file: str = "") -> Holder:
    """Return whoever holds the key in a file, or this person's own, which is made when there is none.

    Args:
        run: says where the command line keeps things.
        file: one private JWK; empty for this person's own key.

    Raises:
        Failure: the file holds no such key (exit 2), or a key cannot be made and kept (exit 4).
    """
    return Holder(read_signer(file, flag="--dpop").key if file else _own_key(run), run)


def known_key(run: Run, file: str = "") -> PrivateKey:
    """Return the key that ``holder`` would hold, without making one that lasts.

    Raises:
        Failure: the file holds no such key (exit 2).
    """
    path = _path(run)
    if file or path.exists():
        return read_signer(file or str(path), flag="--dpop").key
    return PrivateKey.generate("ES256")


def _own_key(run: Run) -> PrivateKey:
    from actas.crypto.private_jwk import private_jwk

    path = _path(run)
    if not path.exists():
        fresh = json.dumps(private_jwk(PrivateKey.generate("ES256"))).encode()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(path, fresh, over=False)
        except FileExistsError:
            pass  # another program was here a moment ago: its key is the one that tokens are bound to
        except OSError as error:
            raise Failure(
                f"a key cannot be kept in {path}: {error.strerror}", code="cannot_save", exit=Exit.UNFINISHED
            ) from error
    return read_signer(str(path), flag="--dpop").key


def _path(run: Run) -> Path:
    return run.home / "dpop.jwk"


def _nonce_wanted(answered: Answered) -> bool:
    """Whether only a nonce was missing (RFC 9449 sections 8 and 9)."""
    if answered.status not in (400, 401) or not answered.headers.get("dpop-nonce"):
        return False
    document = answered.document()
    return document is not None and document.get("error") == "use_dpop_nonce"
