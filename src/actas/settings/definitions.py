"""What the configuration says, checked and compiled: one immutable value that the server runs on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from actas.admin.roles import Role
from actas.clients.throttle import Limits as Throttled
from actas.core.client import Client
from actas.core.secret import Secret
from actas.core.target import Api
from actas.core.wire import SigningAlgorithm
from actas.keys.life import Timetable
from actas.policy.cases import PolicyTest
from actas.policy.rule import PolicyDefaults, RuleSpec
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
        private_hosts: hosts that outgoing connections may reach at addresses which are not public.
        authorities: the certificate authorities that outgoing connections trust; None for the system's.
        docs: the address of the pages that explain errors, without a slash at the end.
        tls: whether the public listener speaks TLS, and who issues clients' certificates.
        trusted_proxies: the networks whose forwarded headers are believed.
        dpop: what is asked of DPoP proofs.
    """

    issuer: str
    listen: Address
    management: Address
    data: Path
    database: Secret | None
    unsafe_database: bool
    workers: int
    private_hosts: frozenset[str]
    authorities: Path | None
    docs: str
    tls: TlsSettings = TlsSettings()
    trusted_proxies: tuple[Network, ...] = ()
    dpop: DpopSettings = DpopSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeSource:
    """Where the envelope key is: exactly one of the two is set.

    Attributes:
        path: its file; absolute. Whether it exists is for the reader of the key to see.
        text: its text, from the environment (or written in the file, with ``--dev``).
    """

    path: Path | None = None
    text: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySettings:
    """This server's own keys.

    Attributes:
        algorithm: what tokens are signed with when their API does not choose.
        algorithms: that one and every one that an API chooses: the ring needs a key for each.
        envelope: the key under which signing keys rest.
        timetable: when keys are changed.
    """

    algorithm: SigningAlgorithm
    algorithms: frozenset[SigningAlgorithm]
    envelope: EnvelopeSource
    timetable: Timetable


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings:
    """The audit log.

    Attributes:
        checkpoint_every: seconds between two signed checkpoints.
        checkpoints_to: further files to which each checkpoint is appended; absolute.
    """

    checkpoint_every: int
    checkpoints_to: tuple[Path, ...] = ()


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
        admins: the role that each client holds, by its name.
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
    admins: Mapping[str, Role]
    rules: tuple[RuleSpec, ...]
    audit: AuditSettings
    limits: LimitSettings
    tests: tuple[PolicyTest, ...]
    places: Mapping[str, Mapping[str, str]]
    digest: str
