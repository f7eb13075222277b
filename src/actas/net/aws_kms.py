"""AWS KMS as a key service, through the AWS SDK, which is installed with ``actas[aws]``.

The SDK finds credentials where everything else on that computer finds them (environment, profile, role of
the task or the instance), signs, and connects by itself: to the service of a region or to the address that
the operator named, and to nothing else. It is not loaded unless the configuration names AWS KMS.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import importlib
from pathlib import Path
from typing import Any, Final

from actas.keys.services import KeyServiceFailed

CONTEXT: Final = {"actas": "envelope key"}
"""What the wrapped key is bound to (encryption context). It stands in CloudTrail; policies can ask for it."""

WITHIN: Final = 15.0
"""Seconds for one call, looking for credentials and trying again included."""

_AWAY: Final = frozenset(
    {
        "DependencyTimeoutException",
        "InternalFailure",
        "KMSInternalException",
        "KeyUnavailableException",
        "LimitExceededException",
        "RequestTimeout",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
    }
)
_HINTS: Final = {
    "AccessDeniedException": "allow this role kms:Encrypt and kms:Decrypt on it, also in the key's policy",
    "NotFoundException": "look at keys.envelope.key and region: a key is known in its own region only",
    "DisabledException": "enable the key: aws kms enable-key",
    "KMSInvalidStateException": "does it wait for its deletion? aws kms cancel-key-deletion, then enable-key",
    "InvalidCiphertextException": "was it wrapped by this key? keys.previous_envelope names the one before",
    "IncorrectKeyException": "was it wrapped by this key? keys.previous_envelope names the one before",
}
_CREDENTIALS: Final = "aws sts get-caller-identity, run as the server, says whom AWS takes it for"


class AwsKms:
    """Implements ``keys.services.KeyService``.

    Args:
        key: the id, the ARN or the alias of a symmetric key.
        region: None for the one of the ARN, or of the environment.
        address: of KMS, when it is not the region's own.
        authorities: a PEM file of the certificate authorities to trust; None for the SDK's.

    Raises:
        KeyServiceFailed: the SDK is not installed.
    """

    def __init__(
        self,
        *,
        key: str,
        region: str | None = None,
        address: str | None = None,
        authorities: Path | None = None,
    ) -> None:
        try:
            # By name: nothing else may need it, and it has no types.
            self._boto3: Any = importlib.import_module("boto3")
            self._config: Any = importlib.import_module("botocore.config")
            self._errors: Any = importlib.import_module("botocore.exceptions")
        except ImportError as missing:
            raise KeyServiceFailed(
                f"the AWS SDK is not installed ({missing.name})",
                away=False,
                hint="install it beside Actas: pip install 'actas[aws]'",
            ) from missing
        self.name = f"aws-kms:{key}"
        self._key = key
        parts = key.split(":")
        self._region = region or (parts[3] if key.startswith("arn:") and len(parts) > 5 else None)
        self._address = address
        self._verify = None if authorities is None else str(authorities)

    async def wrap(self, key: bytes) -> str:
        answer = await self._ask("encrypt", Plaintext=key)
        return base64.b64encode(answer["CiphertextBlob"]).decode("ascii")

    async def unwrap(self, wrapped: str) -> bytes:
        try:
            blob = base64.b64decode(wrapped, validate=True)
        except (binascii.Error, ValueError):
            raise KeyServiceFailed(
                f"what is kept as wrapped by {self.name} is not",
                away=False,
                hint="restore the table envelope_keys from a backup: somebody changed it",
            ) from None
        return bytes((await self._ask("decrypt", CiphertextBlob=blob))["Plaintext"])

    async def _ask(self, deed: str, **parameters: bytes) -> dict[str, Any]:
        call = asyncio.to_thread(self._call, deed, parameters)
        try:
            async with asyncio.timeout(WITHIN):
                return await call
        except TimeoutError:
            raise KeyServiceFailed(
                f"AWS KMS did not {deed} with {self.name} within {WITHIN:g} seconds",
                away=True,
                hint=_CREDENTIALS,
            ) from None

    def _call(self, deed: str, parameters: dict[str, bytes]) -> dict[str, Any]:
        errors = self._errors
        try:
            client = self._boto3.session.Session().client(
                "kms",
                region_name=self._region,
                endpoint_url=self._address,
                verify=self._verify,
                config=self._config.Config(
                    connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2}
                ),
            )
            with contextlib.closing(client):
                answer: dict[str, Any] = getattr(client, deed)(
                    KeyId=self._key, EncryptionContext=CONTEXT, **parameters
                )
                return answer
        except errors.ClientError as refused:
            code = str(refused.response.get("Error", {}).get("Code", ""))
            said = str(refused.response.get("Error", {}).get("Message", ""))[:300]
            raise KeyServiceFailed(
                f"AWS KMS does not {deed} with {self.name}: {code}{f': {said}' if said else ''}",
                away=code in _AWAY,
                hint=_HINTS.get(code, _CREDENTIALS),
            ) from refused
        except (errors.HTTPClientError, errors.ConnectionError) as broken:  # no connection, or none in time
            raise KeyServiceFailed(
                f"AWS KMS cannot be asked to {deed} with {self.name}: {type(broken).__name__}",
                away=True,
                hint="is KMS reached from here? a private network needs an endpoint: keys.envelope.address",
            ) from broken
        except errors.BotoCoreError as wrong:  # no credentials, no region, …
            raise KeyServiceFailed(
                f"AWS KMS cannot be asked to {deed} with {self.name}: {wrong}", away=False, hint=_CREDENTIALS
            ) from wrong
