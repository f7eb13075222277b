"""What can be wrong with a database, in words for administrators. No library's exception leaves ``store``."""

from __future__ import annotations

from actas.core.errors import StoreUnavailable


class DatabaseUnavailable(StoreUnavailable):
    """The database cannot be opened, or a transaction failed; nothing may be concluded from it (REL-19)."""


class SchemaRefused(StoreUnavailable):
    """The database holds something that this release must not touch (REL-27)."""


class DatabaseMisconfigured(DatabaseUnavailable):
    """What was configured cannot be used as it is: another try would end the same way (REL-30)."""


class MigrationPending(StoreUnavailable):
    """The database has an older schema than this release needs, and nobody asked to change it."""
