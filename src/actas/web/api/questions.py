"""Questions: who am I, what is in force, who can, and do the policy tests pass."""

from __future__ import annotations

from dataclasses import asdict

from actas.admin.refusals import NotFound
from actas.admin.who_can import Way
from actas.admin.who_can import who_can as ways_to
from actas.core.ports import Json, JsonObject
from actas.web.api.call import Call, Desk, Reply, malformed


async def whoami(_desk: Desk, call: Call) -> Reply:
    """Say who asks, and as what."""
    call.only()
    author = call.author
    return Reply(body={"client": author.client, "person": author.person, "role": author.role})


async def state(desk: Desk, call: Call) -> Reply:
    """Say which generation is kept, and which is in force in the process that answers."""
    call.only()
    kept = await desk.keeping.snapshot()
    return Reply(body={"generation": kept.generation, **desk.state()})


async def who_can(desk: Desk, call: Call) -> Reply:
    """Read the policy backwards: every client, subject and condition that could end at an API or a scope.

    ``connection:NAME`` is what a connection leads to.
    """
    call.only("api", "scope")
    name, scope = call.query.get("api"), call.query.get("scope")
    if not name:
        raise malformed("api names the target")
    api = desk.apis.api(name) or desk.connections.target(name)
    if api is None:
        raise NotFound(detail=f"there is no API called {name[:100]!r}, and no connection")
    if scope is not None and scope not in api.scopes:
        raise NotFound(detail=f"{name} has no scope {scope[:100]!r}")
    found = ways_to(desk.policy, (*desk.clients.values(), *desk.by_document), api, scope)
    return Reply(body={"api": name, "scope": scope, "ways": [_way(one) for one in found]})


async def run_tests(desk: Desk, call: Call) -> Reply:
    """Run the policy tests that are kept against the rules in force."""
    call.only()
    tests: list[Json] = [*await desk.tests()]
    return Reply(body={"tests": tests})


def _way(way: Way) -> JsonObject:
    told: JsonObject = {**asdict(way), "closed": way.closed}
    told["cuts"] = [{**asdict(cut), "always": cut.always} for cut in way.cuts]
    return told
