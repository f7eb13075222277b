"""Identity chaining in its general form: what IDC-2 to IDC-74 ask beyond what ID-JAG (``cross_app``) shows."""

from __future__ import annotations

from tests.promises.row import Requirement, kept, on

_IDC = "Identity chaining section "

ROWS: tuple[Requirement, ...] = on(
    "cross-app",
    kept(
        "IDC-2",
        _IDC + "2.1",
        "A server is trusted for plain grants by its keys, by accepts and by a connection; no other trust is any.",
    ),
    kept(
        "IDC-3",
        "project policy",
        "Issuer and connection say keys, types, life, people, client, scopes and single use of grants.",
    ),
    kept("IDC-4", _IDC + "2", "However a client came by a grant, it is redeemed by the same checks."),
    kept("IDC-5", _IDC + "3", "The metadata lists the types of grants that somebody may get."),
    kept("IDC-6", "project policy", "It lists the type jwt only while some connection gives plain grants."),
    kept("IDC-10", _IDC + "2.3.1", "Token exchange gives plain grants, by its rules for every request."),
    kept(
        "IDC-11", _IDC + "2.3.1", "audience or resource names the other server; without either it is refused."
    ),
    kept(
        "IDC-12",
        _IDC + "2.3.1",
        "Here resource may name the server itself, which in an ID-JAG it never does.",
    ),
    kept("IDC-13", _IDC + "2.3.1", "scope says which scopes the grant is to carry."),
    kept(
        "IDC-14",
        _IDC + "2.3.4",
        "Without requested_token_type, the connection to the target says it is a grant.",
    ),
    kept("IDC-17", _IDC + "2.3.2", "Claims are added, renamed and dropped as the connection says."),
    kept(
        "IDC-19",
        _IDC + "2.3.3",
        "The answer is a jwt in access_token, with token_type N_A, good for minutes.",
    ),
    kept("IDC-30", _IDC + "2.4.1", "A plain grant is redeemed by jwt-bearer, as assertion."),
    kept(
        "IDC-32", _IDC + "2.4.2", "It is checked in full: issuer, key, type, audience, times, id and subject."
    ),
    kept(
        "IDC-35", _IDC + "2.4.2", "Refusals are invalid_grant, and invalid_client for the client's own proof."
    ),
    kept("IDC-37", _IDC + "5.4", "No refresh token comes of a grant."),
    kept("IDC-40", _IDC + "5.1", "Clients prove who they are, and a bound grant or token wants its key."),
    kept(
        "IDC-50",
        _IDC + "2.5",
        "The person is renamed by the server that gives the grant or the one that takes it.",
    ),
    kept(
        "IDC-52",
        _IDC + "2.5",
        "A grant has no scope that those of its subject token do not buy, and a token none that the grant has not.",
    ),
    kept("IDC-53", _IDC + "2.5", "Claims of a grant come into the token that the connection lists."),
    kept("IDC-54", _IDC + "2.5", "What a claim is called and means there is written in the connection."),
    kept(
        "IDC-60",
        _IDC + "appendix B.2",
        "Where a connection says so, this server redeems the grant for its client, which gets the token alone.",
    ),
    kept(
        "IDC-61",
        _IDC + "appendix B.3",
        "A token is bound to the key that its grant asks for (requested_cnf).",
    ),
    kept(
        "IDC-62",
        "project policy",
        "It is so only where the connection honours it; else the claim is ignored.",
    ),
    kept(
        "IDC-63",
        _IDC + "appendix B.3",
        "A client that redeems its grant binds the token by its own DPoP or mTLS.",
    ),
    kept(
        "IDC-74", "project policy", "Whoever asks for more than the subject token buys gets less, or nothing."
    ),
    kept(
        "AG-30",
        "RFC 8725 section 3.11",
        "What a grant is, its type says first; what is typed as another is never one.",
    ),
)
