"""What stands before anything is served: the configuration compiled, our keys, the catalog."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from actas.admin.objects import Change, Snapshot
from actas.app.compiled import catalog_of, findings
from actas.app.log_place import audit_folder, checkpoint_copies, shared_log
from actas.app.offering import changes_of
from actas.app.own_keys import NotStartedYet, OwnKeys, open_keys
from actas.audit.kept import SealableLog
from actas.core.ports import Clock, SystemClock
from actas.core.secret import Secret
from actas.keys.local import LocalKeyRing
from actas.keys.rotation import Rotation
from actas.settings.definitions import Definitions
from actas.settings.faults import ConfigurationFaults, Fault
from actas.settings.load import Draft, Loaded
from actas.store.audit_folder import FolderLog
from actas.store.audit_notary import Notary
from actas.store.audit_postgresql_log import PostgresqlLog
from actas.store.catalog import Catalog
from actas.store.configuration import SqlConfiguration
from actas.store.database import Database, Place, file_of, is_shared, open_database
from actas.store.device_codes import SqlDeviceCodes
from actas.store.folder import make_private
from actas.store.impersonations import SqlImpersonations
from actas.store.opaque import SqlOpaqueTokens
from actas.store.outbox import Outbox
from actas.store.refresh import SqlRefreshTokens
from actas.store.registered import SqlRegisteredClients, open_registered
from actas.store.revocations import RevocationList, open_revocations
from actas.store.session_apps import SqlSessionApps
from actas.store.sessions import SqlSessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    """What stands before anything is served.

    Attributes:
        warnings: what the configuration warns of.
        keys: our own keys, with what seals them under another envelope key.
        database: the main database, open for as long as the foundation is.
        files: the configuration files, as they were read.
        kept: what the store of record keeps, with what the files change about it.
        changes: that, which is not committed yet.
        adopt: whether the files take over objects that the console keeps.
        bare: whether the catalog is empty, because neither the files nor what is kept hold: only what is
            beside it, such as the log and our own keys, is there (``kept_foundation``).
        shared_log: the URL of the database that keeps the audit log; None when files of this node do.
        revoked: what was revoked, as it was when the foundation was opened; a serving process follows it.
        opaque: keeps what opaque tokens stand for.
        registered: clients that registered themselves, as ``revoked`` is.
    """

    definitions: Definitions
    warnings: tuple[Fault, ...]
    catalog: Catalog
    keys: OwnKeys
    database: Database
    revoked: RevocationList
    opaque: SqlOpaqueTokens
    registered: SqlRegisteredClients
    clock: Clock
    dev: bool
    files: Draft
    kept: Snapshot
    changes: tuple[Change, ...]
    adopt: bool
    bare: bool = False
    shared_log: Secret | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shared_log", shared_log(self.definitions))

    @property
    def ring(self) -> LocalKeyRing:
        """Our own keys."""
        return self.keys.ring

    @property
    def rotation(self) -> Rotation:
        """What changes them."""
        return self.keys.rotation

    @property
    def store(self) -> SqlConfiguration:
        """The store of record of the configuration."""
        return SqlConfiguration(self.database, revoking=self.revoked)

    @property
    def refresh_store(self) -> SqlRefreshTokens:
        """Where refresh tokens are kept."""
        return SqlRefreshTokens(self.database, clock=self.clock)

    @property
    def impersonations(self) -> SqlImpersonations:
        """Where it is kept who acts, or acted, as whom."""
        return SqlImpersonations(self.database, revoked=self.revoked, clock=self.clock)

    @property
    def session_store(self) -> SqlSessions:
        """Where sessions are kept."""
        return SqlSessions(self.database, clock=self.clock)

    @property
    def session_apps(self) -> SqlSessionApps:
        """Where it is kept which apps sessions have served."""
        return SqlSessionApps(self.database, clock=self.clock)

    @property
    def device_store(self) -> SqlDeviceCodes:
        """Where it is kept what devices ask."""
        return SqlDeviceCodes(self.database, clock=self.clock)

    @property
    def outbox(self) -> Outbox:
        """Audit entries that were committed with a change, until they are written."""
        return self.keys.outbox

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
        """Where the files of the audit log are, and what a shared one is searched by on this node."""
        return audit_folder(self.definitions)

    @property
    def audit_log(self) -> SealableLog:
        """The audit log as it is kept."""
        if self.shared_log is not None:
            return PostgresqlLog(self.shared_log, folder=self.audit_folder)
        return FolderLog(self.audit_folder)

    @property
    def checkpoint_copies(self) -> tuple[Path, ...]:
        """The files that get every checkpoint too, out of the reach of whoever can change the log."""
        return checkpoint_copies(self.definitions, shared=self.shared_log is not None)

    def notary(self) -> Notary:
        """Return who seals the audit log."""
        if self.shared_log is not None:
            make_private(self.audit_folder)  # for the copy that this node keeps
        return Notary(
            self.audit_log,
            ring=self.ring,
            clock=self.clock,
            also=self.checkpoint_copies,
        )


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
        create: make the data folder on the very first start, and keys that are missing.
        migrate: bring a shared database to this release's schema; a file is brought there in any case.
        adopt: whether the files take over objects that the console keeps.
        clock: another than this computer's.

    Raises:
        NotStartedYet: there are no keys, and none are to be made.
        ConfigurationFaults: the files do not hold together with what is kept.
        EnvelopeKeyRefused, KeysUnusable, KeyServiceFailed: our own keys cannot be used.
        StoreUnavailable: the database cannot be used, or its schema is older and not to be changed.
    """
    clock = clock or SystemClock()
    async with contextlib.AsyncExitStack() as stack:
        database = await stack.enter_async_context(_open(draft, clock=clock, create=create, migrate=migrate))
        kept = await SqlConfiguration(database).read()
        lay = partial(changes_of, kept, draft, adopt=adopt, at=int(clock.now()))
        whole = draft.beside(kept.after(lay(pepper=None)).in_force)
        keys = await open_keys(database, whole.keys, draft.server, clock=clock, create=create, dev=dev)
        stack.callback(keys.ring.close)
        changes = lay(pepper=keys.ring.secret_pepper)
        loaded = whole.compile(pepper=keys.ring.secret_pepper, extra_checks=[findings])
        base = await _standing(loaded, keys, database, files=draft, kept=kept.after(changes), clock=clock)
        yield replace(base, dev=dev, changes=changes, adopt=adopt)


@contextlib.asynccontextmanager
async def kept_foundation(settings: Draft, *, dev: bool, objects: bool) -> AsyncGenerator[Foundation]:
    """Open what a server stands on whose files do not hold, to read its log: the settings that could be read,
    and the objects that the store of record has in force.

    Args:
        settings: a draft without objects (``settings.apart``).
        objects: whether the settings are whole, so that the objects in force are decided with as they were.

    Raises:
        NotStartedYet: there are no keys.
        EnvelopeKeyRefused, KeysUnusable, KeyServiceFailed: our own keys cannot be used.
        StoreUnavailable: the database cannot be used, or its schema is older and not to be changed.
    """
    clock = SystemClock()
    async with contextlib.AsyncExitStack() as stack:
        database = await stack.enter_async_context(_open(settings, clock=clock, create=False, migrate=False))
        kept = await SqlConfiguration(database).read()
        keys = await open_keys(database, settings.keys, settings.server, clock=clock, create=False, dev=dev)
        stack.callback(keys.ring.close)
        loaded = None
        if objects:
            with contextlib.suppress(ConfigurationFaults):
                loaded = settings.beside(kept.in_force).compile(pepper=None, extra_checks=[findings])
        known = loaded or settings.compile(pepper=None)
        base = await _standing(known, keys, database, files=settings, kept=kept, clock=clock)
        yield replace(base, dev=dev, bare=loaded is None)


async def _standing(
    loaded: Loaded, keys: OwnKeys, database: Database, *, files: Draft, kept: Snapshot, clock: Clock
) -> Foundation:
    registered = await open_registered(database, clock=clock, marking=keys.ring)
    return Foundation(
        definitions=loaded.definitions,
        warnings=loaded.warnings,
        catalog=catalog_of(loaded.definitions, registered),
        keys=keys,
        database=database,
        revoked=await open_revocations(database, clock=clock),
        opaque=SqlOpaqueTokens(database, clock=clock),
        registered=registered,
        clock=clock,
        dev=False,
        files=files,
        kept=kept,
        changes=(),
        adopt=False,
    )


@contextlib.asynccontextmanager
async def _open(draft: Draft, *, clock: Clock, create: bool, migrate: bool) -> AsyncGenerator[Database]:
    place = place_of(draft)
    shared = is_shared(place)
    if create:
        make_private(draft.server.data)
    if not create and not shared and not file_of(place).exists():
        raise NotStartedYet(f"there is nothing in {draft.server.data}: the server has not been started yet")
    database = await open_database(
        place, clock=clock, migrate=migrate or not shared, accept_unsafe=draft.server.unsafe_database
    )
    try:
        yield database
    finally:
        await database.close()


def place_of(draft: Draft) -> Place:
    """Return where the main database of a configuration is."""
    return draft.server.data if draft.server.database is None else draft.server.database
