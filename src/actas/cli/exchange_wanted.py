"""The flags of ``actas exchange``, and the request that they make."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from actas.cli.ask import REQUESTABLE, TypedToken, Wanted, addressed, token_type
from actas.cli.asking import ClientAuth
from actas.cli.details import details_for
from actas.cli.exits import misused
from actas.cli.saved import load
from actas.cli.tokens import TokenArguments
from actas.core.wire import ACCESS_TOKEN, ID_JAG, ID_TOKEN, SUBJECT, TokenType


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """The flags as typed."""

    subject: str | None
    subject_type: str | None
    actor: str | None
    actor_type: str | None
    audience: tuple[str, ...]
    resource: tuple[str, ...]
    scope: tuple[str, ...]
    requested: str
    client: str | None
    client_auth: ClientAuth
    secret: str | None
    key: str | None
    certificate: str | None
    workload_token: str | None
    own: bool
    dpop: str | None
    raw: bool
    save: str | None
    show: tuple[str, ...] = ()
    requested_subject: str | None = None
    reason: str | None = None
    ticket: str | None = None
    to: str | None = None
    redeem: str | None = None
    detail: tuple[str, ...] = ()


def wanted_of(typed: Flags, tokens: TokenArguments) -> Wanted:
    """Return the request that the flags make.

    Raises:
        Failure: they contradict each other, or a token is missing (exit 2).
    """
    if typed.redeem is not None:
        return _redeemed(typed, tokens, typed.redeem)
    return _exchanged(typed, tokens)


def _exchanged(typed: Flags, tokens: TokenArguments) -> Wanted:
    """Return the request of RFC 8693, or for the client's own token.

    Raises:
        Failure: they contradict each other, or the subject is missing (exit 2).
    """
    if typed.own and (typed.subject is not None or typed.actor is not None):
        raise misused("--own asks for the client's own token, which has no --subject and no --actor")
    if typed.own and typed.requested != "access":
        raise misused("--own asks for the client's own token, which is asked for again with --own")
    if typed.own and typed.requested_subject is not None:
        raise misused("--own asks for the client's own token, and --requested-subject for another's")
    if typed.requested_subject is None and typed.subject_type != SUBJECT:
        for said, flag in ((typed.reason, "--reason"), (typed.ticket, "--ticket")):
            if said is not None:
                raise misused(
                    f"{flag} says why somebody acts as another, and nobody is named",
                    hint="--requested-subject WHO, or leave it out",
                )
    if not typed.own and typed.subject is None:
        raise misused(
            "whom shall the token speak about?", hint="--subject TOKEN, or --own for the client itself"
        )
    for token, declared, flag in (
        (typed.subject, typed.subject_type, "--subject"),
        (typed.actor, typed.actor_type, "--actor"),
    ):
        if token is None and declared is not None:
            raise misused(f"{flag}-type says what {flag} is, which is missing")
    requested = REQUESTABLE[typed.requested]
    usual = ID_TOKEN if requested == ID_JAG else ACCESS_TOKEN
    return Wanted(
        subject=_typed_token(tokens, typed.subject, typed.subject_type, flag="--subject", usual=usual),
        actor=_typed_token(tokens, typed.actor, typed.actor_type, flag="--actor"),
        audience=addressed(requested, to=typed.to, audience=typed.audience, resource=typed.resource),
        resource=typed.resource,
        scope=_scopes(typed),
        requested=requested,
        whom=typed.requested_subject,
        reason=typed.reason,
        ticket=typed.ticket,
        details=details_for(requested, typed.detail),
    )


def _typed_token(
    tokens: TokenArguments,
    argument: str | None,
    declared: str | None,
    *,
    flag: str,
    usual: TokenType = ACCESS_TOKEN,
) -> TypedToken | None:
    if argument is None:
        return None
    text = tokens.read(argument, flag=flag)
    return TypedToken(text=text, type=token_type(declared, text, flag=f"{flag}-type", usual=usual))


def _redeemed(typed: Flags, tokens: TokenArguments, argument: str) -> Wanted:
    """Return the request that redeems a grant (RFC 7523 section 2.1): the grant says whom it is about.

    Raises:
        Failure: a flag speaks of another kind of request (exit 2).
    """
    others = (
        (typed.subject, "--subject"),
        (typed.subject_type, "--subject-type"),
        (typed.actor, "--actor"),
        (typed.actor_type, "--actor-type"),
        (typed.requested_subject, "--requested-subject"),
        (typed.reason, "--reason"),
        (typed.ticket, "--ticket"),
        (typed.to, "--to"),
        (typed.own or None, "--own"),
        (typed.detail or None, "--detail"),
        (None if typed.requested == "access" else typed.requested, "--for"),
    )
    for said, flag in others:
        if said is not None:
            message = f"{flag} has no meaning with --redeem: the grant says who gets what"
            raise misused(message, hint="leave it out")
    grant = TypedToken(text=tokens.read(argument, flag="--redeem"), type=ID_JAG)
    return Wanted(
        subject=grant, redeems=True, audience=typed.audience, resource=typed.resource, scope=_scopes(typed)
    )


def _scopes(typed: Flags) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for words in typed.scope for word in words.split()))


def id_token_beside(home: Path, error: str, wanted: Wanted, typed: Flags) -> str | None:
    """Say which saved token is the ID token, when an access token was shown for another domain's grant.

    Args:
        error: what came of it; some have nothing to do with that.
    """
    if error not in ("invalid_request", "invalid_grant", "invalid_target", "access_denied"):
        return None
    subject = wanted.subject
    abroad = wanted.requested == ID_JAG or (wanted.requested == ACCESS_TOKEN and typed.to is not None)
    if subject is None or subject.text.saved is None or subject.type != ACCESS_TOKEN or not abroad:
        return None
    beside = load(home, f"{subject.text.source.removeprefix('@')}/id")
    if beside is None or beside.token_type != ID_TOKEN:
        return None
    return f"{subject.text.source} is an access token; {subject.text.source}/id is the ID token"
