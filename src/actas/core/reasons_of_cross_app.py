"""Why no grant for another domain is given or redeemed: the reasons that only cross-app access has."""

from __future__ import annotations

from typing import Final

from actas.core.reason import Reason, ReasonText

OF_CROSS_APP: Final[dict[Reason, ReasonText]] = {
    "no_connection": ReasonText(
        sentence="This client has no connection to that server and resource.",
        meaning="A grant for another domain is given where a connection of the client leads to exactly that "
        "`audience` and `resource` (`connections`). There is none.",
        causes="A misspelt issuer identifier (a slash at its end is another one), a `resource` that the "
        "connection does not list, a connection of another client.",
        remedy="`actas connections list` shows where each client may go. Send `audience` and `resource` as "
        "they stand there, or add the connection.",
    ),
    "several_connections": ReasonText(
        sentence="Several connections lead there. Say by resource which one is meant.",
        meaning="Several connections of the client lead to the server that `audience` names, or one leads to "
        "several MCP servers, and the request does not say which by `resource`. A grant is for one.",
        causes="A second connection to the same server, which was made after the client: what asked without "
        "`resource` before is ambiguous now.",
        remedy="The entry lists the connections with the `resource` of each: send one of them "
        "(`--resource` on the command line).",
    ),
    "connection_paused": ReasonText(
        sentence="The connection to that server is paused.",
        meaning="An administrator paused the connection (`disabled`). No grant comes of it until it is "
        "resumed; what the other server has given out already is not ended by that.",
        causes="`actas connections pause NAME`, or `disabled: true` in the configuration.",
        remedy="`actas connections resume NAME`, by whoever may. The audit log says who paused it and when.",
    ),
    "person_not_nameable": ReasonText(
        sentence="The other server has a name of its own for people, and this person has none there.",
        meaning="The connection says `identify_by: email`, and no verified e-mail address of this person is "
        "known here now; or it tells what the other server calls people (`identifiers`), and for this person "
        "there is no such name.",
        causes="A user without `email`; an issuer that does not speak for the domain of the address "
        "(`email_domains`), or has not verified it; somebody who signed in here through an issuer; a user "
        "without that label in `known_as`, a token without that claim.",
        remedy="Give the user an `email` or the name in `known_as`, or let the connection identify people by "
        "`subject` or `pairwise`.",
    ),
    "grant_reused": ReasonText(
        sentence="The grant was redeemed before. Ask for another.",
        meaning="A grant of another domain's server is good once (`single_use`), on every node together, "
        "and this one was used; or it is from a time of which nobody knows what was used, before a restore.",
        causes="A client that keeps a grant and sends it again, a request that is repeated after its answer "
        "was lost, a copy of the grant in somebody else's hands.",
        remedy="Have the client ask for a new grant for each token. Where the other side cannot, "
        "`single_use: false` lets a grant be redeemed until it ends.",
    ),
    "refused_there": ReasonText(
        sentence="The other server gives no token for this.",
        meaning="This server gave a grant, redeemed it for the client (`redeem` of the connection), and the "
        "other domain's server refused it by its own policy. What the client sent is not what is wrong.",
        causes="A person, a client or a scope that the other side does not let in; clocks that differ; a "
        "connection there that is paused, or does not know this issuer's grants.",
        remedy="The entry has what the other server answered, and the `jti` of the grant, by which whoever "
        "runs it finds it in their log. `actas connections try` says what each side would do.",
    ),
    "not_known_there": ReasonText(
        sentence="The other server does not know this server as its client.",
        meaning="This server redeems grants for the client as `resource.client_id`, and the other domain's "
        "server did not take what shows that (`redeem` of the connection), or lets that client redeem none.",
        causes="A secret that was changed there, a key that the other side has not fetched from "
        "`/sign-in/keys`, another `client_id`, a client there without the grant `jwt-bearer`.",
        remedy="Register there what the connection says, or write here what the other side gave out. The "
        "client can do nothing.",
    ),
    "bad_answer_there": ReasonText(
        sentence="What the other server answered is not acceptable.",
        meaning="This server redeemed a grant for the client, and what came back is no token that it may "
        "hand on: no JSON, another type of token, more scopes than the grant had, an answer that leads "
        "elsewhere. Or what answers for the other server says that it is another one.",
        causes="A `resource.issuer` that is not what that server calls itself, a token endpoint at a host "
        "that `redeem.hosts` does not list, a proxy in between, a server that means ill.",
        remedy="The entry has what was wrong. `actas connections show` looks the other side over.",
    ),
    "unbound_there": ReasonText(
        sentence="The other server does not bind its token to the key that was proven.",
        meaning="The client proved a key by DPoP, the grant asks for a token that is bound to it "
        "(`requested_cnf`), and the other domain's server gave one that is not. Whoever had stolen it could "
        "use it, so it is not handed on.",
        causes="A server that knows no `requested_cnf`, or a connection there that does not honour it "
        "(`requested_cnf: true`).",
        remedy="Have the other side honour the claim, or let the client ask without a proof where bearer "
        "tokens will do.",
    ),
    "bad_details": ReasonText(
        sentence="The authorization details are malformed or not allowed.",
        meaning="`authorization_details` (RFC 9396) have to be a JSON array of objects within bounds, and "
        "each of them within a template of the connection: its `type`, no member that the template lacks, "
        "lists that are parts of the template's, all else equal. Of a grant that is redeemed, none is.",
        causes="A type or an action that the connection does not list, a number written as a text, "
        "`locations` that are not the `resource` asked for, more than 10 details or 4 KiB; a connection "
        "without templates.",
        remedy="The entry says which member does not fit. Ask for less, or add a template to "
        "`authorization_details` of the connection.",
    ),
    "wrong_tenant": ReasonText(
        sentence="The grant is of or for another tenant than is accepted here.",
        meaning="A grant that names a tenant (`tenant`, `aud_tenant`) is redeemed by a connection whose "
        "`identifiers` name the same, and one that names none by a connection that names none. A person's "
        "`sub` is theirs in one tenant only.",
        causes="An issuer with several tenants, of which another one gave the grant; a connection that was "
        "made before the issuer began to name tenants.",
        remedy="The entry says what the grant names. Where that is the tenant that you mean, write it into "
        "`identifiers` of the connection.",
    ),
    "encryption_missing": ReasonText(
        sentence="The grant has to be encrypted to this server.",
        meaning="The connection says `require_encryption`, and the grant is not encrypted. Whoever carried "
        "it could read it.",
        causes="An issuer that does not encrypt yet, or does it only where our metadata says "
        "`id_jag_encryption_required`, which it does when every connection that takes ID-JAGs requires it.",
        remedy="Ask whoever runs the issuer to encrypt to the keys of `use` `enc` in our key set, or leave "
        "`require_encryption` out until they do.",
    ),
    "encryption_untried": ReasonText(
        sentence="Encrypted grants are not taken here.",
        meaning="The grant came encrypted to a key of ours, was decrypted and is genuine; the connection by "
        "which it would be redeemed does not try that.",
        causes="An issuer that encrypts because our metadata says that we can decrypt, for another "
        "connection.",
        remedy="Add `encryption` to `proposals` of the connection that the entry names.",
    ),
    "no_encryption_key": ReasonText(
        sentence="The other server has no key to which the grant could be encrypted.",
        meaning="The connection tries `encryption`, so no grant leaves that its client could read, and "
        "nothing was found to encrypt it to: the other server says nothing of it in its metadata, or its key "
        "set has no key of `use` `enc` that is used here.",
        causes="A server that does not know this proposal, metadata that places its keys at another host, "
        "algorithms that neither side has in common.",
        remedy="`actas connections try NAME` says what was found. List the host in `resource.jwks_hosts`, or "
        "take `encryption` out of `proposals`.",
    ),
    "unknown_person": ReasonText(
        sentence="Nobody here is known by that grant.",
        meaning="The connection matches people by an address, `aud_sub` or `sub_id`, and it is nobody's, "
        "or that of a user who is disabled: from outside the two look alike, and the entry tells them apart; "
        "or `sub_id` says another person than the `sub` beside it meant before. "
        "Where it matches by `subject` and says `unknown: refuse`, somebody who was never here is refused "
        "by `no_rule`.",
        causes="A new colleague who has no account here yet, an address that several users have, a grant "
        "that says no `aud_sub`; a user who was disabled.",
        remedy="Add them to `users`, or match by `subject` and let the connection say `unknown: create`.",
    ),
}
