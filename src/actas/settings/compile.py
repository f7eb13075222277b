"""Forms turned into the values that the other packages work with. Nothing is decided or refused here.

What a form leaves out gets its default here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from actas.clients.throttle import Limits as Throttled
from actas.clients.throttle import Step
from actas.core.impersonation import NO_REASON, Why
from actas.core.party import OURSELVES
from actas.core.ports import Json
from actas.core.secret import Secret
from actas.policy.cases import AskedToken, PolicyTest
from actas.policy.rule import (
    ChainSelector,
    ClientSelector,
    PartySelector,
    PolicyDefaults,
    Refreshing,
    RuleSpec,
    ScopeMap,
)
from actas.settings.compile_parties import token_types
from actas.settings.definitions import (
    Address,
    DpopSettings,
    LimitSettings,
    ServerSettings,
    TlsSettings,
)
from actas.settings.impersonation import is_administrative, rule_terms
from actas.settings.schema_limits import Limits, Wait
from actas.settings.schema_rules import ActorSelector, ClientKinds, RuleForm, SubjectSelector
from actas.settings.schema_server import Defaults, Server
from actas.settings.schema_tests import AskedParty, PolicyTestForm
from actas.settings.told import MailSettings


def server_settings(
    form: Server,
    *,
    data: Path,
    database: Secret | None,
    authorities: Path | None,
    tls: TlsSettings,
    mail: MailSettings | None,
) -> ServerSettings:
    """Return the settings of the server; ``data`` and ``authorities`` as absolute paths."""
    return ServerSettings(
        issuer=form.issuer,
        listen=_address(form.listen),
        management=_address(form.management),
        data=data,
        database=database,
        unsafe_database=form.unsafe_database,
        workers=form.workers,
        notice=form.notice,
        private_hosts=frozenset(form.private_hosts or ()),
        authorities=authorities,
        docs=f"{form.issuer}/errors" if form.docs is None else form.docs,
        tls=tls,
        mail=mail,
        trusted_proxies=tuple(ip_network(one) for one in form.trusted_proxies or ()),
        dpop=DpopSettings(
            nonce_required=form.dpop.nonce == "required",
            nonce_life=form.dpop.nonce_life,
            max_age=form.dpop.max_age,
        ),
    )


def policy_defaults(form: Defaults) -> PolicyDefaults:
    """Return what holds where a rule and an API say nothing."""
    return PolicyDefaults(
        lifetime=form.token.lifetime,
        max_depth=form.chain.max_depth,
        on_excess_scope=form.on_excess_scope,
        binding=form.token.binding,
        format=form.token.format,
    )


def limit_settings(form: Limits) -> LimitSettings:
    """Return the bounds that protect the server."""
    return LimitSettings(
        in_flight=form.in_flight,
        throttle=Throttled(
            failed_client_auth=_steps(form.failed_client_auth),
            failed_tokens=_steps(form.failed_tokens),
            failed_sign_in=_steps(form.failed_sign_in),
            failed_sign_in_source=_steps(form.failed_sign_in_source),
            failed_sign_in_person=_steps(form.failed_sign_in_person),
            failed_provider_answer=_steps(form.failed_provider_answer),
            failed_device_code=_steps(form.failed_device_code),
            failed_device_code_source=_steps(form.failed_device_code_source),
            per_client=form.per_client,
        ),
    )


def rule(form: RuleForm, *, place: str) -> RuleSpec:
    """Return a rule; ``place`` is the ``file:line`` it is written at."""
    effect = "allow" if form.allow is not None else "deny"
    target = form.target
    return RuleSpec(
        name=form.name,
        effect="allow" if effect == "allow" else "deny",
        kind="administrative_impersonation" if is_administrative(form) else form.allow or form.deny or "any",
        impersonation=rule_terms(form.impersonation),
        client=_clients(form.client),
        subject=_narrowed(form),
        actor=_party(form.actor),
        chain=None
        if form.chain is None
        else ChainSelector(kinds=frozenset(form.chain.kinds or ()), names=frozenset(form.chain.names or ())),
        apis=frozenset((target and target.api) or ()),
        denied_scopes=frozenset((target and target.scopes) or ()),
        scopes=_scopes(form.scopes),
        when=tuple(form.when or ()),
        lifetime=form.token.lifetime,
        binding=form.token.binding,
        refresh=None
        if form.token.refresh is None
        else Refreshing(lifetime=form.token.refresh.lifetime, idle=form.token.refresh.idle),
        claims=dict(form.token.claims or {}),
        max_depth=form.max_depth,
        reason=form.reason or "",
        description=form.description or "",
        place=place,
        disabled=form.disabled,
    )


def policy_test(form: PolicyTestForm, *, audiences: Mapping[str, str], place: str) -> PolicyTest:
    """Return a policy test.

    Args:
        form: as written.
        audiences: the audience of each API, by its name.
        place: the ``file:line`` it is written at.
    """
    ask, expect = form.ask, form.expect
    return PolicyTest(
        name=form.name,
        client=ask.client,
        subject=_token(ask.subject, audiences, signed_in=ask.connection is not None),
        actor=_token(ask.actor, audiences),
        apis=tuple(ask.api or ()),
        connection=ask.connection,
        details=tuple(ask.authorization_details or ()),
        scope=None if ask.scope is None else frozenset(ask.scope.split(" ")),
        kind=ask.kind,
        granted=None if expect.granted is None else frozenset(expect.granted),
        granted_details=None if expect.authorization_details is None else tuple(expect.authorization_details),
        lifetime=expect.lifetime,
        chain=None if expect.chain is None else tuple(expect.chain),
        refused=expect.refused,
        rule=expect.rule,
        near_miss=expect.near_miss,
        requested_subject=ask.requested_subject,
        why=NO_REASON if ask.why is None else Why(ask.why.reason or "", ask.why.ticket or ""),
        approval=None if expect.approval is None else frozenset(expect.approval),
        place=place,
    )


def _steps(waits: Iterable[Wait]) -> tuple[Step, ...]:
    return tuple(Step(one.after, one.wait) for one in waits)


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    return Address(host=host.strip("[]"), port=int(port))


def _clients(form: list[str] | ClientKinds | None) -> ClientSelector:
    if form is None:
        return ClientSelector()
    if isinstance(form, ClientKinds):
        return ClientSelector(kinds=frozenset(form.kinds))
    return ClientSelector(names=frozenset(form))


def _party(form: SubjectSelector | None) -> PartySelector | None:
    if form is None:
        return None
    actor = form if isinstance(form, ActorSelector) else None
    return PartySelector(
        issuers=frozenset(form.from_ or ()),
        token_types=token_types(form.token_types or ()),
        audiences=frozenset(form.audience or ()),
        kinds=frozenset(form.kinds or ()),
        names=frozenset(form.names or ()),
        groups=frozenset(form.groups or ()),
        required=bool(actor and actor.required),
        flatten=actor is not None and actor.chain == "flatten",
        impersonated=bool(form.impersonated),
        relay=bool(form.relay),
        unbind=bool(form.unbind),
    )


def _narrowed(form: RuleForm) -> PartySelector | None:
    """The subject of a rule. With ``same`` the token must be for the target: equal words of two APIs
    mean different things, so what the rule leaves out is filled in.
    """
    subject = form.subject
    if subject is not None and form.scopes == "same" and subject.audience is None and form.target is not None:
        subject = subject.model_copy(update={"audience": form.target.api})
    return _party(subject)


def _scopes(form: dict[str, list[str]] | str | None) -> ScopeMap | None:
    if form is None:
        return None
    if not isinstance(form, dict):
        return ScopeMap(same=True)
    bought = {held: frozenset(scopes) for held, scopes in form.items() if held != "any"}
    return ScopeMap(bought=bought, anyway=frozenset(form.get("any", ())))


def _token(
    form: AskedParty | None, audiences: Mapping[str, str], *, signed_in: bool = False
) -> AskedToken | None:
    if form is None:
        return None
    return AskedToken(
        issuer=form.from_,
        user=form.user,
        kind=form.kind,
        groups=tuple(form.groups or ()),
        claims={name: _plain(value) for name, value in (form.claims or {}).items()},
        via=tuple(form.via or ()),
        audience=tuple(audiences.get(one, one) for one in form.audience or ()),
        scope=frozenset() if form.scope is None else frozenset(form.scope.split(" ")),
        is_id_token=_is_id_token(form, signed_in=signed_in),
        known=form.known is not False,
    )


def _is_id_token(form: AskedParty, *, signed_in: bool) -> bool:
    if form.token_type is not None:
        return form.token_type == "id_token"
    return signed_in and form.from_ == OURSELVES


def _plain(value: Any) -> Json:
    """Return a value of the file as plain JSON, without lines."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, list):
        return [_plain(one) for one in value]  # pyright: ignore[reportUnknownVariableType]
    plain: Json = value
    return plain
