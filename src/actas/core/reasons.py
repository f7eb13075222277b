"""Why a request was refused: the closed set of reasons, with what is said of each.

The sentence goes to the caller and is fixed, so that it can never carry a secret or tell an attacker which
check failed; the rest is for the documentation.
"""

from __future__ import annotations

from typing import Final

from actas.core.reason import Reason, ReasonText
from actas.core.reasons_of_cross_app import OF_CROSS_APP
from actas.core.reasons_of_impersonation import OF_IMPERSONATION
from actas.core.reasons_of_managing import OF_MANAGING
from actas.core.reasons_of_registering import OF_REGISTERING
from actas.core.reasons_of_signing_in import OF_SIGNING_IN
from actas.core.reasons_of_userinfo import OF_USERINFO

__all__ = ["REASONS", "Reason", "ReasonText"]

REASONS: Final[dict[Reason, ReasonText]] = {
    "malformed_request": ReasonText(
        sentence="The request is malformed, or a parameter is missing, repeated or not understood.",
        meaning="The form could not be read as one request with one meaning.",
        causes="A parameter sent twice, a body that is not application/x-www-form-urlencoded, "
        "`actor_token_type` without `actor_token`, a token endpoint parameter in the query.",
        remedy="`actas explain --entry ID` names the parameter. Only `audience` and `resource` may repeat.",
    ),
    "unknown_grant": ReasonText(
        sentence="This grant type is not supported here.",
        meaning="`grant_type` is not one this server implements.",
        causes="A misspelt grant type, or a client made for another product's private grant.",
        remedy="`grant_types_supported` in the server's metadata lists what is accepted.",
    ),
    "bad_client_auth": ReasonText(
        sentence="The client could not be authenticated.",
        meaning="The client is unknown, disabled, or did not prove who it is by its registered method.",
        causes="A wrong or rotated secret, an assertion whose `aud` is not exactly the issuer, a second "
        "use of an assertion's `jti`, two methods in one request, id and secret not form-encoded "
        "before they were joined for HTTP Basic.",
        remedy="`actas explain --entry ID` names the check that failed; the caller is never told.",
    ),
    "client_may_not_exchange": ReasonText(
        sentence="This client may not use this grant.",
        meaning="The client is authenticated, but its registration does not list this grant.",
        causes="`grants` of the client leaves the grant out, or the client has no authentication method.",
        remedy="Add the grant to the client's `grants`. Public clients may never exchange tokens.",
    ),
    "unknown_profile": ReasonText(
        sentence="This token type is not accepted here.",
        meaning="`subject_token_type`, `actor_token_type` or `requested_token_type` is not one we handle.",
        causes="A short name instead of the full URN, or a token type this release does not read.",
        remedy="Use the URN of the token you hold; a foreign issuer's JWT is sent as `jwt` or `id_token`.",
    ),
    "bad_subject": ReasonText(
        sentence="The subject token is not acceptable.",
        meaning="The subject token is not genuine, not of the declared type, or not from an issuer we trust.",
        causes="A wrong signature, an algorithm the issuer is not registered for, an issuer that is not "
        "registered, a missing or mistyped claim, a declared type that is not what the token is.",
        remedy="`actas explain --entry ID` names the check; `actas inspect TOKEN` takes the token apart.",
    ),
    "bad_actor": ReasonText(
        sentence="The actor token is not acceptable.",
        meaning="The actor token is not genuine, not of the declared type, or not this client's to present.",
        causes="As for the subject token; or the actor token was issued to another client.",
        remedy="`actas explain --entry ID` names the check that failed.",
    ),
    "expired": ReasonText(
        sentence="A token in the request is expired, not yet valid or too old.",
        meaning="The token's times do not include now, or it is older than its issuer's `max_age`.",
        causes="A token kept too long, a clock that drifts, `max_age` shorter than the token's life.",
        remedy="Get a fresh token. Compare the clocks when the times look right.",
    ),
    "revoked": ReasonText(
        sentence="A token in the request was revoked.",
        meaning="The token, a token it was exchanged from, or somebody who had a part in it was revoked.",
        causes="An administrator revoked it with `actas revoke`, or its client did, at `/revoke`.",
        remedy="`actas explain --entry ID` names the entry that says who revoked what, and why. Get a fresh "
        "token; after a person or a client was revoked, one that was issued later.",
    ),
    "refresh_repeated": ReasonText(
        sentence="The refresh token was used a moment ago.",
        meaning="A refresh token is good once, and this one was used within the last ten seconds. Nothing "
        "was ended.",
        causes="Two threads or processes of a client that refresh the same token at the same moment, or a "
        "request that is sent again because its answer was lost.",
        remedy="Use the token that the other request was given. When it was lost, exchange again: the token "
        "that followed is known to nobody.",
    ),
    "refresh_reused": ReasonText(
        sentence="The refresh token was used before; everything that it began has ended.",
        meaning="A refresh token was presented again after another took its place. Somebody has a copy of "
        "it, so everything that was made from that exchange was revoked.",
        causes="A stolen token; a client that keeps the old refresh token instead of the new one; a backup "
        "of a client that was put back.",
        remedy="Exchange or sign in again. `actas audit search reason:refresh_reused` shows when and from "
        "where; look there for the copy.",
    ),
    "wrong_audience": ReasonText(
        sentence="A token in the request was not meant for this client.",
        meaning="Nothing in the token's audience is this client, its API, or an audience it may present.",
        causes="A token forwarded by a service it was not meant for, `audiences` of the issuer or `api` "
        "of the client not set.",
        remedy="Ask for a token whose audience is your service, or register the audience for this client.",
    ),
    "unknown_target": ReasonText(
        sentence="A target in the request is not available to this client.",
        meaning="An `audience` or `resource` names no API of ours, or one this client may not ask for.",
        causes="A misspelt name or address, `may_request` of the client leaves the API out, no target "
        "and none that can be inferred.",
        remedy="Name the API by its name or its exact audience, and list it in `may_request`.",
    ),
    "formats_differ": ReasonText(
        sentence="The targets take different kinds of tokens; ask for them apart.",
        meaning="One token was asked for several APIs, some of which take JWTs and some reference tokens.",
        causes="`token.format` of one API is `reference` and that of another is `jwt`, or the default is.",
        remedy="Ask for a token for each, or give the APIs one `token.format`.",
    ),
    "no_rule": ReasonText(
        sentence="No rule allows this exchange.",
        meaning="Nothing in the policy allows this client, for this subject, at this target.",
        causes="A missing rule, or a condition of the nearest rule that is not met.",
        remedy="`actas explain --entry ID` names the nearest rule and the condition that made it miss.",
    ),
    "denied_by_rule": ReasonText(
        sentence="A rule forbids what was asked for.",
        meaning="A deny matched, or a rule could not be evaluated, and any deny wins.",
        causes="The policy says no; or a condition reads a claim the token does not have.",
        remedy="`actas explain --entry ID` names the rule, its reason and the values it saw.",
    ),
    "excess": ReasonText(
        sentence="A scope in the request is not available on this path.",
        meaning="A requested scope is unknown at the target, or the subject token does not buy it.",
        causes="Asking for more than the subject token, the client or the rule allows; a misspelt scope.",
        remedy="`actas explain --entry ID` shows the scope table and what would have been granted.",
    ),
    "chain_too_deep": ReasonText(
        sentence="The chain of actors is too long.",
        meaning="The token would name more actors than the smallest limit that applies.",
        causes="A long path of services, or a loop.",
        remedy="Shorten the path, or raise `max_depth` of the rule, the API and the defaults (cap 10).",
    ),
    "actor_not_allowed": ReasonText(
        sentence="The actor may not act for this subject.",
        meaning="`may_act` names somebody else, an actor would repeat, or the chain cannot be kept whole.",
        causes="A token restricted to another actor, a loop through the same service, a disabled actor "
        "earlier in the chain, an impersonation of a token that already names an actor.",
        remedy="`actas explain --entry ID` names the check that failed.",
    ),
    "bad_proof": ReasonText(
        sentence="The DPoP proof does not hold.",
        meaning="The `DPoP` header is not one fresh proof for exactly this request (RFC 9449 section 4.3).",
        causes="A proof sent twice, a clock that drifts, `htu` that is not the address of the token "
        "endpoint in the metadata, two `DPoP` headers, a key with its private half in `jwk`.",
        remedy="Make a new proof for each request. `actas explain --entry ID` names the check that failed.",
    ),
    "nonce_needed": ReasonText(
        sentence="The DPoP proof must hold the nonce in the DPoP-Nonce header of this answer.",
        meaning="This server asks for a nonce of its own in proofs, and the proof had none or an old one.",
        causes="The first request of a client, or one after a pause. It is no failure.",
        remedy="Make a new proof with the `DPoP-Nonce` of the answer as `nonce` and send the request "
        "again, once. The SDK does so by itself.",
    ),
    "binding_needed": ReasonText(
        sentence="The new token must be bound to a key, and no proof of one was sent.",
        meaning="A rule, the API or the defaults ask for a bound token (`token.binding`), or a bound token "
        "would have become one that is bound to nothing.",
        causes="A client that sends no `DPoP` header, or calls without its certificate, where `binding` is "
        "`dpop` or `mtls`; two of them that ask for different keys.",
        remedy="Send a DPoP proof with the request, or call with the client certificate. `actas explain "
        "--entry ID` names what asks for it.",
    ),
    "key_not_proven": ReasonText(
        sentence="A token in the request is bound to a key that the request does not prove.",
        meaning="The token has `cnf`: it is good only for whoever holds that key, and this request does "
        "not show that its sender does.",
        causes="A token that was stolen or passed on; a service that forwards its caller's bound token, "
        "which no rule lets it do; a proof by another key.",
        remedy="Prove the key that the token is bound to. For a service that acts with its callers' bound "
        "tokens, say `relay: true` in `subject` of the rule.",
    ),
    "audit_unavailable": ReasonText(
        sentence="The request cannot be recorded right now. Nothing was issued.",
        meaning="The audit log did not accept the record, so no token was given.",
        causes="A full disk, lost permissions, a read-only file system; or a sink that took nothing until "
        "its reserve was used up.",
        remedy="Mend the storage, or the sink; service resumes by itself. `/readyz` names what fails.",
    ),
    "storage_unavailable": ReasonText(
        sentence="The request cannot be checked right now. Nothing was issued.",
        meaning="Whether something was used before could not be read or recorded, and is never guessed.",
        causes="A full disk, lost permissions, a read-only file system; a clock that was set, or that "
        "differs from the database's.",
        remedy="Mend the storage; service resumes by itself. `/readyz` names what fails.",
    ),
    "upstream_down": ReasonText(
        sentence="A party this request depends on cannot be reached. Try again later.",
        meaning="The keys of the token's issuer could not be fetched, and none are known that may still be "
        "used. Or another domain's server, at which a grant is redeemed for the client (`redeem` of a "
        "connection), did not answer; whether it gave a token, nobody here knows then.",
        causes="The issuer is down, or a firewall stands between: since before its keys were first fetched, "
        "or for longer than its `outage_grace`. A server that failed three times is asked by one request at "
        "a time until it answers.",
        remedy="Try again; `actas explain --entry ID` names the issuer, the failure and since when, and "
        "`/readyz?verbose` names every issuer that does not answer.",
    ),
    "overloaded": ReasonText(
        sentence="The server is at capacity. Try again later.",
        meaning="As many requests are at work as `limits.in_flight` allows, or the queue in front of the "
        "audit log is full; nothing of the request was done.",
        causes="More load than this node can answer or record.",
        remedy="Retry after the time given, add workers or nodes.",
    ),
    "too_many_failures": ReasonText(
        sentence="Too many attempts failed. Try again later.",
        meaning="Client authentication, tokens that are not genuine, or signing in failed so often for this "
        "name from this address that the next attempt has to wait. Until then nothing is looked at, right or "
        "wrong.",
        causes="A secret that was changed in one place and not in the other, retried in a loop; somebody who "
        "guesses; many callers at one address, because `server.trusted_proxies` does not name the proxy.",
        remedy="Wait as long as `Retry-After` says, after mending the cause; `actas audit search` shows what "
        "failed. `limits.failed_client_auth`, `limits.failed_tokens` and `limits.failed_sign_in` say when "
        "and how long.",
    ),
    "rate_limited": ReasonText(
        sentence="This client asks too often. Try again later.",
        meaning="The client asked for more than `limits.per_client` in one process of the server.",
        causes="A loop that retries without pause, tokens that are asked for anew though they are good.",
        remedy="Keep tokens until they end, as the SDK does; wait as long as `Retry-After` says; or raise "
        "the limit.",
    ),
    "internal": ReasonText(
        sentence="The request failed on our side. Nothing was issued.",
        meaning="Something happened that the code does not expect. It ends as a refusal, never as a token.",
        causes="A defect in Actas.",
        remedy="Report it with the entry id; the detail in the audit log has the cause.",
    ),
    **OF_IMPERSONATION,
    **OF_SIGNING_IN,
    **OF_CROSS_APP,
    **OF_REGISTERING,
    **OF_USERINFO,
    **OF_MANAGING,
}
