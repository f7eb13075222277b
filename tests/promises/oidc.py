"""People sign in: OP-1 to OP-142, as far as this release goes."""

from __future__ import annotations

from tests.promises.row import Requirement, kept, on

ROWS: tuple[Requirement, ...] = on(
    "oidc",
    kept(
        "OP-8",
        "RFC 6749 section 4.1.2",
        "A code is good for a minute, once, for its client, address and verifier.",
    ),
    kept("OP-1", "OpenID Connect Core 3.1.2.1", "Authorization requests come by GET or as a form by POST."),
    kept(
        "OP-2",
        "RFC 6749 section 4.1.2.1",
        "There is one response type, code, and two modes: query and form_post.",
    ),
    kept(
        "OP-3",
        "RFC 6749 section 4.1.2.1",
        "While client or address is bad, the person is told and nobody is sent on.",
    ),
    kept("OP-4", "RFC 9700 section 2.1", "A redirect address is compared character for character."),
    kept("OP-5", "OpenID Connect Core 3.1.2.1", "A redirect address is required."),
    kept("OP-6", "RFC 6749 section 4.1.2", "The state goes back unchanged, with errors too."),
    kept("OP-7", "RFC 9207 section 2", "Every answer names the issuer, errors too."),
    kept("OP-10", "RFC 9700 section 4.12", "After a form a browser is sent on by 303."),
    kept(
        "OP-11",
        "RFC 9700 section 4.16",
        "No page may be framed, and none tells another site where somebody came from.",
    ),
    kept("OP-12", "OpenID Connect Core 3.1.2.1", "Where nobody may be asked, the app is told what would be."),
    kept("OP-13", "OpenID Connect Core 3.1.2.1", "login, consent and max_age have somebody asked again."),
    kept(
        "OP-14", "OpenID Connect Core 3.1.2.1", "acr_values and hints are heard, and none of them is a must."
    ),
    kept("OP-15", "OpenID Connect Core 6", "Request objects are refused by the error that is theirs."),
    kept(
        "OP-30",
        "RFC 9126 section 2",
        "Apps push what they ask, as proven clients, and get a reference to it.",
    ),
    kept("OP-31", "RFC 9126 section 2.1", "A reference is not pushed."),
    kept(
        "OP-32",
        "RFC 9126 section 7.3",
        "A reference cannot be guessed, and is good for a minute, for its client and for one code.",
    ),
    kept("OP-33", "RFC 9126 section 2.3", "What is wrong is said as JSON, and by 405, 413 or 429."),
    kept("OP-34", "RFC 9126 section 6", "From a client that must push, nothing else is taken."),
    kept(
        "OP-35",
        "RFC 7523bis section 5",
        "The audience of an assertion is the issuer here, whatever is registered.",
    ),
    kept("OP-21", "RFC 7636 section 4.2", "S256 is the one way to make a challenge."),
    kept(
        "OP-42", "OpenID Connect Core 11", "Without consent, or a client that refreshes, nothing is offline."
    ),
    kept("OP-90", "RFC 8252 section 7.3", "On the app's own computer any port will do."),
    kept(
        "OP-91", "RFC 8252 section 8.3", "localhost is taken when it is registered, and the person is warned."
    ),
    kept("OP-92", "RFC 8252 section 7.1", "A scheme of the app's own has a dot in it."),
    kept("OP-93", "RFC 9700 section 2.6", "http is for the app's own computer alone."),
    kept("OP-9", "RFC 6749 section 4.1.2", "A code that is used again is refused, and what it began ends."),
    kept("OP-16", "RFC 8707 section 2", "Token requests stay within the resources that were authorized."),
    kept("OP-17", "RFC 6749 section 3.3", "What was granted is said in scope."),
    kept("OP-20", "RFC 9700 section 2.1.1", "PKCE is required of every client, public ones included."),
    kept("OP-22", "RFC 7636 section 4.6", "A verifier has 43 to 128 characters and must fit the challenge."),
    kept(
        "OP-23", "RFC 9700 section 4.8.2", "No code is made without a challenge, so none is redeemed without."
    ),
    kept("OP-24", "RFC 8414 section 2", "Metadata lists the methods of PKCE."),
    kept(
        "OP-40", "RFC 6749 section 4.1.3", "Code, client, address and verifier are checked; all fail alike."
    ),
    kept("OP-41", "OpenID Connect Core 3.1.3.3", "The answer has access token, ID token, type and life."),
    kept("OP-50", "OpenID Connect Core 2", "An ID token has iss, sub, aud, exp and iat."),
    kept("OP-51", "OpenID Connect Core 2", "A sub is stable, short and never given to another."),
    kept("OP-52", "OpenID Connect Core 2", "The audience of an ID token is its client alone, without azp."),
    kept("OP-53", "OpenID Connect Core 2", "The nonce is copied unchanged."),
    kept("OP-54", "OpenID Connect Core 2", "auth_time is always there."),
    kept("OP-55", "OpenID Connect Core 2", "acr, amr and sid say what happened, always."),
    kept("OP-56", "OpenID Connect Core 3.1.3.6", "at_hash binds the access token."),
    kept("OP-57", "OpenID Connect Core 15.1", "ID tokens are signed: RS256, or what the client registered."),
    kept("OP-58", "project policy", "An ID token lives for at most five minutes."),
    kept(
        "OP-60", "OpenID Connect Core 5.3", "UserInfo answers GET and POST, and sub is that of the ID token."
    ),
    kept("OP-61", "RFC 6750 section 3.1", "A bad token is 401 invalid_token, a small one 403."),
    kept("OP-62", "project policy", "A token that was exchanged, or is for another API, opens no UserInfo."),
    kept("OP-70", "RFC 6749 section 6", "A refresh asks for no more than was granted."),
    kept("OP-71", "RFC 9700 section 2.2.2", "Refresh tokens of public clients are rotated, as all are."),
    kept("OP-72", "RFC 9700 section 4.14.2", "A refresh token that was used before ends its family."),
    kept("OP-73", "project policy", "Of many who use a refresh token at once one gets its successor."),
    kept("OP-74", "project policy", "A family ends by its age, and earlier when it is not used."),
    kept("OP-75", "project policy", "As a subject token it stays as it is, and a copy ends its family."),
    kept("OP-76", "OpenID Connect Core 12.2", "A refreshed ID token keeps auth_time and has no nonce."),
    kept(
        "OP-77",
        "RFC 9700 section 4.14.2",
        "What is not offline ends with the session; a new password ends all but the session that made it.",
    ),
    kept("OP-100", "RFC 8414 section 3", "Both well-known addresses have the same content."),
    kept("OP-103", "RFC 7517 section 9", "The key set has public members only."),
    kept("OP-80", "RP-Initiated Logout 2", "Signing out may be asked for by GET and by POST."),
    kept("OP-81", "RP-Initiated Logout 2", "An ID token of ours is a hint however old it is."),
    kept(
        "OP-82", "RP-Initiated Logout 3", "Nobody is sent on but to a registered address, for a proven app."
    ),
    kept("OP-83", "RP-Initiated Logout 2", "Who is signed in is asked before they are signed out."),
    kept(
        "OP-84",
        "Back-Channel Logout 2.4",
        "Whatever ends a session, every app that got tokens in it gets a logout token.",
    ),
    kept(
        "OP-85",
        "Back-Channel Logout 2.8",
        "An app that does not say 200 or 204 is tried again, with a bound, by any node.",
    ),
    kept(
        "OP-101",
        "OpenID Connect Discovery 3",
        "The metadata has what every OpenID client needs, RS256 among it.",
    ),
    kept(
        "OP-110", "RFC 7591 section 3.2.1", "Who registers is told all that was registered, its secret once."
    ),
    kept(
        "OP-111", "RFC 7591 section 3.2.2", "What cannot be registered is refused by the error that is its."
    ),
    kept(
        "OP-112", "RFC 7591 section 2", "What is not known is ignored, and what is left out has its default."
    ),
    kept("OP-113", "OpenID Connect Registration 2", "application_type says where an app may be called back."),
    kept(
        "OP-114",
        "project policy",
        "Nobody registers unless it is switched on, so often and so many, and such a client exchanges nothing.",
    ),
    kept(
        "OP-120",
        "CIMD section 3",
        "A client_id may be the https address of a document, in one spelling; any other is no client.",
    ),
    kept("OP-121", "CIMD section 4", "A document is 200 and JSON; no redirect is followed."),
    kept(
        "OP-122", "CIMD section 4", "A document is about the address at which it is, character for character."
    ),
    kept("OP-123", "CIMD section 4.1", "A document that holds a secret, or declares one, is refused."),
    kept("OP-124", "CIMD section 8.2", "Who declares a key must prove to have it."),
    kept(
        "OP-125", "CIMD section 4.2", "Nobody is called back but where the document says, whatever the grant."
    ),
    kept(
        "OP-126",
        "CIMD section 8.6",
        "No address that is not public is asked for a document, or for its keys.",
    ),
    kept("OP-127", "CIMD section 5.2", "5 KB are read; what is good is kept for a while, and nothing else."),
    kept(
        "OP-128",
        "CIMD section 5.1",
        "Without a good document nobody is sent anywhere, and nobody learns why.",
    ),
    kept(
        "OP-129",
        "CIMD section 8.5",
        "Consent shows whose address the client has and where the answer goes, and shows no logo.",
    ),
    kept("OP-130", "CIMD section 6", "The metadata say whether such clients are let in."),
    kept(
        "OP-131",
        "project policy",
        "Nobody is let in but by configuration; with other keys or addresses people are asked again.",
    ),
    kept("OP-132", "MCP 2026-07-28", "A document has client_id, client_name and redirect_uris."),
    kept("OP-140", "MCP 2026-07-28", "An access token is bound to the resource that was asked for."),
    kept(
        "OP-141",
        "MCP 2026-07-28",
        "A resource has no fragment; scheme and host are one in any letters, and a slash makes another.",
    ),
    kept(
        "SEC-73",
        "security.md 12",
        "Each issuer people sign in at has its own redirect address, answers for itself alone, keeps its "
        "endpoints on hosts on record, and is treated as hostile.",
    ),
    kept(
        "SEC-76",
        "security.md 13",
        "A code is bound to client, address and verifier, and works once; what another issuer answers is bound "
        "to browser, attempt, issuer and this server.",
    ),
    kept("OP-142", "MCP 2026-07-28", "Refresh tokens of public clients are rotated."),
)
