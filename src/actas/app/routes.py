"""The public paths of a server, and who answers each."""

from __future__ import annotations

from functools import partial
from typing import Final, get_args

from actas.app.client_registration import registering
from actas.app.desks import feed, introspection, revocation, supervision
from actas.app.elsewhere import keys_for_issuers
from actas.app.foundation import Foundation
from actas.app.management import management
from actas.app.parts import Shared, nonces
from actas.app.signing_in import device_requests, pushing, signing_in
from actas.app.steward import Steward
from actas.app.userinfo import userinfo
from actas.core.ports import JsonObject
from actas.core.sign_in import userinfo_audience
from actas.core.wire import (
    AUTHORIZATION_CODE,
    DEVICE_CODE,
    ID_JAG,
    ID_JAG_PROFILE,
    JWT,
    JWT_BEARER,
    REFRESH,
    EncryptionAlgorithm,
    GrantType,
)
from actas.crypto.jwe import CONTENT
from actas.crypto.proof import PROOF_ALGORITHMS
from actas.exchange import Exchange
from actas.keys.life import CACHE_TIME
from actas.signin.proving import MULTI_FACTOR, PASSWORD
from actas.signin.request import PROMPTS
from actas.web.admission import Admission, no_place
from actas.web.desk import DeskEndpoint
from actas.web.documents import Document
from actas.web.errors import ErrorWriter
from actas.web.errors_page import ErrorsPage
from actas.web.gate import BELOW, Endpoint, Gate
from actas.web.introspect import IntrospectionEndpoint
from actas.web.metadata import Chaining, Served, SigningIn, metadata, metadata_paths, protected_resources
from actas.web.nobody import NobodySignsIn
from actas.web.par import PAR, PushedRequestEndpoint
from actas.web.revoke import RevocationEndpoint
from actas.web.showing_devices import DEVICE
from actas.web.token import Deliveries, TokenEndpoint
from actas.web.traced import TracedDesk
from actas.web.turnstile import Turnstile
from actas.web.userinfo import UserInfoEndpoint

FORMS: Final = (
    *("token", "introspect", "revoke", "revocations", "impersonations", "par", "device_authorization"),
)
"""The endpoints that take forms of clients."""

_AT: Final[dict[Served, GrantType]] = {"authorize": AUTHORIZATION_CODE, "device_authorization": DEVICE_CODE}
"""Where people are sent, or devices ask, for what is redeemed by a grant."""


def open_gate(
    gate: Gate,
    base: Foundation,
    pipeline: Exchange,
    shared: Shared,
    *,
    deliveries: Deliveries,
    steward: Steward,
) -> None:
    """Have a gate serve a configuration from now on: every public path, with who answers it.

    Args:
        pipeline: of that configuration.
        deliveries: told of answers that left.
        steward: changes the configuration.
    """
    admission = Admission(most=base.definitions.limits.in_flight, meter=shared.meter)
    endpoints = _endpoints(base, pipeline, shared, deliveries, steward=steward, admission=admission)
    gate.turnstile, gate.endpoints = _turnstile(base, admission, shared), endpoints


def _endpoints(
    base: Foundation,
    pipeline: Exchange,
    shared: Shared,
    deliveries: Deliveries,
    *,
    steward: Steward,
    admission: Admission,
) -> dict[str, Endpoint]:
    server = base.definitions.server
    errors = _errors(base)
    tracing = shared.out.tracing
    desk = TracedDesk(pipeline, tracing=tracing, name="actas.exchange") if tracing.on else pipeline
    token = TokenEndpoint(
        desk, nonces=nonces(base), errors=errors, deliveries=deliveries, admission=admission
    )
    introspect = IntrospectionEndpoint(
        introspection(base, shared),
        issuer=server.issuer,
        sign=partial(base.ring.sign, purpose="token"),
        clock=base.clock,
        errors=errors,
        admission=admission,
    )
    described = _described(base, pipeline)
    about = Document(lambda: described, max_age=CACHE_TIME)
    paths = metadata_paths(server.issuer)
    prefix = _prefix(base)
    return {
        f"{prefix}/token": token,
        f"{prefix}/introspect": introspect,
        f"{prefix}/jwks": Document(
            base.ring.published, max_age=CACHE_TIME, lasting=lambda: shared.follower.fresh
        ),
        f"{prefix}/revoke": RevocationEndpoint(revocation(base, shared), errors=errors, admission=admission),
        # Room of its own: whoever cannot hear what was revoked refuses everybody, and a rush to the token
        # endpoint would become an outage of every API.
        f"{prefix}/revocations": DeskEndpoint(
            feed(base, shared),
            errors=errors,
            admission=Admission(most=base.definitions.limits.in_flight, meter=shared.meter),
        ),
        f"{prefix}/impersonations": _supervised(base, shared, admission),
        f"{prefix}/errors": ErrorsPage(),
        **signing_in(base, shared, prefix=prefix, admission=admission),
        **{f"{prefix}{path}": keys for path, keys in keys_for_issuers(base, shared).items()},
        f"{prefix}{BELOW}": management(base, shared, steward, prefix=prefix),
        **_for_apps(base, shared, prefix=prefix, admission=admission),
        **dict.fromkeys(paths.values(), about),
    }


def _supervised(base: Foundation, shared: Shared, admission: Admission) -> DeskEndpoint:
    return DeskEndpoint(
        supervision(base, shared), nonces=nonces(base), errors=_errors(base), admission=admission
    )


def _for_apps(base: Foundation, shared: Shared, *, prefix: str, admission: Admission) -> dict[str, Endpoint]:
    """Return what apps that people sign in to ask; nothing while there is no such app.

    Where ``_chaining`` has an address named at which such apps send people, it says that there are none.
    """
    if not base.catalog.people_sign_in:
        return {} if _chaining(base) is None else {f"{prefix}/authorize": NobodySignsIn()}
    served = registering(base, shared, prefix=prefix, errors=_errors(base))
    if base.catalog.used_by_apps(AUTHORIZATION_CODE):
        served[f"{prefix}{PAR}"] = PushedRequestEndpoint(
            pushing(base, shared), nonces=nonces(base), errors=_errors(base), admission=admission
        )
    if base.catalog.used_by_apps(DEVICE_CODE):
        served[f"{prefix}/device_authorization"] = DeskEndpoint(
            device_requests(base, shared, address=f"{base.issuer.rstrip('/')}{DEVICE}"),
            errors=_errors(base),
            admission=admission,
        )
    # Room of its own: whoever asks about people takes none from those who exchange.
    served[f"{prefix}/userinfo"] = UserInfoEndpoint(
        userinfo(base, shared),
        url=userinfo_audience(base.issuer),
        realm=base.issuer,
        nonces=nonces(base),
        errors=_errors(base),
        admission=Admission(most=base.definitions.limits.in_flight, meter=shared.meter),
    )
    return served


def _turnstile(base: Foundation, admission: Admission, shared: Shared) -> Turnstile:
    """Return who refuses forms for which there is no place, before they are read."""
    errors, prefix, refused = _errors(base), _prefix(base), no_place()
    return Turnstile(
        admission,
        behind=[f"{prefix}/{name}" for name in FORMS],
        headers=errors.headers(refused),
        body=errors.encoded(refused),
        meter=shared.meter,
    )


def _errors(base: Foundation) -> ErrorWriter:
    server = base.definitions.server
    return ErrorWriter(docs=server.docs, issuer=server.issuer, dev=base.dev)


def _prefix(base: Foundation) -> str:
    """Return what stands before every path: the path of the issuer."""
    paths = metadata_paths(base.definitions.server.issuer)
    return paths["openid"].removesuffix("/.well-known/openid-configuration")


def _described(base: Foundation, pipeline: Exchange) -> JsonObject:
    server, catalog = base.definitions.server, base.catalog
    described = metadata(
        base.issuer,
        grant_types=_grants(base, pipeline),
        scopes={scope for api in base.catalog.apis.values() if not api.disabled for scope in api.scopes},
        methods=_methods(base),
        assertion_algorithms=_assertion_algorithms(base),
        signing_algorithms={base.definitions.keys.algorithm},
        proof_algorithms=PROOF_ALGORITHMS,
        certificates=bool(server.trusted_proxies or (server.tls.own and base.client_certificates)),
        signing_in=_signing_in(base),
        public=catalog.documents is not None or catalog.registering is not None,
        chaining=_chaining(base),
    )
    return {**described, **protected_resources(catalog.apis.values())}


def _signing_in(base: Foundation) -> SigningIn | None:
    """Return what is published of people signing in, at ``_for_apps`` and ``signing_in``."""
    if not base.catalog.people_sign_in:
        return None
    terms = [one.sign_in for one in base.catalog.clients.values() if one.sign_in is not None]
    strangers = base.catalog.documents is not None or base.catalog.registering is not None
    served: set[Served] = {
        "userinfo",
        "logout",
        *(at for at, grant in _AT.items() if base.catalog.used_by_apps(grant)),
    }
    if base.catalog.registering is not None:
        served.add("register")
    return SigningIn(
        served=frozenset(served),
        algorithms={one.algorithm for one in terms},
        acr_values=(PASSWORD, MULTI_FACTOR),
        prompts=PROMPTS,
        locales=("en",),
        only_pushed=bool(terms) and not strangers and all(one.pushed for one in terms),
        documents=base.catalog.documents is not None,
    )


def _chaining(base: Foundation) -> Chaining | None:
    """Return what is published of grants between domains; None while no connection leads anywhere."""
    connections = base.catalog.connections
    given = {one.to.grant for one in connections.every if not one.to.redeems}
    requested = tuple(kind for word, kind in (("id_jag", ID_JAG), ("jwt", JWT)) if word in given)
    taken = [one for one in connections.accepted if one.grant == "id_jag"]
    if not requested and not taken:
        return None
    tried = any("encryption" in one.proposals for one in taken)
    return Chaining(
        requested=requested,
        profiles=(ID_JAG_PROFILE,) if taken else (),
        encryption=(get_args(EncryptionAlgorithm), tuple(str(one) for one in CONTENT)) if tried else None,
        encryption_required=tried and all(one.must_encrypt for one in taken),
    )


def _grants(base: Foundation, pipeline: Exchange) -> set[GrantType]:
    """Return the grants that some client may use: of refresh tokens and codes only what somebody may get."""
    rules = base.catalog.policy.rules
    given = any(rule.spec.refresh is not None and not rule.spec.disabled for rule in rules)
    unused: set[GrantType] = set() if given else {REFRESH}
    unused |= {grant for grant in _AT.values() if not base.catalog.used_by_apps(grant)}
    if not base.catalog.connections.accepted:
        unused.add(JWT_BEARER)
    return {*pipeline.grant_types} - unused


def _methods(base: Foundation) -> tuple[str, ...]:
    """Return how clients may prove who they are: what is always there, and what is configured to work."""
    used = {client.auth.method for client in base.catalog.clients.values()}
    return (
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
        *sorted(used & {"client_secret_jwt", "tls_client_auth", "self_signed_tls_client_auth"}),
    )


def _assertion_algorithms(base: Foundation) -> set[str]:
    auths = [client.auth for client in base.catalog.clients.values()]
    signed = {one for auth in auths if auth.method == "private_key_jwt" for one in auth.algorithms}
    shared = {one for auth in auths if auth.method == "client_secret_jwt" for one in auth.hmac_algorithms}
    return (signed or {"ES256", "RS256", "PS256", "EdDSA"}) | shared
