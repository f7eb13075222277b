"""How the client proves who it is: a secret, an assertion, a certificate, a platform's token, or nothing."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal
from urllib.parse import quote_plus

from actas.cli.exits import misused
from actas.cli.server import Server
from actas.cli.values import typed_path
from actas.core.ports import JsonObject
from actas.core.secret import Secret
from actas.core.wire import JWT_BEARER_CLIENT_ASSERTION, JWT_SPIFFE_CLIENT_ASSERTION
from actas.crypto import base64url
from actas.crypto.json import BadJson, read_object
from actas.crypto.key import PrivateKey
from actas.crypto.signature import BadKey

Method = Literal["basic", "post", "jwt", "mtls", "workload", "none"]

ASSERTION_LIFE: Final = 60
"""Seconds. Long enough for a slow network and a clock that drifts, too short to be worth stealing."""

_LARGEST: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a request carries to show who sends it. Does not print.

    Attributes:
        certificate: the file of the certificate that is shown in the TLS handshake.
    """

    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    form: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    certificate: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What there is to prove it with.

    Attributes:
        client: the ``client_id``.
        method: how, or ``auto`` for what the server and the credentials allow.
        secret: the client secret, or None.
        key: the file with the private JWK, or None.
        certificate: the PEM file with its certificate and key, or None.
        workload_token: the file in which its platform keeps its token fresh, or None.
    """

    client: str
    method: Method | Literal["auto"]
    secret: Secret | None = None
    key: str | None = None
    certificate: str | None = None
    workload_token: str | None = None

    def chosen(self, server: Server) -> Method:
        """Return the method to use at ``server``.

        Raises:
            Failure: there is nothing to prove it with (exit 2).
        """
        if self.method != "auto":
            return self.method
        if self.key is not None:
            return "jwt"
        if self.secret is None and self.certificate is not None:
            return "mtls"
        if self.secret is None and self.workload_token is not None:
            return "workload"
        if self.secret is None:
            raise misused(
                f"there is nothing to prove that this is {self.client}",
                hint="set ACTAS_CLIENT_SECRET, or give --secret or --key; --client-auth none sends no proof",
            )
        offered = server.auth_methods
        only_post = "client_secret_post" in offered and "client_secret_basic" not in offered
        return "post" if only_post else "basic"

    def prove(self, server: Server, *, now: float) -> Proof:
        """Return the proof for one request. A certificate is shown with any: tokens may be bound to it.

        Args:
            now: seconds since the epoch.

        Raises:
            Failure: what the method needs is missing or unusable (exit 2).
        """
        return replace(self._prove(server, now=now), certificate=self.certificate)

    def _prove(self, server: Server, *, now: float) -> Proof:
        match self.chosen(server):
            case "none":
                return Proof(form=(("client_id", self.client),))
            case "jwt":
                return _assertion(self.client, self._signer(), issuer=server.issuer, now=now)
            case "mtls":
                if self.certificate is None:
                    raise misused(
                        "--client-auth mtls needs a certificate",
                        hint="--certificate FILE, with its key, in PEM",
                    )
                return Proof(form=(("client_id", self.client),))
            case "workload":
                return _platform(self.client, self._token_of_platform())
            case "basic":
                return _basic(self.client, self._shared_secret())
            case "post":
                secret = self._shared_secret().reveal()
                return Proof(form=(("client_id", self.client), ("client_secret", secret)))

    def _shared_secret(self) -> Secret:
        if self.secret is None:
            raise misused(
                f"--client-auth {self.method} needs a client secret",
                hint="set ACTAS_CLIENT_SECRET, or give --secret",
            )
        return self.secret

    def _token_of_platform(self) -> str:
        if self.workload_token is None:
            raise misused(
                "--client-auth workload needs the platform's token",
                hint="--workload-token FILE, such as /var/run/secrets/tokens/actas",
            )
        try:
            text = typed_path(self.workload_token).read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError):
            raise misused(f"--workload-token: {self.workload_token} cannot be read") from None
        return text.strip()

    def _signer(self) -> Signer | Secret:
        if self.key is not None:
            return read_signer(self.key)
        if self.secret is not None:
            return self.secret
        raise misused(
            "--client-auth jwt needs --key or a secret", hint="--key FILE, with the private key as a JWK"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A private key and the name under which its public half is registered."""

    key: PrivateKey
    kid: str


def read_signer(path: str, *, flag: str = "--key") -> Signer:
    """Return the key in a file that holds one private JWK.

    Args:
        path: of the file.
        flag: what named it, for the message.

    Raises:
        Failure: there is none (exit 2). The message holds nothing of the file.
    """
    from actas.crypto.private_jwk import read_private_jwk

    try:
        with typed_path(path).open("rb") as file:
            jwk = read_object(file.read(_LARGEST + 1), max_bytes=_LARGEST)
    except OSError as error:
        raise misused(f"{flag}: {path} cannot be read: {error.strerror}") from None
    except BadJson as error:
        raise misused(f"{flag}: {path}: {error}") from None
    if "d" not in jwk:
        raise misused(f"{flag}: {path} holds no private key", hint="one JWK with its private members")
    try:
        key = read_private_jwk(jwk)
    except BadKey:
        raise misused(f"{flag}: {path} is not a private key for ES256, RS256 or EdDSA") from None
    kid = jwk.get("kid")
    return Signer(key=key, kid=kid if isinstance(kid, str) and kid else key.kid)


def _basic(client: str, secret: Secret) -> Proof:
    """RFC 6749 section 2.3.1: both halves are form-encoded before they are joined (TX-101)."""
    pair = f"{quote_plus(client)}:{quote_plus(secret.reveal())}"
    return Proof(headers={"Authorization": f"Basic {base64.b64encode(pair.encode('ascii')).decode('ascii')}"})


def _platform(client: str, token: str) -> Proof:
    """A token that was signed for the workload; what kind it is, its subject says."""
    try:
        subject = read_object(base64url.decode(token.split(".")[1].encode()), max_bytes=_LARGEST).get("sub")
    except (ValueError, IndexError):
        raise misused("--workload-token: the file holds no JWT") from None
    is_spiffe = isinstance(subject, str) and subject.startswith("spiffe://")
    return Proof(
        form=(
            ("client_id", client),
            (
                "client_assertion_type",
                JWT_SPIFFE_CLIENT_ASSERTION if is_spiffe else JWT_BEARER_CLIENT_ASSERTION,
            ),
            ("client_assertion", token),
        )
    )


def _assertion(client: str, signer: Signer | Secret, *, issuer: str, now: float) -> Proof:
    """RFC 7523 section 2.2. The audience is the issuer and nothing else: an assertion that names an
    endpoint as well can be carried to another server that likes that endpoint (AG-42).
    """
    header: JsonObject = {"alg": "HS256", "typ": "client-authentication+jwt"}
    if isinstance(signer, Signer):
        header |= {"alg": signer.key.algorithm, "kid": signer.kid}
    claims: JsonObject = {
        "iss": client,
        "sub": client,
        "aud": issuer,
        "jti": secrets.token_urlsafe(16),
        "iat": int(now),
        "exp": int(now) + ASSERTION_LIFE,
    }
    signing_input = b".".join(base64url.encode(json.dumps(part).encode()) for part in (header, claims))
    if isinstance(signer, Signer):
        signature = base64url.encode(signer.key.sign(signing_input))
    else:
        mac = hmac.digest(signer.reveal().encode("utf-8", "surrogatepass"), signing_input, "sha256")
        signature = base64url.encode(mac)
    return Proof(
        form=(
            ("client_id", client),
            ("client_assertion_type", JWT_BEARER_CLIENT_ASSERTION),
            ("client_assertion", (signing_input + b"." + signature).decode("ascii")),
        )
    )
