"""Getting the envelope key from where the configuration says it is, and making it on the very first start."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from actas.audit.log import draw_up
from actas.core.ports import Clock, SystemChance
from actas.core.secret import Secret
from actas.core.url import read_url
from actas.crypto.seal import Sealer
from actas.keys.envelope import EnvelopeKeyMissing, create_envelope_key, load_envelope_key
from actas.keys.services import KeyService, new_wrapped_key, sealer_of, wrapped_again
from actas.keys.vault_transit import VaultTransit
from actas.net.aws_kms import AwsKms
from actas.net.fetch import GuardedFetch
from actas.settings.definitions import EnvelopeSource, KeyServiceSettings, KeySettings
from actas.store.database import Database
from actas.store.envelope_keys import SqlEnvelopeKeys
from actas.store.outbox import Outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What the envelope key is got with.

    Attributes:
        dev: whether a key service on this computer may be asked over plain http.
        authorities: the certificate authorities that outgoing connections trust; None for the system's.
        database: keeps what a key service wrapped; None when ``wrapped`` says it.
        new: whether there is nothing yet that the key should open, so that one may be made.
        create: whether anything may be made at all.
        wrapped: envelope keys that key services wrapped, by the name of the service's key.
    """

    database: Database | None
    clock: Clock
    dev: bool
    authorities: Path | None
    new: bool
    create: bool
    wrapped: Mapping[str, str] = field(default_factory=dict[str, str])


class Wrapping:
    """The envelope key as a key service wrapped it, in a database."""

    def __init__(
        self, source: KeyServiceSettings, around: Around, database: Database, outbox: Outbox
    ) -> None:
        self._source = source
        self._around = around
        self._kept = SqlEnvelopeKeys(database, outbox)

    async def renew(self) -> str:
        """Wrap the envelope key again, under the newest version of the service's key; return its name.

        Raises:
            KeyServiceFailed: the service does not do it; what was kept stays.
            StoreUnavailable: the database failed.
        """
        with _asked(self._source, self._around) as service:
            before = (await self._kept.wrapped())[service.name]
            again = await wrapped_again(service, before)
            clock = self._around.clock
            record = draw_up("keys:wrapped", now=clock.now(), chance=SystemChance(), service=service.name)
            await self._kept.replace(service.name, again, before=before, record=record)
            return service.name


async def open_envelope(
    settings: KeySettings, around: Around, outbox: Outbox
) -> tuple[Sealer, Wrapping | None]:
    """Return the sealer of the envelope key, with the one before it; and its wrapping, if a service has it.

    Args:
        outbox: takes the audit entry when the key is wrapped again.

    Raises:
        EnvelopeKeyRefused: one of them is not there, or cannot be used.
        KeyServiceFailed: a key service does not give it.
        StoreUnavailable: the database failed.
    """
    sealer = await open_sealer(settings, around)
    service, database = settings.envelope.service, around.database
    if service is None or database is None:
        return sealer, None
    return sealer, Wrapping(service, around, database, outbox)


async def open_sealer(settings: KeySettings, around: Around) -> Sealer:
    """Return the sealer of the envelope key, with the one before it.

    Raises:
        EnvelopeKeyRefused: one of them is not there, or cannot be used.
        KeyServiceFailed: a key service does not give it.
        StoreUnavailable: the database failed.
    """
    earlier = settings.previous_envelope
    previous = None if earlier is None else await _opened(earlier, around, None, make=False)
    # Never another beside keys that are there and that nothing else opens: it would make a second truth.
    make = around.create and (around.new or previous is not None)
    return await _opened(settings.envelope, around, previous, make=make)


async def _opened(source: EnvelopeSource, around: Around, previous: Sealer | None, *, make: bool) -> Sealer:
    if source.service is not None:
        with _asked(source.service, around) as service:
            return await _unwrapped(service, around, previous, make=make)
    where: Path | Secret | None = source.path if source.text is None else source.text
    if where is None:
        raise EnvelopeKeyMissing("no envelope key is configured")
    if isinstance(where, Path) and make and around.new:
        # A server that starts at the same moment may be faster: then its key is the one.
        with contextlib.suppress(FileExistsError):
            await asyncio.to_thread(create_envelope_key, where)
    return load_envelope_key(where, previous=previous)


async def _unwrapped(service: KeyService, around: Around, previous: Sealer | None, *, make: bool) -> Sealer:
    kept = None if around.database is None else SqlEnvelopeKeys(around.database)
    wrapped = around.wrapped if kept is None else await kept.wrapped()
    if service.name not in wrapped and make and kept is not None:
        # Where another node was faster, its key is the one.
        await kept.add(service.name, await new_wrapped_key(service), at=int(around.clock.now()))
        wrapped = await kept.wrapped()
    if service.name not in wrapped:
        others = f"; there is one of {', '.join(sorted(wrapped))}" if wrapped else ""
        raise EnvelopeKeyMissing(f"there is no envelope key that {service.name} wrapped{others}")
    return await sealer_of(service, wrapped[service.name], previous=previous)


@contextlib.contextmanager
def _asked(source: KeyServiceSettings, around: Around) -> Generator[KeyService]:
    """Give the key service that is configured, for as long as it is asked."""
    if source.provider == "aws-kms":
        yield AwsKms(
            key=source.key, region=source.region, address=source.address, authorities=around.authorities
        )
        return
    address = source.address or ""
    # The operator named it, and Vaults have addresses that are not public.
    host = read_url(address).host
    fetch = GuardedFetch(
        dev=around.dev,
        allowed_hosts=frozenset({f"[{host}]" if ":" in host else host}),
        authorities=around.authorities,
    )
    try:
        yield VaultTransit(
            fetch,
            address=address,
            mount=source.mount,
            key=source.key,
            namespace=source.namespace,
            token=source.token or Secret(""),
        )
    finally:
        fetch.close()
