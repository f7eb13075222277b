"""The section ``impersonation`` and its part in rules, compiled."""

from __future__ import annotations

from actas.policy.impersonation import Approval, Impersonating, RuleTerms, Terms
from actas.settings.audit import webhook_secrets
from actas.settings.references import References
from actas.settings.schema_impersonation import ApprovalForm, ImpersonationForm, RuleImpersonation
from actas.settings.schema_rules import RuleForm
from actas.settings.schema_server import Server
from actas.settings.shaped import Item
from actas.settings.told import MailSettings, NoticeSettings


def is_administrative(form: RuleForm) -> bool:
    """Whether an allow of impersonation is for an administrator, who acts as somebody that is only named."""
    by_identifier = form.impersonation is not None and bool(form.impersonation.by_identifier)
    return form.allow == "impersonation" and (form.actor is not None or by_identifier)


def impersonating(form: ImpersonationForm) -> Impersonating:
    """Return what holds for all rules."""
    return Impersonating(
        terms=Terms(
            reason=form.require_reason,
            tickets=frozenset() if form.ticket is None else frozenset({form.ticket}),
            max_age=form.max_age,
            acr=(frozenset(form.acr),) if form.acr else (),
            lifetime=form.max_lifetime,
            lasts=form.lasts,
            approvals=() if form.approval is None else (_approval(form.approval),),
            at_once=form.at_once,
            per_hour=form.per_hour,
        ),
        approval_within=form.approval_within,
        protected_groups=frozenset(form.protected.groups or ()),
        protected_names=frozenset(form.protected.names or ()),
        must_be_told=form.notify_required,
    )


def notice_settings(item: Item[ImpersonationForm], references: References) -> NoticeSettings:
    """Return who is told of impersonations. Faults go to the references' list."""
    form = item.form
    return NoticeSettings(
        to=tuple(dict.fromkeys(form.notify or ())),
        at=frozenset(form.notify_at),
        webhook=form.notify_webhook,
        secrets=webhook_secrets(form.notify_secret or (), item.written, references, loc=("notify_secret",)),
    )


def mail_settings(item: Item[Server], references: References) -> MailSettings | None:
    """Return how letters are sent; None when none are. Faults go to the references' list."""
    form = item.form.mail
    if form is None:
        return None
    password = None
    if form.password is not None and references.secrets != "ignored":
        password = references.lent(form.password, item.written, ("mail", "password"))
    return MailSettings(
        host=form.host.strip("[]"),
        port=form.port or (465 if form.tls == "tls" else 587),
        tls=form.tls,
        sender=form.from_,
        username=form.username,
        password=password,
    )


def rule_terms(form: RuleImpersonation | None) -> RuleTerms | None:
    """Return what one rule asks for; None when it says nothing."""
    if form is None:
        return None
    return RuleTerms(
        names_actor=form.names_actor,
        by_identifier=bool(form.by_identifier),
        reason=form.reason == "required",
        ticket=form.ticket,
        max_age=form.max_age,
        acr=frozenset(form.acr or ()),
        lasts=form.lasts,
        approval=None if form.approval is None else _approval(form.approval),
        at_once=form.at_once,
        per_hour=form.per_hour,
    )


def _approval(form: ApprovalForm) -> Approval:
    return Approval(by=form.by, when=tuple(form.when or ()))
