"""Step 5: what the forms refer to, fetched once: secrets, keys and paths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, get_args

from actas.core.client import SignInLives
from actas.core.ports import JsonObject
from actas.core.secret import Secret
from actas.core.wire import EncryptionAlgorithm, SigningAlgorithm
from actas.keys.life import Timetable
from actas.keys.ring import Slot
from actas.policy.impersonation import Impersonating
from actas.policy.rule import PolicyDefaults
from actas.settings.audit import audit_settings
from actas.settings.certificates import certificates, server_tls, trusted_authorities
from actas.settings.client_auth import Found, LiveSecret
from actas.settings.compile import limit_settings, policy_defaults, server_settings
from actas.settings.compile_parties import issuer, signs_people_in
from actas.settings.definitions import (
    AuditSettings,
    EnvelopeSource,
    KeyServiceSettings,
    KeySettings,
    LimitSettings,
    ServerSettings,
)
from actas.settings.forms import ClientReference, ClientSecretSource, WrittenSecret
from actas.settings.impersonation import impersonating, mail_settings, notice_settings
from actas.settings.references import References
from actas.settings.schema_auth import CertificateAuth, KeyAuth, SecretAuth, SecretJwtAuth
from actas.settings.schema_envelope import Envelope
from actas.settings.schema_lives import lives_of
from actas.settings.schema_parties import ClientForm, IssuerForm
from actas.settings.schema_redeem import RedeemForm
from actas.settings.schema_server import Keys, Server
from actas.settings.schema_sign_in import IssuerSignIn
from actas.settings.sent import refuse_others, secrets_abroad, secrets_there
from actas.settings.shaped import Item, Shaped
from actas.settings.strangers import document_terms
from actas.settings.told import NoticeSettings
from actas.trust.registry import TrustedIssuer

_FEWEST: Final = {"HS256": 32, "HS384": 48, "HS512": 64}
"""Bytes of a secret that is the key of a MAC (RFC 7518 section 3.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What the definitions need beside the forms.

    Attributes:
        initial_token: with which clients register themselves.
        clients: what the form of each client refers to, by its name.
        passwords: the first password of each user that has one, by name.
        issuer_keys: the public JWKs of each issuer that has them in files, by its name.
        secrets_there: by which each issuer knows this server that people sign in through, by its name.
        secrets_abroad: the same of the servers at which grants are redeemed for clients, by connection.
    """

    server: ServerSettings
    keys: KeySettings
    defaults: PolicyDefaults
    audit: AuditSettings
    limits: LimitSettings
    impersonating: Impersonating
    lives: SignInLives
    notices: NoticeSettings
    clients: dict[str, Found] = field(default_factory=dict[str, Found])
    passwords: dict[str, Secret] = field(default_factory=dict[str, Secret])
    issuer_keys: dict[str, tuple[JsonObject, ...]] = field(default_factory=dict[str, tuple[JsonObject, ...]])
    secrets_there: dict[str, Secret] = field(default_factory=dict[str, Secret])
    secrets_abroad: dict[str, Secret] = field(default_factory=dict[str, Secret])
    initial_token: Secret | None = None

    def issuer(self, form: IssuerForm) -> TrustedIssuer:
        """Return an issuer."""
        keys, secret = self.issuer_keys.get(form.name, ()), self.secrets_there.get(form.name)
        return issuer(form, keys=keys, secret=secret)


def resolve(shaped: Shaped, references: References) -> Resolved | None:
    """Fetch what the forms refer to. Faults go to the references' list; None when a section is unusable."""
    clients = {name: _client(item, references) for name, item in shaped.clients.items()}
    passwords = {
        name: password
        for name, item in shaped.users.items()
        if item.form.password is not None
        and (password := references.password(item.form.password, item.written, ("password",))) is not None
    }
    envelope = None if shaped.keys is None else _envelope(shaped.keys, "envelope", references)
    previous = None if shaped.keys is None else _envelope(shaped.keys, "previous_envelope", references)
    database = None if shaped.server is None else _database(shaped.server, references)
    if (
        shaped.server is None
        or shaped.keys is None
        or shaped.defaults is None
        or shaped.impersonation is None
        or shaped.audit is None
        or shaped.limits is None
    ):
        return None
    data = references.path(shaped.server.form.data, shaped.server.written)
    refuse_others(shaped, references, data=data)
    return Resolved(
        server=_server(shaped.server, references, data=data, database=database),
        keys=_keys(
            shaped.keys.form,
            shaped,
            envelope=envelope or EnvelopeSource(path=data / "envelope.key"),
            previous=previous,
        ),
        initial_token=_initial_token(shaped, references),
        defaults=policy_defaults(shaped.defaults.form),
        audit=audit_settings(shaped.audit, references, data=data),
        limits=limit_settings(shaped.limits.form),
        impersonating=impersonating(shaped.impersonation.form),
        lives=lives_of(shaped.defaults.form.sign_in),
        notices=notice_settings(shaped.impersonation, references),
        clients=clients,
        passwords=passwords,
        issuer_keys=_issuer_keys(shaped, references),
        secrets_there=secrets_there(shaped, references),
        secrets_abroad=secrets_abroad(shaped, references),
    )


def _issuer_keys(shaped: Shaped, references: References) -> dict[str, tuple[JsonObject, ...]]:
    return {
        name: references.public_keys(item.form.jwks, item.written, ("jwks",), algorithms=item.form.algorithms)
        for name, item in shaped.issuers.items()
        if item.form.jwks is not None
    }


def _client(item: Item[ClientForm], references: References) -> Found:
    auth, written = item.form.auth, item.written
    if isinstance(auth, SecretAuth | SecretJwtAuth):
        return Found(secrets=_secrets(item, auth.secret, references))
    if isinstance(auth, KeyAuth) and auth.jwks is not None:
        loc = ("auth", "jwks")
        return Found(keys=references.public_keys(auth.jwks, written, loc, algorithms=auth.algorithms))
    if isinstance(auth, CertificateAuth):
        found: list[bytes] = []
        for index, file in enumerate(auth.certificate or ()):
            here = [*written.at(("auth", "certificate"), index), "file"]
            found += certificates(references.find(file.file, written), written, here, references)
        return Found(certificates=tuple(dict.fromkeys(found)))
    return Found()


def _secrets(
    item: Item[ClientForm], sources: Sequence[ClientSecretSource], references: References
) -> tuple[LiveSecret, ...]:
    found: list[LiveSecret] = []
    auth = item.form.auth
    fewest = (
        max((_FEWEST[one] for one in auth.algorithms), default=0) if isinstance(auth, SecretJwtAuth) else 0
    )
    for index, source in enumerate(sources):
        loc = item.written.at(("auth", "secret"), index)
        secret = references.secret(source, item.written, loc)
        if secret is not None and len(secret.reveal().encode("utf-8", "surrogatepass")) < fewest:
            references.faults.append(item.written.fault(loc, f"must have {fewest} bytes for its algorithm"))
        elif secret is not None:
            until = source.until if isinstance(source, ClientReference) else None
            found.append(LiveSecret(secret=secret, until=until))
    return tuple(found)


def _envelope(
    item: Item[Keys], field: Literal["envelope", "previous_envelope"], references: References
) -> EnvelopeSource | None:
    source: Envelope | WrittenSecret | None = getattr(item.form, field)
    if source is None:
        return None
    if isinstance(source, Envelope) and source.provider is not None:
        return EnvelopeSource(service=_service(source, source.provider, item, field, references))
    if isinstance(source, Envelope) and source.file is not None:
        return EnvelopeSource(path=references.envelope(source, item.written, (field, "file")))
    return EnvelopeSource(text=references.own_secret(source, item.written, (field,)))


def _service(
    form: Envelope,
    provider: Literal["aws-kms", "vault-transit"],
    item: Item[Keys],
    field: str,
    references: References,
) -> KeyServiceSettings:
    token = None if form.token is None else references.lent(form.token, item.written, (field, "token"))
    return KeyServiceSettings(
        provider=provider,
        key=form.key or "",
        address=form.address,
        mount=form.mount or "transit",
        namespace=form.namespace,
        token=token,
        region=form.region,
    )


def _server(
    item: Item[Server], references: References, *, data: Path, database: Secret | None
) -> ServerSettings:
    return server_settings(
        item.form,
        data=data,
        database=database,
        authorities=trusted_authorities(item, references),
        tls=server_tls(item, references),
        mail=mail_settings(item, references),
    )


def _database(item: Item[Server], references: References) -> Secret | None:
    source = item.form.database
    return None if source is None else references.address(source, item.written, ("database",))


def _keys(
    form: Keys, shaped: Shaped, *, envelope: EnvelopeSource, previous: EnvelopeSource | None
) -> KeySettings:
    used: set[Slot] = {("token", form.signing.algorithm)}
    used.update(
        ("token", item.form.token.algorithm)
        for item in shaped.apis.values()
        if item.form.token.algorithm is not None
    )
    apps = [item.form for item in shaped.clients.values() if signs_people_in(item.form)]
    used.update(("id_token", "RS256" if one.sign_in is None else one.sign_in.algorithm) for one in apps)
    registering = shaped.client_registration
    if document_terms(shaped) is not None or (registering and registering.form.model_fields_set):
        used.add(("id_token", "RS256"))
    used.update(_between_domains(shaped, form.signing.algorithm))
    there: list[IssuerSignIn | RedeemForm | None] = [item.form.sign_in for item in shaped.issuers.values()]
    there += [item.form.redeem for item in shaped.connections.values()]
    used.update(
        ("client", one.private_key_jwt.algorithm)
        for one in there
        if one is not None and one.private_key_jwt is not None
    )
    return KeySettings(
        algorithm=form.signing.algorithm,
        used=frozenset(used),
        envelope=envelope,
        previous_envelope=previous,
        timetable=Timetable(
            rotate_every=form.signing.rotate_every,
            publish_ahead=form.signing.publish_ahead,
            keep_after=form.signing.keep_after,
        ),
    )


def _between_domains(shaped: Shaped, usual: SigningAlgorithm) -> Iterator[Slot]:
    """Yield what there must be a key for to give grants, and to take those that are encrypted."""
    for item in shaped.connections.values():
        if item.form.direction == "issue":
            yield "grant", item.form.algorithm or usual
        elif "encryption" in (item.form.proposals or ()):
            for algorithm in get_args(EncryptionAlgorithm):
                yield "encryption", algorithm


def _initial_token(shaped: Shaped, references: References) -> Secret | None:
    item = shaped.client_registration
    if item is None or item.form.token is None:
        return None
    return references.own_secret(item.form.token, item.written, ("token",))
