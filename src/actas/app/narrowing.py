"""What a node does with a configuration that it cannot compile: it takes away what the new one takes away.

The old one serves on, alarmed. But what somebody disabled or removed must not go on because of an unrelated
fault on this node, so it ends here too (REL-21). Nothing is ever added: that wants the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from actas.admin.objects import ObjectKind, Snapshot
from actas.core.client import Client
from actas.core.target import Api
from actas.policy.rule import RuleSpec
from actas.settings.definitions import Definitions
from actas.trust.registry import TrustedIssuer

Switched = TypeVar("Switched", Client, Api, TrustedIssuer)


def narrowed(old: Definitions, kept: Snapshot) -> Definitions:
    """Return the old definitions without what is no longer in force, or is disabled.

    Args:
        old: what is in force here.
        kept: what is kept, which does not compile here.
    """
    return replace(
        old,
        clients=_switched(old.clients, "clients", kept),
        apis=_switched(old.apis, "apis", kept),
        issuers=_switched(old.issuers, "issuers", kept),
        rules=tuple(_rule(one, kept) for one in old.rules),
        admins={name: role for name, role in old.admins.items() if _stands(kept, "admins", f"client:{name}")},
    )


def _switched(old: Mapping[str, Switched], kind: ObjectKind, kept: Snapshot) -> dict[str, Switched]:
    return {
        name: one if _stands(kept, kind, name) else replace(one, disabled=True) for name, one in old.items()
    }


def _rule(old: RuleSpec, kept: Snapshot) -> RuleSpec:
    """A deny stays, whatever became of it: to lift one is to add."""
    if old.effect == "deny" or _stands(kept, "rules", old.name):
        return old
    return replace(old, disabled=True)


def _stands(kept: Snapshot, kind: ObjectKind, name: str) -> bool:
    one = kept.get(kind, name)
    return one is not None and one.in_force and not one.disabled and one.body.get("disabled") is not True
