"""Checks of rules: which fields go together. ``check_references`` sees to the names in them.

An allow names requester, subject, kind, target and scopes (SEC-42); what it leaves out never means
anybody. What would do nothing is refused, because whoever wrote it believes that it does something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from actas.core.party import OURSELVES
from actas.kinds.impersonation import LONGEST_LIFE
from actas.policy.rule import RESERVED_CLAIMS
from actas.settings.check_references import Rule, check_references, targets_of
from actas.settings.faults import Fault
from actas.settings.impersonation import is_administrative
from actas.settings.patterns import faults_of_patterns
from actas.settings.shaped import Shaped
from actas.settings.values import in_words


def check_rules(shaped: Shaped) -> Iterator[Fault]:
    """Yield what is wrong with rules."""
    for rule in shaped.rules.values():
        for one in _CHECKS:
            yield from one(rule, shaped)


def _effect(rule: Rule, _shaped: Shaped) -> Iterator[Fault]:
    if (rule.form.allow is None) == (rule.form.deny is None):
        yield rule.written.fault((), "say what it does, in one way: allow: … or deny: …")


def _allow(rule: Rule, _shaped: Shaped) -> Iterator[Fault]:
    form, written = rule.form, rule.written
    if form.allow is None:
        return
    own = form.allow == "own"
    required = ("client", "target", "scopes") if own else ("client", "subject", "target", "scopes")
    for name in required:
        if getattr(form, name) is None:
            yield written.fault((name,), "is required in an allow: what is left out never means anybody")
    if form.target is not None and form.target.api is None:
        yield written.fault(("target", "api"), "is required in an allow")
    if form.target is not None and form.target.scopes is not None:
        yield written.fault(("target", "scopes"), "is what a deny says; an allow says it in scopes")
    if form.reason is not None:
        yield written.fault(("reason",), "is what a deny says; use description")
    for role, selector in (("subject", form.subject), ("actor", form.actor)):
        if own and selector is not None:
            yield written.fault((role,), "an own token is about the client itself; leave it out")
        elif selector is not None and selector.from_ is None:
            # The groups and names of one issuer mean nothing at another (SEC-24).
            yield written.fault((role, "from"), "is required in an allow: say whose tokens")


def _deny(rule: Rule, _shaped: Shaped) -> Iterator[Fault]:
    form, written = rule.form, rule.written
    if form.deny is None:
        return
    if form.reason is None:
        yield written.fault(("reason",), "is required in a deny: people read it when they are refused")
    for name in ("scopes", "token", "impersonation", "max_depth"):
        if name in form.model_fields_set:
            hint = "; a deny names scopes in target" if name == "scopes" else ""
            yield written.fault((name,), f"means nothing in a deny; leave it out{hint}")
    for role, selector in (("subject", form.subject), ("actor", form.actor)):
        for name in ("required", "chain", "relay", "unbind", "impersonated"):
            if selector is not None and name in selector.model_fields_set:
                yield written.fault((role, name), "means nothing in a deny; leave it out")


def _issuer_kinds(rule: Rule, _shaped: Shaped) -> Iterator[Fault]:
    form, written = rule.form, rule.written
    kind = form.allow
    issuers = (form.subject and form.subject.from_) or []
    if kind is None or not issuers:
        return
    ours_only = kind in ("impersonation", "downscope") and not is_administrative(form)
    if ours_only and issuers != [OURSELVES]:
        yield written.fault(
            ("subject", "from"), f"{kind} is for tokens of this server only: from: {OURSELVES}"
        )
    if kind == "translation" and OURSELVES in issuers:
        message = "translation is for tokens of other issuers; our own are delegated or narrowed (downscope)"
        yield written.fault(("subject", "from"), message)
    if kind in ("translation", "downscope") and form.actor is not None:
        message = f"{kind} names no actor, and an actor token always leads to delegation; leave it out"
        yield written.fault(("actor",), message)
    if kind == "downscope" and form.scopes not in (None, "same"):
        yield written.fault(("scopes",), "downscope grants what the token holds, and less: scopes: same")
    if form.scopes == "same" and not ours_only and issuers != [OURSELVES]:
        message = f"same is for tokens of this server only (from: {OURSELVES}); others hold no scopes of ours"
        yield written.fault(("scopes",), message)


def _same(rule: Rule, shaped: Shaped) -> Iterator[Fault]:
    """``same`` narrows within one API: equal words at two APIs mean different things."""
    form, written = rule.form, rule.written
    target, *others = targets_of(form) or ("",)
    if form.scopes != "same":
        return
    if others:
        yield written.fault(("scopes",), "same narrows within one API; write one rule for each target")
        return
    api = shaped.apis.get(target)
    audiences = (form.subject and form.subject.audience) or []
    if api is not None and any(one not in (api.form.name, api.form.audience) for one in audiences):
        message = f"same narrows within one API: the audience must be {api.form.name}, as the target is"
        yield written.fault(("subject", "audience"), message)


def _impersonated(rule: Rule, _shaped: Shaped) -> Iterator[Fault]:
    """``impersonated`` opens one door, and whoever writes it elsewhere believes that it opens another."""
    form, written = rule.form, rule.written
    if form.allow is None:
        return
    if form.actor is not None and form.actor.impersonated:
        message = "does nothing: an impersonated token is nobody's presence; leave it out"
        yield written.fault(("actor", "impersonated"), message)
    subject = form.subject
    if subject is None or not subject.impersonated or is_administrative(form):
        return  # of whom an administrator acts as, check_impersonation speaks
    if form.allow not in ("delegation", "downscope"):
        message = f"does nothing: {form.allow} never takes such a token; delegation and downscope may"
        yield written.fault(("subject", "impersonated"), message)
    elif subject.from_ is not None and OURSELVES not in subject.from_:
        message = f"does nothing: such tokens are this server's own, and from does not list {OURSELVES}"
        yield written.fault(("subject", "impersonated"), message)


def _lifetime(rule: Rule, shaped: Shaped) -> Iterator[Fault]:
    form, written = rule.form, rule.written
    if form.allow != "impersonation" or is_administrative(form):
        return
    lifetime = form.token.lifetime
    if lifetime is None:
        lives = [
            api.form.token.lifetime or (shaped.defaults.form.token.lifetime if shaped.defaults else 0)
            for name in targets_of(form)
            if (api := shaped.apis.get(name)) is not None
        ]
        lifetime = max(lives, default=0)
    if lifetime > LONGEST_LIFE:
        message = f"an impersonated token lives at most {in_words(LONGEST_LIFE)}"
        yield written.fault(("token", "lifetime"), message)


def _refresh(rule: Rule, _shaped: Shaped) -> Iterator[Fault]:
    form, written = rule.form, rule.written
    if form.token.refresh is None or form.allow is None:
        return
    issuers = (form.subject and form.subject.from_) or []
    if form.allow not in ("delegation", "translation") or OURSELVES in issuers:
        message = "is for delegation and translation of other issuers' tokens: no token of ours begins one"
        yield written.fault(("token", "refresh"), message)


def _claims(rule: Rule, _shaped: Shaped) -> Iterator[Fault]:
    for name in rule.form.token.claims or ():
        if name.casefold() in RESERVED_CLAIMS:
            message = f'the claim "{name}" is not for rules: this server writes it, or others decide by it'
            yield rule.written.fault(("token", "claims", name), message)


def _denied_names(rule: Rule, shaped: Shaped) -> Iterator[Fault]:
    """Somebody who signs in through an issuer is called by their ``sub`` there, whatever ``subject`` makes of
    its other tokens: a deny for the one name does not find them under the other.
    """
    form, written = rule.form, rule.written
    if form.deny is None:
        return
    for place, selector in (("subject", form.subject), ("actor", form.actor), ("chain", form.chain)):
        names: list[str] = (selector and selector.names) or []
        for issuer in shaped.issuers.values():
            called, domains = issuer.form.name, issuer.form.email_domains or ()
            if issuer.form.sign_in is None or issuer.form.subject in (None, "claims.sub"):
                continue
            theirs = [one for one in names if one.rpartition("@")[2] in domains]
            if theirs and not any(one.startswith(f"{called}:") for one in names):
                message = (
                    f"{theirs[0]} is who shows a token of {called}; who signs in through {called} is called "
                    f"{called}:SUB, and is not found by this name: name that too"
                )
                yield written.fault((place, "names"), message, "warning")


def _patterns(rule: Rule, _shaped: Shaped) -> Iterator[Fault]:
    for index, expression in enumerate(rule.form.when or ()):
        for sentence in faults_of_patterns(expression):
            yield rule.written.fault(rule.written.at(("when",), index), sentence)
    for name, expression in (rule.form.token.claims or {}).items():
        for sentence in faults_of_patterns(expression):
            yield rule.written.fault(("token", "claims", name), sentence)


_CHECKS: Final[tuple[Callable[[Rule, Shaped], Iterator[Fault]], ...]] = (
    _effect,
    _allow,
    _deny,
    check_references,
    _issuer_kinds,
    _same,
    _impersonated,
    _lifetime,
    _refresh,
    _claims,
    _denied_names,
    _patterns,
)
