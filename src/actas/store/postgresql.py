"""The door to PostgreSQL: an address that never prints its password, and a typed connection.

``asyncpg`` is used directly where a request waits (marks) and where a connection must stay open
(notifications); the main database reaches it through SQLAlchemy with connections made here, so that there is
one way to read an address. The driver is an extra, ``actas[postgres]``, and is imported when it is needed.
"""

from __future__ import annotations

import asyncio
import importlib
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Any, Final, Protocol, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from actas.core.secret import Secret
from actas.store.postgresql_hosts import Host, first_of, hosts_of
from actas.store.trouble import DatabaseMisconfigured

SCHEMES: Final = ("postgresql", "postgres", "postgresql+asyncpg")

PATIENCE: Final = 1.0
"""Seconds that anything a request waits for may take, connecting included (REL-20)."""

_ABANDONED: Final = 5.0
"""Seconds after which the server ends a transaction whose client has gone silent, and frees its locks."""

_OPTIONS: Final = frozenset(
    {
        *("host", "port", "user", "password", "dbname", "database", "passfile", "target_session_attrs"),
        *("sslmode", "sslcert", "sslkey", "sslpassword", "sslrootcert", "sslcrl", "sslnegotiation"),
        *("ssl_min_protocol_version", "ssl_max_protocol_version", "krbsrvname", "gsslib"),
        *("application_name", "search_path"),
    }
)
_SECRET_OPTIONS: Final = ("password", "sslpassword")
_HOST: Final = r"(?:\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._-]+|(?:%2[Ff]|/)[A-Za-z0-9._/%-]+)(?::[0-9]{1,5})?"
_HOSTS: Final = re.compile(rf"{_HOST}(?:,{_HOST})*")
_NAME: Final = re.compile(r"[\w.-]{1,63}")
_USER: Final = re.compile(r"[\w.@-]{1,63}")
_UNREADABLE: Final = (
    "the database URL cannot be read; it is written"
    " postgresql://user:password@host:5432/database?sslmode=verify-full, and whatever is special in the"
    " password is percent-encoded"
)

_HINTS: Final = {
    "28": "user and password stand in the URL that server.database names, and in pg_hba.conf how they log in",
    "3D": "create the database, or correct its name: the last part of the URL that server.database names",
    "42501": "migrations need a user that owns the schema; a server needs the grants of the guide Run several"
    " nodes, again after each migration",
    "53300": "more connections than max_connections of PostgreSQL: each node and each worker opens its own",
}
"""What to do, by the beginning of an SQLSTATE."""

_SILENT: Final = (
    "is PostgreSQL running there, and may this computer reach it? The address is the URL that"
    " server.database names"
)


class Connection(Protocol):
    """A connection of asyncpg, as far as it is used here. Failures are ``failures()``."""

    async def execute(self, query: str, *arguments: object) -> str:
        """Run a statement."""
        ...

    async def fetch(self, query: str, *arguments: object) -> Sequence[Sequence[Any]]:
        """Run a statement and return its rows."""
        ...

    async def fetchrow(self, query: str, *arguments: object) -> Sequence[Any] | None:
        """Run a statement and return its first row."""
        ...

    async def fetchval(self, query: str, *arguments: object) -> Any:
        """Run a statement and return the first value of its first row."""
        ...

    def transaction(
        self, *, isolation: str | None = None, readonly: bool = False
    ) -> AbstractAsyncContextManager[object]:
        """Return a transaction."""
        ...

    async def add_listener(self, channel: str, callback: Callable[[Connection, int, str, str], None]) -> None:
        """Call back with (connection, process, channel, payload) for every notification."""
        ...

    def add_termination_listener(self, callback: Callable[[Connection], None]) -> None:
        """Call back when the connection has ended, however."""
        ...

    def is_closed(self) -> bool:
        """Return whether it has ended."""
        ...

    def terminate(self) -> None:
        """End it at once, whatever goes on: everybody who waits on it gets an error."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a PostgreSQL database is.

    Attributes:
        name: what it is called in messages. No password is in it.
        dsn: for the driver, with everything that is secret.
        options: the names of the options that the URL gives.
        hosts: the hosts that it names; which of them takes writes is found out at every connection.
    """

    name: str
    dsn: Secret
    options: frozenset[str]
    hosts: tuple[Host, ...]
    hidden: tuple[str, ...] = field(repr=False)

    def without_secrets(self, text: str) -> str:
        """Return a message of the driver or the server, without what must not be in one."""
        for secret in self.hidden:
            text = text.replace(secret, "…")
        return text


def address(url: Secret) -> Address:
    """Return the address that a URL means. Options are libpq's: ``sslmode``, ``sslrootcert`` and so on.

    A URL that could be read in two ways is refused: what is taken for a host may be a piece of a password.

    Raises:
        DatabaseMisconfigured: it cannot be read. Nothing of it is repeated.
    """
    try:
        parts = urlsplit(url.reveal().strip())
        options = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise DatabaseMisconfigured(_UNREADABLE) from None
    given = dict(options)
    credentials, _, hosts = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    database = unquote(parts.path[1:])
    if (
        parts.scheme not in SCHEMES
        or parts.fragment
        or "@" in credentials
        or not (hosts == "" or _HOSTS.fullmatch(hosts))
        or not (user == "" or _USER.fullmatch(unquote(user)))
        or not (database == "" or _NAME.fullmatch(database))
    ):
        raise DatabaseMisconfigured(_UNREADABLE)
    if len(given) != len(options) or not given.keys() <= _OPTIONS:
        raise DatabaseMisconfigured(
            f"the database URL has an option twice, or one that is not known; there are:"
            f" {', '.join(sorted(_OPTIONS))}"
        )
    try:
        named = hosts_of(hosts, host=given.get("host"), port=given.get("port"))
    except ValueError:
        raise DatabaseMisconfigured(_UNREADABLE) from None
    where = unquote(hosts) or given.get("host") or "the default host"
    called = database or given.get("dbname") or given.get("database") or unquote(user) or "the default"
    hidden = [unquote(password), password, *(given.get(one, "") for one in _SECRET_OPTIONS)]
    dsn = url.reveal().strip().removeprefix(parts.scheme)
    return Address(
        name=f"{called} at {where}",
        dsn=Secret(f"postgresql{dsn}"),
        options=frozenset(given),
        hosts=named,
        hidden=tuple(sorted({one for one in hidden if one}, key=len, reverse=True)),
    )


async def connect(
    where: Address, *, within: float = PATIENCE, settings: Mapping[str, str] | None = None
) -> Connection:
    """Return a new connection. It leads to a server that takes writes, unless the URL wants another.

    Args:
        where: the database.
        within: seconds that it may take.
        settings: of the session, beside those that every connection has.

    Raises:
        DatabaseMisconfigured: the driver is not installed.
        Exception: one of ``failures()``.
    """
    ours = {
        "application_name": "actas",
        "client_encoding": "UTF8",
        "default_transaction_isolation": "read committed",
        # The server's own bounds: a client that was cut off leaves its locks behind otherwise.
        "statement_timeout": milliseconds(PATIENCE),
        "idle_in_transaction_session_timeout": milliseconds(_ABANDONED),
        # A node whose computer vanished lets go of what its sessions claim (a stream, an office of the log)
        # within half a minute, not after two hours.
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
        "tcp_user_timeout": "25000",
        **(settings or {}),
    }
    connect_to = partial(
        _driver().connect,
        where.dsn.reveal(),
        timeout=within,
        target_session_attrs=None if "target_session_attrs" in where.options else "read-write",
        server_settings={name: value for name, value in ours.items() if name not in where.options},
    )
    if len(where.hosts) < 2:
        made: Connection = await connect_to()
        return made
    async with asyncio.timeout(within):
        return await first_of([partial(connect_to, host=host, port=port) for host, port in where.hosts])


@contextmanager
def bounded(connection: Connection, seconds: float) -> Generator[None]:
    """Use a connection for so long at most: then it is ended, and with it what the session claims.

    It is not enough to wait no longer: whoever leaves a transaction tells the server, and waits for that.

    Raises:
        TimeoutError: it did not answer.
    """
    late = False

    def end() -> None:
        nonlocal late
        late = True
        connection.terminate()

    bound = asyncio.get_running_loop().call_later(seconds, end)
    try:
        yield
    except failures() as problem:
        if late:
            raise TimeoutError(f"it did not answer within {seconds:.0f} s") from problem
        raise
    finally:
        bound.cancel()


def failures() -> tuple[type[Exception], ...]:
    """Return what connecting and every use of a connection may raise.

    Raises:
        DatabaseMisconfigured: the driver is not installed.
    """
    driver = _driver()
    # The last one says that the server takes no writes (yet), as a standby does until it takes over.
    errors = (driver.PostgresError, driver.InterfaceError, driver.InternalClientError)
    return (*cast("tuple[type[Exception], ...]", errors), OSError)


def hint_for(problem: BaseException | None) -> str | None:
    """Return what an administrator can do about a failure of the driver, where its kind tells."""
    state = str(getattr(problem, "sqlstate", None) or "")
    for kind, hint in _HINTS.items():
        if state.startswith(kind):
            return hint
    return _SILENT if isinstance(problem, OSError) else None


def require_driver() -> None:
    """Return when the driver is installed.

    Raises:
        DatabaseMisconfigured: it is not.
    """
    _driver()


def milliseconds(seconds: float) -> str:
    """Return a span as PostgreSQL's settings want it."""
    return str(round(seconds * 1000))


def lock_of(topic: str) -> int:
    """Return the advisory lock that stands for a topic: 64 bits, signed."""
    return int.from_bytes(sha256(b"actas turn: " + topic.encode()).digest()[:8], "big", signed=True)


def _driver() -> Any:
    try:
        return importlib.import_module("asyncpg")
    except ImportError:
        raise DatabaseMisconfigured(
            "the driver of PostgreSQL is not installed; install it with: pip install 'actas[postgres]'"
        ) from None
