"""Cross-app access: JAG-1 to JAG-154 (ID-JAG) and IDC-1 to IDC-75 (identity chaining), as far as this release goes."""

from __future__ import annotations

from tests.promises.row import Requirement, kept, later, on

_JAG = "ID-JAG section "
_IDC = "Identity chaining section "
_NO_SAML = "this release reads no SAML, so a person has no assertion to show"
_SEC = "security 9: cross-app access"
_SEC_THERE = "security 10: cross-app access, resource side"

ROWS: tuple[Requirement, ...] = on(
    "cross-app",
    kept("JAG-1", _JAG + "3.1", "A grant says by its type, oauth-id-jag+jwt, what it is."),
    kept("JAG-2", _JAG + "3", "It is signed by a published key, which signs grants and nothing else."),
    kept("JAG-3", _JAG + "4.3.4", "It is no access token: nothing here that takes access tokens takes it."),
    kept(
        "JAG-4", _JAG + "3.1", "With the tenant, aud_sub is one person's: no two users have one name there."
    ),
    kept(
        "JAG-5",
        _JAG + "3.1",
        "sub and sub_id are said of one person; a sub that meant somebody here is not taken for another.",
    ),
    kept("JAG-6", _JAG + "3.1", "Beside the claims of the specification it has none that could be mistaken."),
    kept(
        "JAG-7",
        _JAG + "4.3.4",
        "It lives five minutes at most, and no longer than what it came from; one that lives longer is taken "
        "of nobody unless the registration of its issuer says so.",
    ),
    kept("JAG-8", _JAG + "3.2.1", "A saml-nameid has the members that the NameID has, and no other."),
    kept("JAG-20", _JAG + "4.3", "It is given by token exchange, to who asks for this type of token."),
    kept(
        "JAG-21",
        _JAG + "4.3",
        "audience is the issuer of the other server, exactly, or a name agreed for it.",
    ),
    kept(
        "JAG-22",
        _JAG + "4.3",
        "audience names the other server and resource an API there; neither is the other.",
    ),
    kept(
        "JAG-23",
        _JAG + "4.3",
        "scope and authorization_details may be asked for, the latter as a strict JSON array in a text.",
    ),
    kept("JAG-24", _JAG + "4.3", "It comes of an ID token or a refresh token, and of no other token."),
    kept("JAG-25", _JAG + "4.3", "An actor token is refused as invalid_request, and never dropped."),
    kept("JAG-26", "project policy", "It is for one audience; none or several are invalid_request."),
    kept("JAG-30", _JAG + "9.1", "Who asks for it proves to be the client; public clients get none."),
    kept(
        "JAG-31", _JAG + "4.3.3", "The ID token is proven in full, and its audience is the client that asks."
    ),
    kept("JAG-32", _JAG + "4.3.3", "An ID token that has ended is refused."),
    kept(
        "JAG-33",
        _JAG + "4.3.3",
        "A refresh token is checked as for a refresh: its client, its key, its life; the person is looked up anew.",
    ),
    kept("JAG-34", "project policy", "A refresh token stays as it is; one that another followed is refused."),
    kept(
        "JAG-35",
        _JAG + "4.3.3",
        "An administrator decides who may be told of, by which client, to which server.",
    ),
    kept(
        "JAG-36", _JAG + "4.3.3", "resource and scope are read by their standards, and less may be granted."
    ),
    kept("JAG-37", _JAG + "4.3.3", "The grant has the resources and scopes that were granted."),
    kept(
        "JAG-38",
        _JAG + "4.3.3",
        "Scopes and details are each held to the connection; who names details alone gets no scope.",
    ),
    kept("JAG-39", _JAG + "5", "The client is named as the other server knows it; there is no default."),
    kept(
        "JAG-40",
        _JAG + "5",
        "The person is named as the other server knows them: subject, pairwise or address.",
    ),
    kept(
        "JAG-41",
        _JAG + "9.6",
        "Who the person is to anybody else (sub_id) is said only where a connection does.",
    ),
    kept("JAG-42", _JAG + "9.3", "No access token of this server comes of it, or of a connection."),
    kept("JAG-50", _JAG + "4.3.4", "The answer is an id-jag in access_token, with token_type N_A."),
    kept(
        "JAG-51",
        _JAG + "4.3.4",
        "The answer says the scopes and details that were granted and how long it lives.",
    ),
    kept("JAG-52", _JAG + "4.3.4", "No refresh token comes with it."),
    kept("JAG-53", _JAG + "4.3.4.3", "A subject token that is not good for it is an invalid_grant."),
    kept(
        "JAG-54",
        _JAG + "9.2",
        "A sign-in too old or too weak is insufficient_user_authentication, with what would do.",
    ),
    kept("JAG-55", "project policy", "What the administrator does not allow is an invalid_target."),
    kept(
        "JAG-92",
        _JAG + "6.2",
        "A connection has the client's name and the tenant where it is valid, together.",
    ),
    kept(
        "JAG-93", _JAG + "6.4", "Tenants are what the connection says; no token and no request chooses one."
    ),
    kept(
        "JAG-94",
        "project policy",
        "tenant and aud_tenant are two claims; each must be what the connection has, also when that is none.",
    ),
    later(
        "JAG-80",
        _JAG + "4.5",
        "A SAML assertion may be exchanged for a refresh token of this server.",
        reason=_NO_SAML,
    ),
    later(
        "JAG-81", _JAG + "4.5", "The audience of the assertion is the client that shows it.", reason=_NO_SAML
    ),
    later("JAG-82", _JAG + "4.5", "The answer is a refresh token that is called N_A.", reason=_NO_SAML),
    later("JAG-83", _JAG + "4.5", "A grant is then had for that refresh token.", reason=_NO_SAML),
    kept("JAG-90", _JAG + "5", "What the other server calls the client is kept for each pair of them."),
    kept(
        "JAG-91",
        _JAG + "5",
        "A client may be called by the address of its document, here and at the other server.",
    ),
    kept("JAG-100", _JAG + "9.8", "With a DPoP proof it is bound to that key; without one it has no cnf."),
    kept(
        "JAG-101",
        _JAG + "9.8",
        "The SDK looks whether a grant is bound to its key, and sends none that is not what it asked for.",
    ),
    kept(
        "JAG-113",
        _JAG + "8",
        "A client whose metadata names the profile lists both grants, or is not let in.",
    ),
    kept(
        "JAG-114",
        "RFC 8414 section 3.3",
        "SDK and command show a grant to the server named, whose metadata says so, and to no other.",
    ),
    kept(
        "JAG-120",
        "MCP Enterprise-Managed Authorization 4",
        "A grant for MCP servers of another domain is for one of them, by its address; audience is the issuer.",
    ),
    kept(
        "JAG-122",
        "MCP Enterprise-Managed Authorization 7.6.1",
        "A resource that is not kept with its audience is refused.",
    ),
    kept("JAG-127", "MCP Enterprise-Managed Authorization 7.3", "No grant is in a log or in the audit log."),
    kept(
        "JAG-150",
        "proposal 112, not in -04",
        "Where a connection tries access_denied, what policy refuses is that, and what does not hold is not.",
    ),
    kept(
        "JAG-151",
        "proposal 118, not in -04",
        "Where a connection tries certificate_binding, a grant is bound to the certificate that is shown, or to a key.",
    ),
    kept(
        "JAG-152",
        "proposal 123, not in -04",
        "Where a connection tries resource_in_answers, they say it, and one of another server is an invalid_target.",
    ),
    kept(
        "JAG-153",
        "proposal 102, not in -04",
        "Where a connection tries encryption, a grant is signed and then encrypted to a key of the server that redeems it, and taken so.",
    ),
    kept("JAG-154", "project policy", "It is about people only."),
    kept("IDC-15", _IDC + "2.3.2", "A target that is unknown, or not the client's, is an invalid_target."),
    kept("IDC-16", _IDC + "5.3", "The client is authenticated, and may present this very subject token."),
    kept("IDC-18", _IDC + "2.3.3", "A grant has one audience, always the issuer of the other server."),
    kept("IDC-20", _IDC + "2.3.4", "No refresh token comes with a grant."),
    kept(
        "IDC-21",
        "project policy",
        "A grant has issuer, subject, audience, both times, an id and the client's name there.",
    ),
    kept("IDC-22", "RFC 8725 section 3.11", "A grant says by its type that it is none of the other tokens."),
    kept("IDC-41", "project policy", "This server takes no grant that it gave itself."),
    kept(
        "IDC-51",
        _IDC + "2.5",
        "A grant tells what the other domain needs, and less where the connection says so.",
    ),
    kept("IDC-55", "project policy", "What crosses is listed: no other claim of a token does."),
    kept("IDC-57", "project policy", "auth_time, acr and amr cross unchanged or not at all."),
    kept(
        "IDC-58",
        "project policy",
        "The audit log has the id of each grant, by which the other end's can be joined.",
    ),
    kept(
        "IDC-73",
        _IDC + "2.3.1",
        "A request without audience is refused, and one with an unknown one is invalid_target.",
    ),
    kept(
        "SEC-54",
        _SEC,
        "A grant is given to a proven client for a live sign-in to it that is new and strong enough, and else not.",
    ),
    kept(
        "SEC-55",
        _SEC,
        "The target is a connection of this client, for this person, with one audience and no scope beyond it.",
    ),
    kept(
        "SEC-56",
        _SEC,
        "A grant is typed, short, unique, signed by keys of its own, and bound to a proven key.",
    ),
    kept("SEC-57", _SEC, "A grant of this server is good for nothing at this server."),
    kept("JAG-110", _JAG + "7.1", "The metadata lists the type of grants while somebody may get one."),
    kept("JAG-111", _JAG + "7.2", "It lists the profile and jwt-bearer while somebody may redeem one."),
    kept("JAG-112", _JAG + "9.4", "It says of nobody whose grants are taken, or to whom grants lead."),
    kept("JAG-60", _JAG + "4.4", "A grant is redeemed by jwt-bearer, by a client that proves who it is."),
    kept("JAG-61", _JAG + "9.5", "The issuer comes first, then its keys and no others, then the type."),
    kept(
        "JAG-62", _JAG + "4.4.1", "The audience is this server alone, exactly; else it is an invalid_grant."
    ),
    kept("JAG-63", _JAG + "4.4.1", "The client that it names is the one that redeems it, and nobody else."),
    kept("JAG-64", "RFC 7523 section 3", "Times, ids and signature are checked in full."),
    kept(
        "JAG-65", _JAG + "4.1", "Whose grants are taken, for which client and whom, is a connection's to say."
    ),
    kept(
        "JAG-66",
        _JAG + "3.1",
        "People are found by issuer, tenant and subject, by aud_sub or sub_id, or by an address of the issuer's own.",
    ),
    kept(
        "JAG-67",
        _JAG + "3.2.2",
        "Every member of sub_id is compared; its SAML issuer belongs to one issuer of grants, by configuration.",
    ),
    kept(
        "JAG-68",
        _JAG + "3.2.2",
        "A sub_id that is wanted and absent, malformed or another is an invalid_grant.",
    ),
    kept(
        "JAG-69",
        _JAG + "4.4.1",
        "Of APIs, scopes and details, what comes of a grant is never more than it says.",
    ),
    kept("JAG-70", _JAG + "4.4.1", "The answer says the scopes and details that were granted."),
    kept("JAG-71", _JAG + "4.4.3", "No refresh token comes of a grant."),
    kept("JAG-72", "project policy", "A grant is redeemed once, unless its connection says otherwise."),
    kept("JAG-73", _JAG + "9.3", "A grant is neither subject nor actor token: there is no second hop."),
    kept(
        "JAG-74",
        "project policy",
        "resource and scope in the request narrow the claims and never widen them.",
    ),
    kept("JAG-75", _JAG + "9.1", "Clients that prove nothing redeem nothing."),
    kept("JAG-76", "project policy", "Errors are 400 with an OAuth code, and 401 for invalid_client only."),
    kept("JAG-102", _JAG + "9.8", "A bound grant wants a proof of that key, which then binds the token."),
    kept("JAG-103", _JAG + "9.8", "A bound grant without proof is an invalid_grant, whatever else is wrong."),
    kept("JAG-104", _JAG + "9.8", "A proof without a bound grant is checked and binds the token."),
    kept("JAG-105", _JAG + "9.8", "Where the API wants bound tokens, neither is an invalid_grant."),
    kept("JAG-106", "project policy", "The grant type jwt-dpop of the draft's example is taken as well."),
    kept(
        "JAG-121",
        "MCP Enterprise-Managed Authorization 5.1",
        "The token is for the API that the grant names, and an MCP server stands in it alone.",
    ),
    kept(
        "JAG-123",
        "MCP Enterprise-Managed Authorization 7.6.2",
        "A grant for an API that is not this server's, or for scopes that are not the API's, is an invalid_grant.",
    ),
    kept(
        "JAG-124",
        "MCP Enterprise-Managed Authorization 7.4.2",
        "A second redeeming is refused until it ends; for an MCP server nobody can switch that off.",
    ),
    kept(
        "JAG-125",
        "MCP Enterprise-Managed Authorization 7.2.1",
        "Scopes are those that both sides say; at an MCP server a request for more is cut to them.",
    ),
    kept(
        "JAG-126",
        "MCP Enterprise-Managed Authorization 5",
        "A client known by its document redeems grants by its key, where a connection names its address.",
    ),
    kept(
        "JAG-128",
        "MCP 2026-07-28",
        "None of it holds for an API that the configuration does not call an MCP server.",
    ),
    kept(
        "JAG-130",
        "Okta as deployed",
        "A grant of Okta's form is redeemed: RS256, keys where its discovery says, an id that begins with IDAAG.",
    ),
    kept(
        "JAG-131",
        "Okta as deployed",
        "A client with a public key gets grants by its connection, which has its id at the other server.",
    ),
    kept("JAG-132", "Okta as deployed", "Issuers are compared exactly, to the last slash."),
    kept(
        "JAG-133",
        "Okta as deployed",
        "The SDK tells each refusal by the code that Okta gives it, and from which server it came.",
    ),
    kept(
        "JAG-134", "vendors as deployed", "Claims that are not known are passed over; act stays in the chain."
    ),
    kept(
        "JAG-135",
        "Okta as deployed",
        "What its guides say wrong is not followed: the audience of a grant is the server, never the API.",
    ),
    kept(
        "JAG-140",
        "Auth0 as deployed",
        "A server whose issuer ends in a slash gets grants under that name, and gives no refresh or ID token.",
    ),
    kept(
        "JAG-141",
        "Auth0 as deployed",
        "The resource of a grant wins over the parameter; without either, the connection says for which API.",
    ),
    kept("IDC-31", _IDC + "2.4.1", "The client may name the API by scope or resource."),
    kept("IDC-33", _IDC + "2.4.2", "The audience of a grant is the issuer identifier of this server."),
    kept("IDC-34", _IDC + "2.4.2", "A grant that names nobody or nothing here is refused."),
    kept("IDC-36", _IDC + "2.4.3", "The answer is an ordinary one, without issued_token_type."),
    kept("IDC-38", _IDC + "5.5", "Short life, single use and client authentication are on by default."),
    kept("IDC-39", "project policy", "Scopes are what request, grant, connection and rights have in common."),
    kept("IDC-56", "project policy", "Whoever acted there stays in the chain under their own issuer."),
    kept("IDC-70", "project policy", "A grant for another server is an invalid_grant."),
    kept("IDC-71", "project policy", "ID tokens and access tokens are no grants."),
    kept("IDC-72", "project policy", "Of a grant that is redeemed many times at once, one token comes."),
    kept("IDC-75", "project policy", "A person whom nobody knows is refused, and not remembered."),
    kept(
        "SEC-58",
        _SEC_THERE,
        "Grants are taken of issuers registered for it, for ten minutes of access, and of none that is off.",
    ),
    kept(
        "SEC-59",
        _SEC_THERE,
        "Type, audience, client and every claim that a grant has must be as they have to be.",
    ),
    kept(
        "SEC-60",
        _SEC_THERE,
        "A grant is used up in one step, after every check and before the token is made.",
    ),
    kept(
        "SEC-61",
        _SEC_THERE,
        "ID-JAGs and plain grants are two inputs with two switches; neither passes as the other, and both are off.",
    ),
    kept(
        "SEC-62",
        _SEC_THERE,
        "People are found by issuer, tenant and subject, or as the connection says; strangers only where it does. "
        "Consent that a client requires still applies.",
    ),
)
