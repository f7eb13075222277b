"""What an entry says of an attempt to get a token, member by member; a part of ``events.md``."""

from __future__ import annotations

from typing import Final

PARTY: Final[dict[str, str]] = {
    "iss": "who vouches for the name: this server",
    "sub": "its name here",
    "kind": "`person`, `service`, `agent`, `app` or `unknown`",
    "issuer": "the configured name of the issuer of its token; `actas` for this server",
    "type": "what the token was presented as",
    "audience": "list: the `aud` of its token",
    "token": "the token: `jti`, `digest`, `exp` and `iat`, the last two in seconds since the epoch",
    "refused": "true where the token is genuine and was refused before it was known whose it is here: `iss` "
    "and `sub` are what its issuer says then",
    "origin": "`iss`, `sub` and `name` of the issuer that first vouched for it, where that is not we",
    "encrypted_to": "the `kid` of the key of ours to which a grant came encrypted",
    "presenters": "list: the clients that its issuer's registration lets present it; `*` for all",
    "client": "for a token of ours, the client it was issued to",
    "scope": "the scopes of its token",
    "groups": "list: its groups",
    "actors": "list of `iss`, `sub`, `kind`: the chain in its token, newest first; and `names` of somebody "
    "who came by a grant, as in `otherwise`",
    "may_act": "the identity members of that claim",
    "otherwise": "`names` and `groups`: what else somebody who came by a grant is called here; for denies",
    "known": "false for somebody whom a grant of another domain tells of and who was never here before",
    "txn": "for a token of ours, the root of its lineage",
    "impersonation": "for a token of ours, the id of the impersonation that it was made under",
    "cnf": "the key that its token is bound to: `jkt` or `x5t#S256`",
    "authorization_details": "list: what a grant that is redeemed says of that (RFC 9396)",
    "claims": "of its claims, those that some rule names",
}

ATTEMPT: Final[dict[str, str]] = {
    "source": "the address of the peer",
    "trace": "the id of the trace that the attempt is part of (W3C Trace Context): of the caller's, when it "
    "proved who it is and sent one, or of ours while requests are traced",
    "outcome": "`granted` or `refused`",
    "reason": "of a refusal: [why](errors.md)",
    "error": "of a refusal: the OAuth error",
    "detail": "of a refusal: what happened, for administrators",
    "blank": "list: parameters that were sent without a value and so were left out (RFC 6749 section 3.2)",
    "client": "`name`, `kind` and `method`: who asked, and how it proved that; for an app that a browser "
    "named, which proves nothing of it, `method` is null",
    "proven": "the keys that the request proved: `jkt` of a DPoP key, `x5t#S256` of a client certificate",
    "grant": "the grant type",
    "asked": "what was asked: `type`, `audience`, `resource`, `scope`, `subject_token_type`, "
    "`actor_token_type`, `authorization_details`; of an impersonation `form` (`own_token`, `actor_token`, "
    "`by_identifier`), `requested_subject`, `reason`, `ticket`",
    "apis": "list: the names of the targets",
    "abroad": "of a grant for another domain: the `connection`, the `issuer` of the server there, the "
    "`client_id` by which it knows the client, and the `resources` that the grant is for; of a "
    "plain one, `grant` is `jwt`, and `chain` what it tells of who acts. With `given.jti`, its log and this "
    "one are joined",
    "subject": "whom the new token speaks about; a party, below",
    "actor": "the party of the actor token, when one was sent, or of an administrator's; a party, below",
    "impersonation": "the id of the impersonation that it belongs to: what its `txn` is, too",
    "administrator": "`iss`, `sub`, `kind`: who acts as the subject, whether or not the token says so",
    "why": "`reason` and `ticket` of the impersonation, as the administrator gave them",
    "parents": "list of `role`, `jti`, `digest`: the tokens it came from",
    "policy": "the version of the rules that decided",
    "chain": "list of `iss`, `sub`, `kind`: the subject, then every actor, oldest first",
    "kind": "the [kind of exchange](rules.md#kinds-of-exchange)",
    "rules": "list: the rules that had a part in the decision",
    "given": "the new token: `jti`, `digest`, `key`, `type`, `audience`, `scope`, `iat`, `exp`, `actors`, "
    "`authorization_details`, and `cnf`, the key it is bound to; `encrypted_to`, the key of the other "
    "server to which a grant is encrypted",
    "created": "who is known here from now on: somebody of another domain, by the first grant of theirs",
    "txn": "the root of the lineage: the same for every token that came from one",
}
"""The members of an attempt, here or at another domain. What it did not reach is left out."""
