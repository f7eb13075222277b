"""Why no grant for another domain is given: the reasons that only cross-app access has."""

from __future__ import annotations

from typing import Final

from actas.core.reason import Reason, ReasonText

OF_CROSS_APP: Final[dict[Reason, ReasonText]] = {
    "no_connection": ReasonText(
        sentence="This client has no connection to that server and resource.",
        meaning="A grant for another domain is given where a connection of the client leads to exactly that "
        "`audience` and `resource` (`connections`). There is none, or there are several and the request does "
        "not say which.",
        causes="A misspelt issuer identifier (a slash at its end is another one), a `resource` that the "
        "connection does not list, a connection of another client.",
        remedy="`actas connections list` shows where each client may go. Send `audience` and `resource` as "
        "they stand there, or add the connection.",
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
    "unknown_person": ReasonText(
        sentence="Nobody here is known by that grant.",
        meaning="The connection matches people by an address, `aud_sub` or `sub_id`, and it is nobody's, "
        "or `sub_id` says another person than the `sub` beside it meant before. "
        "Where it matches by `subject` and says `unknown: refuse`, somebody who was never here is refused "
        "by `no_rule`.",
        causes="A new colleague who has no account here yet, an address that several users have, a grant "
        "that says no `aud_sub`.",
        remedy="Add them to `users`, or match by `subject` and let the connection say `unknown: create`.",
    ),
}
