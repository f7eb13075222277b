"""What a connection needs on our own side: a key that signs, what we show the other server, no rival."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from actas.admin.finding import Check
from actas.core.ports import JsonObject
from actas.core.wire import SigningAlgorithm
from actas.keys.ring import KeyInfo
from actas.policy.connections import Connection, Connections
from actas.trust.registry import AsClient


def credential(own: Sequence[KeyInfo], ourselves: AsClient) -> Check:
    """Look at what shows the other server who we are. Whether it takes that, only a grant shows."""
    if ourselves.own_key is None:
        if ourselves.secret is None:
            said = "the secret that it gave out is not here"
            return Check(name="credential", state="bad", says=said, remedy="redeem.client_secret names it")
        said = f"it is shown a secret, as {ourselves.client_id}"
        return Check(name="credential", state="good", says=said)
    slot = ("client", ourselves.own_key.algorithm)
    active = [one for one in own if one.slot == slot and one.state == "active"]
    if not active:
        said = f"there is no {slot[1]} key that shows others who we are yet"
        remedy = "a server makes it when it starts with such a connection in its configuration"
        return Check(name="credential", state="bad", says=said, remedy=remedy)
    said = f"it is shown what {active[0].kid} signs ({slot[1]}, at /sign-in/keys), as {ourselves.client_id}"
    return Check(name="credential", state="good", says=said)


def beside(connection: Connection, connections: Connections) -> Iterator[Check]:
    """Look for other connections of its client to its server, among which only a resource chooses.

    What is redeemed for the client is asked for as an access token, of whichever kind the grant is; so it
    stands beside its like alone.
    """
    there = connection.to
    others = [
        one.name
        for one in connections.every
        if one.name != connection.name
        and (one.client, one.to.issuer, one.to.redeems) == (connection.client, there.issuer, there.redeems)
        and (one.to.grant == "id_jag" or there.redeems)
        and not one.paused
    ]
    if connection.paused or not (there.grant == "id_jag" or there.redeems) or not others:
        return
    named = " ".join(f"--resource {one}" for one in there.resources[:1])
    yield Check(
        name="resource",
        state="warn",
        says=f"{connection.client} reaches {there.issuer} by {', '.join(others)} too: "
        "a request that names no resource is refused",
        remedy=f"requests name it: {named}" if named else "give it a resource, which requests then name",
    )


def nobody(missing: Sequence[str]) -> Iterator[Check]:
    """Yield a warning for each group or person of ours that a connection names in vain."""
    for says in missing:
        remedy = "people.groups and people.names say whom it is for; a group is there once a user is in it"
        yield Check(name="people", state="warn", says=says, remedy=remedy)


def our_key(
    own: Sequence[KeyInfo], published: Callable[[], JsonObject], *, algorithm: SigningAlgorithm
) -> Check:
    """Look at the key that signs the grants, and whether whoever redeems them can find it.

    Args:
        own: our keys, as they are now; ``published`` the key set that we show.
    """
    active = [one for one in own if one.slot == ("grant", algorithm) and one.state == "active"]
    if not active:
        return Check(
            name="our key",
            state="bad",
            says=f"there is no {algorithm} key that signs grants yet",
            remedy="a server makes it when it starts with a connection in its configuration",
        )
    listed = published().get("keys")
    many = listed if isinstance(listed, list) else []
    kids = [one.get("kid") for one in many if isinstance(one, dict)]
    if active[0].kid not in kids:
        said = f"{active[0].kid} signs grants and is not in our key set"
        return Check(name="our key", state="bad", says=said, remedy="restart this node; its log says more")
    said = f"{active[0].kid} ({algorithm}) signs grants and is published"
    return Check(name="our key", state="good", says=said)
