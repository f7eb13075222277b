"""Checks of rules and policy tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.configuration import Change, Tree, acme, alter, loaded, named, sentences

from actas.policy.rule import RESERVED_CLAIMS


def rule(tree: Tree, name: str = "orders-to-inventory", **fields: object) -> None:
    alter(tree, "rules", name, fields)


def subject(tree: Tree, name: str = "orders-to-inventory", /, **fields: object) -> None:
    item = named(tree, "rules", name)
    item["subject"] = {
        key: value for key, value in {**item["subject"], **fields}.items() if value is not None
    }


def case(tree: Tree, index: int, part: str, **fields: object) -> None:
    tree["tests"][index][part].update(fields)


DENY = "no-agent-writes-stock"
HELP = "helpdesk-impersonation"

CASES: list[tuple[Change, str]] = [
    # ── what goes together ───────────────────────────────────────────────────────────
    (lambda t: rule(t, allow=None), "rules[1]: say what it does, in one way: allow: … or deny: …"),
    (lambda t: rule(t, deny="any"), "rules[1]: say what it does, in one way: allow: … or deny: …"),
    (
        lambda t: rule(t, allow="everything"),
        "rules[1].allow: must be delegation, impersonation, translation, downscope or own",
    ),
    (
        lambda t: rule(t, allow="any"),
        "rules[1].allow: must be delegation, impersonation, translation, downscope or own",
    ),
    (
        lambda t: rule(t, client=None),
        "rules[1].client: is required in an allow: what is left out never means anybody",
    ),
    (
        lambda t: rule(t, subject=None),
        "rules[1].subject: is required in an allow: what is left out never means anybody",
    ),
    (
        lambda t: rule(t, target=None),
        "rules[1].target: is required in an allow: what is left out never means anybody",
    ),
    (
        lambda t: rule(t, scopes=None),
        "rules[1].scopes: is required in an allow: what is left out never means anybody",
    ),
    (lambda t: rule(t, subject={}), "rules[1].subject: is empty; give it a field, or leave it out"),
    (lambda t: rule(t, target={}), "rules[1].target: is empty; give it a field, or leave it out"),
    (lambda t: rule(t, scopes={}), "rules[1].scopes: is empty; name at least one, or leave the field out"),
    (lambda t: rule(t, client=[]), "rules[1].client: is empty; name at least one, or leave the field out"),
    (lambda t: rule(t, client=""), "rules[1].client: is empty; give a value, or leave the field out"),
    (
        lambda t: rule(t, client={"kinds": []}),
        "rules[1].client.kinds: is empty; name at least one, or leave the field out",
    ),
    (
        lambda t: rule(t, client={"kind": "agent"}),
        'rules[1].client.kind: there is no field "kind" here; did you mean "kinds"?',
    ),
    (lambda t: rule(t, when=[]), "rules[1].when: is empty; name at least one, or leave the field out"),
    (lambda t: rule(t, when=""), "rules[1].when: is empty; give a value, or leave the field out"),
    (lambda t: rule(t, when=True), "rules[1].when: must be text; put quotes around it"),
    (lambda t: rule(t, target={"scopes": ["stock:read"]}), "rules[1].target.api: is required in an allow"),
    (
        lambda t: rule(t, target={"api": "inventory", "scopes": ["stock:read"]}),
        "rules[1].target.scopes: is what a deny says; an allow says it in scopes",
    ),
    (lambda t: rule(t, reason="Because."), "rules[1].reason: is what a deny says; use description"),
    (
        lambda t: subject(t, **{"from": None}),
        "rules[1].subject.from: is required in an allow: say whose tokens",
    ),
    (
        lambda t: rule(t, HELP, actor={"groups": ["support-leads"]}),
        "rules[4].actor.from: is required in an allow: say whose tokens",
    ),
    (
        lambda t: rule(t, "orders-own", subject={"from": "actas"}),
        "rules[6].subject: an own token is about the client itself; leave it out",
    ),
    (
        lambda t: rule(t, "orders-own", actor={"from": "actas"}),
        "rules[6].actor: an own token is about the client itself; leave it out",
    ),
    (
        lambda t: rule(t, "orders-own", scopes={"stock:read": ["stock:read"]}),
        "rules[6].scopes.stock:read: an own token trades no scopes; write them under any",
    ),
    (
        lambda t: rule(t, DENY, reason=None),
        "rules[2].reason: is required in a deny: people read it when they are refused",
    ),
    (lambda t: rule(t, DENY, reason=" "), "rules[2].reason: is empty; give a value, or leave the field out"),
    (
        lambda t: rule(t, DENY, scopes={"any": ["stock:read"]}),
        "rules[2].scopes: means nothing in a deny; leave it out; a deny names scopes in target",
    ),
    (
        lambda t: rule(t, DENY, token={"lifetime": "1m"}),
        "rules[2].token: means nothing in a deny; leave it out",
    ),
    (lambda t: rule(t, DENY, max_depth=1), "rules[2].max_depth: means nothing in a deny; leave it out"),
    (
        lambda t: rule(t, DENY, actor={"from": "actas", "required": False}),
        "rules[2].actor.required: means nothing in a deny; leave it out",
    ),
    (
        lambda t: rule(t, DENY, actor={"from": "actas", "chain": "flatten"}),
        "rules[2].actor.chain: means nothing in a deny; leave it out",
    ),
    (lambda t: rule(t, DENY, chain={}), "rules[2].chain: is empty; give it a field, or leave it out"),
    (
        lambda t: rule(t, decide={"opa": "https://opa.example"}),
        "rules[1].decide: is not part of this release; remove it",
    ),
    (
        lambda t: rule(t, token={"format": "jwt"}),
        "rules[1].token.format: is not part of this release; remove it",
    ),
    (lambda t: rule(t, max_depth=11), "rules[1].max_depth: must be at most 10"),
    # ── kinds and issuers ────────────────────────────────────────────────────────────
    (
        lambda t: subject(t, HELP, **{"from": "corp-okta"}),
        "rules[4].subject.from: impersonation is for tokens of this server only: from: actas",
    ),
    (
        lambda t: subject(t, HELP, **{"from": ["actas", "corp-okta"]}),
        "rules[4].subject.from: impersonation is for tokens of this server only: from: actas",
    ),
    (
        lambda t: subject(t, "orders-narrows", **{"from": "partner", "audience": None}),
        "rules[5].subject.from: downscope is for tokens of this server only: from: actas",
    ),
    (
        lambda t: subject(t, "partner-translation", **{"from": ["partner", "actas"]}),
        "rules[3].subject.from: translation is for tokens of other issuers; our own are delegated or narrowed (downscope)",
    ),
    (
        lambda t: rule(t, "assistant-for-support", scopes="same"),
        "rules[0].scopes: same is for tokens of this server only (from: actas); others hold no scopes of ours",
    ),
    (lambda t: rule(t, scopes="some"), 'rules[1].scopes: must be a mapping, or the word "same"'),
    (lambda t: rule(t, scopes=["stock:read"]), "rules[1].scopes: must be a mapping"),
    (
        lambda t: rule(t, "orders-narrows", target={"api": ["orders", "inventory"]}),
        "rules[5].scopes: same narrows within one API; write one rule for each target",
    ),
    (
        lambda t: subject(t, "orders-narrows", audience="inventory"),
        "rules[5].subject.audience: same narrows within one API: the audience must be orders, as the target is",
    ),
    (
        lambda t: subject(t, "assistant-for-support", token_types=["jwt"]),
        "rules[0].subject.token_types[0]: no token of corp-okta is accepted as jwt",
    ),
    (
        lambda t: subject(t, token_types=["jwt"]),
        "rules[1].subject.token_types[0]: no token of actas is accepted as jwt",
    ),
    (
        lambda t: subject(t, token_types=["saml2"]),
        (
            "rules[1].subject.token_types[0]: saml2 is not part of this release; it must be access_token, id_token, jwt "
            "or refresh_token"
        ),
    ),
    (
        lambda t: rule(t, HELP, token={"lifetime": "61m"}),
        "rules[4].token.lifetime: an impersonated token lives at most 15m",
    ),
    # ── names and scopes ─────────────────────────────────────────────────────────────
    (
        lambda t: rule(t, client="asistant"),
        'rules[1].client: there is no client "asistant"; did you mean "assistant"?',
    ),
    (
        lambda t: rule(t, client=["orders", "asistant"]),
        'rules[1].client[1]: there is no client "asistant"; did you mean "assistant"?',
    ),
    (
        lambda t: rule(t, target={"api": "inventry"}),
        'rules[1].target.api: there is no api "inventry"; did you mean "inventory"?',
    ),
    (lambda t: rule(t, target={"api": ["inventory", "x"]}), 'rules[1].target.api[1]: there is no api "x"'),
    (
        lambda t: subject(t, **{"from": "corp-octa"}),
        'rules[1].subject.from: there is no issuer "corp-octa"; did you mean "corp-okta"?',
    ),
    (
        lambda t: rule(t, HELP, actor={"from": ["actas", "x"]}),
        'rules[4].actor.from[1]: there is no issuer "x"',
    ),
    (
        lambda t: subject(t, audience="ordrs"),
        'rules[1].subject.audience: there is no API "ordrs"; did you mean "orders"?',
    ),
    (
        lambda t: rule(t, scopes={"orders:read": ["stock:reed"]}),
        'rules[1].scopes.orders:read[0]: inventory has no scope "stock:reed" (it has stock:read, stock:write)',
    ),
    (
        lambda t: rule(t, scopes={"orders:reed": ["stock:read"]}),
        'rules[1].scopes.orders:reed: orders has no scope "orders:reed" (it has orders:read, orders:write)',
    ),
    (
        lambda t: rule(t, scopes={"any": ["orders:read"]}),
        'rules[1].scopes.any[0]: inventory has no scope "orders:read" (it has stock:read, stock:write)',
    ),
    (
        lambda t: rule(t, DENY, target={"api": "inventory", "scopes": ["orders:read"]}),
        'rules[2].target.scopes[0]: inventory has no scope "orders:read" (it has stock:read, stock:write)',
    ),
    (
        lambda t: rule(t, DENY, target={"scopes": ["nothing"]}),
        'rules[2].target.scopes[0]: none of handbook, inventory, orders has a scope "nothing"',
    ),
    (
        lambda t: rule(t, target={"api": "handbook"}, scopes={"any": ["pages:search"]}),
        "rules[1].client: orders may not ask for handbook; add it to may_request.apis (actas.yaml:150)",
    ),
    (
        lambda t: rule(t, when=["true", 'subject.id.matches("a")']),
        'rules[1].when[1]: the pattern "a" matches anywhere in the text; write it as ^…$',
    ),
    (
        lambda t: rule(t, token={"claims": {"x": 'subject.id.matches("a")'}}),
        'rules[1].token.claims.x: the pattern "a" matches anywhere in the text; write it as ^…$',
    ),
    (
        lambda t: rule(t, token={"claims": {"1x": '"a"'}}),
        "rules[1].token.claims.1x: is not the name of a claim: letters, digits, '_', '.', ':', '/' and '-', beginning with a letter",
    ),
    # ── policy tests ─────────────────────────────────────────────────────────────────
    (
        lambda t: case(t, 0, "ask", client="asistant"),
        'tests[0].ask.client: there is no client "asistant"; did you mean "assistant"?',
    ),
    (lambda t: case(t, 0, "ask", api=["orders", "x"]), 'tests[0].ask.api[1]: there is no api "x"'),
    (
        lambda t: case(t, 0, "ask", subject={"from": "okta", "user": "alice"}),
        'tests[0].ask.subject.from: there is no issuer "okta"',
    ),
    (
        lambda t: case(t, 3, "ask", actor={"from": "corp-okta", "user": "dana"}),
        "tests[3].ask.actor: an actor token goes with a subject token",
    ),
    (
        lambda t: case(t, 0, "ask", scope="a  b"),
        'tests[0].ask.scope: is not a list of scopes separated by single spaces, such as "orders:read orders:write"',
    ),
    (lambda t: case(t, 0, "expect", refused="no_rule"), "tests[0].expect: say either granted or refused"),
    (
        lambda t: t["tests"][0].update(expect={"lifetime": "1m"}),
        "tests[0].expect: say either granted or refused",
    ),
    (
        lambda t: case(t, 1, "expect", lifetime="1m"),
        "tests[1].expect.lifetime: goes with granted: nothing is issued on a refusal",
    ),
    (
        lambda t: case(t, 0, "expect", near_miss="orders-own"),
        "tests[0].expect.near_miss: goes with refused: no_rule",
    ),
    (
        lambda t: case(t, 2, "expect", near_miss="orders-own"),
        "tests[2].expect.near_miss: goes with refused: no_rule",
    ),
    (lambda t: case(t, 2, "expect", rule="no-agent"), 'tests[2].expect.rule: there is no rule "no-agent"'),
    (
        lambda t: case(t, 0, "expect", granted=["stock:read"]),
        'tests[0].expect.granted[0]: orders has no scope "stock:read" (it has orders:read, orders:write)',
    ),
    (
        lambda t: case(t, 1, "expect", refused="no_rules"),
        'tests[1].expect.refused: there is no "no_rules" here; did you mean "no_rule"?',
    ),
    (
        lambda t: t["tests"].append(t["tests"][0]),
        'tests[4].name: the test "support staff with MFA get a working token" is already defined at actas.yaml:386',
    ),
]


@pytest.mark.requirement("REL-30", "SEC-02", "SEC-42")
@pytest.mark.parametrize(("change", "complaint"), CASES, ids=[complaint[:70] for _, complaint in CASES])
def test_a_rule_that_is_not_clear_is_refused(tmp_path: Path, change: Change, complaint: str) -> None:
    tree = acme()
    change(tree)
    found = [_without_line(one) for one in sentences(tmp_path, tree)]
    assert _without_line(complaint) in found


def _without_line(complaint: str) -> str:
    """The sample may grow: where its parts stand is no part of these tests."""
    return complaint.partition("actas.yaml:")[0]


@pytest.mark.requirement("SEC-48")
def test_an_impersonation_is_short_whatever_sets_its_lifetime(tmp_path: Path) -> None:
    tree = acme()
    rule(tree, HELP, token=None)
    assert sentences(tmp_path, tree) == []
    tree["defaults"]["token"] = {"lifetime": "2h"}
    assert sentences(tmp_path, tree) == ["rules[4].token.lifetime: an impersonated token lives at most 15m"]
    named(tree, "apis", "orders")["token"] = {"lifetime": "15m"}
    assert sentences(tmp_path, tree) == []


@pytest.mark.requirement("SEC-02")
@pytest.mark.parametrize("claim", sorted(RESERVED_CLAIMS))
def test_no_rule_writes_a_claim_that_others_decide_by(tmp_path: Path, claim: str) -> None:
    for spelling in (claim, claim.upper(), claim.title()):
        tree = acme()
        rule(tree, token={"claims": {spelling: '"x"'}})
        (found,) = sentences(tmp_path, tree)
        assert found == (
            f'rules[1].token.claims.{spelling}: the claim "{spelling}" is not for rules: '
            "this server writes it, or others decide by it"
        )


def test_same_fills_in_the_audience_that_it_narrows(tmp_path: Path) -> None:
    tree = acme()
    subject(tree, "orders-narrows", audience=None)
    spec = next(one for one in loaded(tmp_path, tree).definitions.rules if one.name == "orders-narrows")
    assert spec.subject is not None
    assert spec.subject.audiences == frozenset({"orders"})


def test_a_client_that_may_ask_for_one_of_several_targets_is_enough(tmp_path: Path) -> None:
    tree = acme()
    rule(tree, client=["orders", "assistant"], target={"api": ["inventory", "handbook"]})
    assert sentences(tmp_path, tree) == []


def test_a_rule_that_never_helps_its_client_draws_a_warning(tmp_path: Path) -> None:
    tree = acme()
    named(tree, "clients", "orders")["grants"] = ["client_credentials"]
    warnings = [str(one).partition(": ")[2] for one in loaded(tmp_path, tree).warnings]
    assert warnings == [
        "rules[1].client: orders may not use the grant token_exchange, so this rule never helps it",
        "rules[5].client: orders may not use the grant token_exchange, so this rule never helps it",
    ]


def test_one_mistake_is_reported_once(tmp_path: Path) -> None:
    tree = acme()
    named(tree, "apis", "orders")["audience"] = 7
    named(tree, "clients", "orders")["kind"] = "robot"
    named(tree, "issuers", "corp-okta")["type"] = "ldap"
    assert sentences(tmp_path, tree) == [
        "issuers[0].type: must be oidc, jwks or kubernetes",
        "apis[0].audience: must be text; put quotes around it",
        "clients[1].kind: must be app, service or agent",
    ]


def test_buying_nothing_is_said_with_an_empty_list(tmp_path: Path) -> None:
    tree = acme()
    rule(tree, scopes={"orders:read": ["stock:read"], "orders:write": []})
    spec = next(one for one in loaded(tmp_path, tree).definitions.rules if one.name == "orders-to-inventory")
    assert spec.scopes is not None
    assert spec.scopes.bought["orders:write"] == frozenset()


@pytest.mark.parametrize("place", ["subject", "actor", "chain"])
def test_a_deny_by_a_name_that_nobody_has_who_signs_in_draws_a_warning(tmp_path: Path, place: str) -> None:
    tree = acme()
    issuer = tree["issuers"][0]
    name = issuer["name"]
    issuer.update(subject="claims.email", email_domains=["acme.example"])
    rule(tree, DENY, **{place: {"names": ["mallory@acme.example"]}})

    def said() -> list[str]:
        return [str(one).partition(": ")[2] for one in loaded(tmp_path, tree).warnings if "SUB" in str(one)]

    assert said() == []
    issuer["sign_in"] = {"client_id": "acme-at-login"}
    (warning,) = said()
    assert f"{place}.names: mallory@acme.example is who shows a token of {name}; who signs in" in warning
    named(tree, "rules", DENY)[place]["names"].append(f"{name}:id-mallory")
    assert said() == []
