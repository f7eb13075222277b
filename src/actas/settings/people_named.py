"""Whether the people of ours whom a connection is for are there: a group of nobody's lets nobody through."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from actas.core.party import OURSELVES
from actas.core.person import subject_of
from actas.core.suggest import did_you_mean

Suggest = Callable[[str, Collection[str]], str]


@dataclass(frozen=True, slots=True)
class NotThere:
    """A group or a person that a connection names in vain.

    Attributes:
        field: ``groups`` or ``names``, and which of them.
        says: that, in a sentence.
    """

    field: str
    index: int
    says: str


class OurPeople:
    """The users of a configuration, as connections name them.

    Args:
        users: the groups of each, by name. Where there are none, nothing is known of anybody.
        clients: the names of clients, whose own tokens may be named like people.
    """

    def __init__(self, users: Mapping[str, Iterable[str]], clients: Iterable[str]) -> None:
        self._groups = frozenset(group for groups in users.values() for group in groups)
        self._subjects = frozenset(map(subject_of, users))
        self._clients = frozenset(clients)

    def missing(
        self,
        issuers: Collection[str],
        *,
        groups: Iterable[str],
        names: Iterable[str],
        suggest: Suggest = did_you_mean,
    ) -> Iterator[NotThere]:
        """Yield what no user of ours is in, or is called. What another issuer says of its people is its own.

        Args:
            issuers: the names of those who vouch for the people.
        """
        if not self._subjects or set(issuers) != {OURSELVES}:
            return
        for index, group in enumerate(groups):
            if group not in self._groups:
                says = f'no user is in the group "{group}"{suggest(group, self._groups)}'
                yield NotThere("groups", index, says)
        for index, name in enumerate(names):
            if name not in self._subjects | self._clients:
                yield NotThere("names", index, f'there is no user "{name}"{self._meant(name, suggest)}')

    def _meant(self, name: str, suggest: Suggest) -> str:
        whole = name if ":" in name else subject_of(name)
        return f'; did you mean "{whole}"?' if whole in self._subjects else suggest(whole, self._subjects)
