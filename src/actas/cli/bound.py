"""Whether what was given is bound to the key that was proven, and what would help when it cannot be."""

from __future__ import annotations

from typing import Final

from actas.cli.ask import ABROAD, Wanted
from actas.cli.dpop import Holder
from actas.cli.exits import Exit, Failure
from actas.cli.look import look
from actas.cli.output import Output
from actas.cli.verdict import Granted, Refused
from actas.cli.wire import Answered
from actas.core.wire import ACCESS_TOKEN

_OF_KEYS: Final = ("binding_needed", "key_not_proven")

_OF_GRANTS: Final = ("invalid_grant", "invalid_request", "invalid_dpop_proof")
"""What servers say of a grant without the proof of its key."""


def require_bound(granted: Granted, key: Holder | None, out: Output) -> None:
    """Return when what was to be bound to a key is. Of a grant, nothing but itself says so (JAG-101), and of
    one that is encrypted not even that: then it is said that nobody can tell yet.

    Raises:
        Failure: it is a bearer token, or a grant that is bound to no key or another (exit 6). Whoever asks
            for less than that does not say --dpop.
    """
    if key is None:
        return
    if granted.type in ABROAD and look(granted.token.reveal()).form == "jwe":
        out.warn("the grant is encrypted: whether it is bound to the key shows when it is redeemed")
        return
    if granted.type in ABROAD and _key_of(granted) != key.key.public.thumbprint:
        raise Failure("the grant is not bound to the key", code="not_bound", exit=Exit.PROTOCOL)
    if granted.type == ACCESS_TOKEN and granted.scheme.lower() != "dpop":
        raise Failure(
            f"the token is not bound to the key: the server gave a token for the scheme {granted.scheme}",
            code="not_bound",
            exit=Exit.PROTOCOL,
            hint="token.binding of the API, the rule or the defaults says what tokens are bound to",
        )


def about_keys(refused: Refused, answered: Answered, key: Holder | None, wanted: Wanted) -> str | None:
    """Say what would help, when it is a key that is missing or a proof that does not hold."""
    if key is None and refused.reason in (*_OF_KEYS, None) and (flag := _binds(wanted, refused)):
        return f"the grant is bound to a key, which {flag} proves"
    if key is None and refused.reason in _OF_KEYS:
        return "--dpop proves a key of yours, --certificate one of the client"
    if key is not None and refused.reason == "bad_proof":
        return key.drift(answered)
    return None


def _binds(wanted: Wanted, refused: Refused) -> str | None:
    """Return the flag that proves the key to which a grant is bound that is redeemed, or None."""
    if not wanted.redeems or wanted.subject is None or refused.error not in _OF_GRANTS:
        return None
    cnf = look(wanted.subject.text.value.reveal()).claims.get("cnf")
    if not isinstance(cnf, dict):
        return None
    return "--dpop" if "jkt" in cnf else "--certificate" if "x5t#S256" in cnf else None


def _key_of(granted: Granted) -> object:
    cnf = granted.grant.get("cnf")
    return cnf.get("jkt") if isinstance(cnf, dict) else None
