"""A configuration that is compiled and not in force yet."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass

from actas.app.compiled import catalog_of, findings
from actas.app.foundation import Foundation
from actas.keys.ring import SIGNED, Slot
from actas.settings.definitions import Definitions, KeySettings
from actas.settings.faults import ConfigurationFaults, Fault
from actas.settings.load import Draft
from actas.store.catalog import Catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A configuration that could be put in force.

    Attributes:
        waiting: the sections that were changed and stay as they were.
        lacking: what there is no key for here yet, and must be before it is put in force.
        narrowed_for: the generation that took something away, when this is the one before without that.
    """

    definitions: Definitions
    warnings: tuple[Fault, ...]
    catalog: Catalog
    waiting: tuple[str, ...] = ()
    lacking: frozenset[Slot] = frozenset()
    narrowed_for: int | None = None


def prepare(base: Foundation, draft: Draft) -> Prepared:
    """Compile a configuration for a process that serves another one. Changes nothing; may run in a thread.

    The ``server``, ``keys`` and ``audit`` sections stay as they were: they want a restart. What there must be
    a key for follows the whole of a configuration, and changes with it.

    Args:
        base: what the process serves now.
        draft: the new configuration, whole.

    Raises:
        ConfigurationFaults: it does not compile, or wants what only a restart gives.
    """
    if draft.server.issuer != base.issuer:
        raise ConfigurationFaults([_restart("server.issuer", "a new issuer needs a restart")])
    loaded = draft.compile(pepper=base.ring.secret_pepper, extra_checks=[findings])
    old, new = base.definitions, loaded.definitions
    keys = dataclasses.replace(old.keys, used=_used(old.keys, new.keys))
    held = base.ring.keys()
    lacking = keys.used - {key.slot for key in held if key.state == "active"}
    if lacking and new.keys.algorithm != old.keys.algorithm:
        message = f"there is no {without_key(lacking)} yet; one is made at a restart"
        raise ConfigurationFaults([_restart("keys", message)])
    definitions = dataclasses.replace(new, server=old.server, keys=keys, audit=old.audit)
    sections = (
        ("server", new.server == old.server),
        ("keys", dataclasses.replace(new.keys, used=keys.used) == keys),
        ("audit", new.audit == old.audit),
    )
    return Prepared(
        definitions=definitions,
        warnings=loaded.warnings,
        catalog=catalog_of(definitions, base.registered),
        waiting=tuple(name for name, is_same in sections if not is_same),
        lacking=lacking,
    )


def without_key(slots: Collection[Slot]) -> str:
    """Return the key that is missing, in words; the first one of several."""
    purpose, algorithm = min(slots)
    return f"{algorithm} key" if purpose == "token" else f"{algorithm} key for {SIGNED[purpose]}"


def _used(old: KeySettings, new: KeySettings) -> frozenset[Slot]:
    """Return what there must be a key for, also while the algorithm of the section waits for a restart."""
    used = set(new.used)
    for purpose, algorithm in new.used:
        if algorithm == new.algorithm and purpose in ("token", "grant"):
            used.add((purpose, old.algorithm))
    return frozenset(used)


def _restart(path: str, message: str) -> Fault:
    return Fault(place="the new configuration", path=path, message=message)
