"""The public paths of a server, and who answers each."""

from __future__ import annotations

from functools import partial

from actas.app.foundation import Foundation
from actas.app.management import management
from actas.app.parts import Shared, feed, introspection, nonces, revocation
from actas.app.steward import Steward
from actas.core.ports import JsonObject
from actas.crypto.proof import PROOF_ALGORITHMS
from actas.exchange import Exchange
from actas.keys.life import CACHE_TIME
from actas.web.admission import Admission
from actas.web.documents import Document
from actas.web.errors import ErrorWriter
from actas.web.errors_page import ErrorsPage
from actas.web.gate import BELOW, Endpoint
from actas.web.introspect import IntrospectionEndpoint
from actas.web.metadata import metadata, metadata_paths
from actas.web.revoke import FeedEndpoint, RevocationEndpoint
from actas.web.token import Deliveries, TokenEndpoint


def endpoints(
    base: Foundation, pipeline: Exchange, shared: Shared, deliveries: Deliveries, steward: Steward
) -> dict[str, Endpoint]:
    """Return every public path with who answers it, over a configuration.

    Args:
        pipeline: of that configuration.
        deliveries: told of answers that left.
        steward: changes the configuration.
    """
    server = base.definitions.server
    errors = ErrorWriter(docs=server.docs, issuer=server.issuer, dev=base.dev)
    admission = Admission(most=base.definitions.limits.in_flight, meter=shared.meter)
    token = TokenEndpoint(
        pipeline, nonces=nonces(base), errors=errors, deliveries=deliveries, admission=admission
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
    prefix = paths["openid"].removesuffix("/.well-known/openid-configuration")
    return {
        f"{prefix}/token": token,
        f"{prefix}/introspect": introspect,
        f"{prefix}/jwks": Document(
            base.ring.published, max_age=CACHE_TIME, lasting=lambda: shared.follower.fresh
        ),
        f"{prefix}/revoke": RevocationEndpoint(revocation(base, shared), errors=errors, admission=admission),
        f"{prefix}/revocations": FeedEndpoint(feed(base, shared), errors=errors, admission=admission),
        f"{prefix}/errors": ErrorsPage(),
        f"{prefix}{BELOW}": management(base, shared, steward, prefix=prefix),
        paths["oauth"]: about,
        paths["openid"]: about,
    }


def _described(base: Foundation, pipeline: Exchange) -> JsonObject:
    server = base.definitions.server
    return metadata(
        base.issuer,
        grant_types=pipeline.grant_types,
        scopes={scope for api in base.catalog.apis.values() if not api.disabled for scope in api.scopes},
        methods=_methods(base),
        assertion_algorithms=_assertion_algorithms(base),
        signing_algorithms={base.definitions.keys.algorithm},
        proof_algorithms=PROOF_ALGORITHMS,
        certificates=bool(server.trusted_proxies or (server.tls.own and base.client_certificates)),
    )


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
