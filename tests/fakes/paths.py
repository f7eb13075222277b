"""Every way to a token, as a request that is granted: the rows of the guard matrix (SEC-01)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from actas.core.wire import (
    ID_TOKEN,
    JWT_GRANT,
    SUBJECT,
)
from actas.policy.connections import Connected
from actas.policy.rule import PartySelector, ScopeMap
from tests.fakes.attempts import Attempt, carol, granted, granted_plainly, of_corp, of_dana, ours, told
from tests.fakes.company import (
    GRANTING,
    HELPDESK_IMPERSONATION,
    REDEEMERS,
    TICKETS,
    acceptance,
    connection,
)
from tests.fakes.house import (
    ASSISTANT_FOR_SUPPORT,
    CLIENTS,
    CORP,
    FROM_CORP,
    NOW,
    ORDERS_TO_INVENTORY,
    allow,
    on_devices,
    signing_in,
)

_DANA: Final = PartySelector(issuers=frozenset({"corp-idp"}), required=True)
_SIGNED_IN: Final = PartySelector(
    issuers=frozenset({"actas"}), token_types=frozenset({ID_TOKEN}), groups=frozenset({"support"})
)
_OF_CORP: Final = Connected(issuers=frozenset({"corp-idp"}))
_OURS: Final = Connected(issuers=frozenset({"actas", "corp-idp"}))
_SOLD: Final = ScopeMap(
    bought={"orders:read": frozenset({"tickets:read"})}, signed_in=frozenset({"tickets:read"})
)
_ALONE: Final = {"act": None}

PATHS: Final[tuple[Attempt, ...]] = (
    Attempt(
        path="delegation of a foreign token",
        kind="delegation",
        who="assistant",
        rule=ASSISTANT_FOR_SUPPORT,
        target="orders",
        scope="orders:read",
        subject=of_corp,
        subject_type=str(ID_TOKEN),
    ),
    Attempt(
        path="delegation of our own token",
        kind="delegation",
        who="orders",
        rule=ORDERS_TO_INVENTORY,
        target="inventory",
        scope="stock:read",
        subject=ours,
    ),
    Attempt(
        path="delegation with an actor token",
        kind="delegation",
        who="orders",
        rule=replace(ORDERS_TO_INVENTORY, actor=_DANA),
        target="inventory",
        scope="stock:read",
        subject=ours,
        actor=of_dana,
    ),
    Attempt(
        path="delegation of our own ID token",
        kind="delegation",
        who="web",
        rule=allow("web-for-people", "delegation", "web", "orders", subject=_SIGNED_IN),
        target="orders",
        scope="orders:read",
        subject=told,
        subject_type=str(ID_TOKEN),
    ),
    Attempt(
        path="impersonation",
        kind="impersonation",
        who="orders",
        rule=allow("impersonate", "impersonation", "orders", "inventory"),
        target="inventory",
        scope="stock:read",
        subject=ours,
        held=_ALONE,
    ),
    Attempt(
        path="administrative impersonation",
        kind="administrative_impersonation",
        who="helpdesk",
        rule=replace(HELPDESK_IMPERSONATION, actor=_DANA),
        target="orders",
        scope="orders:read",
        subject=carol,
        subject_type=str(SUBJECT),
        actor=of_dana,
        parameters={"reason": "the order does not load"},
    ),
    Attempt(
        path="translation",
        kind="translation",
        who="helpdesk",
        rule=allow("translate", "translation", "helpdesk", "orders", subject=FROM_CORP),
        target="orders",
        scope="orders:read",
        subject=of_corp,
        subject_type=str(ID_TOKEN),
    ),
    Attempt(
        path="downscope",
        kind="downscope",
        who="web",
        rule=allow("narrow", "downscope", "web", "orders", apis=frozenset({"orders", "inventory"})),
        target="orders",
        scope="orders:read",
        subject=ours,
        held={"client_id": "web"},
    ),
    Attempt(
        path="own",
        kind="own",
        who="orders",
        rule=allow("own", "own", "orders", "inventory"),
        target="inventory",
        scope="stock:read",
        subject=None,
    ),
    Attempt(
        path="sign-in",
        kind="sign_in",
        who="web",
        rule=allow("unused", "own", "orders", "inventory"),
        target="orders",
        scope="orders:read",
        subject=None,
        code={},
        clients=[signing_in(one) if one.name == "web" else one for one in CLIENTS],
    ),
    Attempt(
        path="sign-in on a device",
        kind="sign_in",
        who="web",
        rule=allow("unused", "own", "orders", "inventory"),
        target="orders",
        scope="orders:read",
        subject=None,
        code={},
        on_device=True,
        clients=[on_devices(one) if one.name == "web" else one for one in CLIENTS],
    ),
    Attempt(
        path="cross-app access",
        kind="cross_app",
        who="web",
        rule=allow("unused", "own", "orders", "inventory"),
        target=TICKETS,
        scope="tickets:read",
        subject=told,
        subject_type=str(ID_TOKEN),
        connection=connection(max_age=3600),
    ),
    Attempt(
        path="cross-app access of an issuer's person",
        kind="cross_app",
        who="assistant",
        rule=allow("unused", "own", "orders", "inventory"),
        target=TICKETS,
        scope="tickets:read",
        subject=of_corp,
        subject_type=str(ID_TOKEN),
        issuers=(replace(CORP, audiences={"acme-web": frozenset({"assistant"})}),),
        connection=connection(client="assistant", people=_OF_CORP),
    ),
    Attempt(
        path="redemption of a grant",
        kind="redemption",
        who="web",
        rule=allow("unused", "own", "orders", "inventory"),
        target="orders",
        scope="orders:read",
        subject=granted,
        issuers=(GRANTING,),
        clients=REDEEMERS,
        acceptance=acceptance(),
    ),
    Attempt(
        path="chaining of our own token",
        kind="chaining",
        who="web",
        rule=allow("unused", "own", "orders", "inventory"),
        target=TICKETS,
        scope="tickets:read",
        subject=ours,
        held={"client_id": "web", "auth_time": NOW, "act": None},
        connection=connection(grant="jwt", resources=(), sold=_SOLD, max_age=3600, people=_OURS),
    ),
    Attempt(
        path="chaining of an issuer's person",
        kind="chaining",
        who="assistant",
        rule=allow("unused", "own", "orders", "inventory"),
        target=TICKETS,
        scope="tickets:read",
        subject=of_corp,
        subject_type=str(ID_TOKEN),
        issuers=(replace(CORP, audiences={"acme-web": frozenset({"assistant"})}),),
        connection=connection(client="assistant", grant="jwt", resources=(), sold=_SOLD, people=_OF_CORP),
    ),
    Attempt(
        path="redemption of a plain grant",
        kind="chained",
        who="web",
        rule=allow("unused", "own", "orders", "inventory"),
        target="orders",
        scope="orders:read",
        subject=granted_plainly,
        issuers=(replace(GRANTING, accepts=GRANTING.accepts | {JWT_GRANT}),),
        clients=REDEEMERS,
        acceptance=acceptance(grant="jwt"),
    ),
)
"""Every way to a token of this release."""
