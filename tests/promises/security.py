"""Security promises. Those of features that come later stand here with that reason."""

from __future__ import annotations

from tests.promises.row import Requirement, kept, later, on

_ALL = "security 1: everything"
_CLIENTS = "security 2: client authentication"
_TOKENS = "security 3: subject and actor tokens"
_SAML = "security 4: SAML"
_FETCH = "security 5: outbound fetch"
_POLICY = "security 6: policy"
_IMPERSONATION = "security 7: impersonation"
_CHAIN = "security 8: delegation"
_AUDIT = "security 14: audit"
_KEYS = "security 15: keys"
_MANAGEMENT = "security 13: console"
_STORE = "security 16: storage"

ACROSS = on(
    "security",
    kept("SEC-01", _ALL, "Every issuing path runs the same guards from one place."),
    kept("SEC-02", _ALL, "Absent, null, empty and unknown mean the strict reading."),
    kept("SEC-03", _ALL, "Decisions use only what a signature proved in this request."),
    kept("SEC-04", _ALL, "An unexpected exception ends as a refusal without internals."),
    kept("SEC-05", _ALL, "One parameter, one value, one encoding."),
    kept("SEC-06", _ALL, "A parameter sent with a value is never dropped."),
    kept("SEC-07", _ALL, "Each format has one parser, and ambiguity is refused."),
)

CLIENTS = on(
    "security",
    kept(
        "SEC-08",
        _CLIENTS,
        "The requester is authenticated before costly work; a public one exchanges nothing.",
    ),
    kept("SEC-09", _CLIENTS, "A client uses exactly the method it is registered for."),
    kept("SEC-10", _CLIENTS, "A client assertion has our issuer identifier as its only audience."),
    kept("SEC-11", _CLIENTS, "A signed assertion works once; a forgery does not use it up."),
    kept("SEC-12", _CLIENTS, "What was used is known by its decoded id, whatever its spelling."),
    kept(
        "SEC-13",
        _CLIENTS,
        "Secrets are compared in constant time and kept as digests, people's passwords as slow hashes; how "
        "long a refusal takes does not tell who exists.",
    ),
    kept(
        "SEC-14",
        _CLIENTS,
        "After failures in a row the next guess waits, by name and source; of people also by source and by "
        "name, and nobody is locked out where they signed in before.",
    ),
    kept(
        "SEC-15",
        _CLIENTS,
        "A proof of possession is checked in full, works once, and binds what comes of it.",
    ),
)

TOKENS = on(
    "security",
    kept("SEC-16", _TOKENS, "Key and algorithm come from the registration."),
    kept("SEC-17", _TOKENS, "Empty and weak keys are unusable."),
    kept("SEC-18", _TOKENS, "Only a plain compact token of three parts is read."),
    kept("SEC-19", _TOKENS, "Times are finite, sane and within bounds."),
    kept("SEC-20", _TOKENS, "Claims are type-strict and compared exactly."),
    kept("SEC-21", _TOKENS, "A token is accepted only if it was meant for this exchange."),
    kept("SEC-22", _TOKENS, "The declared type is what the token is."),
    kept("SEC-23", _TOKENS, "Our own tokens are checked against live clients each time they are presented."),
    kept("SEC-24", _TOKENS, "Identity is issuer and subject; an address counts only where it is verified."),
    kept("SEC-25", _TOKENS, "An issuer of many customers needs a condition that tells ours apart."),
    kept("SEC-26", _TOKENS, "Input is bounded before anything is built from it."),
    *(
        later(f"SEC-{number}", _SAML, "Rules for SAML.", reason="this release reads no SAML")
        for number in range(27, 33)
    ),
)

FETCHES = on(
    "security",
    kept("SEC-33", _FETCH, "One function opens every outgoing connection."),
    kept("SEC-34", _FETCH, "The address connected to is checked on every attempt."),
    kept("SEC-35", _FETCH, "No redirects, verified certificates, plain addresses."),
    kept("SEC-36", _FETCH, "A request causes no fetch to a host that is not on record."),
    kept("SEC-37", _FETCH, "The three issuers of a token are equal byte for byte."),
    kept("SEC-38", _FETCH, "Fetches are bounded in size and time."),
    kept("SEC-39", _FETCH, "Keys of two issuers never cross."),
    kept("SEC-40", _FETCH, "An unknown key id costs an issuer at most one fetch."),
    kept("SEC-41", _FETCH, "Keys that a client publishes are fetched, bounded and kept like an issuer's."),
)

POLICY = on(
    "security",
    kept("SEC-42", _POLICY, "Nothing is allowed without a rule, any deny wins, a broken rule denies."),
    kept("SEC-43", _POLICY, "Rights never widen and life never lengthens."),
    kept("SEC-44", _POLICY, "Targets are checked against the requester's list, all or none."),
    kept("SEC-45", _POLICY, "A decision can be reproduced from its record by the same engine."),
    kept(
        "SEC-46",
        _IMPERSONATION,
        "There is no impersonation without a verified token, but where a rule names the client and the people.",
    ),
    kept(
        "SEC-47",
        _IMPERSONATION,
        "Nobody acts as a person who holds a higher role, or is protected, in any form, whatever rules allow.",
    ),
    kept(
        "SEC-48",
        _IMPERSONATION,
        "An impersonated token is short, says why, feeds no other, and the person sees who acted and ends it.",
    ),
)

CHAINS = on(
    "security",
    kept("SEC-49", _CHAIN, "The newest act entry comes from authenticated identities only."),
    kept("SEC-50", _CHAIN, "The actor token belongs to the requester."),
    kept("SEC-51", _CHAIN, "Subject and actor belong together."),
    kept("SEC-52", _CHAIN, "Every hop is authorised anew."),
    kept("SEC-53", _CHAIN, "Chains are bounded, never repeat an actor and are never shortened."),
)

LATER = on(
    "security",
    later(
        "SEC-65", "security 11: actions", "Actions cannot set reserved claims.", reason="actions come later"
    ),
    kept(
        "SEC-80",
        _MANAGEMENT,
        "Roles are checked on the server for every route and every object; a change re-validates the whole.",
    ),
    kept(
        "SEC-77", _MANAGEMENT, "A session has a new text at each sign-in, two limits, and ends on the server."
    ),
    kept(
        "SEC-81",
        _MANAGEMENT,
        "An administrator gives nobody more than they hold, by no detour, and becomes nobody who holds more.",
    ),
    kept("SEC-78", _MANAGEMENT, "No change without a same-site, origin-checked request, or a bearer token."),
    kept(
        "SEC-79",
        "security 13: console",
        "Everything shown is escaped, under a policy without script, or for passkeys with one file of ours.",
    ),
    kept("SEC-83", _MANAGEMENT, "A secret is shown once and can never be read back."),
    kept("SEC-84", "security 13: console", "Public addresses come from the configuration."),
    kept(
        "SEC-85",
        "security 13: console",
        "Introspection answers a token's client and its audience; to everybody else no token is active.",
    ),
)

AUDIT = on(
    "security",
    kept("SEC-86", _AUDIT, "Every attempt has a record of who, for whom, what, why and which rule."),
    kept("SEC-87", _AUDIT, "Records hold no usable secret, and each is one well-formed line."),
    kept("SEC-88", _AUDIT, "Edits, deletions, insertions and cuts of the log are found."),
    kept("SEC-89", _AUDIT, "The log cannot be switched off or weakened."),
    kept("SEC-90", _AUDIT, "A flood of bad requests cannot fill the log, and is counted exactly."),
    kept("SEC-91", _KEYS, "One key, one purpose."),
    kept("SEC-92", _KEYS, "Private keys rest encrypted and are never shown."),
    kept("SEC-93", _KEYS, "Only listed algorithms, the system's randomness, no nonce twice."),
    kept("SEC-94", _KEYS, "The libraries' properties we rely on are tested."),
    kept("SEC-95", _STORE, "What is remembered for one purpose is never read for another."),
    kept(
        "SEC-96",
        _STORE,
        "Opaque tokens are found by their digest only, page cursors are authenticated, queries are parameterised.",
    ),
    kept(
        "SEC-97", _STORE, "What is deleted takes with it what hangs on it, and its name is never given again."
    ),
)

ROWS: tuple[Requirement, ...] = (
    *ACROSS,
    *CLIENTS,
    *TOKENS,
    *FETCHES,
    *POLICY,
    *CHAINS,
    *LATER,
    *AUDIT,
)
