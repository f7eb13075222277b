"""The shapes of what the management API says of connections."""

from __future__ import annotations

from typing import Any, Final, get_args

from actas.admin.finding import State
from actas.admin.trying import Says
from actas.web.api.shapes import ANY, MAYBE_TEXT, NUMBER, TEXT, TRUTH, listed, record, ref

_CHECK: Final = record(
    "What came of one look, and what to do.",
    name=TEXT,
    state={"enum": [*get_args(State)]},
    says=TEXT,
    remedy=TEXT,
)

_HEALTH: Final = record("Whether a connection can work.", connection=TEXT, sound=TRUTH, checks=listed(_CHECK))

OF_CONNECTIONS: Final[dict[str, dict[str, Any]]] = {
    "ConnectionHealth": _HEALTH,
    "HealthOfConnections": record("Every connection, looked over.", connections=listed(_HEALTH)),
    "TryConnection": {
        "type": "object",
        "required": ["as"],
        "properties": {
            "as": {
                **TEXT,
                "description": "The person: as whom they are known here; where grants are accepted, their "
                "`sub` in them.",
            },
            "scope": {**TEXT, "description": "Scopes. Default: all that the connection has."},
            "acr": {**TEXT, "description": "How they signed in. Default: the weakest way."},
            "ago": {**NUMBER, "description": "Seconds since they signed in. Default: 0."},
            "claims": {**ANY, "description": "What else their own issuer says of them."},
        },
        "additionalProperties": False,
    },
    "TriedConnection": record(
        "What both sides would say. Nothing was issued.",
        connection=TEXT,
        direction={"enum": ["issue", "accept"]},
        client=TEXT,
        **{"as": TEXT},
        legs=listed(ref("Leg")),
        grant={"type": ["object", "null"], "description": "What our grant would say; nobody signed it."},
        typ=MAYBE_TEXT,
    ),
    "TryGrant": {
        "type": "object",
        "required": ["claims"],
        "properties": {
            "claims": {**ANY, "description": "What the grant would say."},
            "typ": {**TEXT, "description": "What it would say that it is. Default: an ID-JAG."},
        },
        "additionalProperties": False,
    },
    "TriedGrant": record("What this server would say to a grant. Nothing was issued.", leg=ref("Leg")),
    "Leg": record(
        "One side: 1 gives the grant, 2 redeems it.",
        number={"enum": [1, 2]},
        server=TEXT,
        ours=TRUTH,
        says={"enum": [*get_args(Says)]},
        place=MAYBE_TEXT,
        decision={
            "type": ["object", "null"],
            "description": "The decision of this server, with what it turned on; null of the other side.",
        },
        checks=listed(_CHECK),
    ),
}
