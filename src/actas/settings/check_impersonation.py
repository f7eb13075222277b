"""Checks of who may act as whom: that a rule names both, and asks for nothing that cannot be had (SEC-46)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from actas.core.party import OURSELVES
from actas.notices.letter import is_writable
from actas.policy.expression import RULE_NAMES, ExpressionError, compile_all
from actas.settings.check_references import Rule, targets_of
from actas.settings.faults import Fault
from actas.settings.impersonation import is_administrative
from actas.settings.patterns import faults_of_patterns
from actas.settings.schema_impersonation import ApprovalForm, ImpersonationForm
from actas.settings.shaped import Item, Shaped
from actas.settings.sources import Loc, Written
from actas.settings.values import in_words

_ADMINISTRATORS: Final = "actor: { from: …, groups: […], required: true }"

_OF_ACTOR: Final = re.compile(r"\b(actor|chain)\b")
"""What a condition says that is about whoever acts."""


def check_impersonation(shaped: Shaped) -> Iterator[Fault]:
    """Yield what is wrong with the section, and with every rule that lets somebody act as somebody else."""
    if shaped.impersonation is not None:
        form, written = shaped.impersonation.form, shaped.impersonation.written
        yield from _ticket(form.ticket, written, ("ticket",))
        yield from _approval(form.approval, written, ("approval",))
        yield from _protected(shaped.impersonation, shaped)
        yield from _notices(form, shaped)
    yield from _addresses(shaped)
    for rule in shaped.rules.values():
        if is_administrative(rule.form):
            yield from _rule(rule, shaped)
        elif rule.form.impersonation is not None:
            message = "is for an allow of impersonation that names an actor, or says by_identifier"
            yield rule.written.fault(("impersonation",), message)
        elif rule.form.allow == "impersonation":
            yield from _nobody_looks_in(rule)


def _notices(form: ImpersonationForm, shaped: Shaped) -> Iterator[Fault]:
    if shaped.impersonation is None or shaped.server is None:
        return
    written = shaped.impersonation.written
    if form.notify and shaped.server.form.mail is None:
        yield written.fault(("notify",), "there is nobody who takes letters: give server.mail")
    if not form.notify and form.notify_webhook is None and "notify_at" in form.model_fields_set:
        yield written.fault(("notify_at",), "nobody is told: give notify or notify_webhook")
    untold = [name for name, item in shaped.users.items() if item.form.email is None]
    if "subject" in (form.notify or ()) and untold:
        some = ", ".join(untold[:3])
        what = "nobody acts as them" if form.notify_required else "they get no letter"
        yield written.fault(("notify",), f"{some}: no email, so {what}", "warning")


def _addresses(shaped: Shaped) -> Iterator[Fault]:
    """Yield the addresses from which or to which no letter can be written, though one is to be."""
    message = "no letter can name it: it is of ASCII characters, and no dot is first, last or doubled"
    mail = None if shaped.server is None else shaped.server.form.mail
    if shaped.server is not None and mail is not None and not is_writable(mail.from_):
        yield shaped.server.written.fault(("mail", "from"), message)
    if shaped.impersonation is None:
        return
    told = shaped.impersonation.form.notify or ()
    for index, one in enumerate(told):
        if one != "subject" and not is_writable(one):
            yield shaped.impersonation.written.fault(("notify", index), message)
    for item in shaped.users.values():
        if "subject" in told and item.form.email is not None and not is_writable(item.form.email):
            yield item.written.fault(("email",), message)


def _rule(rule: Rule, shaped: Shaped) -> Iterator[Fault]:
    form, written, terms = rule.form, rule.written, rule.form.impersonation
    if terms is not None:
        yield from _ticket(terms.ticket, written, ("impersonation", "ticket"))
        yield from _approval(terms.approval, written, ("impersonation", "approval"))
    if terms is not None and terms.by_identifier:
        yield from _by_identifier(rule)
    elif form.actor is not None:
        if not form.actor.required:
            message = "must be true: an administrator shows a token of their own (required: true)"
            yield written.fault(("actor", "required"), message)
        if form.actor.chain is not None:
            yield written.fault(("actor", "chain"), "an administrator acts in person; leave it out")
        yield from _anybody(rule, shaped)
    if form.subject is not None:
        yield from _subject(rule, shaped)
    if (isinstance(form.scopes, dict) and set(form.scopes) != {"any"}) or form.scopes == "same":
        message = "a person who is only named holds no scopes: say what is sold under any"
        yield written.fault(("scopes",), message)
    longest = 15 * 60 if shaped.impersonation is None else shaped.impersonation.form.max_lifetime
    if form.token.lifetime is not None and form.token.lifetime > longest:
        message = f"is longer than impersonation.max_lifetime ({in_words(longest)})"
        yield written.fault(("token", "lifetime"), message)
    yield from _cut(rule, shaped)
    yield from _writes(rule, shaped)


def _nobody_looks_in(rule: Rule) -> Iterator[Fault]:
    """Warn of a rule that was perhaps meant for administrators, and is for whoever holds a person's token."""
    form, written = rule.form, rule.written
    if form.subject is not None and form.subject.audience is None:
        message = (
            f"{form.name} names none, so it is for no administrator: its client gets a token that names the "
            "subject alone for any token of a person that it holds. To let somebody look in, write "
            f"{_ADMINISTRATORS}; otherwise say which tokens in subject.audience"
        )
        yield written.fault(("actor",), message, "warning")


def _anybody(rule: Rule, shaped: Shaped) -> Iterator[Fault]:
    """Yield that whoever signs in is an administrator: an error where nothing else is asked of them."""
    form, written, actor = rule.form, rule.written, rule.form.actor
    if actor is None or actor.groups or actor.names or not actor.from_ or form.disabled:
        return
    if form.chain is not None or any(_OF_ACTOR.search(one) for one in form.when or ()):
        return
    bare = OURSELVES in actor.from_ and not form.when and not _is_approved(rule, shaped)
    which = "no group and no name" if bare else "no group and no name, nor does a condition say who"
    message = (
        f"{form.name} names {which}: everybody whom {' or '.join(actor.from_)} knows may act as its people. "
        f"Write {_ADMINISTRATORS}"
    )
    yield written.fault(("actor",), message, "error" if bare else "warning")


def _is_approved(rule: Rule, shaped: Shaped) -> bool:
    """Whether somebody else always has to approve what a rule allows."""
    section = None if shaped.impersonation is None else shaped.impersonation.form.approval
    own = None if rule.form.impersonation is None else rule.form.impersonation.approval
    return any(one is not None and one.when is None for one in (section, own))


def _protected(section: Item[ImpersonationForm], shaped: Shaped) -> Iterator[Fault]:
    """Warn of a protected name that nobody has: whoever it was meant for is not protected."""
    known = shaped.names["users"]
    for index, name in enumerate(section.form.protected.names or ()):
        bare = name.removeprefix(f"{OURSELVES}:")
        issuer = shaped.issuers.get(name.partition(":")[0])
        if bare not in known and (issuer is None or issuer.form.sign_in is None):
            hint = shaped.hints.did_you_mean(bare, known)
            message = f'there is no user "{name}", so this protects nobody{hint}'
            yield section.written.fault(("protected", "names", index), message, "warning")


def _cut(rule: Rule, shaped: Shaped) -> Iterator[Fault]:
    """Warn of a time of a rule that the section's cuts: of the two, the shorter holds."""
    terms = rule.form.impersonation
    section = None if shaped.impersonation is None else shaped.impersonation.form
    if terms is None or section is None:
        return
    for name, said, overall in (
        ("lasts", terms.lasts, section.lasts),
        ("max_age", terms.max_age, section.max_age),
    ):
        if said is not None and overall is not None and said > overall:
            message = f"is more than impersonation.{name} ({in_words(overall)}), which holds"
            yield rule.written.fault(("impersonation", name), message, "warning")


def _subject(rule: Rule, shaped: Shaped) -> Iterator[Fault]:
    form, written = rule.form.subject, rule.written
    if form is None:
        return
    for name in ("token_types", "audience", "relay", "unbind", "impersonated"):
        if name in form.model_fields_set:
            message = "says something of a token; whom an administrator acts as is only named"
            yield written.fault(("subject", name), message)
    if form.kinds is not None and form.kinds != ["person"]:
        yield written.fault(("subject", "kinds"), "nobody acts as anything but a person")
    for index, name in enumerate(form.from_ or ()):
        issuer = shaped.issuers.get(name)
        if name != OURSELVES and (issuer is None or issuer.form.sign_in is None):
            message = f"must be {OURSELVES}, or an issuer through which people sign in (sign_in)"
            yield written.fault(("subject", "from", index), message)


def _by_identifier(rule: Rule) -> Iterator[Fault]:
    form, written = rule.form, rule.written
    if form.actor is not None:
        message = "by_identifier is for a client that acts itself, with nobody's token; leave it out"
        yield written.fault(("actor",), message)
    if not isinstance(form.client, list):
        yield written.fault(("client",), "by_identifier wants the client by its name")
    if form.subject is None or not (form.subject.names or form.subject.groups):
        yield written.fault(("subject",), "by_identifier wants the people, by names or groups")
    for name in ("max_age", "acr"):
        if form.impersonation is not None and name in form.impersonation.model_fields_set:
            message = "is about a sign-in, and a client that acts itself has none"
            yield written.fault(("impersonation", name), message)


def _writes(rule: Rule, shaped: Shaped) -> Iterator[Fault]:
    """Warn of what lets an administrator change something in the name of somebody else."""
    form, written = rule.form, rule.written
    sold = [] if not isinstance(form.scopes, dict) else form.scopes.get("any", [])
    for name in targets_of(form):
        api = shaped.apis.get(name)
        if api is None:
            continue
        reads = set(api.form.read_only or ())
        writing = [scope for scope in sold if scope in (api.form.scopes or {}) and scope not in reads]
        if writing:
            message = (
                f"{', '.join(writing)} of {name} may change things in somebody else's name; "
                "list what only reads in read_only of the API"
            )
            yield written.fault(("scopes", "any"), message, "warning")


def _ticket(pattern: str | None, written: Written, loc: Loc) -> Iterator[Fault]:
    if pattern is None:
        return
    try:
        re.compile(pattern)
    except re.error as bad:
        yield written.fault(loc, f"is no pattern: {bad}")


def _approval(form: ApprovalForm | None, written: Written, loc: Loc) -> Iterator[Fault]:
    if form is None or form.when is None:
        return
    here = (*loc, "when")
    try:
        compile_all(form.when, names=RULE_NAMES)
    except ExpressionError as bad:
        yield written.fault(here, str(bad))
    for index, expression in enumerate(form.when):
        for sentence in faults_of_patterns(expression):
            yield written.fault(written.at(here, index), sentence)
