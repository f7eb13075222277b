"""What the configuration says, checked and compiled: one immutable value that the server runs on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal

from actas.audit.formats.catalog import SinkFormatName
from actas.audit.query import Term
from actas.clients.document import DocumentTerms
from actas.clients.registered import RegistrationTerms
from actas.clients.throttle import Limits as Throttled
from actas.core.abroad import Acceptance
from actas.core.administrators import Administrators
from actas.core.client import Client, SignInLives
from actas.core.person import Person
from actas.core.secret import Secret
from actas.core.target import Api
from actas.core.wire import SigningAlgorithm
from actas.keys.life import Timetable
from actas.keys.ring import Slot
from actas.policy.cases import PolicyTest
from actas.policy.connections import Connection
from actas.policy.impersonation import Impersonating
from actas.policy.rule import PolicyDefaults, RuleSpec
from actas.settings.told import MailSettings, NoticeSettings
from actas.trust.registry import TrustedIssuer

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where to listen.

    Attributes:
        host: an IP address without brackets, or ``localhost``.
        port: 0 means any free one.
    """

    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """TLS of the public listener.

    Attributes:
        own: the PEM files of certificate and private key; absolute, and renewed in place. None for plain
            HTTP.
        client_authorities: those that issue clients' certificates, in DER.
    """

    own: tuple[Path, Path] | None = None
    client_authorities: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DpopSettings:
    """What is asked of DPoP proofs.

    Attributes:
        nonce_required: whether a proof must hold a nonce of ours.
        nonce_life: seconds for which a nonce is good.
        max_age: seconds since a proof was made for which it is taken.
    """

    nonce_required: bool = False
    nonce_life: int = 300
    max_age: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """The server itself.

    Attributes:
        issuer: the ``iss`` of every token, character for character.
        listen: where the protocol is served.
        management: where health is served.
        data: the folder of keys, marks and the audit log; absolute.
        database: the URL of the main database, which may hold a password; None for a file in ``data``.
        unsafe_database: whether a database will do that may lose what it has acknowledged.
        workers: how many processes serve requests.
        notice: seconds between the signal to stop and the end of listening.
        private_hosts: hosts that outgoing connections may reach at addresses which are not public.
        authorities: the certificate authorities that outgoing connections trust; None for the system's.
        docs: the address of the pages that explain errors, without a slash at the end.
        tls: whether the public listener speaks TLS, and who issues clients' certificates.
        trusted_proxies: the networks whose forwarded headers are believed.
        dpop: what is asked of DPoP proofs.
        mail: who takes letters; None when none are sent.
    """

    issuer: str
    listen: Address
    management: Address
    data: Path
    database: Secret | None
    unsafe_database: bool
    workers: int
    notice: int
    private_hosts: frozenset[str]
    authorities: Path | None
    docs: str
    tls: TlsSettings = TlsSettings()
    trusted_proxies: tuple[Network, ...] = ()
    dpop: DpopSettings = DpopSettings()
    mail: MailSettings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyServiceSettings:
    """Which key service wraps the envelope key, as the configuration says it.

    Attributes:
        address: None for the one of the region.
        mount: of Vault; so ``namespace`` and ``token``.
        region: of AWS.
    """

    provider: Literal["aws-kms", "vault-transit"]
    key: str
    address: str | None = None
    mount: str = "transit"
    namespace: str | None = None
    token: Secret | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeSource:
    """Where the envelope key is: exactly one of the three is set.

    Attributes:
        path: its file; absolute. Whether it exists is for the reader of the key to see.
        text: its text, from the environment (or written in the file, with ``--dev``).
        service: what wrapped it.
    """

    path: Path | None = None
    text: Secret | None = None
    service: KeyServiceSettings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySettings:
    """This server's own keys.

    Attributes:
        algorithm: what tokens are signed with when their API does not choose.
        used: everything that there must be a key for: tokens with that algorithm and every one that an API
            chooses, ID tokens with what the apps that people sign in to choose, and what shows issuers
            who we are.
        envelope: the key under which signing keys rest.
        previous_envelope: the one that it follows; None when there is none.
        timetable: when keys are changed.
    """

    algorithm: SigningAlgorithm
    used: frozenset[Slot]
    envelope: EnvelopeSource
    previous_envelope: EnvelopeSource | None
    timetable: Timetable


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkSettings:
    """A sink of the audit log.

    Attributes:
        query: the terms that must all hold of what it gets.
        file: the file it is; absolute.
        rotate_at: bytes from which on the file is moved aside; None for never.
        keep: how many files that were moved aside stay; None for all.
        webhook: the address that it is. With neither, it is standard output.
        secrets: what its requests are signed with; none for a command that sends nothing.
        batch: the most entries in one of them.
        required: whether nothing is issued any more once its reserve is used up.
        reserve_age: seconds for which it may take nothing of what waits for it.
        reserve_bytes: how much may wait for it meanwhile.
    """

    name: str
    format: SinkFormatName
    query: tuple[Term, ...] = ()
    file: Path | None = None
    rotate_at: int | None = None
    keep: int | None = None
    webhook: str | None = None
    secrets: tuple[Secret, ...] = ()
    batch: int = 100
    required: bool = True
    reserve_age: int = 24 * 3600
    reserve_bytes: int = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings:
    """The audit log.

    Attributes:
        checkpoint_every: seconds between two signed checkpoints.
        checkpoints_to: further files to which each checkpoint is appended; absolute.
        sinks: where copies of the log go, each with a name of its own.
        store: where the log is kept; None when nothing says so.
    """

    checkpoint_every: int
    checkpoints_to: tuple[Path, ...] = ()
    sinks: tuple[SinkSettings, ...] = ()
    store: Literal["files", "database"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """Bounds that protect the server.

    Attributes:
        in_flight: the most requests at work in one process.
        throttle: how slow guessing is, and how much one client may ask for.
    """

    in_flight: int
    throttle: Throttled


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """Everything the configuration says. Nothing in it refers to a name that does not exist.

    Attributes:
        issuers: by name. Disabled ones are in here, as are disabled APIs, clients and rules: whoever
            uses them asks.
        apis: by name.
        clients: by name.
        users: by name.
        notices: who is told that somebody acts as somebody else.
        lives: how long a sign-in is good for, where a client says nothing.
        connections: which client reaches which other domain, for whom.
        accepted: which client redeems whose grants here.
        impersonating: what holds for every rule that lets somebody act as somebody else.
        documents: what holds for clients that publish what they are; None when none is let in.
        registering: what holds for clients that register themselves; None when none may.
        admins: who holds which role.
        places: ``file:line`` of each named thing, by section and name.
        digest: SHA-256 over the merged configuration and the public keys it names, in hexadecimal. The
            order of files, keys and items does not change it, and no secret is in it.
    """

    server: ServerSettings
    keys: KeySettings
    defaults: PolicyDefaults
    issuers: Mapping[str, TrustedIssuer]
    apis: Mapping[str, Api]
    clients: Mapping[str, Client]
    users: Mapping[str, Person]
    admins: Administrators
    rules: tuple[RuleSpec, ...]
    connections: tuple[Connection, ...]
    accepted: tuple[Acceptance, ...]
    audit: AuditSettings
    notices: NoticeSettings
    limits: LimitSettings
    impersonating: Impersonating
    lives: SignInLives
    documents: DocumentTerms | None
    registering: RegistrationTerms | None
    tests: tuple[PolicyTest, ...]
    places: Mapping[str, Mapping[str, str]]
    digest: str
