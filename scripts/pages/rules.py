"""``rules.md``: how a rule decides, its fields, the names its expressions may use, and policy tests."""

from __future__ import annotations

import sys
from typing import Final

from scripts.pages.fields import Fields
from scripts.pages.markdown import code, page, prose, table

from actas.app.parts import KINDS
from actas.kinds.kind import Kind
from actas.policy.expression import MAX_EXPRESSION, MAX_NESTING
from actas.policy.narrow import DEPTH_CAP
from actas.policy.rule import RESERVED_CLAIMS
from actas.settings.values import in_words

INTRODUCTION: Final = """
A rule is one sentence of exchange policy: this *client* may (or may not) have a token about that *subject*
for this *target* with these *scopes*. **Any deny refuses. No allow refuses. Order never matters.** A
configuration without rules refuses every exchange.

```yaml
rules:
  - name: orders-to-inventory
    description: What a holder of an orders scope may get at inventory.
    allow: delegation
    client: orders
    subject: { from: actas, audience: orders }
    target: { api: inventory }
    scopes:                         # held there: what it buys here
      "orders:read": ["stock:read"]
      "orders:write": ["stock:write"]
    max_depth: 3

  - name: no-agent-writes-stock
    deny: any
    chain: { kinds: [agent] }       # anywhere in the chain, not only the last hop
    target: { api: inventory, scopes: ["stock:write"] }
    reason: Stock changes need a person at the keyboard.
```
"""

STAGES: Final = f"""
1. **Client.** It is authenticated, its registration lists the grant, and `may_request` lists the API.
2. **Subject.** The subject token is genuine, live, of the declared type, and meant for this client: issued to
   it, or for the API that it is, or for an audience that its issuer's registration lets it present.
3. **Actor.** The party of the actor token if one is sent, else the client itself. `may_act` in the subject
   token, if there is one, names exactly this actor.
4. **Rules.** The rules whose fields and expressions all match are collected for each target. Any deny
   refuses; a deny with `target.scopes` only takes those scopes away. No allow refuses. A rule that cannot be
   evaluated refuses as a deny does.
5. **Scopes.** What the API defines, cut to what the subject token's scopes buy under the matching rules, cut
   to what the client may ask, less what a deny took away. Asking for more is refused; with
   `defaults.on_excess_scope: trim` the rest is granted. Nothing left is refused, too.
6. **Chain.** The token names no more actors than the smallest `max_depth` of rule, API and defaults; never
   more than {DEPTH_CAP}.
7. **Lifetime.** The shortest of rule, API, default and what is left of every token in the request.

`actas explain` prints the same seven, for a request that you make up or for an entry of the audit log.
"""

NO_SCOPES: Final = """
**Scopes are never carried over, they are bought.** `scopes` maps what the subject token holds to what it
buys at the target. An ID token holds no scopes, so a rule for one says what it sells `any`way. `same` passes
held scopes on within one API, for narrowing, and narrowing never gives a scope that was not held.

**A deny sees further than an allow.** `subject.from` of a deny also finds a token of ours that was made from
a token of that issuer, `chain` of a deny finds anybody in the chain, and an unknown kind escapes no deny.
`chain` of an allow finds only parties that this server vouches for, because another issuer can call its
parties anything. `names` and `groups` of a deny find people under all that they are called here: as tokens
say; `ISSUER:SUB`, as when they sign in; and of whoever came by a grant of another domain also what their
issuer's registration (`subject`, `groups`) makes of them. Its `when` is asked under each name that a grant
brings.

**Groups travel as far as rules need them.** A token of ours carries those of the subject's groups that some
rule names, so that a rule by group holds at the next hop as well.
"""

SEEN: Final[dict[str, str]] = {
    "subject.id": "its name here, the `sub` of the new token; of who came by a grant, a deny asks under each",
    "subject.issuer": "the configured name of its issuer; `actas` for a token of ours",
    "subject.iss": "the `iss` of whoever first vouched for it",
    "subject.sub": "its name there",
    "subject.kind": "`person`, `service`, `agent`, `app` or `unknown`",
    "subject.audience": "list: the `aud` of its token",
    "subject.scope": "list: the scopes of its token",
    "subject.groups": "list: its groups, by its issuer's mapping",
    "subject.claims": "mapping: the verified claims of its token; only those that some rule names are kept",
    "actor.id": "as for the subject, of whoever would act; all the fields of `subject` are there",
    "chain.kinds": "list: the kind of the subject, then of every actor, oldest first, the acting party last",
    "chain.names": "list: their names, in the same order; before that of another issuer's party, its `iss`",
    "chain.members": "list of `iss`, `sub`, `kind`: the same parties",
    "chain.depth": "how many actors there are",
    "client.name": "who asks",
    "client.kind": "`service`, `agent` or `app`",
    "client.owner": "who answers for it; empty when nobody is named",
    "target.api": "the name of the first target",
    "target.apis": "list: the names of all targets",
    "target.audience": "list: their audiences",
    "request.scope": "list: the scopes asked for; empty when none were named",
    "request.grant": "the grant type, in full",
    "request.actor_token": "whether an actor token was sent",
    "now": "a timestamp",
}
"""What an expression of a rule may use. A test compares it with what the policy puts there."""

EXPRESSIONS: Final = f"""
`when` and the values of `token.claims` are expressions in CEL, the Common Expression Language. There are no
functions with effects. An expression has at most {MAX_EXPRESSION:,} characters and nests at most
{MAX_NESTING} deep. A missing field is an error, and an error refuses: it is never read as false, which
might let a deny miss. `has(subject.claims.acr)` asks whether a field is there.

A pattern in `matches` must match the whole text: begin it with `^` and end it with `$`, and put alternatives
in a group.
"""

KINDS_SAID: Final = """
What `allow` names. None implies another: a rule that allows delegation allows nothing else. Where the rules
allow several kinds for one request, the first of this table wins, so the kind that names the actor comes
before those that do not.
"""

OF_ISSUERS: Final = """
An issuer's `subject`, `groups` and `when` see one name: `claims`, the verified claims of its token.
"""

RESERVED: Final = """
`token.claims` may not set these, in any case: who, for whom, how long and how strong is not for a rule to
say. """

TESTS: Final = """
A policy test makes up a request and says what must come of it. The judge that answers requests runs it;
nothing is issued.
"""


def make() -> str:
    """Return the page."""
    fields = Fields()
    return page(
        "Rules",
        INTRODUCTION,
        "## How a request is decided",
        STAGES,
        NO_SCOPES,
        "## Kinds of exchange",
        KINDS_SAID,
        table(("Kind", "Is", "Longest life", "Specification"), (_kind(kind) for kind in KINDS)),
        "## Fields of a rule",
        fields.table("RuleForm"),
        "## Expressions",
        EXPRESSIONS,
        table(("Name", "Is"), ((code(name), meaning) for name, meaning in SEEN.items())),
        OF_ISSUERS,
        "## Reserved claims",
        RESERVED + ", ".join(code(name) for name in sorted(RESERVED_CLAIMS)) + ".",
        "## Policy tests",
        TESTS,
        fields.table("PolicyTestForm"),
    )


def _kind(kind: Kind) -> tuple[str, str, str, str]:
    module = sys.modules[f"actas.kinds.{kind.name}"]
    first = prose((module.__doc__ or "").split("\n\n")[0])
    meaning = (first.partition(": ")[2] or first).removesuffix(".")
    longest = "" if kind.longest_life is None else in_words(kind.longest_life)
    return code(kind.name), meaning[:1].upper() + meaning[1:], longest, kind.spec
