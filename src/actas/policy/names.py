"""Under which names and groups a rule finds somebody: an allow under those that tokens say, a deny under all.

Who comes by another domain's grant is called by their ``sub``, or is a person of ours; with another token of
the same issuer they are who its registration says (``core.person.also_known``). A deny that was written for
one name holds under the others as well, and at the next hop; an allow never sees another, so that nothing is
opened by it (SEC-02, SEC-24). Expressions of a deny are asked in ``policy.faces``.

Who acted keeps these names in the chain, hop after hop. What groups they are in counts only while they act:
no rule asks for the groups of those who acted earlier.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from actas.core.party import Actor, Party
from actas.core.person import names_of


def called(party: Party, *, deny: bool) -> tuple[str, ...]:
    """Return what a rule finds a party by."""
    return names_of(party) if deny else (party.identity.subject,)


def grouped(party: Party, *, deny: bool) -> tuple[str, ...]:
    """Return in which groups a rule finds a party."""
    if not deny or party.otherwise is None:
        return party.groups
    return tuple(dict.fromkeys((*party.groups, *party.otherwise.groups)))


def called_in(chain: Sequence[Actor], parties: Iterable[Party], *, ourselves: str, deny: bool) -> set[str]:
    """Return by what a rule finds somebody in a chain.

    An allow looks only at parties that we vouch for: another issuer can call anybody anything (SEC-49). A
    deny looks at everybody.

    Args:
        parties: who of them is here now, with all that is known of them.
        ourselves: our own issuer identifier.
    """
    if not deny:
        return {one.identity.subject for one in chain if one.identity.issuer == ourselves}
    names = {name for one in chain for name in (one.identity.subject, *one.names)}
    return names.union(*(called(one, deny=True) for one in parties))
