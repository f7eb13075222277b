"""Token exchange and the standards around it: TX-1 to TX-94, TX-120 to TX-125, TX-140 to TX-144."""

from __future__ import annotations

from tests.promises.row import Requirement, kept, later, on

_SAML = "this release reads no SAML"

FORM = on(
    "rfc8693",
    kept("TX-1", "RFC 6749 section 3.2", "Only a POST with a UTF-8 form body reaches the token endpoint."),
    kept(
        "TX-2", "RFC 6749 section 3.2", "A parameter without a value is omitted; an unknown one is ignored."
    ),
    kept("TX-3", "RFC 6749 section 5.2", "No parameter may appear twice, except resource and audience."),
    kept("TX-4", "RFC 6749 section 2.3.1", "Nothing is taken from the query; a query is refused."),
    kept("TX-5", "RFC 6749 section 5.2", "An unknown grant and a grant this client may not use differ."),
    kept("TX-10", "RFC 8693 section 2.1", "subject_token is required."),
    kept("TX-11", "RFC 8693 section 2.1", "subject_token_type is required."),
    kept("TX-12", "RFC 8693 section 2.1", "actor_token and actor_token_type come together or not at all."),
    kept("TX-13", "RFC 8693 section 2.1", "Without requested_token_type an access token is meant."),
    kept("TX-14", "RFC 8693 section 2.2.2", "An unknown requested_token_type is invalid_request."),
    kept("TX-17", "RFC 8693 section 2.1", "audience is a logical name and need not be a URI."),
    kept("TX-18", "RFC 8693 section 2.1", "resource and audience may be combined and repeated."),
    kept("TX-19", "RFC 8693 section 2.1.1", "Several targets and scopes mean every scope at every target."),
    kept("TX-21", "project policy", "None of several targets is dropped in silence."),
    kept("TX-22", "RFC 6749 section 3.3", "scope is a list of case-sensitive tokens in any order."),
    kept("TX-23", "RFC 6749 section 3.2.1", "client_id may be left out, and must agree when it is sent."),
)

RESOURCES = on(
    "rfc8707",
    kept(
        "TX-15", "RFC 8707 section 2", "resource is an absolute URI without a fragment; a query is allowed."
    ),
    kept("TX-16", "RFC 8707 section 2", "A malformed, relative or unknown resource is invalid_target."),
    kept(
        "TX-20", "RFC 8693 section 2.2.2", "A target nothing is issued for, or too many, is invalid_target."
    ),
)

INTROSPECTION = on(
    "rfc7662",
    kept(
        "TX-130", "RFC 7662 section 2.1", "Introspection is a POST with token, by a caller who proves itself."
    ),
    kept(
        "TX-131",
        "RFC 7662 section 2.2",
        "Of a token that is unknown, expired or not the caller's only active: false is said.",
    ),
    kept(
        "TX-132",
        "RFC 7662 section 2.2",
        "An active token is told with its scope, parties, times, chain and key; act, may_act and cnf never left out.",
    ),
)

REVOCATION = on(
    "rfc7009",
    kept(
        "TX-133", "RFC 7009 section 2.1", "Revocation is a POST by a proven client; only its own tokens end."
    ),
    kept(
        "TX-134",
        "RFC 7009 section 2.2",
        "The answer is 200 whatever the token was; 503 when it is not certain.",
    ),
    kept(
        "TX-135",
        "RFC 7009 section 2.1",
        "Revoking a refresh token ends every token of its family, and whatever was made from them.",
    ),
    kept("TX-136", "RFC 8693 section 2.1", "What is revoked takes everything with it that was made from it."),
)

TYPES = on(
    "rfc8693",
    kept(
        "TX-30",
        "RFC 8693 section 3",
        "access_token means one of ours, whatever it looks like; a foreign JWT is sent as jwt.",
    ),
    kept("TX-31", "RFC 8693 section 3", "refresh_token means one of ours."),
    kept("TX-32", "RFC 8693 section 3", "id_token is an OpenID Connect ID token, jwt any other JWT."),
    later("TX-33", "RFC 8693 section 3", "saml1 and saml2 are base64url assertions.", reason=_SAML),
    later(
        "TX-34",
        "RFC 8693 section 3",
        "Operators may define types under URIs of their own.",
        reason="types of an operator's own need exchange profiles, which come later",
    ),
    later(
        "TX-35",
        "drafts",
        "The types that drafts ask for follow those drafts.",
        reason="identity assertions follow theirs (rows JAG-…); transaction tokens are none here, and unknown types are refused",
    ),
)

INPUTS = on(
    "rfc8693",
    kept("TX-40", "RFC 8693 section 2.1", "Subject and actor token are each validated in full."),
    kept("TX-41", "RFC 8725 section 3.11", "The declared type alone picks the validator."),
    kept("TX-42", "RFC 8725 section 3.1", "Algorithms are pinned by issuer; none and HMAC never verify."),
    kept("TX-43", "RFC 8725 section 3.10", "Keys come from the registration, never from the token."),
    kept("TX-44", "RFC 8693 section 2.1", "A token that is expired, not yet valid or inactive is refused."),
    kept("TX-46", "project policy", "A subject token must be meant for, or issued to, the requester."),
    kept(
        "TX-47",
        "RFC 6749 section 6",
        "A refresh token as subject is checked as one, and is its client's only.",
    ),
    kept("TX-48", "RFC 8693 section 2.1", "An exchange does not use up its input tokens."),
    kept("TX-49", "project policy", "The new token ends no later than the subject token."),
)

ACTORS = on(
    "rfc8693",
    kept("TX-50", "RFC 8693 section 1.1", "An impersonated token names the subject and no actor."),
    kept("TX-51", "RFC 8693 section 4.1", "A delegated token keeps the subject and names who acts now."),
    kept("TX-52", "project policy", "A proven actor token leads to delegation or refusal."),
    kept("TX-53", "project policy", "The client becomes the actor only where a rule says delegation."),
    kept("TX-54", "RFC 8693 section 4.1", "act is an object that identifies the actor."),
    kept("TX-55", "RFC 8693 section 4.1", "exp, nbf, aud and iat inside act or may_act mean nothing."),
    kept("TX-56", "RFC 8693 section 4.1", "The newest actor is outermost, the previous chain inside it."),
    kept("TX-57", "RFC 8693 section 4.1", "Nested actors are history and earn no access."),
    kept("TX-58", "project policy", "The depth of the chain is bounded."),
    kept("TX-59", "project policy", "An actor token with a chain is refused unless a rule flattens it."),
    kept("TX-60", "RFC 8693 section 4.4", "may_act is an object of identity claims."),
    kept("TX-61", "RFC 8693 section 4.4", "Every member of may_act equals the actor's verified claim."),
    kept("TX-62", "project policy", "may_act is not copied to the new token."),
    kept("TX-63", "RFC 8693 section 4.2", "client_id names the requester; scope is one string."),
    kept("TX-64", "draft-mora-oauth-entity-profiles", "sub_profile says what subject and actors are."),
)

SCOPES = on(
    "rfc8693",
    kept("TX-70", "project policy", "What is granted lies inside every limit; nothing widens."),
    kept("TX-71", "RFC 6749 section 5.1", "The granted scope is always in the answer."),
    kept("TX-72", "RFC 6749 section 5.2", "A malformed, unknown or excessive scope is invalid_scope."),
    kept("TX-73", "project policy", "A subject token of unknown scope carries none."),
)

ANSWERS = on(
    "rfc8693",
    kept("TX-80", "RFC 6749 section 5.1", "Success is 200 JSON that no cache keeps."),
    kept("TX-81", "RFC 8693 section 2.2.1", "The new token is in access_token."),
    kept("TX-82", "RFC 8693 section 2.2.1", "issued_token_type names its type."),
    kept(
        "TX-83", "RFC 8693 section 2.2.1", "token_type is Bearer or DPoP, or N_A for what is no access token."
    ),
    kept("TX-84", "RFC 8693 section 2.2.1", "issued_token_type and token_type are independent."),
    kept("TX-85", "RFC 8693 section 2.2.1", "expires_in is the life in seconds."),
    kept(
        "TX-86",
        "RFC 8693 section 2.2.1",
        "A refresh token comes only when it is asked for and every rule says so, never from a token of ours.",
    ),
    kept("TX-90", "RFC 6749 section 5.2", "Errors are JSON in plain ASCII that no cache keeps."),
    kept("TX-91", "RFC 8693 section 2.2.2", "A bad subject or actor token is invalid_request."),
    kept("TX-92", "RFC 8693 section 2.2.2", "Each grant chooses the error of its bad tokens."),
    kept("TX-93", "RFC 6749 section 5.2", "Failed client authentication is 401 with a challenge."),
    kept("TX-94", "project policy", "The caller is not told which check failed, nor sent a token back."),
)

ACCESS_TOKENS = on(
    "rfc9068",
    kept("TX-45", "RFC 9068 section 4", "A JWT sent as access_token has the type at+jwt."),
    kept("TX-120", "RFC 9068 section 2.1", "typ is at+jwt, never unsigned, and RS256 is available."),
    kept("TX-121", "RFC 9068 section 2.2", "iss, exp, aud, sub, client_id, iat and jti are present."),
    kept("TX-122", "RFC 9068 section 3", "aud is what was asked for, or inferred from scope or refused."),
    kept("TX-123", "RFC 9068 section 5", "The aud values of two APIs differ."),
    kept("TX-124", "RFC 9068 section 2.2.3", "scope is in the token."),
    kept("TX-125", "RFC 9068 section 4", "A resource server checks typ, iss, signature, aud and exp."),
)

METADATA = on(
    "rfc8414",
    kept("TX-140", "RFC 8414 section 3.1", "The well-known part stands between host and path."),
    kept("TX-141", "RFC 8414 section 3.3", "issuer is equal everywhere, character for character."),
    kept("TX-142", "RFC 8414 section 2", "Endpoints, grants, scopes and methods are listed as they are."),
    kept("TX-143", "RFC 8414 section 2", "Assertion algorithms are listed and none is not among them."),
    kept("TX-144", "working group", "No parameter is invented for accepted subject token types."),
)

ROWS: tuple[Requirement, ...] = (
    *FORM,
    *RESOURCES,
    *TYPES,
    *INPUTS,
    *ACTORS,
    *SCOPES,
    *ANSWERS,
    *ACCESS_TOKENS,
    *METADATA,
    *INTROSPECTION,
    *REVOCATION,
)
