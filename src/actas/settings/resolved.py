"""Step 5: what the forms refer to, fetched once: secrets, keys and paths."""

from __future__ import annotations

from dataclasses import dataclass, field

from actas.core.ports import JsonObject
from actas.core.secret import Secret
from actas.core.wire import SigningAlgorithm
from actas.keys.life import Timetable
from actas.policy.rule import PolicyDefaults
from actas.settings.certificates import server_tls
from actas.settings.compile import limit_settings, policy_defaults, server_settings
from actas.settings.definitions import (
    AuditSettings,
    EnvelopeSource,
    KeySettings,
    LimitSettings,
    ServerSettings,
)
from actas.settings.forms import Reference
from actas.settings.references import References
from actas.settings.schema_parties import ClientForm, KeyAuth, SecretAuth
from actas.settings.schema_server import Audit, Keys, Server
from actas.settings.shaped import Item, Shaped


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What the definitions need beside the forms.

    Attributes:
        secrets: the live secrets of each client, by its name.
        client_keys: the public JWKs of each client, by its name.
        issuer_keys: the public JWKs of each issuer that has them in files, by its name.
    """

    server: ServerSettings
    keys: KeySettings
    defaults: PolicyDefaults
    audit: AuditSettings
    limits: LimitSettings
    secrets: dict[str, tuple[Secret, ...]] = field(default_factory=dict[str, tuple[Secret, ...]], repr=False)
    client_keys: dict[str, tuple[JsonObject, ...]] = field(default_factory=dict[str, tuple[JsonObject, ...]])
    issuer_keys: dict[str, tuple[JsonObject, ...]] = field(default_factory=dict[str, tuple[JsonObject, ...]])


def resolve(shaped: Shaped, references: References) -> Resolved | None:
    """Fetch what the forms refer to. Faults go to the references' list; None when a section is unusable."""
    secrets: dict[str, tuple[Secret, ...]] = {}
    client_keys: dict[str, tuple[JsonObject, ...]] = {}
    for name, item in shaped.clients.items():
        auth = item.form.auth
        if isinstance(auth, SecretAuth):
            secrets[name] = _secrets(item, auth, references)
        elif isinstance(auth, KeyAuth):
            client_keys[name] = references.public_keys(
                auth.jwks, item.written, ("auth", "jwks"), algorithms=auth.algorithms
            )
    issuer_keys = {
        name: references.public_keys(item.form.jwks, item.written, ("jwks",), algorithms=item.form.algorithms)
        for name, item in shaped.issuers.items()
        if item.form.jwks is not None
    }
    envelope = None if shaped.keys is None else _envelope(shaped.keys, references)
    database = None if shaped.server is None else _database(shaped.server, references)
    if (
        shaped.server is None
        or shaped.keys is None
        or shaped.defaults is None
        or shaped.audit is None
        or shaped.limits is None
    ):
        return None
    server = shaped.server
    data = references.path(server.form.data, server.written)
    authorities = server.form.authorities
    return Resolved(
        server=server_settings(
            server.form,
            data=data,
            database=database,
            authorities=None if authorities is None else references.find(authorities, server.written),
            tls=server_tls(server, references),
        ),
        keys=_keys(shaped.keys.form, shaped, envelope or EnvelopeSource(path=data / "envelope.key")),
        defaults=policy_defaults(shaped.defaults.form),
        audit=_audit(shaped.audit, references),
        limits=limit_settings(shaped.limits.form),
        secrets=secrets,
        client_keys=client_keys,
        issuer_keys=issuer_keys,
    )


def _secrets(item: Item[ClientForm], auth: SecretAuth, references: References) -> tuple[Secret, ...]:
    found = (
        references.secret(source, item.written, item.written.at(("auth", "secret"), index))
        for index, source in enumerate(auth.secret)
    )
    return tuple(secret for secret in found if secret is not None)


def _envelope(item: Item[Keys], references: References) -> EnvelopeSource | None:
    source = item.form.envelope
    if source is None:
        return None
    if isinstance(source, Reference) and source.file is not None:
        return EnvelopeSource(path=references.envelope(source, item.written, ("envelope", "file")))
    return EnvelopeSource(text=references.own_secret(source, item.written, ("envelope",)))


def _database(item: Item[Server], references: References) -> Secret | None:
    source = item.form.database
    return None if source is None else references.address(source, item.written, ("database",))


def _keys(form: Keys, shaped: Shaped, envelope: EnvelopeSource) -> KeySettings:
    algorithms: set[SigningAlgorithm] = {form.signing.algorithm}
    algorithms.update(
        item.form.token.algorithm for item in shaped.apis.values() if item.form.token.algorithm is not None
    )
    return KeySettings(
        algorithm=form.signing.algorithm,
        algorithms=frozenset(algorithms),
        envelope=envelope,
        timetable=Timetable(
            rotate_every=form.signing.rotate_every,
            publish_ahead=form.signing.publish_ahead,
            keep_after=form.signing.keep_after,
        ),
    )


def _audit(item: Item[Audit], references: References) -> AuditSettings:
    checkpoint = item.form.checkpoint
    return AuditSettings(
        checkpoint_every=checkpoint.every,
        checkpoints_to=tuple(references.path(copy.file, item.written) for copy in checkpoint.also_to or ()),
    )
