"""Why nobody may act as somebody else just now: the reasons that only impersonation has."""

from __future__ import annotations

from typing import Final

from actas.core.reason import Reason, ReasonText

OF_IMPERSONATION: Final[dict[Reason, ReasonText]] = {
    "reason_missing": ReasonText(
        sentence="A reason is needed to act as somebody else.",
        meaning="A rule, or `impersonation.require_reason`, wants `reason`, and it was not sent.",
        causes="A client that asks for impersonation and leaves the reason out.",
        remedy="Send `reason`, in words that the person may read: it is told to them.",
    ),
    "ticket_bad": ReasonText(
        sentence="The ticket is missing, or is not of the form that is asked for.",
        meaning="A rule, or `impersonation.ticket`, says what a ticket looks like, and `ticket` does not.",
        causes="No ticket, a misspelt one, or one of another system.",
        remedy="Send `ticket` in the form that the configuration asks for.",
    ),
    "sign_in_again": ReasonText(
        sentence="The sign-in is too old or too weak for this. Sign in again.",
        meaning="Acting as somebody else wants a fresh sign-in (`max_age`), or a strong one (`acr`), and the "
        "administrator's token shows neither.",
        causes="A sign-in of this morning, a token without `auth_time`, a password where more is wanted.",
        remedy="Sign in again with `max_age` and `acr_values` (RFC 9470), and ask with the new token.",
    ),
    "unqualified_subject": ReasonText(
        sentence="A person is named by their sub at this server, as actas:NAME. A bare name names nobody.",
        meaning="Whom somebody wants to act as is named without saying whose name it is. No rule was asked: "
        "the answer is the same whether or not there is somebody of that name.",
        causes="`requested_subject=carol` where `actas:carol` is meant.",
        remedy="Send `actas:NAME`, or the same as a subject identifier (RFC 9493). `actas impersonate start "
        "--subject NAME` puts it in front by itself.",
    ),
    "protected_subject": ReasonText(
        sentence="Nobody may act as this person.",
        meaning="The person is protected by name or by group, holds a higher role in this server than who "
        "asks, is disabled, or there is nobody of that name. No rule can allow it.",
        causes="A member of a protected group, a colleague in `admins`, a misspelt name, oneself.",
        remedy="`actas explain --entry ID` says which. What is protected is protected on purpose.",
    ),
    "cannot_be_told": ReasonText(
        sentence="Nobody may act as a person who cannot be told.",
        meaning="`impersonation.notify_required` wants people told by letter, and this one has no `email`.",
        causes="A user without `email`, in a configuration that wants everybody told.",
        remedy="Give the user an `email`.",
    ),
    "approval_needed": ReasonText(
        sentence="Somebody else has to approve this first.",
        meaning="Four eyes are wanted for this person, and nobody has approved yet, or what was asked goes "
        "beyond what was approved. Nothing was issued.",
        causes="The first request for somebody for whom `approval` applies. `impersonation` in the answer "
        "names what waits.",
        remedy="Have a second person approve it (`actas impersonate approve ID`), and send the same "
        "request again.",
    ),
    "already_decided": ReasonText(
        sentence="This impersonation does not wait for a decision any more.",
        meaning="Somebody has approved it, or refused to, and `state` in the answer says what became of it.",
        causes="Two who may approve decided at the same time.",
        remedy="Nothing is to be done. `actas audit search impersonation:ID` says who decided.",
    ),
    "impersonation_ended": ReasonText(
        sentence="The impersonation has ended, or was not approved.",
        meaning="It ran its time, the person, the administrator or an operator ended it, or approval was "
        "refused. Every token of it is dead.",
        causes="The overall end was reached, or somebody put an end to it.",
        remedy="`actas audit search impersonation:ID` tells the whole story. Ask for a new one if there is "
        "still a reason.",
    ),
    "impersonated": ReasonText(
        sentence="An impersonated token is not accepted here.",
        meaning="A token under which somebody acts as somebody else proves nobody's presence: it is no actor "
        "token, begins no other impersonation, and opens no interface of this server.",
        causes="Tools that use the token they hold for everything.",
        remedy="Use a token of one's own.",
    ),
    "not_yours": ReasonText(
        sentence="There is no such impersonation, or it is not for you to decide on.",
        meaning="Whoever asks is neither its administrator, nor its person, nor somebody who may approve it; "
        "or somebody would approve their own.",
        causes="A misspelt id, a group that is missing, an administrator who approves their own request.",
        remedy="Have a member of the group approve it that `impersonation:requested` names under `approval`.",
    ),
    "too_many_impersonations": ReasonText(
        sentence="Too many impersonations at once, or within the hour.",
        meaning="The administrator has as many running, or has begun as many within an hour, as the rules or "
        "`impersonation` allow.",
        causes="One that was not ended, or somebody who looks in at many people.",
        remedy="End one that runs with `actas impersonate end ID`, or wait as long as `Retry-After` says. "
        "`impersonations` in the answer names those of the administrator that run, with whom and until when; "
        "so does `actas explain --entry ID`.",
    ),
}
