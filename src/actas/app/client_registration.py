"""Where clients register themselves, over a foundation."""

from __future__ import annotations

from actas.app.foundation import Foundation
from actas.app.parts import Shared
from actas.core.ports import SystemChance
from actas.signin.registering import ClientRegistration
from actas.web.admission import Admission
from actas.web.errors import ErrorWriter
from actas.web.gate import Endpoint
from actas.web.register import RegistrationEndpoint


def registering(base: Foundation, shared: Shared, *, prefix: str, errors: ErrorWriter) -> dict[str, Endpoint]:
    """Return who answers the address at which clients register themselves; nobody while none may."""
    terms = base.catalog.registering
    if terms is None:
        return {}
    desk = ClientRegistration(
        terms=terms,
        registry=base.registered,
        budget=shared.out.budget_of_registrations(base, shared.meter),
        pepper=base.ring.secret_pepper,
        marking=base.ring,
        audit=shared.minutes,
        chance=SystemChance(),
        clock=base.clock,
        fresh=shared.require_issuing,
    )
    # Room of its own: whoever registers takes none from those who exchange.
    admission = Admission(most=base.definitions.limits.in_flight, meter=shared.meter)
    endpoint = RegistrationEndpoint(desk, realm=base.issuer, errors=errors, admission=admission)
    return {f"{prefix}/register": endpoint}
