"""People connect devices that have no browser or no keyboard: RFC 8628, numbered here as DG-1 to DG-12."""

from __future__ import annotations

from tests.promises.row import Requirement, kept, on

ROWS: tuple[Requirement, ...] = on(
    "rfc8628",
    kept(
        "DG-1",
        "RFC 8628 section 3.2",
        "A device is told its code, the person's, the page, their life and the interval.",
    ),
    kept("DG-2", "RFC 8628 section 3.1", "Clients prove who they are there as at the token endpoint."),
    kept(
        "DG-3",
        "RFC 8628 section 5.4",
        "A typed code allows nothing: the page shows it, and where the device is, and asks each time.",
    ),
    kept("DG-4", "RFC 8628 section 3.5", "While nobody has decided, the answer is authorization_pending."),
    kept(
        "DG-5",
        "RFC 8628 section 3.5",
        "Who asks too soon is told slow_down, and waits five seconds longer from then on, on every node.",
    ),
    kept(
        "DG-6",
        "RFC 8628 section 3.5",
        "A no is access_denied, as is whoever may not say yes; what nobody decided in time is expired_token.",
    ),
    kept(
        "DG-7",
        "RFC 8628 section 5.1",
        "Guessing the codes of devices is slow for each person and each address.",
    ),
    kept(
        "DG-8",
        "RFC 8628 section 5.2",
        "A device's code is opaque, its client's alone and good once; used twice, what it began ends.",
    ),
    kept(
        "DG-9",
        "RFC 8628 section 6.1",
        "The person's code is eight of twenty consonants, however it is written.",
    ),
    kept("DG-10", "RFC 8628 section 4", "Metadata names the endpoint and the grant when a client uses them."),
    kept("DG-11", "project policy", "How many devices may wait is bounded for a client, an address and all."),
    kept(
        "DG-12",
        "project policy",
        "Scopes, APIs, groups and rules hold for devices as for apps that are called back.",
    ),
)
