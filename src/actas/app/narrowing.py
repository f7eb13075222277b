"""What a configuration takes away, which a node can do before it has compiled the whole, or when it cannot.

The old one serves on meanwhile. But what somebody disabled or removed ends here within the bound (REL-21),
however long a large configuration takes and whatever unrelated fault keeps this node from compiling it.
Nothing is ever added: that wants the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

import msgspec

from actas.admin.objects import AdminWay, ObjectKind, Snapshot, admin_name
from actas.app.compiled import catalog_of
from actas.app.foundation import Foundation
from actas.app.prepared import Prepared
from actas.core.administrators import Administrators
from actas.core.client import Client
from actas.core.party import OURSELVES
from actas.core.person import Person
from actas.core.target import Api
from actas.policy.rule import RuleSpec
from actas.settings.definitions import Definitions
from actas.trust.registry import TrustedIssuer

Switched = TypeVar("Switched", Client, Api, TrustedIssuer)


def without_what_ended(base: Foundation, kept: Snapshot) -> Prepared | None:
    """Return what is in force without what is kept no longer, or None when that is the same."""
    definitions = narrowed(base.definitions, kept)
    if definitions == base.definitions:
        return None
    return Prepared(
        definitions=definitions,
        warnings=base.warnings,
        catalog=catalog_of(definitions, base.registered),
        narrowed_for=kept.generation,
    )


def narrowed(old: Definitions, kept: Snapshot) -> Definitions:
    """Return the old definitions without what is no longer in force, or is disabled.

    Args:
        old: what is in force here.
        kept: what is kept, which is not compiled here yet.
    """
    return replace(
        old,
        clients=_switched(old.clients, "clients", kept),
        apis=_switched(old.apis, "apis", kept),
        issuers=_switched(old.issuers, "issuers", kept),
        users={
            name: one if _stands(kept, "users", name) else _locked_out(one) for name, one in old.users.items()
        },
        rules=tuple(_rule(one, kept) for one in old.rules),
        admins=_administrators(old.admins, kept),
    )


def _switched(old: Mapping[str, Switched], kind: ObjectKind, kept: Snapshot) -> dict[str, Switched]:
    return {
        name: one if _stands(kept, kind, name) else replace(one, disabled=True) for name, one in old.items()
    }


def _administrators(old: Administrators, kept: Snapshot) -> Administrators:
    def stands(way: AdminWay, name: str, issuer: str = OURSELVES) -> bool:
        return _stands(kept, "admins", admin_name(way, name, issuer))

    return Administrators(
        clients={name: role for name, role in old.clients.items() if stands("client", name)},
        users={name: role for name, role in old.users.items() if stands("user", name)},
        groups={
            issuer: {name: role for name, role in held.items() if stands("group", name, issuer)}
            for issuer, held in old.groups.items()
        },
    )


def _locked_out(one: Person) -> Person:
    return msgspec.structs.replace(one, disabled=True)


def _rule(old: RuleSpec, kept: Snapshot) -> RuleSpec:
    """A deny stays, whatever became of it: to lift one is to add."""
    if old.effect == "deny" or _stands(kept, "rules", old.name):
        return old
    return replace(old, disabled=True)


def _stands(kept: Snapshot, kind: ObjectKind, name: str) -> bool:
    one = kept.get(kind, name)
    return one is not None and one.is_on
