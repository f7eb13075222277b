"""Forms of parties turned into the values that the other packages work with: issuers, APIs, people, clients.

What a form leaves out gets its default here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable

from actas.core.abroad import LONGEST_GRANT
from actas.core.administrators import Administrators, Role
from actas.core.client import Client, ClientAuth, SignInLives, SignInTerms
from actas.core.party import OURSELVES
from actas.core.person import Person
from actas.core.ports import JsonObject
from actas.core.secret import Secret
from actas.core.target import Api
from actas.core.wire import SHORT_GRANT_TYPES, SHORT_TOKEN_TYPES, TokenType
from actas.settings.schema_admins import AdminForm
from actas.settings.schema_apis import ApiForm
from actas.settings.schema_auth import NoAuth
from actas.settings.schema_chaining import JwtGrantsForm
from actas.settings.schema_lives import lives_at
from actas.settings.schema_parties import ClientForm, IssuerForm
from actas.settings.schema_people import ClientSignIn, UserForm
from actas.settings.schema_sign_in import IssuerSignIn, PrivateKeyJwtForm
from actas.trust.registry import JwtGrants, OwnKey, SignInThere, TrustedIssuer


def issuer(form: IssuerForm, *, keys: tuple[JsonObject, ...], secret: Secret | None) -> TrustedIssuer:
    """Return an issuer; ``keys`` are the public JWKs of its files, ``secret`` is by which it knows us."""
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
        accepts=token_types(form.accepts or ()),
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
        longest_id_jag=LONGEST_GRANT if form.id_jag_max_life is None else form.id_jag_max_life,
        jwt_grants=None if form.jwt_grants is None else _jwt_grants(form.jwt_grants),
        workloads=form.workloads or is_cluster,
        outage_grace=form.outage_grace,
        sign_in=None if form.sign_in is None else _sign_in_there(form.sign_in, form.name, secret),
        disabled=form.disabled,
    )


def _jwt_grants(form: JwtGrantsForm) -> JwtGrants:
    types = frozenset[str | None](None if one == "none" else one for one in form.types)
    return JwtGrants(types=types, longest=form.max_life)


def own_key(form: PrivateKeyJwtForm | None) -> OwnKey | None:
    """Return the key of ours by which another server knows us, or None."""
    return None if form is None else OwnKey(algorithm=form.algorithm, named=form.audience)


def _sign_in_there(form: IssuerSignIn, name: str, secret: Secret | None) -> SignInThere:
    return SignInThere(
        client_id=form.client_id,
        client_secret=secret,
        own_key=own_key(form.private_key_jwt),
        display=form.display_name or name,
        scopes=tuple(dict.fromkeys(form.scopes)),
        acr_values=tuple(form.acr_values or ()),
        mfa=form.mfa,
        clients=None if form.clients is None else frozenset(form.clients),
        max_age=form.max_age,
        auth_time=form.auth_time,
        authorization_endpoint=form.authorization_endpoint,
        token_endpoint=form.token_endpoint,
        hosts=frozenset(form.hosts or ()),
        userinfo=form.userinfo,
    )


def api(form: ApiForm) -> Api:
    """Return an API."""
    return Api(
        name=form.name,
        audience=form.audience,
        scopes=dict(form.scopes or {}),
        kind=form.kind,
        listed=form.listed,
        lifetime=form.token.lifetime,
        algorithm=form.token.algorithm,
        max_depth=form.chain.max_depth,
        binding=form.token.binding,
        format=form.token.format,
        disabled=form.disabled,
    )


def user(form: UserForm, *, password: Secret | None) -> Person:
    """Return a person; ``password`` is the one that the configuration gives them."""
    return Person(
        name=form.name,
        display=form.display_name or form.name,
        email=form.email,
        groups=tuple(form.groups or ()),
        initial=password,
        disabled=form.disabled,
        known_as=form.known_as or {},
    )


def administrators(forms: Iterable[AdminForm]) -> Administrators:
    """Return who holds which role."""
    clients: dict[str, Role] = {}
    users: dict[str, Role] = {}
    groups: dict[str, dict[str, Role]] = {}
    for form in forms:
        if form.client is not None:
            clients[form.client] = form.role
        elif form.user is not None:
            users[form.user] = form.role
        elif form.group is not None:
            groups.setdefault(form.from_ or OURSELVES, {})[form.group] = form.role
    return Administrators(clients=clients, users=users, groups=groups)


def client(form: ClientForm, *, auth: ClientAuth, lives: SignInLives) -> Client:
    """Return a client.

    Args:
        auth: how it proves who it is.
        lives: how long a sign-in is good for where it says nothing.
    """
    default = [] if isinstance(form.auth, NoAuth) else ["token_exchange"]
    if form.redirect_uris is not None:
        default.append("authorization_code")
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
        sign_in=_sign_in(form, lives),
        disabled=form.disabled,
    )


def signs_people_in(form: ClientForm) -> bool:
    """Return whether people sign in to a client: it is called back, or waits on a device."""
    return form.redirect_uris is not None or "device_code" in (form.grants or ())


def _sign_in(form: ClientForm, usual: SignInLives) -> SignInTerms | None:
    if not signs_people_in(form):
        return None
    asked = form.sign_in or ClientSignIn.model_construct()
    return SignInTerms(
        redirect_uris=tuple(form.redirect_uris or ()),
        after_sign_out=tuple(form.post_logout_redirect_uris or ()),
        algorithm=asked.algorithm,
        consent=asked.consent,
        groups=frozenset(asked.groups or ()),
        display=form.display_name or form.name,
        told_at=form.backchannel_logout_uri,
        pushed=asked.pushed == "required",
        lives=lives_at(asked, usual),
        management=asked.management,
    )


def token_types(short: Iterable[str]) -> frozenset[TokenType]:
    """Return token types by their short names."""
    return frozenset(SHORT_TOKEN_TYPES[one] for one in short)
