"""What a scene showed, and what it must show: values. And the one way in which the log cannot be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Outcome = Literal["granted", "refused"]

SCENES_BY_NAME: Final = ("agent", "service", "refusal", "cross-app", "sign-in", "look-in")
"""What each scene is called, in their order."""


class NoMinutes(Exception):
    """What the server wrote cannot be read, or cannot be sealed. The message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One party of a chain.

    Attributes:
        kind: person, service, agent or app; issuer for the server of another domain; None when nobody says.
        scopes: how many scopes the token held that this party exchanged; None when it held none to count.
    """

    kind: str | None
    id: str
    scopes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why an exchange was refused, from its explanation.

    Attributes:
        rule: the rule that denied it, or None when none did.
        because: the parties for which that rule denies, such as the agents in the chain.
        kind: what those are.
        sentence: what the rule, or else the server, says.
        scopes: what was denied.
        instead: the scopes for which the same request would have been granted; empty when there are none.
        hops: the chain that was asked for, oldest first.
        target: the audience that was asked for.
    """

    error: str
    reason: str
    rule: str | None
    because: tuple[str, ...]
    kind: str
    sentence: str
    scopes: tuple[str, ...]
    instead: tuple[str, ...]
    hops: tuple[Hop, ...]
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """What came of asking again while the connection was paused.

    Attributes:
        by: who paused it.
        reason: why there was nothing; None when there was something.
        entry: where that stands in the log; None when it does not.
        took: milliseconds from the question to the answer.
    """

    connection: str
    by: str
    reason: str | None
    entry: str | None
    took: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What one log says of a grant.

    Attributes:
        log: whose log it is.
        kind: what was done: given it, or redeemed it.
        client: who asked.
        person: for whom, as they are called there.
        jti: of the grant.
        at: where in the entry that stands.
    """

    log: str
    entry: str
    kind: str
    client: str
    person: str
    jti: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossed:
    """What a scene showed of a way into another domain.

    Attributes:
        took: milliseconds from asking for a grant to the token that came of it.
        answered: whom the API there answered, as it knows them.
        halt: what came of asking again while the connection was paused.
        resumed: what came of asking once more after that.
        here: what the log here says of the grant; None for nothing.
        there: what the log there says of it; None for nothing.
        apart: how the two do not tell of one grant; empty when they do.
    """

    took: float
    answered: str
    halt: Halt
    resumed: Outcome
    here: Written | None
    there: Written | None
    apart: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a scene showed.

    Attributes:
        hops: the chain, oldest first; the last one uses the token, or would have.
        target: the audience of the token.
        scopes: what was granted, or denied.
        steps: what was sent, and what came back.
        entry: where it stands in the audit log.
        why: of a refusal.
        ended: whether what was granted was good no more when the scene was over.
        crossed: of a way into another domain.
    """

    outcome: Outcome
    hops: tuple[Hop, ...]
    target: str
    scopes: tuple[str, ...]
    steps: tuple[str, ...]
    entry: str | None
    why: Why | None = None
    ended: bool = False
    crossed: Crossed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Must:
    """What a scene must show.

    Attributes:
        chain: kind and name of each party, oldest first.
        rule: the rule that must refuse it.
        instead: the scopes for which it must be said to be granted.
        ended: whether what was granted must be good no more.
        answered: whom an API of another domain must answer, with the token of a grant that stands in both
            logs, and that is given no more while its connection is paused; None when none is crossed into.
    """

    outcome: Outcome
    chain: tuple[tuple[str, str], ...]
    target: str
    scopes: tuple[str, ...]
    rule: str | None = None
    instead: tuple[str, ...] = ()
    ended: bool = False
    answered: str | None = None

    def differences(self, shown: Shown) -> tuple[str, ...]:
        """Return how what was shown differs, a sentence each."""
        why = shown.why
        pairs: tuple[tuple[str, object, object], ...] = (
            ("the outcome", self.outcome, shown.outcome),
            ("the chain", self.chain, tuple((hop.kind, hop.id) for hop in shown.hops)),
            ("the target", self.target, shown.target),
            ("the scopes", sorted(self.scopes), sorted(shown.scopes)),
            ("the rule", self.rule, None if why is None else why.rule),
            ("what would be granted", sorted(self.instead), sorted(() if why is None else why.instead)),
            ("whether it ended", self.ended, shown.ended),
        )
        crossed = shown.crossed
        if self.answered is not None and crossed is not None:
            pairs += (
                ("whom the API there answered", self.answered, crossed.answered),
                ("a grant while it is paused", "connection_paused", crossed.halt.reason or "granted"),
                ("a grant once it is resumed", "granted", crossed.resumed),
            )
        found = [f"{what}: {seen}, not {must}" for what, must, seen in pairs if must != seen]
        found += [f"the two logs: {one}" for one in (() if crossed is None else crossed.apart)]
        return tuple(found)
