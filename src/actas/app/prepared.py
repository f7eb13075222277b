"""A configuration that is compiled and not in force yet."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from actas.app.compiled import catalog_of, findings
from actas.app.foundation import Foundation
from actas.keys.ring import SIGNED
from actas.settings.definitions import Definitions
from actas.settings.faults import ConfigurationFaults, Fault
from actas.settings.load import Draft
from actas.store.catalog import Catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A configuration that could be put in force.

    Attributes:
        waiting: the sections that were changed and stay as they were.
        narrowed_for: the generation that took something away, when this is the one before without that.
    """

    definitions: Definitions
    warnings: tuple[Fault, ...]
    catalog: Catalog
    waiting: tuple[str, ...] = ()
    narrowed_for: int | None = None


def prepare(base: Foundation, draft: Draft) -> Prepared:
    """Compile a configuration for a process that serves another one. Changes nothing; may run in a thread.

    The ``server``, ``keys`` and ``audit`` sections stay as they were: they want a restart.

    Args:
        base: what the process serves now.
        draft: the new configuration, whole.

    Raises:
        ConfigurationFaults: it does not compile, or wants what only a restart gives.
    """
    if draft.server.issuer != base.issuer:
        raise ConfigurationFaults([_restart("server.issuer", "a new issuer needs a restart")])
    loaded = draft.compile(pepper=base.ring.secret_pepper, extra_checks=[findings])
    held = base.ring.keys()
    there = {key.slot for key in held if key.state == "active"}
    if missing := draft.keys.used - there:
        purpose, algorithm = min(missing)
        of = "" if purpose == "token" else f" for {SIGNED[purpose]}"
        message = f"there is no {algorithm} key{of} yet; one is made at a restart"
        raise ConfigurationFaults([_restart("keys", message)])
    old, new = base.definitions, loaded.definitions
    definitions = dataclasses.replace(new, server=old.server, keys=old.keys, audit=old.audit)
    sections = (
        ("server", new.server == old.server),
        ("keys", new.keys == old.keys),
        ("audit", new.audit == old.audit),
    )
    return Prepared(
        definitions=definitions,
        warnings=loaded.warnings,
        catalog=catalog_of(definitions, base.registered),
        waiting=tuple(name for name, is_same in sections if not is_same),
    )


def _restart(path: str, message: str) -> Fault:
    return Fault(place="the new configuration", path=path, message=message)
