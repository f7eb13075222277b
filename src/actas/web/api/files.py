"""Files against what is kept: plan, apply, export."""

from __future__ import annotations

from typing import Final, cast

from actas.admin.filing import Files
from actas.admin.objects import KINDS, Change, Kept, Key, Offered, canonical, kind_of, own_name
from actas.core.ports import Json, JsonObject
from actas.web.api.call import Call, Desk, Reply, fields_of, malformed
from actas.web.api.objects import keepers_in, shown

MOST_OBJECTS: Final = 100_000


async def plan(desk: Desk, call: Call) -> Reply:
    """Say what files would change, and what the policy tests say then. Changes nothing."""
    call.only()
    changes, conflicts, kept, tests = await desk.filing.plan(_files(call))
    in_the_way: list[Json] = [
        {"kind": one.offered.kind, "name": one.offered.name, "place": one.offered.place, "why": one.sentence}
        for one in conflicts
    ]
    return Reply(
        body={
            "generation": kept.generation,
            "changes": [_change(one) for one in changes if one.what != "moved"],
            "conflicts": in_the_way,
            "tests": list[Json](tests),
        }
    )


async def apply(desk: Desk, call: Call) -> Reply:
    """Make what files say so, whole or not at all."""
    call.only()
    changes, kept = await desk.filing.apply(call.author, _files(call))
    return Reply(
        body={
            "generation": kept.generation,
            "changes": [_change(one) for one in changes if one.what != "moved"],
        }
    )


async def export(desk: Desk, call: Call) -> Reply:
    """Return what is kept, in the form of the configuration file."""
    call.only("kind", "kept_by")
    kinds, keepers = call.query.get("kind"), keepers_in(call)
    wanted = KINDS if kinds is None else tuple(kind_of(one) for one in kinds.split(","))
    if None in wanted:
        raise malformed(f"kind is one or more of {', '.join(KINDS)}, between commas")
    kept = await desk.keeping.snapshot()
    whole: JsonObject = {"version": 1}
    for kind in wanted:
        found = sorted(
            (one for one in kept.in_force if one.kind == kind and one.keeper in keepers),
            key=lambda one: one.name,
        )
        if found and kind is not None:
            whole[kind] = found[0].body if kind == "defaults" else [_exported(one) for one in found]
    return Reply(body={"generation": kept.generation, "configuration": whole})


def _exported(kept: Kept) -> JsonObject:
    """What an administrator switched off is off in the file, too."""
    return {**kept.body, "disabled": True} if kept.disabled else kept.body


def _change(change: Change) -> JsonObject:
    kind, name = change.key
    before = change.before if change.before is not None and change.before.exists else None
    return {
        "what": change.what,
        "kind": kind,
        "name": name,
        "before": None if before is None else shown(before),
        "after": shown(change.after) if change.after.exists else None,
    }


def _files(call: Call) -> Files:
    wanted = fields_of(call.document(), objects=list, adopt=bool, prune=bool, generation=int)
    objects = cast("list[Json]", wanted["objects"] or [])
    if len(objects) > MOST_OBJECTS:
        raise malformed(f"there are more than {MOST_OBJECTS} objects")
    offered = tuple(_offered(one) for one in objects)
    seen: set[Key] = set()
    for one in offered:
        if one.key in seen:
            raise malformed(f"{one.kind} {one.name[:60]!r} is given twice")
        seen.add(one.key)
    generation = wanted["generation"]
    return Files(
        objects=offered,
        adopt=wanted["adopt"] is True,
        prune=wanted["prune"] is True,
        generation=generation if isinstance(generation, int) else None,
    )


def _offered(one: Json) -> Offered:
    if not isinstance(one, dict):
        raise malformed("objects is a list of kind, name, document and place")
    told = fields_of(one, kind=str, name=str, document=dict, place=str)
    kind, name, document = kind_of(str(told["kind"])), told["name"], told["document"]
    if kind is None or not isinstance(name, str) or not isinstance(document, dict):
        raise malformed(f"an object has a name, a document, and a kind: one of {', '.join(KINDS)}")
    if name != own_name(kind, document):
        raise malformed(f"the document of {name[:60]!r} has another name")
    place = str(told["place"] or "")
    if not place.isprintable():
        raise malformed(f"the place of {name[:60]!r} is no line of text")
    return Offered(kind=kind, name=name, document=canonical(document), place=place[:300])
