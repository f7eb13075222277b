"""Passkeys (Web Authentication): what a browser is asked for, and whether what it answers holds.

The answers are read and verified by the library ``fido2``, which this module alone imports. What is asked of
them here: made for exactly our origin and for our host, in no frame of others, with the challenge, by a
person who was there and proved who they are to their device, with an algorithm that we know.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from fido2.server import Fido2Server
from fido2.utils import websafe_decode
from fido2.webauthn import (
    AttestationConveyancePreference,
    AttestedCredentialData,
    AuthenticationResponse,
    CollectedClientData,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialParameters,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from actas.core.ports import JsonObject
from actas.crypto import base64url

ALGORITHMS: Final = (-7, -8, -257)
"""ES256, EdDSA and RS256 (COSE)."""

LONGEST_ID: Final = 1023
"""Bytes of a passkey's own id (Web Authentication section 4)."""

_MOST_TEXT: Final = 64 * 1024
_ALGORITHM: Final = 3  # RFC 9052 table 4


def may_be_used_at(issuer: str) -> bool:
    """Return whether browsers make passkeys for the host of an address: a name, no number.

    They are made for domains alone (Web Authentication section 5.1.3), and not without TLS, this computer
    aside.
    """
    parts = urlsplit(issuer)
    host = parts.hostname or ""
    if parts.scheme != "https" and host != "localhost" and not host.endswith(".localhost"):
        return False
    try:
        ip_address(host)
    except ValueError:
        return bool(host)
    return False


class BadPasskey(Exception):
    """What a browser answered does not hold. The message is for administrators."""


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """A passkey that was made.

    Attributes:
        id: its own.
        attested: its id and its public key, as the device wrote them.
        count: how often it says it was used.
    """

    id: bytes
    attested: bytes
    count: int


@dataclass(frozen=True, slots=True)
class Shown:
    """What an answer says of itself; nothing of it is believed yet.

    Attributes:
        id: of the passkey.
        handle: whose it is; None when it does not say.
    """

    id: bytes
    handle: bytes | None


@dataclass(frozen=True, slots=True)
class Used:
    """What a passkey that proved to be the one says of itself.

    Attributes:
        count: how often it was used.
        synced: whether it may be kept on several devices (Web Authentication section 6.1.3).
    """

    count: int
    synced: bool


class PasskeyRules:
    """Asks for passkeys and verifies them.

    Args:
        issuer: our own address. Its origin and its host are what passkeys are made for, whatever a request
            says.
        name: what devices call us.
    """

    def __init__(self, *, issuer: str, name: str) -> None:
        parts = urlsplit(issuer)
        origin = f"{parts.scheme}://{parts.netloc}"
        self._server: Any = Fido2Server(
            PublicKeyCredentialRpEntity(name=name, id=parts.hostname),
            attestation=AttestationConveyancePreference.NONE,
            verify_origin=lambda shown: shown == origin,
        )
        self._server.allowed_algorithms = [
            PublicKeyCredentialParameters(type=PublicKeyCredentialType.PUBLIC_KEY, alg=one)
            for one in ALGORITHMS
        ]

    def to_make(
        self, challenge: bytes, *, handle: bytes, name: str, display: str, present: Collection[bytes]
    ) -> JsonObject:
        """Return what a browser is asked for that is to make one (``PublicKeyCredentialCreationOptions``).

        Args:
            handle: what the passkey calls the person.
            name: what devices show; ``display`` likewise.
            present: ids of those that the person has already.
        """
        asked, _ = self._server.register_begin(
            PublicKeyCredentialUserEntity(id=handle, name=name, display_name=display),
            [_descriptor(one) for one in present],
            resident_key_requirement=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
            challenge=challenge,
        )
        return _plain(asked.public_key)

    def to_use(self, challenge: bytes) -> JsonObject:
        """Return what a browser is asked for that is to use one (``PublicKeyCredentialRequestOptions``).

        No passkey is named: which of them exist, and whose, is nobody's business who has none.
        """
        asked, _ = self._server.authenticate_begin(
            user_verification=UserVerificationRequirement.REQUIRED, challenge=challenge
        )
        return _plain(asked.public_key)

    def made(self, answer: JsonObject, challenge: bytes) -> NewPasskey:
        """Return the passkey that was made.

        Raises:
            BadPasskey: it was not made as it was asked for.
        """
        read = _read(RegistrationResponse, answer)
        _require_own_page(read.response.client_data)
        try:
            found = self._server.register_complete(_state(challenge), read)
            attested = found.credential_data
            if attested is None or attested.credential_id != read.raw_id:
                raise BadPasskey("the passkey's id is not the one that was signed")
            key: Any = attested.public_key
            if key.get(_ALGORITHM) not in ALGORITHMS:
                raise BadPasskey(f"the passkey signs with the algorithm {key.get(_ALGORITHM)}")
            if not 0 < len(attested.credential_id) <= LONGEST_ID:
                raise BadPasskey("the passkey's id is empty or too long")
            return NewPasskey(attested.credential_id, bytes(attested), found.counter)
        except ValueError as wrong:
            raise BadPasskey(str(wrong)) from None

    def challenge_of(self, answer: JsonObject) -> bytes:
        """Return the challenge that an answer says it was made for; it is not believed yet.

        Raises:
            BadPasskey: it cannot be read.
        """
        inner = answer.get("response")
        text = inner.get("clientDataJSON") if isinstance(inner, dict) else None
        if not isinstance(text, str) or len(text) > _MOST_TEXT:
            raise BadPasskey("it has no client data, or too much of them")
        try:
            return CollectedClientData(websafe_decode(text)).challenge
        except Exception as wrong:  # noqa: BLE001 - strangers wrote it, and the reader may do what it likes
            raise BadPasskey(f"it cannot be read: {type(wrong).__name__}") from None

    def shown(self, answer: JsonObject) -> Shown:
        """Return what an answer says of itself.

        Raises:
            BadPasskey: it cannot be read.
        """
        read = _read(AuthenticationResponse, answer)
        return Shown(read.raw_id, read.response.user_handle)

    def used(self, answer: JsonObject, challenge: bytes, *, attested: bytes) -> Used:
        """Return what a passkey says of itself, once it has proved to be the one.

        Args:
            attested: what was kept of the passkey that it must be.

        Raises:
            BadPasskey: it did not.
        """
        read = _read(AuthenticationResponse, answer)
        _require_own_page(read.response.client_data)
        known = AttestedCredentialData(attested)
        try:
            self._server.authenticate_complete(_state(challenge), [known], read)
        except ValueError as wrong:
            raise BadPasskey(str(wrong)) from None
        data = read.response.authenticator_data
        return Used(int(data.counter), data.is_backup_eligible())


def _require_own_page(client_data: Any) -> None:
    if client_data.cross_origin is not False:
        raise BadPasskey("it was made in a frame of another site")


def _state(challenge: bytes) -> dict[str, Any]:
    return {
        "challenge": base64url.encode(challenge).decode("ascii"),
        "user_verification": UserVerificationRequirement.REQUIRED,
    }


def _descriptor(id_: bytes) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(type=PublicKeyCredentialType.PUBLIC_KEY, id=id_)


def _read(kind: Any, answer: JsonObject) -> Any:
    """Return an answer as the library reads it.

    Raises:
        BadPasskey: it cannot be read, for whatever reason: strangers wrote it.
    """
    if answer.get("type") != PublicKeyCredentialType.PUBLIC_KEY.value:
        raise BadPasskey("it is no answer about a passkey")
    inner = answer.get("response")
    texts = [*answer.values(), *(inner.values() if isinstance(inner, dict) else ())]
    if any(isinstance(one, str) and len(one) > _MOST_TEXT for one in texts):
        raise BadPasskey("it is too long")
    try:
        return kind.from_dict(answer)
    except Exception as wrong:  # noqa: BLE001 - strangers wrote it, and the reader may do what it likes
        raise BadPasskey(f"it cannot be read: {type(wrong).__name__}") from None


def _plain(asked: Any) -> JsonObject:
    """Return what the library asks for as JSON; it writes bytes as base64url."""
    plain: JsonObject = json.loads(json.dumps(dict(asked)))
    return plain
