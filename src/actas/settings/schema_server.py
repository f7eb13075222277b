"""The form of the sections about the server itself: server, keys, defaults."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from actas.keys.life import LEAST_AHEAD, LEAST_KEPT, LONGEST_TOKEN
from actas.settings.addresses import Host, HttpsUrl, Listen, Network
from actas.settings.forms import Form, SecretSource
from actas.settings.schema_envelope import EnvelopeForm
from actas.settings.schema_lives import SignInLife
from actas.settings.schema_mail import MailForm
from actas.settings.values import Duration, FilePath, wrong

DAY: Final = 86_400

TokenLifetime = Annotated[int, Duration(1, LONGEST_TOKEN)]
BindingWord = Literal["none", "optional", "dpop", "mtls"]
FormatWord = Literal["jwt", "reference"]
ChainDepth = Annotated[int, Field(ge=1, le=10)]


class Tls(Form):
    """TLS of the public listener, and of clients' certificates. A renewed certificate is read on SIGHUP."""

    certificate: Annotated[str, FilePath()] | None = Field(
        default=None,
        description="A PEM file with the server's certificate, followed by its intermediates. Default: the "
        "listener speaks plain HTTP, and a proxy in front TLS.",
    )
    key: Annotated[str, FilePath()] | None = Field(
        default=None,
        description="A PEM file with its private key, not encrypted, readable by its owner only. It comes "
        "with `certificate`.",
    )
    client_authorities: Annotated[str, FilePath()] | None = Field(
        default=None,
        description="A PEM file of the authorities that issue clients' certificates, intermediates too: what "
        "a caller sends beside its certificate is not looked at. Default: none, and only certificates that a "
        "client registered by themselves prove anything.",
    )

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            wrong("certificate and key come together")
        return self


class DpopForm(Form):
    """What this server asks of DPoP proofs (RFC 9449)."""

    nonce: Literal["required", "optional"] = Field(
        default="optional",
        description="Whether a proof must hold a nonce of this server: `required` also refuses proofs that "
        "were made in advance. A nonce that is sent is checked in any case.",
    )
    nonce_life: Annotated[int, Duration(10, 3600)] = Field(
        default=300, description="How long a nonce is good. A client gets a fresh one with every answer."
    )
    max_age: Annotated[int, Duration(5, 600)] = Field(
        default=60, description="How old a proof may be, by its `iat`."
    )


class Server(Form):
    """The server itself. Changes take effect when it starts again."""

    issuer: Annotated[str, HttpsUrl(slash=False)] = Field(
        description="The `iss` of every token, and the public address of this server. Compared character "
        "for character by everybody, so choose it once.",
        examples=["https://sts.acme.example"],
    )
    listen: Annotated[str, Listen()] = Field(
        default="127.0.0.1:8693", description="Where the protocol is served."
    )
    management: Annotated[str, Listen()] = Field(
        default="127.0.0.1:8694",
        description="Where health and metrics are served. Never the public listener.",
    )
    tls: Tls | None = Field(
        default=None,
        description="TLS on `listen`. Default: plain HTTP, for a proxy in front or this computer alone.",
    )
    trusted_proxies: Annotated[list[Annotated[str, Network()]], Field(min_length=1, max_length=64)] | None = (
        Field(
            default=None,
            description="The networks of the proxies in front, as narrow as can be. From them, and from "
            "nobody else, `Forwarded` or `X-Forwarded-For` says where a caller is, and `Client-Cert` (RFC "
            "9440) which certificate it proved; a proxy must drop what callers send under these names.",
            examples=[["10.20.0.10", "10.20.0.11"]],
        )
    )
    data: Annotated[str, FilePath()] = Field(
        default="./actas-data",
        description="The folder of what is not in a database that nodes share: without one, keys, marks and "
        "the audit log. A relative path starts at the folder of this file.",
    )
    database: SecretSource | None = Field(
        default=None,
        description="The URL of the main database: `{ env: NAME }` or `{ file: PATH }`. "
        "`postgresql://user:password@host/database?sslmode=verify-full` for nodes that share one; default: "
        "the SQLite file `actas.db` in the data folder.",
        examples=[{"env": "ACTAS_DATABASE_URL"}],
    )
    unsafe_database: bool = Field(
        default=False,
        description="Start although the database may lose what it has acknowledged: a PostgreSQL with "
        "`fsync`, `full_page_writes` or `synchronous_commit` off. After a power failure, a token that was "
        "used once may be used again.",
    )
    workers: int = Field(default=1, ge=1, le=64, description="How many processes serve requests.")
    notice: Annotated[int, Duration(1, 300)] = Field(
        default=5,
        description="How long a server that was told to stop takes requests while `/readyz` says 503, so "
        "that whoever sends callers its way hears of it first. A second signal ends it; `--dev` has none.",
    )
    private_hosts: Annotated[list[Annotated[str, Host()]], Field(min_length=1, max_length=64)] | None = Field(
        default=None,
        description="Hosts of trusted issuers and webhooks that may have addresses which are not public, "
        "named exactly. "
        "No other private address is ever connected to.",
        examples=[["kubernetes.default.svc"]],
    )
    authorities: Annotated[str, FilePath()] | None = Field(
        default=None,
        description="A PEM file of the certificate authorities that outgoing connections trust, instead of "
        "the system's.",
    )
    dpop: DpopForm = Field(
        default_factory=DpopForm.model_construct,
        description="What is asked of DPoP proofs, by which callers prove that they hold a key.",
    )
    mail: MailForm | None = Field(
        default=None,
        description="How letters are sent to people, for `impersonation.notify`. Default: none are.",
    )
    docs: Annotated[str, HttpsUrl(slash=False)] | None = Field(
        default=None,
        description="The address of the pages that explain errors; `error_uri` is this address and the "
        "reason. Default: the issuer and `/errors`, served by this server.",
    )


class Signing(Form):
    """What new tokens are signed with."""

    algorithm: Literal["ES256", "RS256", "EdDSA"] = Field(
        default="ES256", description="The signature algorithm of tokens whose API does not choose another."
    )
    rotate_every: Annotated[int, Duration(2 * LEAST_AHEAD, 3650 * DAY)] = Field(
        default=30 * DAY,
        description="How long a key signs tokens before another follows it by itself; up to a tenth less, so "
        "that keys are not all changed together. At least twice `publish_ahead`.",
    )
    publish_ahead: Annotated[int, Duration(LEAST_AHEAD, 90 * DAY)] = Field(
        default=DAY,
        description="How long a new key is in the key set before it signs. Verifiers may keep the key set "
        "for 5 minutes.",
    )
    keep_after: Annotated[int, Duration(LEAST_KEPT, 3650 * DAY)] = Field(
        default=2 * DAY,
        description="How long a key stays in the key set after it stopped signing: longer than any token "
        "lives. Then its private half is destroyed.",
    )


class Keys(Form):
    """This server's own keys."""

    signing: Signing = Field(
        default_factory=Signing.model_construct, description="What tokens are signed with."
    )
    envelope: EnvelopeForm | None = Field(
        default=None,
        description="The key under which signing keys are kept. Default: the file `envelope.key` in the data "
        "folder.",
    )
    previous_envelope: EnvelopeForm | None = Field(
        default=None,
        description="The key that `envelope` follows, or is to follow: what rests under it is still opened, "
        "and `actas keys rewrap` seals it again. Give it to every node before that, and take it out after. "
        "Default: there is none.",
        examples=[{"file": "envelope-2025.key"}],
    )


class DefaultToken(Form):
    """What holds for tokens whose rule and API say nothing."""

    lifetime: TokenLifetime = Field(default=300, description="The longest life of a token.")
    binding: BindingWord = Field(
        default="optional",
        description="What every token is bound to at least: `dpop`, the key of a DPoP proof; `mtls`, the "
        "client certificate; `optional`, a DPoP key whenever the caller proves one; `none`, nothing. An "
        "API or a rule may ask for more, never for less.",
    )
    format: FormatWord = Field(
        default="jwt",
        description="What tokens look like: `jwt`, a signed document that an API reads by itself; "
        "`reference`, a text that means nothing, about which an API asks this server (introspection).",
    )


class DefaultChain(Form):
    """What holds for chains whose rule and API say nothing."""

    max_depth: ChainDepth = Field(default=5, description="The most actors a token may name, 1 to 10.")


class Defaults(Form):
    """What holds where a rule and an API say nothing."""

    token: DefaultToken = Field(default_factory=DefaultToken.model_construct, description="Of tokens.")
    chain: DefaultChain = Field(default_factory=DefaultChain.model_construct, description="Of chains.")
    sign_in: SignInLife = Field(
        default_factory=SignInLife.model_construct, description="How long a sign-in is good for."
    )
    on_excess_scope: Literal["reject", "trim"] = Field(
        default="reject",
        description="When a request asks for more scopes than it may have: `reject` it, or `trim` and grant "
        "the rest. So too when people sign in to an app, for a scope that none of its APIs has; the log says "
        "what was left out (`dropped`).",
    )
