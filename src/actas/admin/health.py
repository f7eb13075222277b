"""Whether a connection can work at all: our key, what the other side says of itself, and both clocks.

These are the things that usually break, and none of them is a rule. Each look is bounded: other domains'
servers are asked side by side through the guarded way out, and one that hangs costs its own line alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from actas.admin.finding import Check
from actas.admin.health_here import beside, credential, nobody, our_key
from actas.admin.health_of_encryption import decrypting, reached, unreached, unwanted
from actas.core.abroad import Abroad, Acceptance, GrantWord
from actas.core.ending import stopped
from actas.core.ports import MOST_DRIFT, FetchFailed, JsonObject
from actas.core.spans import span
from actas.core.wire import ID_JAG, ID_JAG_PROFILE, JWT, JWT_BEARER, SigningAlgorithm
from actas.keys.ring import KeyInfo
from actas.policy.connections import Connection, Connections
from actas.trust.counterpart import Counterpart, NotTheirs
from actas.trust.recipients import NoRecipient, Recipient
from actas.trust.redeemers import endpoint_of
from actas.trust.registry import TrustedIssuer
from actas.trust.shelf import STALE
from actas.trust.view import IssuerKeysView

WITHIN: Final = 7.0
"""Seconds for one connection: less than a command waits for its answer."""

ALTOGETHER: Final = 8.0
"""Seconds for all of them; what was not looked at by then says so."""

AT_ONCE: Final = 16
"""Connections that are looked at at a time."""


class Describes(Protocol):
    """Asks other domains' servers what they are (``trust.counterpart``)."""

    async def describe(self, issuer: str) -> Counterpart: ...


class FindsRecipients(Protocol):
    """Finds the keys of other domains' servers to which grants are encrypted (``trust.recipients``)."""

    async def find(self, issuer: str, *, hosts: frozenset[str]) -> Recipient: ...


class Looks(Protocol):
    """Looks at the keys of issuers (``trust.jwks``)."""

    async def look(self, issuer: TrustedIssuer) -> IssuerKeysView: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Looks connections over, under one configuration.

    Attributes:
        issuers: the trusted ones, by name.
        own: our keys, as they are now; ``published`` the key set that we show.
        algorithm: what grants are signed with where their connection says nothing.
        missing: says which groups and people of ours a connection names in vain.
    """

    connections: Connections
    issuers: Mapping[str, TrustedIssuer]
    counterparts: Describes
    recipients: FindsRecipients
    keys: Looks
    own: Callable[[], Sequence[KeyInfo]]
    published: Callable[[], JsonObject]
    algorithm: SigningAlgorithm
    missing: Callable[[Connection], Sequence[str]]

    async def of(self, connection: Connection | Acceptance) -> tuple[Check, ...]:
        """Return what is found of one connection."""
        if isinstance(connection, Connection):
            theirs = await self.server_there(connection)
            own = self.own()
            key = our_key(own, self.published, algorithm=connection.algorithm or self.algorithm)
            ourselves = () if connection.ourselves is None else (credential(own, connection.ourselves),)
            people = nobody(self.missing(connection))
            return (key, *ourselves, *theirs, *people, *beside(connection, self.connections))
        return await self.issuer_there(connection)

    async def every(self) -> dict[str, tuple[Check, ...]]:
        """Return what is found of each connection, by name."""
        places = asyncio.Semaphore(AT_ONCE)

        async def look(one: Connection | Acceptance) -> tuple[Check, ...]:
            async with places:
                return await self.of(one)

        connections: list[Connection | Acceptance] = [*self.connections.every, *self.connections.accepted]
        tasks = {one.name: asyncio.create_task(look(one)) for one in connections}
        if tasks:
            _, late = await asyncio.wait(tasks.values(), timeout=ALTOGETHER)
            await stopped(late)
        said = f"was not looked at: the others took longer than {ALTOGETHER:g} s"
        unseen = (Check(name="server", state="skipped", says=said, remedy="look at this one alone"),)
        return {name: unseen if task.cancelled() else task.result() for name, task in tasks.items()}

    async def server_there(self, connection: Connection) -> tuple[Check, ...]:
        """Return what the server says of itself that is to redeem grants of ours."""
        remedy = "resource.issuer must be what that server calls itself, character for character"
        found = await self._asked(connection.to.issuer, remedy)
        if isinstance(found, Check):
            return (found,)
        takes = _takes(found) if connection.ourselves is None else _reached(found, connection)
        encryption = await self._encryption(found, connection.to)
        return (_itself(found), _redeems(found, connection.to.grant), takes, *encryption, *_clock(found))

    async def issuer_there(self, accepted: Acceptance) -> tuple[Check, ...]:
        """Return what is found of the issuer whose grants are redeemed here."""
        issuer = self.issuers[accepted.issuer]
        keys, found = await asyncio.gather(
            self._their_keys(issuer),
            self._asked(
                issuer.issuer, "issuer must be what that server calls itself, character for character"
            ),
        )
        ours = decrypting(self.own()) if "encryption" in accepted.proposals else ()
        if isinstance(found, Check):
            return (keys, found if issuer.kind == "oidc" else _not_needed(found), *ours)
        # It is there, so that keys which are missing are no silence of its.
        gives = _gives(found, accepted.grant)
        return (replace(keys, silent=False), _itself(found), gives, *ours, *_clock(found))

    async def _encryption(self, found: Counterpart, to: Abroad) -> tuple[Check, ...]:
        """Return whether a grant can be encrypted to the other server, where that is tried or asked for."""
        if to.grant != "id_jag" or "encryption" not in to.proposals:
            return unwanted(found) if to.grant == "id_jag" else ()
        try:
            async with asyncio.timeout(WITHIN):
                return (reached(await self.recipients.find(to.issuer, hosts=to.key_hosts)),)
        except NoRecipient as none:
            return (unreached(none.detail, silent=none.away),)
        except TimeoutError:
            return (unreached(f"its key set did not come within {WITHIN:g} seconds", silent=True),)

    async def _asked(self, issuer: str, remedy: str) -> Counterpart | Check:
        try:
            async with asyncio.timeout(WITHIN):
                return await self.counterparts.describe(issuer)
        except NotTheirs as other:
            return Check(name="issuer", state="bad", says=other.detail, remedy=remedy)
        except (FetchFailed, TimeoutError) as failed:
            why = failed.detail if isinstance(failed, FetchFailed) else f"nothing within {WITHIN:g} seconds"
            return Check(
                name="server",
                state="bad",
                says=f"{issuer} cannot be asked: {why}",
                remedy="name, TLS, firewall and proxy between here and there; clients may have another way",
                silent=True,
            )

    async def _their_keys(self, issuer: TrustedIssuer) -> Check:
        try:
            async with asyncio.timeout(WITHIN):
                view = await self.keys.look(issuer)
        except TimeoutError:
            said = f"the keys of {issuer.name} did not come within {WITHIN:g} seconds"
            return Check(
                name="keys", state="bad", says=said, remedy="its grants are refused meanwhile", silent=True
            )
        return _keys(view)


def _itself(found: Counterpart) -> Check:
    return Check(name="issuer", state="good", says=f"{found.address} says exactly the issuer on record")


def _redeems(found: Counterpart, grant: GrantWord) -> Check:
    if str(JWT_BEARER) not in found.grants:
        said = "grant_types_supported has no jwt-bearer: it redeems no grants"
        return Check(name="grant", state="bad", says=said, remedy="whoever runs it has to switch that on")
    if grant == "id_jag" and ID_JAG_PROFILE not in found.profiles:
        said = "it redeems grants, and does not say that these are among them: it may refuse one"
        remedy = f"ask whoever runs it; it should list {ID_JAG_PROFILE}"
        return Check(name="grant", state="warn", says=said, remedy=remedy)
    return Check(name="grant", state="good", says="it advertises that it redeems these grants")


def _takes(found: Counterpart) -> Check:
    if found.token_endpoint is None:
        said = "it names no token endpoint to which a client would send a grant"
        return Check(name="token endpoint", state="bad", says=said, remedy="whoever runs it has to mend that")
    return Check(name="token endpoint", state="good", says=found.token_endpoint)


def _reached(found: Counterpart, connection: Connection) -> Check:
    """Look at where grants would be sent for clients: at an address on record, or nowhere."""
    try:
        return Check(
            name="token endpoint",
            state="good",
            says=endpoint_of(found, connection.to.issuer, connection.hosts),
        )
    except NotTheirs as elsewhere:
        remedy = "list its host in redeem.hosts, if it is theirs"
        return Check(name="token endpoint", state="bad", says=elsewhere.detail, remedy=remedy)


def _gives(found: Counterpart, grant: GrantWord) -> Check:
    wanted = ID_JAG if grant == "id_jag" else JWT
    if str(wanted) not in found.requested:
        said = "it does not say that it gives such grants"
        remedy = (
            f"ask whoever runs it; it should list {wanted} in "
            "identity_chaining_requested_token_types_supported"
        )
        return Check(name="grant", state="warn", says=said, remedy=remedy)
    return Check(name="grant", state="good", says="it advertises that it gives such grants")


def _keys(view: IssuerKeysView) -> Check:
    if view.inline and view.kids:
        return Check(name="keys", state="good", says=f"{_counted(view.kids)} in the configuration")
    if not view.kids:
        why = view.error or "; ".join(view.problems[:3]) or "none that verifies was found"
        remedy = "its grants are refused until its keys can be had"
        return Check(name="keys", state="bad", says=f"{view.issuer}: {why}", remedy=remedy, silent=True)
    if view.error:
        remedy = "its grants are taken until the known keys are past their outage_grace"
        return Check(name="keys", state="warn", says=f"{view.issuer}: {view.error}", remedy=remedy)
    if view.age is not None and view.age > STALE:
        said = f"{_counted(view.kids)}, fetched {span(round(view.age))} ago"
        return Check(name="keys", state="warn", says=said, remedy="its keys cannot be refreshed")
    if view.problems:
        said = f"{_counted(view.kids)}, and: {'; '.join(view.problems[:3])}"
        return Check(name="keys", state="warn", says=said, remedy="tell whoever runs it")
    return Check(name="keys", state="good", says=f"{_counted(view.kids)} fetched and fresh")


def _counted(kids: Sequence[str]) -> str:
    return f"{len(kids)} key{'s' if len(kids) != 1 else ''}"


def _clock(found: Counterpart) -> Iterator[Check]:
    if found.ahead is None:
        return  # not every server says what time it is
    if abs(found.ahead) > MOST_DRIFT:
        way = "ahead of" if found.ahead > 0 else "behind"
        said = f"its clock is {abs(found.ahead):.0f} s {way} ours"
        yield Check(name="clock", state="warn", says=said, remedy="set both by NTP: grants are dated by them")
    else:
        yield Check(name="clock", state="good", says="its clock is within seconds of ours")


def _not_needed(found: Check) -> Check:
    """Say that metadata could not be had of an issuer whose keys are found without it."""
    said = f"{found.says}; its keys are found without it"
    return Check(name=found.name, state="warn", says=said, remedy=found.remedy)
