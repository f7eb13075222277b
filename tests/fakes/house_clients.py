"""How a house knows its clients: what authenticates them, and the proofs that they hold a key."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from actas.clients.assertion import AssertedClient, AssertionCheck
from actas.clients.authenticator import ClientAuthenticator
from actas.clients.client_secret_jwt import ClientSecretJwtMethod
from actas.clients.dpop import ProofChecker
from actas.clients.mutual_tls import NamedCertificateMethod, RegisteredCertificateMethod
from actas.clients.nonces import Nonces
from actas.clients.private_key_jwt import PrivateKeyJwtMethod
from actas.clients.public import PublicMethod
from actas.clients.secret import SecretMethod
from actas.clients.throttle import Throttle
from actas.clients.workload import WorkloadMethod
from actas.crypto.certificate import Authorities
from actas.web.traced import TracedMarks
from tests.fakes.company import ISSUER, PEPPER
from tests.fakes.in_memory import InlineKeys

if TYPE_CHECKING:
    from tests.fakes.house import House

NONCE_KEY = b"a nonce key of thirty-two bytes.."


def know_clients(house: House) -> None:
    """Give a house what authenticates clients."""
    secret = SecretMethod(pepper=PEPPER, clock=house.clock)
    clock, meter, mark = house.clock, house.meter, partial(house.ring.mark, "failure")
    house.throttle = Throttle(house.limits, clock=clock, mark=mark, meter=meter)
    marks = TracedMarks(house.marks, tracing=house.tracing) if house.tracing.on else house.marks
    check = AssertionCheck(issuer=ISSUER, marks=marks, clock=clock, meter=meter)
    house.authenticator = ClientAuthenticator(
        clients=house.catalog,
        methods={
            "client_secret_basic": secret,
            "client_secret_post": secret,
            "client_secret_jwt": ClientSecretJwtMethod(check, clock=house.clock),
            "private_key_jwt": PrivateKeyJwtMethod(check, published=house.published),
            "tls_client_auth": NamedCertificateMethod(Authorities(house.authorities), clock=house.clock),
            "self_signed_tls_client_auth": RegisteredCertificateMethod(clock=house.clock),
            "workload": WorkloadMethod(
                ourselves=ISSUER,
                trust=house.catalog,
                keys=InlineKeys(),
                conditions=house.catalog.mapping,
                clock=house.clock,
            ),
            "none": PublicMethod(),
        },
        claimed=AssertedClient(house.catalog),
        throttle=house.throttle,
        meter=house.meter,
        published=house.published_clients.clients(house.catalog, house.clock),
    )
    house.nonces = Nonces(key=NONCE_KEY, life=300, required=house.nonce_required, clock=clock)
    house.proofs = ProofChecker(
        url=f"{ISSUER}/token", max_age=60, nonces=house.nonces, marks=house.marks, clock=clock, meter=meter
    )
