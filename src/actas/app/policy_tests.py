"""The policy tests of a configuration, run against its policy."""

from __future__ import annotations

from actas.admin.policy_tests import PolicyTester, TestResult
from actas.app.parts import KINDS
from actas.policy.decide import Policy
from actas.settings.definitions import Definitions


def run_policy_tests(definitions: Definitions, policy: Policy, *, at: int) -> list[TestResult]:
    """Run the policy tests of a configuration.

    Args:
        policy: that of its catalog.
        at: the instant of the tests, seconds since the epoch.
    """
    tester = PolicyTester(
        ourselves=definitions.server.issuer,
        clients=definitions.clients,
        apis=definitions.apis,
        issuers=definitions.issuers,
        kinds=KINDS,
        policy=policy,
        at=at,
    )
    return [tester.run(test) for test in definitions.tests]
