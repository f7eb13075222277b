"""The policy tests of a configuration, run against its policy."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace

from actas.admin.policy_tests import PolicyTester, TestResult
from actas.app.parts import KINDS
from actas.policy.connections import Connections
from actas.policy.decide import Policy
from actas.settings.definitions import Definitions
from actas.signin.terms import with_userinfo_of


def run_policy_tests(
    definitions: Definitions,
    policy: Policy,
    *,
    at: int,
    within: float = math.inf,
    monotonic: Callable[[], float] = time.monotonic,
) -> list[TestResult]:
    """Run the policy tests of a configuration.

    Args:
        policy: that of its catalog.
        at: the instant of the tests, seconds since the epoch.
        within: seconds after which no more are begun; those that are left have that as their problem.
        monotonic: seconds of a clock that nobody sets.
    """
    connections = Connections(definitions.connections, definitions.accepted)
    documents = with_userinfo_of(definitions.documents)
    tester = PolicyTester(
        ourselves=definitions.server.issuer,
        clients={one.name: one for one in connections.opened(definitions.clients.values())},
        connections=connections,
        documents=None if documents is None else replace(documents, ways=connections.ways),
        apis=definitions.apis,
        issuers=definitions.issuers,
        people=definitions.users,
        kinds=KINDS,
        policy=policy,
        at=at,
    )
    ends = monotonic() + within
    late = (f"was not run: those before it took longer than {within:g} s",)
    return [
        tester.run(test) if monotonic() < ends else TestResult(test=test, problems=late)
        for test in definitions.tests
    ]
