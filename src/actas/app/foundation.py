"""What stands before anything is served: the configuration compiled, our keys, the catalog."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from actas.admin.objects import Change, Snapshot
from actas.admin.roles import management_api, role_rules, with_roles
from actas.app.offering import changes_of
from actas.audit.kept import SealableLog
from actas.core.ports import Clock, SystemClock
from actas.crypto.seal import Sealer
from actas.keys.envelope import EnvelopeKeyMissing, create_envelope_key, load_envelope_key
from actas.keys.local import LocalKeyRing
from actas.keys.rotation import Rotation
from actas.policy.decide import Policy
from actas.policy.identity import IdentityMapping, MappingError
from actas.policy.rule import RuleError
from actas.settings.definitions import Definitions, KeySettings
from actas.settings.faults import Fault
from actas.settings.load import Draft, Finding
from actas.store.audit_folder import FolderLog
from actas.store.audit_notary import Notary
from actas.store.catalog import Catalog
from actas.store.configuration import SqlConfiguration
from actas.store.database import Database, Place, file_of, is_shared, open_database
from actas.store.folder import make_private
from actas.store.keys import SqlKeyStore
from actas.store.revocations import RevocationList, open_revocations

AUDIT_FOLDER: Final = "audit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    """What stands before anything is served.

    Attributes:
        warnings: what the configuration warns of.
        rotation: what changes the keys of the ring.
        database: the main database, open for as long as the foundation is.
        files: the configuration files, as they were read.
        kept: what the store of record keeps, with what the files change about it.
        changes: that, which is not committed yet.
        adopt: whether the files take over objects that the console keeps.
        revoked: what was revoked, as it was when the foundation was opened; a serving process follows it.
    """

    definitions: Definitions
    warnings: tuple[Fault, ...]
    catalog: Catalog
    ring: LocalKeyRing
    rotation: Rotation
    database: Database
    revoked: RevocationList
    clock: Clock
    dev: bool
    files: Draft
    kept: Snapshot
    changes: tuple[Change, ...]
    adopt: bool

    @property
    def store(self) -> SqlConfiguration:
        """The store of record of the configuration."""
        return SqlConfiguration(self.database)

    @property
    def issuer(self) -> str:
        """Our own issuer identifier."""
        return self.definitions.server.issuer

    @property
    def accepted(self) -> tuple[str, ...]:
        """What is not as it should be and was accepted by an explicit flag (REL-30)."""
        return () if self.database.unsafe is None else (self.database.unsafe,)

    @property
    def client_certificates(self) -> tuple[bytes, ...]:
        """What callers may show a certificate by: authorities, and what clients registered, each in DER."""
        registered = (one for client in self.catalog.clients.values() for one in client.auth.certificates)
        return (*self.definitions.server.tls.client_authorities, *registered)

    @property
    def audit_folder(self) -> Path:
        """Where the streams of the audit log are."""
        return self.definitions.server.data / AUDIT_FOLDER

    @property
    def audit_log(self) -> SealableLog:
        """The audit log as it is kept."""
        return FolderLog(self.audit_folder)

    def notary(self) -> Notary:
        """Return who seals the audit log."""
        return Notary(
            self.audit_log,
            ring=self.ring,
            clock=self.clock,
            also=self.definitions.audit.checkpoints_to,
        )


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
    """Return the catalog of a configuration that compiled.

    Once somebody holds a role, the API for managing the server is one of its APIs.
    """
    ours = [management_api(definitions.server.issuer)] if definitions.admins else []
    return Catalog(
        clients=with_roles(definitions.clients.values(), definitions.admins),
        apis=[*definitions.apis.values(), *ours],
        issuers=definitions.issuers.values(),
        rules=[*definitions.rules, *role_rules(definitions.admins)],
        defaults=definitions.defaults,
        digest=definitions.digest,
    )


class NotStartedYet(Exception):
    """There is nothing to work over: the server has never been started with this configuration."""


@contextlib.asynccontextmanager
async def foundation(
    draft: Draft,
    *,
    dev: bool,
    create: bool = False,
    migrate: bool = False,
    adopt: bool = False,
    clock: Clock | None = None,
) -> AsyncGenerator[Foundation]:
    """Open database, keys and catalog: the files laid over what the store of record keeps.

    Args:
        draft: the configuration files, read.
        create: make the data folder on the very first start, and keys that are missing.
        migrate: bring a shared database to this release's schema; a file is brought there in any case.
        adopt: whether the files take over objects that the console keeps.
        clock: another than this computer's.

    Raises:
        NotStartedYet: there are no keys, and none are to be made.
        ConfigurationFaults: the files do not hold together with what is kept.
        EnvelopeKeyRefused, KeysUnusable: our own keys cannot be used.
        StoreUnavailable: the database cannot be used, or its schema is older and not to be changed.
    """
    clock = clock or SystemClock()
    async with contextlib.AsyncExitStack() as stack:
        database = await _open(draft, clock=clock, create=create, migrate=migrate)
        stack.push_async_callback(database.close)
        kept = await SqlConfiguration(database).read()
        lay = partial(changes_of, kept, draft, adopt=adopt, at=int(clock.now()))
        whole = draft.beside(kept.after(lay(pepper=None)).in_force)
        ring, rotation = await _keys(database, draft, whole.keys, clock=clock, create=create)
        stack.callback(ring.close)
        changes = lay(pepper=ring.secret_pepper)
        loaded = whole.compile(pepper=ring.secret_pepper, extra_checks=[findings])
        yield Foundation(
            definitions=loaded.definitions,
            warnings=loaded.warnings,
            catalog=catalog_of(loaded.definitions),
            ring=ring,
            rotation=rotation,
            database=database,
            revoked=await open_revocations(database, clock=clock),
            clock=clock,
            dev=dev,
            files=draft,
            kept=kept.after(changes),
            changes=changes,
            adopt=adopt,
        )


async def _open(draft: Draft, *, clock: Clock, create: bool, migrate: bool) -> Database:
    place = place_of(draft)
    shared = is_shared(place)
    if create:
        make_private(draft.server.data)
    if not create and not shared and not file_of(place).exists():
        raise NotStartedYet(f"there is nothing in {draft.server.data}: the server has not been started yet")
    return await open_database(
        place, clock=clock, migrate=migrate or not shared, accept_unsafe=draft.server.unsafe_database
    )


async def _keys(
    database: Database, draft: Draft, settings: KeySettings, *, clock: Clock, create: bool
) -> tuple[LocalKeyRing, Rotation]:
    """Open our keys, which are made on the very first start, and what changes them."""
    store = SqlKeyStore(database)
    new = not (await store.all() or await store.secrets())
    if new and not create:
        raise NotStartedYet(
            f"there are no keys in the database {database.name}: the server has not been started yet"
        )
    sealer = _envelope(draft, new=new)
    ring = await LocalKeyRing.open(
        store,
        sealer=sealer,
        clock=clock,
        algorithm=settings.algorithm,
        algorithms=settings.algorithms,
        # Who makes a key writes it down, which a command that looks does not.
        make=create,
    )
    rotation = Rotation(
        store, sealer=sealer, clock=clock, timetable=settings.timetable, algorithms=settings.algorithms
    )
    return ring, rotation


def place_of(draft: Draft) -> Place:
    """Return where the main database of a configuration is."""
    return draft.server.data if draft.server.database is None else draft.server.database


def _envelope(draft: Draft, *, new: bool) -> Sealer:
    """Return the sealer of the envelope key, which is made when there is nothing yet that it should open."""
    source = draft.keys.envelope
    if source.text is not None:
        return load_envelope_key(source.text)
    path = source.path
    if path is None:
        raise EnvelopeKeyMissing("no envelope key is configured")
    if new:
        # A server that starts at the same moment may be faster: then its key is the one.
        with contextlib.suppress(FileExistsError):
            create_envelope_key(path)
    # Never another beside keys that are there: it would open nothing, and make a second truth.
    return load_envelope_key(path)
