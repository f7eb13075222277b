"""By which rules grants of other servers are redeemed: found by who redeems them and whose they are."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from actas.policy.connections import is_of_connection
from actas.policy.rule import RuleSpec


class RedeemingRules:
    """The rules of all connections by which grants are redeemed, of either kind, what is paused included.

    Args:
        rules: all of a policy.
    """

    def __init__(self, rules: Iterable[RuleSpec]) -> None:
        self._found: dict[tuple[str, str], tuple[RuleSpec, ...]] = {}
        for rule in rules:
            if rule.kind in ("redemption", "chained") and is_of_connection(rule) and rule.subject is not None:
                for place in itertools.product(rule.client.names, rule.subject.issuers):
                    self._found[place] = (*self._found.get(place, ()), rule)

    def of(self, client: str, *, issuer: str) -> tuple[RuleSpec, ...]:
        """Return those by which a client redeems grants of an issuer, each by its configured name."""
        return self._found.get((client, issuer), ())
