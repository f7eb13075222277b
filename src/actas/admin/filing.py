"""Files that administrators bring from outside: what they would change, and making it so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from actas.admin.authority import refuse_unsafe
from actas.admin.deeds import Keeping, allowed
from actas.admin.objects import Change, Offered, Snapshot
from actas.admin.reconcile import Conflict as InTheWay
from actas.admin.reconcile import Reconciled, reconcile
from actas.admin.record import Author
from actas.admin.refusals import Conflict, NotAccepted, Outdated
from actas.core.ports import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Files that are to be applied.

    Attributes:
        generation: the state of the store that they were compared with; None when it does not matter.
    """

    objects: tuple[Offered, ...]
    adopt: bool
    prune: bool
    generation: int | None = None


class Filing:
    """Lays files over what is kept."""

    def __init__(self, keeping: Keeping) -> None:
        self._keeping = keeping

    async def plan(
        self, files: Files
    ) -> tuple[tuple[Change, ...], tuple[InTheWay, ...], Snapshot, Sequence[JsonObject]]:
        """Return what files would change, what is in their way, and what the policy tests say then.

        Raises:
            OAuthError: what would come of it does not hold.
        """
        for one in files.objects:
            refuse_unsafe(one.kind, one.name, one.body)
        found: list[Reconciled] = []

        def edit(kept: Snapshot) -> Sequence[Change]:
            found.append(_reconciled(kept, files))
            return found[-1].changes

        changes, kept, tests = await self._keeping.rehearse(edit)
        return changes, found[-1].conflicts, kept, tests

    async def apply(self, author: Author, files: Files) -> tuple[tuple[Change, ...], Snapshot]:
        """Make what files say so, whole or not at all.

        Raises:
            OAuthError: something is in the way, a policy test fails, or it may not be.
        """
        _, conflicts, _, tests = await self.plan(files)
        if conflicts:
            raise Conflict(detail="; ".join(f"{one.offered.name} {one.sentence}" for one in conflicts[:20]))
        failed = [one for one in tests if one["problems"]]
        if failed:
            raise NotAccepted(
                detail=f"{len(failed)} policy tests fail", faults=[_as_fault(one) for one in failed]
            )
        made: list[Sequence[Change]] = []

        def edit(kept: Snapshot) -> Sequence[Change]:
            if files.generation not in (None, kept.generation):
                raise Outdated(detail="the configuration was changed since it was compared")
            found = _reconciled(kept, files)
            if found.conflicts:
                raise Conflict(detail=f"{found.conflicts[0].offered.name} {found.conflicts[0].sentence}")
            made.append(allowed(author, found.changes, kept))
            return made[-1]

        kept = await self._keeping.change(edit, replace(author, via="apply"))
        return tuple(made[-1]), kept


def _reconciled(kept: Snapshot, files: Files) -> Reconciled:
    return reconcile(kept, files.objects, origin="apply", adopt=files.adopt, prune=files.prune, at=0)


def _as_fault(test: JsonObject) -> JsonObject:
    problems = test["problems"]
    message = "; ".join(map(str, problems)) if isinstance(problems, list) else str(problems)
    return {
        "place": test.get("place"),
        "path": f"tests[{test.get('name')}]",
        "message": message,
        "severity": "error",
    }
