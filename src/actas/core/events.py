"""The names of everything that can happen: ``what:happened``.

The audit log's reference page is made from this table; a test fails when an event is missing from it.
"""

from __future__ import annotations

from typing import Final, Literal

EventName = Literal[
    "exchange:granted",
    "exchange:refused",
    "exchange:refused_many",
    "abroad:granted",
    "abroad:refused",
    "impersonation:requested",
    "impersonation:approved",
    "impersonation:rejected",
    "impersonation:refused",
    "impersonation:started",
    "impersonation:ended",
    "impersonation:told",
    "impersonation:untold",
    "introspection:refused",
    "userinfo:refused",
    "revocation:granted",
    "revocation:refused",
    "sign_in:granted",
    "sign_in:refused",
    "authorization:granted",
    "authorization:refused",
    "device:refused",
    "consent:given",
    "consent:withdrawn",
    "session:ended",
    "logout:delivered",
    "logout:failed",
    "session:others_ended",
    "account:refused",
    "credentials:changed",
    "credentials:reset",
    "registration:granted",
    "registration:refused",
    "registration:ended",
    "log:started",
    "log:recovered",
    "log:closed",
    "keys:created",
    "keys:prepared",
    "keys:activated",
    "keys:retired",
    "keys:removed",
    "keys:rewrapped",
    "keys:wrapped",
    "catalog:loaded",
    "catalog:narrowed",
    "catalog:refused",
    "configuration:changed",
    "management:refused",
    "sinks:stopped",
    "sinks:lost",
    "sinks:paused",
    "sinks:resumed",
    "sinks:skipped",
    "sinks:rewound",
    "database:backed_up",
    "database:restored",
]

EVENTS: Final[dict[EventName, str]] = {
    "exchange:granted": "A token was issued. Written before the token left.",
    "exchange:refused": "A request at the token endpoint was refused, with the reason and the decision.",
    "exchange:refused_many": "Refusals before authentication from one source beyond the first hundred in a "
    "minute, and those by which devices that wait were told again that nobody has decided; counted "
    "rather than written one by one.",
    "abroad:granted": "Another domain's server gave a token for a grant that this server redeemed for its "
    "client, which gets it. Written before the token left; the grant has an entry of its own, which this one "
    "names.",
    "abroad:refused": "A grant that this server redeemed for its client brought no token that may be handed "
    "on, with the reason and what the other server said.",
    "impersonation:requested": "Somebody wants to act as a person, and somebody else has to approve it "
    "first.",
    "impersonation:approved": "A second person approved that somebody acts as a person. It has not begun "
    "yet.",
    "impersonation:rejected": "A second person refused to approve that somebody acts as a person.",
    "impersonation:refused": "A request about impersonations was refused: to see, approve or end one.",
    "impersonation:started": "Somebody acts as a person from now on. Written before the first token left.",
    "impersonation:ended": "Nobody acts as the person any more: every token of that impersonation is dead.",
    "impersonation:told": "Somebody was told of an impersonation, as `impersonation.notify` says: a server "
    "took it for them.",
    "impersonation:untold": "Somebody could not be told of an impersonation, and is not tried again. The "
    "person sees it at `/account` all the same.",
    "introspection:refused": "A request at the introspection endpoint was refused: it was malformed, or the "
    "caller did not prove who it is.",
    "userinfo:refused": "A request at the UserInfo endpoint was refused: there was no access token that came "
    "of a sign-in, or it does not hold the scope `openid`.",
    "revocation:granted": "Something was revoked, and with it everything that was exchanged from it.",
    "revocation:refused": "A request at the revocation endpoint was refused, or a client asked to revoke a "
    "token of another; then nothing was revoked.",
    "sign_in:granted": "Somebody proved who they are, and a session began.",
    "sign_in:refused": "Somebody tried to sign in, and did not prove who they are.",
    "authorization:granted": "An app was given a code for somebody who signed in, written before it left; or "
    "somebody said yes to the app on a device, which hears of it when it asks.",
    "authorization:refused": "What an app asked of somebody who signs in was refused: by them, by the "
    "policy, or because it was malformed.",
    "device:refused": "An app on a device asked for codes and was refused.",
    "consent:given": "Somebody let an app act for them.",
    "consent:withdrawn": "Somebody let an app act for them no more, and what it held ended.",
    "account:refused": "Somebody looked at what is theirs, or wanted it changed or ended, and was refused.",
    "credentials:changed": "Somebody changed what they sign in with: their password, their one-time codes or "
    "their passkeys. What it is now is not said.",
    "credentials:reset": "What somebody signs in with was taken away from them: by an administrator, because "
    "they had lost it, or because they were deleted.",
    "session:ended": "A session ended before its time, and with it what apps hold by it.",
    "logout:delivered": "An app was told that a session had ended in which it got tokens, and said that "
    "it heard.",
    "logout:failed": "An app could not be told that a session had ended, and nobody tries any more.",
    "session:others_ended": "All sessions of a person ended but the one that is named, with what apps hold "
    "by them and what apps hold for the time when the person is signed out.",
    "registration:granted": "A client registered itself. Written before it was told its name.",
    "registration:refused": "A client wanted to register itself, and was refused.",
    "registration:ended": "A client that registered itself was removed, because nobody used it.",
    "log:started": "A stream was born, or a clean one was opened again. The first entry of every stream.",
    "log:recovered": "A stream that was not closed cleanly was checked and opened again; names the tokens "
    "whose delivery is unknown.",
    "log:closed": "A stream was closed cleanly.",
    "keys:created": "A key of our own was made and signs from now on, because there was none for its use.",
    "keys:prepared": "A new key was made and published; it signs nothing yet.",
    "keys:activated": "A prepared key, or at once a new one, signs from now on.",
    "keys:retired": "A key signs no more. It stays published until the last token it signed has expired.",
    "keys:removed": "A key left the key set and its private half was destroyed.",
    "keys:rewrapped": "What rests in the database was sealed again under another envelope key, or a part "
    "of it.",
    "keys:wrapped": "The envelope key was wrapped again by the key service that has it.",
    "catalog:loaded": "A configuration took effect in one process, with its digest and its generation.",
    "catalog:narrowed": "What a generation of the configuration takes away took effect in one process, "
    "before the rest of it does.",
    "catalog:refused": "A generation of the configuration could not take effect in one process, which goes "
    "on with the one before, without what the new one took away.",
    "configuration:changed": "Objects of the configuration were changed, with who changed them, and each "
    "object before and after. Written before the change takes effect anywhere.",
    "management:refused": "A request at the management API was refused: nobody was let in, the role was too "
    "small, or the change would not hold.",
    "sinks:stopped": "A sink of the audit log will not have an entry. Nothing more is delivered to it until "
    "it has it after all, or an operator passes the entry over.",
    "sinks:lost": "Entries were not in the log any more when they were to be delivered to a sink, which got "
    "what came after them.",
    "sinks:paused": "An operator paused the delivery of the audit log to a sink.",
    "sinks:resumed": "An operator let the delivery to a sink go on.",
    "sinks:skipped": "An operator passed over what a sink will not have: it does not get it.",
    "sinks:rewound": "An operator had a stream delivered to a sink again from its beginning.",
    "database:backed_up": "A backup of the database was written to a file.",
    "database:restored": "A backup was restored and a new epoch began: nothing that was issued before is "
    "believed any more.",
}
"""Each event with what it means."""
