"""What an allow must say: nothing that is left out ever means anybody."""

from __future__ import annotations

from actas.policy.rule import RuleError, RuleSpec


def refuse_emptiness(spec: RuleSpec) -> None:
    """An allow names requester, subject, target and scopes; nothing matches emptiness (SEC-02, SEC-42).

    Raises:
        RuleError: the rule does not.
    """
    if spec.effect == "deny":
        if not spec.reason:
            raise RuleError(spec.name, "reason", "a deny needs a reason that people will read")
        return
    if spec.kind == "any":
        raise RuleError(spec.name, "allow", "an allow names one kind of exchange")
    if not (spec.client.names or spec.client.kinds or spec.client.registrations):
        raise RuleError(spec.name, "client", "an allow names its client; only a deny may leave it out")
    if not spec.apis:
        raise RuleError(spec.name, "target", "an allow names its target API; only a deny may leave it out")
    _refuse_nobody(spec)
    scopes = spec.scopes
    if scopes is None or not (scopes.bought or scopes.anyway or scopes.same or scopes.signed_in):
        raise RuleError(spec.name, "scopes", "an allow says which scopes it sells")


def _refuse_nobody(spec: RuleSpec) -> None:
    """Whom the token is about, and who acts, is said."""
    if spec.kind == "administrative_impersonation":
        _refuse_unbound(spec)
    if spec.kind == "own":
        if spec.subject is not None or spec.actor is not None:
            raise RuleError(
                spec.name, "subject", "a client that speaks for itself has no other subject or actor"
            )
    elif spec.subject is None or not spec.subject.issuers:
        raise RuleError(spec.name, "subject", "an allow says whose subject tokens it takes (subject.from)")


def _refuse_unbound(spec: RuleSpec) -> None:
    """An administrator shows a token; without one, the rule names who asks and for whom (SEC-46)."""
    terms, subject, actor = spec.impersonation, spec.subject, spec.actor
    if terms is None or not terms.by_identifier:
        if actor is None or not actor.required or not actor.issuers:
            raise RuleError(spec.name, "actor", "says whose token shows the administrator, and requires it")
        return
    if actor is not None:
        raise RuleError(spec.name, "actor", "by_identifier is for a client without anybody's token")
    if not spec.client.names or spec.client.kinds:
        raise RuleError(spec.name, "client", "by_identifier wants the client by its name")
    if subject is None or not (subject.names or subject.groups):
        raise RuleError(spec.name, "subject", "by_identifier wants the people, by names or groups")
