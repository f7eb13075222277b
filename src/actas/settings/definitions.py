"""What the configuration says, checked and compiled: one immutable value that the server runs on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from actas.core.client import Client, PartyKind
from actas.core.errors import Reason
from actas.core.ports import Json
from actas.core.secret import Secret
from actas.core.target import Api
from actas.core.wire import SigningAlgorithm
from actas.policy.rule import KindWord, PolicyDefaults, RuleSpec
from actas.trust.registry import TrustedIssuer


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
class ServerSettings:
    """The server itself.

    Attributes:
        issuer: the ``iss`` of every token, character for character.
        listen: where the protocol is served.
        management: where health and metrics are served.
        data: the folder of keys, marks and the audit log; absolute.
        workers: how many processes serve requests.
        docs: the address of the pages that explain errors, without a slash at the end.
    """

    issuer: str
    listen: Address
    management: Address
    data: Path
    workers: int
    docs: str


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
    """

    algorithm: SigningAlgorithm
    algorithms: frozenset[SigningAlgorithm]
    envelope: EnvelopeSource


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
    """

    in_flight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedToken:
    """A token that a policy test makes up.

    Attributes:
        issuer: the name of its issuer; ``actas`` is this server.
        user: the subject's name here.
        kind: what the party is, or None for what its issuer says.
        via: its earlier actors, oldest first, by the names of clients.
        audience: values of ``aud``: names of APIs are already replaced by their audience.
        scope: the scopes it holds.
    """

    issuer: str
    user: str
    kind: PartyKind | None = None
    groups: tuple[str, ...] = ()
    claims: Mapping[str, Json] = field(default_factory=dict[str, Json])
    via: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    scope: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTest:
    """One policy test. Exactly one of ``granted`` and ``refused`` is set.

    Attributes:
        subject: the subject token, or None when the client speaks for itself.
        apis: the names of the targets.
        scope: the scopes asked for, or None when none are named.
        kind: the kind of exchange that must come of it, or None for whichever does.
        granted: exactly the scopes of the new token.
        lifetime: exactly its life in seconds, or None when that does not matter.
        chain: exactly the subject and every actor, oldest first, or None when that does not matter.
        refused: the reason of the refusal.
        rule: the rule that allowed or denied, or None when that does not matter.
        near_miss: the rule that came nearest, or None when that does not matter.
        place: ``file:line``, for people.
    """

    name: str
    client: str
    subject: AskedToken | None
    actor: AskedToken | None
    apis: tuple[str, ...]
    scope: frozenset[str] | None
    kind: KindWord | None
    granted: frozenset[str] | None
    lifetime: int | None
    chain: tuple[str, ...] | None
    refused: Reason | None
    rule: str | None
    near_miss: str | None
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """Everything the configuration says. Nothing in it refers to a name that does not exist.

    Attributes:
        issuers: by name. Disabled ones are in here, as are disabled APIs, clients and rules: whoever
            uses them asks.
        apis: by name.
        clients: by name.
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
    rules: tuple[RuleSpec, ...]
    audit: AuditSettings
    limits: LimitSettings
    tests: tuple[PolicyTest, ...]
    places: Mapping[str, Mapping[str, str]]
    digest: str
