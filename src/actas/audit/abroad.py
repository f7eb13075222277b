"""What an entry says of another domain's server: that a grant is for it, and what it gave for one."""

from __future__ import annotations

from typing import Any

from actas.core.abroad import Abroad, Redeemed


def add_abroad(event: dict[str, Any], to: Abroad | None, redeemed: Redeemed | None) -> None:
    """Add to an event whom a grant is for, and what came of redeeming it, where there is either."""
    if to is not None:
        event["abroad"] = _abroad(to)
    if redeemed is not None:
        event["redeemed"] = _redeemed(redeemed)


def _abroad(to: Abroad) -> dict[str, Any]:
    """Return whom a grant is for. With its ``jti``, both logs are joined (IDC-58)."""
    document: dict[str, Any] = {
        "connection": to.connection,
        "issuer": to.issuer,
        "client_id": to.client_id,
        "resources": list(to.resources),
    }
    if to.redeems:  # for the client, which does not get the grant
        document["redeems"] = True
    if to.grant == "jwt":  # what it tells of who acts; the chain of the entry is whole
        document |= {"grant": to.grant, "chain": to.chain}
    return document


def _redeemed(one: Redeemed) -> dict[str, Any]:
    """Return what an entry says of a grant that we redeemed: the ``jti`` is that of the grant."""
    document: dict[str, Any] = {
        "entry": one.entry, "jti": one.jti, "digest": one.grant, "server": one.server,
    }  # fmt: skip
    if one.digest is not None:
        came: dict[str, Any] = {"digest": one.digest, "token_type": one.scheme}
        came["scope"] = " ".join(sorted(one.scope))
        came |= {} if one.expires_in is None else {"expires_in": one.expires_in}
        came |= {"dropped": list(one.dropped)} if one.dropped else {}
        document["came"] = came
    if one.said:
        document["said"] = dict(one.said)
    return document
