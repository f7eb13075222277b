"""Puts the real parts together. The only place that knows concrete classes.

``Foundation`` is what every command on this computer needs: the configuration, our keys, the catalog.
``Assembly`` is a serving process: the pipeline over it, the stream it writes, the routes.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import gc
import math
import os
import tempfile
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

from actas.admin.rehearsal import Rehearsal
from actas.audit.flood import FloodGate
from actas.audit.log import Minutes
from actas.clients.authenticator import ClientAuthenticator
from actas.clients.private_key_jwt import PrivateKeyJwtMethod, asserted_name
from actas.clients.public import PublicMethod
from actas.clients.secret import SecretMethod
from actas.core.errors import AuditUnavailable
from actas.core.ports import Clock, SystemChance, SystemClock
from actas.crypto.seal import Sealer
from actas.exchange import Exchange
from actas.grants.client_credentials import ClientCredentialsGrant
from actas.grants.token_exchange import TokenExchangeGrant
from actas.issuers.access_token import AccessTokenIssuer
from actas.keys.envelope import EnvelopeKeyMissing, create_envelope_key, load_envelope_key
from actas.keys.local import LocalKeyRing
from actas.kinds.delegation import DELEGATION
from actas.kinds.downscope import DOWNSCOPE
from actas.kinds.fulfilment import Mint
from actas.kinds.impersonation import IMPERSONATION
from actas.kinds.own import OWN
from actas.kinds.translation import TRANSLATION
from actas.net.fetch import GuardedFetch
from actas.policy.decide import Policy
from actas.policy.identity import IdentityMapping, MappingError
from actas.policy.rule import RuleError
from actas.settings.definitions import Definitions
from actas.settings.faults import ConfigurationFaults, Fault
from actas.settings.load import Draft, Finding, read
from actas.settings.references import SecretsMode
from actas.store.audit import StreamWriter, open_writer
from actas.store.audit_notary import Notary, NotSealed, Sealed
from actas.store.catalog import Catalog
from actas.store.database import FILE as DATABASE_FILE
from actas.store.database import open_database
from actas.store.keys import SqlKeyStore
from actas.store.marks import Marks, open_marks
from actas.subjects.access_token import AccessTokenValidator
from actas.subjects.foreign_jwt import ForeignJwtValidator
from actas.subjects.id_token import IdTokenValidator
from actas.subjects.jwt import Foreign
from actas.subjects.validator import Validators
from actas.trust.jwks import IssuerKeys
from actas.web.admission import Admission
from actas.web.documents import Document
from actas.web.errors import ErrorWriter
from actas.web.errors_page import ErrorsPage
from actas.web.gate import Endpoint, Gate
from actas.web.health import Probe
from actas.web.metadata import metadata, metadata_paths
from actas.web.token import TokenEndpoint

KINDS: Final = (DELEGATION, IMPERSONATION, TRANSLATION, DOWNSCOPE, OWN)
"""The kinds of exchange. The one that names the actor comes first, and wins (TX-52)."""

AUDIT_FOLDER: Final = "audit"
JWKS_MAX_AGE: Final = 300
"""Seconds for which verifiers may keep our key set."""

_log = structlog.get_logger("actas")


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    """What stands before anything is served.

    Attributes:
        warnings: what the configuration warns of.
    """

    definitions: Definitions
    warnings: tuple[Fault, ...]
    catalog: Catalog
    ring: LocalKeyRing
    clock: Clock
    dev: bool

    @property
    def issuer(self) -> str:
        """Our own issuer identifier."""
        return self.definitions.server.issuer

    @property
    def audit_folder(self) -> Path:
        """Where the streams of the audit log are."""
        return self.definitions.server.data / AUDIT_FOLDER

    def notary(self) -> Notary:
        """Return who seals the audit log."""
        return Notary(
            self.audit_folder,
            ring=self.ring,
            clock=self.clock,
            also=self.definitions.audit.checkpoints_to,
        )


def read_configuration(
    paths: Sequence[str | Path],
    *,
    dev: bool,
    environ: Mapping[str, str],
    secrets: SecretsMode = "required",
) -> Draft:
    """Read and check a configuration, as the server does.

    Args:
        secrets: what a client secret that cannot be had is.

    Raises:
        ConfigurationFaults: something is wrong; every fault is in it.
    """
    return read(paths, dev=dev, environ=environ, secrets=secrets)


def findings(definitions: Definitions) -> Iterator[Finding]:
    """Compile every rule and mapping by itself, and yield each that cannot be."""
    for spec in definitions.rules:
        try:
            Policy([spec], apis=definitions.apis.values(), defaults=definitions.defaults)
        except RuleError as wrong:
            yield Finding(section="rules", name=wrong.rule, field=wrong.field, message=wrong.message)
    for issuer in definitions.issuers.values():
        try:
            IdentityMapping([issuer])
        except MappingError as wrong:
            yield Finding(section="issuers", name=wrong.issuer, field=wrong.field, message=wrong.message)


def catalog_of(definitions: Definitions) -> Catalog:
    """Return the catalog of a configuration that compiled."""
    return Catalog(
        clients=definitions.clients.values(),
        apis=definitions.apis.values(),
        issuers=definitions.issuers.values(),
        rules=definitions.rules,
        defaults=definitions.defaults,
        digest=definitions.digest,
    )


class NotStartedYet(Exception):
    """There is no data folder: the server has never been started with this configuration."""


@contextlib.asynccontextmanager
async def foundation(draft: Draft, *, dev: bool, create: bool = False) -> AsyncGenerator[Foundation]:
    """Open data folder, keys and catalog.

    Args:
        draft: the configuration, read.
        create: on the very first start, make data folder and keys.

    Raises:
        NotStartedYet: there is no data folder, and none is to be made.
        ConfigurationFaults: a rule or mapping does not compile.
        EnvelopeKeyRefused: the envelope key cannot be used.
        KeysUnusable: our own keys cannot be used.
    """
    clock = SystemClock()
    data = draft.server.data
    if not create and not (data / DATABASE_FILE).exists():
        raise NotStartedYet(f"there is nothing in {data}: the server has not been started yet")
    sealer = _envelope(draft)
    database = await open_database(data, clock=clock)
    try:
        ring = await LocalKeyRing.open(
            SqlKeyStore(database),
            sealer=sealer,
            clock=clock,
            algorithm=draft.keys.algorithm,
            algorithms=draft.keys.algorithms,
        )
    finally:
        await database.close()
    try:
        loaded = draft.compile(pepper=ring.secret_pepper, extra_checks=[findings])
        yield Foundation(
            definitions=loaded.definitions,
            warnings=loaded.warnings,
            catalog=catalog_of(loaded.definitions),
            ring=ring,
            clock=clock,
            dev=dev,
        )
    finally:
        ring.close()


def _envelope(draft: Draft) -> Sealer:
    source = draft.keys.envelope
    if source.text is not None:
        return load_envelope_key(source.text)
    path = source.path
    if path is None:
        raise EnvelopeKeyMissing("no envelope key is configured")
    try:
        return load_envelope_key(path)
    except EnvelopeKeyMissing:
        if (draft.server.data / DATABASE_FILE).exists():
            # Another key would open nothing of what is there, and make a second truth beside it. A server
            # that started a moment ago may have made both since we looked.
            return load_envelope_key(path)
    with contextlib.suppress(FileExistsError):
        create_envelope_key(path)
    return load_envelope_key(path)


@dataclass(slots=True)
class Outside:
    """What reaches out: fetching, and the issuers' keys it brings. Outlives a change of configuration."""

    fetch: GuardedFetch
    keys: IssuerKeys

    async def close(self) -> None:
        """End what is under way."""
        await self.keys.aclose()
        self.fetch.close()


def outside(base: Foundation) -> Outside:
    """Return the guarded way out."""
    server = base.definitions.server
    fetch = GuardedFetch(dev=base.dev, allowed_hosts=server.private_hosts, authorities=server.authorities)
    keys = IssuerKeys(fetch, base.clock, report=lambda sentence: _log.warning("issuer keys", detail=sentence))
    return Outside(fetch, keys)


def validators(base: Foundation, out: Outside) -> Validators:
    """Return step 3 over a configuration."""
    foreign = Foreign(
        ourselves=base.issuer,
        trust=base.catalog,
        keys=out.keys,
        mapper=base.catalog.mapping,
        digest=base.ring.digest,
        clock=base.clock,
    )
    return Validators(
        [
            AccessTokenValidator(
                issuer=base.issuer,
                keys=base.ring,
                clients=base.catalog,
                trust=base.catalog,
                clock=base.clock,
            ),
            IdTokenValidator(foreign),
            ForeignJwtValidator(foreign),
        ]
    )


def rehearsal(base: Foundation, out: Outside) -> Rehearsal:
    """Return what explains exchanges under a configuration."""
    return Rehearsal(
        issuer=base.issuer,
        clients=base.catalog,
        apis=base.catalog,
        subjects=validators(base, out),
        kinds=KINDS,
        policy=base.catalog.policy,
        clock=base.clock,
    )


def exchange(base: Foundation, out: Outside, *, minutes: Minutes, marks: Marks) -> Exchange:
    """Return the pipeline over a configuration."""
    subjects = validators(base, out)
    secret = SecretMethod(pepper=base.ring.secret_pepper)
    mint = Mint(AccessTokenIssuer(issuer=base.issuer, keys=base.ring, chance=SystemChance()))
    return Exchange(
        issuer=base.issuer,
        grants=[
            TokenExchangeGrant(readable=subjects.token_types, issuable=mint.token_types),
            ClientCredentialsGrant(),
        ],
        clients=ClientAuthenticator(
            clients=base.catalog,
            methods={
                "client_secret_basic": secret,
                "client_secret_post": secret,
                "private_key_jwt": PrivateKeyJwtMethod(issuer=base.issuer, marks=marks, clock=base.clock),
                "none": PublicMethod(),
            },
            claimed=asserted_name,
        ),
        subjects=subjects,
        apis=base.catalog,
        kinds=KINDS,
        policy=base.catalog.policy,
        fulfilment=mint,
        audit=minutes,
    )


@dataclass(slots=True, kw_only=True)
class Assembly:
    """One serving process.

    Attributes:
        gate: the public listener.
        probes: what must work for this process to issue, by name.
        reloading: held while a configuration is read and put in force, so that the last word wins.
    """

    base: Foundation
    out: Outside
    writer: StreamWriter
    minutes: Minutes
    marks: Marks
    gate: Gate
    probes: Mapping[str, Probe]
    reloading: asyncio.Lock = field(default_factory=asyncio.Lock)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])

    def start(self) -> None:
        """Begin the duties that run beside requests, and freeze what was loaded (architecture 3)."""
        base = self.base
        every = float(base.definitions.audit.checkpoint_every)
        self._tasks = [
            asyncio.create_task(base.notary().run(every=every, note=_note_checkpoint)),
            asyncio.create_task(self._count_floods()),
        ]
        gc.collect()
        gc.freeze()

    async def replace(self, draft: Draft) -> None:
        """Put a new configuration in force, whole; requests in flight finish on the old one.

        The ``server`` and ``keys`` sections stay as they were: they want a restart.

        Args:
            draft: the new configuration, read.

        Raises:
            ConfigurationFaults: a rule or mapping does not compile; the old configuration serves on.
            AuditUnavailable: the change could not be recorded; the old configuration serves on.
        """
        base = self.base
        if draft.server.issuer != base.issuer:
            raise ConfigurationFaults([_restart("server.issuer", "a new issuer needs a restart")])
        loaded = draft.compile(pepper=base.ring.secret_pepper, extra_checks=[findings])
        held = base.ring.keys()
        missing = draft.keys.algorithms - {
            key.algorithm for key in held if key.purpose == "token" and key.state == "active"
        }
        if missing:
            message = f"there is no {min(missing)} key yet; one is made at a restart"
            raise ConfigurationFaults([_restart("keys", message)])
        definitions = dataclasses.replace(
            loaded.definitions, server=base.definitions.server, keys=base.definitions.keys
        )
        base = dataclasses.replace(
            base, definitions=definitions, warnings=loaded.warnings, catalog=catalog_of(definitions)
        )
        pipeline = exchange(base, self.out, minutes=self.minutes, marks=self.marks)
        await self.minutes.note(
            "catalog:loaded", digest=base.catalog.digest, policy=base.catalog.policy.version
        )
        self.base = base
        self.gate.endpoints = endpoints(base, pipeline, self.writer)

    async def close(self) -> None:
        """End the duties, write what was counted, and close the stream cleanly."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(AuditUnavailable):
            await self.minutes.write_counts(math.inf)
        try:
            await self.writer.close()
            _note_checkpoint(await self.base.notary().seal_now())
        except (AuditUnavailable, NotSealed) as failed:
            _log.error("audit log not sealed", detail=str(failed))
        await self.out.close()
        await self.marks.close()

    async def _count_floods(self) -> None:
        while True:
            await asyncio.sleep(5)
            try:
                await self.minutes.write_counts(self.base.clock.now())
            except AuditUnavailable as failed:
                _log.error("refusal counts not written", detail=failed.detail)


def _restart(path: str, message: str) -> Fault:
    return Fault(place="the new configuration", path=path, message=message)


@contextlib.asynccontextmanager
async def assembly(base: Foundation) -> AsyncGenerator[Assembly]:
    """Put a serving process together over a foundation.

    Raises:
        AuditUnavailable: the audit log cannot be written; such a server does not start.
    """
    clock, chance = base.clock, SystemChance()
    try:
        sealed = base.notary().last()
    except OSError as problem:
        raise AuditUnavailable(f"the audit log's checkpoints cannot be read: {problem}") from problem
    writer = await open_writer(
        base.audit_folder,
        clock=clock,
        chance=chance,
        sealed={} if sealed is None else sealed.checkpoint.heads,
    )
    minutes = Minutes(writer=writer, flood=FloodGate(clock=clock), clock=clock, chance=chance)
    marks = await open_marks(base.definitions.server.data, clock=clock)
    out = outside(base)
    for stream in writer.broken:
        _log.error("audit stream is not whole", stream=stream.stream, detail=stream.sentence)
    for key in base.ring.created:
        await minutes.note("keys:created", kid=key.kid, purpose=key.purpose, algorithm=key.algorithm)
    await minutes.note("catalog:loaded", digest=base.catalog.digest, policy=base.catalog.policy.version)
    gate = Gate(endpoints(base, exchange(base, out, minutes=minutes, marks=marks), writer))
    house = Assembly(
        base=base,
        out=out,
        writer=writer,
        minutes=minutes,
        marks=marks,
        gate=gate,
        probes=_probes(base, writer, marks),
    )
    house.start()
    try:
        yield house
    finally:
        await house.close()


def endpoints(base: Foundation, pipeline: Exchange, writer: StreamWriter) -> dict[str, Endpoint]:
    """Return every public path with who answers it."""
    server = base.definitions.server
    errors = ErrorWriter(docs=server.docs, issuer=server.issuer, dev=base.dev)
    admission = Admission(most=base.definitions.limits.in_flight)
    token = TokenEndpoint(pipeline, errors=errors, deliveries=writer, admission=admission)
    described = metadata(
        server.issuer,
        grant_types=pipeline.grant_types,
        scopes={scope for api in base.catalog.apis.values() if not api.disabled for scope in api.scopes},
        assertion_algorithms={
            algorithm
            for client in base.catalog.clients.values()
            if client.auth.method == "private_key_jwt"
            for algorithm in client.auth.algorithms
        }
        or {"ES256", "RS256", "PS256", "EdDSA"},
    )
    about = Document(lambda: described, max_age=JWKS_MAX_AGE)
    paths = metadata_paths(server.issuer)
    prefix = paths["openid"].removesuffix("/.well-known/openid-configuration")
    return {
        f"{prefix}/token": token,
        f"{prefix}/jwks": Document(base.ring.published, max_age=JWKS_MAX_AGE),
        f"{prefix}/errors": ErrorsPage(),
        paths["oauth"]: about,
        paths["openid"]: about,
    }


def _probes(base: Foundation, writer: StreamWriter, marks: Marks) -> dict[str, Probe]:
    async def audit() -> str | None:
        return writer.trouble or await asyncio.to_thread(_unwritable, base.audit_folder)

    async def key() -> str | None:
        try:
            await base.ring.sign({"probe": True}, typ="actas-probe+jwt", purpose="token")
        except LookupError as missing:
            return str(missing)
        return None

    async def replay() -> str | None:
        name = SystemChance().token(16)
        await marks.claim(purpose="probe", issuer="readyz", token_id=name, expires_at=int(base.clock.now()))
        return None

    return {"signing key": key, "audit": audit, "marks": replay}


def _unwritable(folder: Path) -> str | None:
    """Return why nothing can be written into ``folder``, or None."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(64 * 1024))
            file.flush()
            os.fsync(file.fileno())
    except OSError as problem:
        return f"{folder}: {problem.strerror or problem}"
    return None


def _note_checkpoint(outcome: Sealed | NotSealed) -> None:
    if isinstance(outcome, NotSealed):
        _log.error("checkpoint not made", detail=str(outcome))
        return
    for stream in outcome.broken:
        _log.error("audit stream is not whole", stream=stream.stream, detail=stream.sentence)
    for missed in outcome.missed:
        _log.warning("checkpoint copy not written", detail=missed)
