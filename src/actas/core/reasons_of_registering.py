"""What is said of the reasons why a client that registers itself is refused."""

from __future__ import annotations

from typing import Final

from actas.core.reason import Reason, ReasonText

OF_REGISTERING: Final[dict[Reason, ReasonText]] = {
    "bad_initial_token": ReasonText(
        sentence="The initial access token is missing, or is not the one that registers clients here.",
        meaning="Clients register themselves with an initial access token (RFC 7591 section 3), and this "
        "request showed none, or another.",
        causes="No `Authorization: Bearer` header, a token that was changed since.",
        remedy="Ask whoever runs the server for the token of `client_registration.token`.",
    ),
    "bad_client_metadata": ReasonText(
        sentence="Something that the client says of itself cannot be registered.",
        meaning="A member of the request is not what it should be, or asks for what such clients may not "
        "have.",
        causes="A grant beyond `client_registration.grants` (exchanging tokens never is among them), "
        "`jwks_uri` instead of `jwks`, a method of authentication that such clients do not have, no JSON.",
        remedy="`actas audit show ENTRY` names the member. The guide *Let agents and unknown apps in* has "
        "what may be said.",
    ),
    "bad_redirect_uri": ReasonText(
        sentence="A redirect address cannot be registered.",
        meaning="An address is missing, malformed, plain http, or not one for the `application_type`.",
        causes="An app on people's own computers that does not say `application_type: native`, http to "
        "another computer, a scheme without a dot.",
        remedy="Say `native` for addresses like `http://127.0.0.1/callback`; use https for all others.",
    ),
    "unapproved_statement": ReasonText(
        sentence="The software statement is of nobody who is believed here.",
        meaning="The request has a `software_statement`; none is believed.",
        causes="A client that was made for another server.",
        remedy="Register without it.",
    ),
    "registrations_full": ReasonText(
        sentence="No more clients can register at the moment.",
        meaning="As many clients have registered themselves as `client_registration.most` allows.",
        causes="Clients that register anew each time that they start; somebody who fills the table.",
        remedy="Wait until unused ones have ended, raise `most`, or ask for an initial access token.",
    ),
}
"""The reasons and what is said of each."""
