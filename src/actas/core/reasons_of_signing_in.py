"""What is said of the reasons why a sign-in, or what an app asks of somebody who signs in, is refused."""

from __future__ import annotations

from typing import Final

from actas.core.reason import Reason, ReasonText

OF_SIGNING_IN: Final[dict[Reason, ReasonText]] = {
    "bad_code": ReasonText(
        sentence="The code is not acceptable.",
        meaning="The code is unknown, has ended, or was not given to this client, for this redirect address "
        "or for this verifier.",
        causes="A code kept for longer than a minute, `redirect_uri` or `code_verifier` other than at the "
        "beginning, two sign-ins of one browser mixed up; a device code of another client.",
        remedy="Have the person sign in again. `actas explain --entry ID` names the check that failed.",
    ),
    "code_reused": ReasonText(
        sentence="The code was used before; everything that it began has ended.",
        meaning="A code is good once. Somebody else has it too, so everything that was made from it was "
        "revoked.",
        causes="A page that was loaded again, a client that asks twice, a code that leaked from a log or a "
        "browser's history.",
        remedy="Have the person sign in again, and redeem a code once, at the server, before anything else.",
    ),
    "unknown_app": ReasonText(
        sentence="No app of this name is known here.",
        meaning="`client_id` names no client that people sign in to. Nobody is sent back: the address could "
        "be anybody's.",
        causes="A misspelt `client_id`, the `client_id` of another server, a client without `redirect_uris`, "
        "one that is disabled or was removed meanwhile.",
        remedy="Compare `client_id` with the client's name in the configuration. `actas audit show ENTRY` "
        "has what came, and which name is nearest to it.",
    ),
    "unknown_redirect": ReasonText(
        sentence="The app that sent you here is not registered at that address.",
        meaning="`redirect_uri` is not exactly one of those that the client registered. Nobody is sent back: "
        "the address could be anybody's.",
        causes="A `redirect_uri` with another path, a slash more or another port, or none.",
        remedy="Compare the address with `redirect_uris` of the client, character for character.",
    ),
    "bad_client_document": ReasonText(
        sentence="The app that sent you here could not be recognized by the document at its address.",
        meaning="`client_id` is the address of a document (Client ID Metadata Document), and nothing at it "
        "could be used: apps of that host are not let in, it could not be fetched, or what it says is not "
        "right. Which of these it is, the answer does not say: anybody may name any address.",
        causes="A host that `client_metadata_documents.hosts` does not list, a document whose `client_id` is "
        "not its own address, a redirect, an answer that is not JSON or is longer than 5 KB, a secret in it.",
        remedy="`actas audit show ENTRY` says what was wrong. The guide *Let agents and unknown apps in* has "
        "what a document must say.",
    ),
    "wrong_credentials": ReasonText(
        sentence="That name and that password do not belong together.",
        meaning="Somebody tried to sign in and did not prove who they are. Whether there is such a person is "
        "not said to anybody.",
        causes="A mistyped password, a one-time code that was used or is old, somebody who guesses.",
        remedy="Try again. The audit log has how often, and from where.",
    ),
    "weak_password": ReasonText(
        sentence="Nobody may choose this password.",
        meaning="Somebody wanted a new password that is too short, that many people have, that is made of "
        "what is known of them, or that they have already. Nothing was changed.",
        causes="A name with a year, a word with a digit, a row of keys.",
        remedy="Choose a longer one: a few words that do not belong together, or what a password manager "
        "makes.",
    ),
    "provider_refused": ReasonText(
        sentence="The provider that was asked did not sign the person in.",
        meaning="Somebody wanted to sign in through another issuer (`sign_in` of an issuer), and it answered "
        "with an error. Nobody was signed in.",
        causes="They turned back there, they may not use this server's registration at the issuer, or it "
        "wants something that this server did not ask for.",
        remedy="Try again, or sign in another way. The audit log has the error that the issuer answered.",
    ),
    "bad_provider_answer": ReasonText(
        sentence="What the provider answered is not acceptable.",
        meaning="Somebody came back from an issuer with an answer that is not for this browser, this attempt "
        "or this server, or that proves nobody. Nobody was signed in.",
        causes="A page that was loaded again, cookies that the browser does not keep, a sign-in that took "
        "longer than a quarter of an hour, a `client_id`, secret or redirect address other than at the "
        "issuer, an ID token without `auth_time`. Or somebody who has others follow links of his.",
        remedy="Begin again at the app. `actas audit search event:sign_in:refused` has the check that "
        "failed.",
    ),
    "forged_form": ReasonText(
        sentence="The form was not sent from a page of this server, or has been open for too long.",
        meaning="A form that changes something comes from a page that this browser was given lately. "
        "This one did not, so nothing was changed.",
        causes="Another site that sends forms here, cookies that the browser does not keep, a page that was "
        "left open.",
        remedy="Begin again at the app. Allow this server its cookies.",
    ),
    "not_signed_in": ReasonText(
        sentence="Nobody is signed in, or not freshly enough.",
        meaning="The app asked not to show any page (`prompt=none`), and somebody must sign in first.",
        causes="A session that ended, `max_age` that is shorter than the age of the sign-in.",
        remedy="Ask again without `prompt=none`.",
    ),
    "not_consented": ReasonText(
        sentence="The person has not yet been asked whether the app may do that.",
        meaning="The app asked not to show any page (`prompt=none`), or redeemed a grant of another server "
        "while its `sign_in.consent` is `always`; and somebody must be asked first.",
        causes="Scopes or APIs that were not asked for before, a consent that was withdrawn; authorization "
        "details of a grant, of which no consent tells.",
        remedy="Ask again without `prompt=none`; before a grant, have the person sign in to the app, and get "
        "another grant.",
    ),
    "denied_by_person": ReasonText(
        sentence="The person who was asked said no.",
        meaning="Somebody signed in and did not let the app act for them. Nothing was given out.",
        causes="The button.",
        remedy="Nothing, or ask for less.",
    ),
    "push_required": ReasonText(
        sentence="This app must push its authorization requests, and did not.",
        meaning="`sign_in.pushed` of the client is `required`, and what it asks came with the browser.",
        causes="A library that was not told to use pushed authorization requests (RFC 9126).",
        remedy="Send the parameters to `/par` and the browser with the `request_uri` that it answers.",
    ),
    "request_gone": ReasonText(
        sentence="What the app asked for was answered already, or has waited for too long.",
        meaning="A `request_uri` of ours is good for a minute, for the client that pushed the request, and "
        "until it was answered with a code.",
        causes="The back button after signing in, a bookmark, a link that was kept or sent on, an app that "
        "uses one twice.",
        remedy="Go back to the app and sign in from there.",
    ),
    "not_decided": ReasonText(
        sentence="The person who was asked has not answered yet. Ask again after the interval.",
        meaning="A device waits until somebody has typed its code and said yes or no.",
        causes="The person has not got round to it. This is how every device waits.",
        remedy="Ask again after `interval` seconds, as RFC 8628 says; libraries do it by themselves.",
    ),
    "polled_too_soon": ReasonText(
        sentence="The device asks too often. Wait five seconds longer between two questions.",
        meaning="A device asked again before its interval was over. The interval is five seconds longer from "
        "now on, on every node.",
        causes="A client that does not wait, or two that ask with one code.",
        remedy="Wait as long as `interval` in the answer says.",
    ),
    "device_expired": ReasonText(
        sentence="Nobody answered in time. Begin anew.",
        meaning="A device's code is good for ten minutes, and they are over.",
        causes="Somebody who went away, or typed another code.",
        remedy="Have the device ask for another code, and show that.",
    ),
    "pkce_missing": ReasonText(
        sentence="The request has no PKCE challenge: code_challenge, with code_challenge_method=S256.",
        meaning="Every app that signs people in proves with the code that it is the one that asked "
        "(RFC 7636). The method `plain` proves nothing, and is refused likewise.",
        causes="A library for which PKCE has to be turned on, a challenge that is not 43 characters long, "
        "or the method `plain`.",
        remedy="Turn PKCE with S256 on in the app's library; nothing is to be changed here.",
    ),
    "unknown_user_code": ReasonText(
        sentence="No device waits for this code.",
        meaning="Somebody who is signed in typed a code that no device shows now. Whether there ever was "
        "such a code is not said.",
        causes="A mistyped code, one that is older than ten minutes or was answered already, somebody who "
        "guesses.",
        remedy="Compare it with what the device shows now. `limits.failed_device_code` says how often "
        "somebody may be wrong.",
    ),
    "too_many_devices": ReasonText(
        sentence="Too many devices of this client wait. Try again later.",
        meaning="So many devices wait for somebody to answer that no more may: 50 at one address for a "
        "client that proves nothing, 1000 for one that does, 20000 in all.",
        causes="A device that asks for code after code, somebody who floods.",
        remedy="Wait until some of them have ended, ten minutes at most. The audit log has who asked.",
    ),
}
"""Each of them."""
