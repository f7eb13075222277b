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
from actas.core.client import Client, ClientAuth
from actas.core.ports import Json, JsonObject
from actas.core.secret import Secret
from actas.core.target import Api
from actas.core.wire import SHORT_GRANT_TYPES, SHORT_TOKEN_TYPES, TokenType
from actas.policy.cases import AskedToken, PolicyTest
from actas.policy.rule import ChainSelector, ClientSelector, PartySelector, PolicyDefaults, RuleSpec, ScopeMap
from actas.settings.definitions import Address, DpopSettings, LimitSettings, ServerSettings, TlsSettings
from actas.settings.schema_auth import NoAuth
from actas.settings.schema_parties import ApiForm, ClientForm, IssuerForm
from actas.settings.schema_rules import ActorSelector, ClientKinds, RuleForm, SubjectSelector
from actas.settings.schema_server import Defaults, Limits, Server
from actas.settings.schema_tests import AskedParty, PolicyTestForm
from actas.trust.registry import TrustedIssuer


def server_settings(
    form: Server, *, data: Path, database: Secret | None, authorities: Path | None, tls: TlsSettings
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
        private_hosts=frozenset(form.private_hosts or ()),
        authorities=authorities,
        docs=f"{form.issuer}/errors" if form.docs is None else form.docs,
        tls=tls,
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
    )


def limit_settings(form: Limits) -> LimitSettings:
    """Return the bounds that protect the server."""
    return LimitSettings(
        in_flight=form.in_flight,
        throttle=Throttled(
            failed_client_auth=tuple(Step(one.after, one.wait) for one in form.failed_client_auth),
            failed_tokens=tuple(Step(one.after, one.wait) for one in form.failed_tokens),
            per_client=form.per_client,
        ),
    )


def issuer(form: IssuerForm, *, keys: tuple[JsonObject, ...]) -> TrustedIssuer:
    """Return an issuer; ``keys`` are the public JWKs of its files."""
    audiences: dict[str, frozenset[str] | None] = (
        {audience: frozenset(clients) for audience, clients in form.audiences.items()}
        if isinstance(form.audiences, dict)
        else dict.fromkeys(form.audiences or ())
    )
    is_cluster = form.type == "kubernetes"
    has_place = form.jwks is not None or form.jwks_uri is not None
    return TrustedIssuer(
        name=form.name,
        issuer=form.issuer,
        kind=form.type if form.type != "kubernetes" else "jwks" if has_place else "oidc",
        accepts=_token_types(form.accepts or ()),
        algorithms=frozenset(form.algorithms),
        audiences=audiences,
        jwks_uri=form.jwks_uri,
        keys=keys,
        jwks_hosts=frozenset(form.jwks_hosts or ()),
        max_age=form.max_age,
        max_life=form.max_life,
        subject="claims.sub" if form.subject is None else form.subject,
        email_domains=frozenset(form.email_domains or ()),
        groups=form.groups,
        when=tuple(form.when or ()),
        party_kind=form.kind,
        token_types=frozenset(form.token_types or ()),
        workloads=form.workloads or is_cluster,
        disabled=form.disabled,
    )


def api(form: ApiForm) -> Api:
    """Return an API."""
    return Api(
        name=form.name,
        audience=form.audience,
        scopes=dict(form.scopes or {}),
        lifetime=form.token.lifetime,
        algorithm=form.token.algorithm,
        max_depth=form.chain.max_depth,
        binding=form.token.binding,
        disabled=form.disabled,
    )


def client(form: ClientForm, *, auth: ClientAuth) -> Client:
    """Return a client; ``auth`` is how it proves who it is."""
    default = [] if isinstance(form.auth, NoAuth) else ["token_exchange"]
    may = form.may_request
    return Client(
        name=form.name,
        kind=form.kind,
        auth=auth,
        grants=frozenset(SHORT_GRANT_TYPES[one] for one in (default if form.grants is None else form.grants)),
        api=form.api,
        apis=frozenset(may.apis) if may is not None else frozenset(),
        scopes={name: frozenset(scopes) for name, scopes in ((may and may.scopes) or {}).items()},
        owner=form.owner,
        disabled=form.disabled,
    )


def rule(form: RuleForm, *, place: str) -> RuleSpec:
    """Return a rule; ``place`` is the ``file:line`` it is written at."""
    effect = "allow" if form.allow is not None else "deny"
    target = form.target
    return RuleSpec(
        name=form.name,
        effect="allow" if effect == "allow" else "deny",
        kind=form.allow or form.deny or "any",
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
        subject=_token(ask.subject, audiences),
        actor=_token(ask.actor, audiences),
        apis=tuple(ask.api),
        scope=None if ask.scope is None else frozenset(ask.scope.split(" ")),
        kind=ask.kind,
        granted=None if expect.granted is None else frozenset(expect.granted),
        lifetime=expect.lifetime,
        chain=None if expect.chain is None else tuple(expect.chain),
        refused=expect.refused,
        rule=expect.rule,
        near_miss=expect.near_miss,
        place=place,
    )


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    return Address(host=host.strip("[]"), port=int(port))


def _token_types(short: Iterable[str]) -> frozenset[TokenType]:
    return frozenset(SHORT_TOKEN_TYPES[one] for one in short)


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
        token_types=_token_types(form.token_types or ()),
        audiences=frozenset(form.audience or ()),
        kinds=frozenset(form.kinds or ()),
        names=frozenset(form.names or ()),
        groups=frozenset(form.groups or ()),
        required=bool(actor and actor.required),
        flatten=actor is not None and actor.chain == "flatten",
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


def _token(form: AskedParty | None, audiences: Mapping[str, str]) -> AskedToken | None:
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
    )


def _plain(value: Any) -> Json:
    """Return a value of the file as plain JSON, without lines."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, list):
        return [_plain(one) for one in value]  # pyright: ignore[reportUnknownVariableType]
    plain: Json = value
    return plain
