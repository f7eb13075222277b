"""From files to definitions."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.configuration import ACME, ACME_ENVIRONMENT, PEPPER, acme, complaints, loaded, named, write

from actas.core.wire import CLIENT_CREDENTIALS, ID_TOKEN, JWT, TOKEN_EXCHANGE
from actas.policy.cases import AskedToken, PolicyTest
from actas.policy.rule import ChainSelector, ClientSelector, PolicyDefaults, RuleSpec, ScopeMap
from actas.settings.definitions import Address, Definitions
from actas.settings.faults import ConfigurationFaults, Fault
from actas.settings.load import Finding, load, read

MINIMAL = 'version: 1\nserver: { issuer: "https://sts.acme.example" }\n'


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    result = load([ACME], dev=False, environ=ACME_ENVIRONMENT, pepper=PEPPER)
    assert result.warnings == ()
    return result.definitions


def rule(definitions: Definitions, name: str) -> RuleSpec:
    return next(one for one in definitions.rules if one.name == name)


def test_the_sample_says_what_the_server_is(definitions: Definitions) -> None:
    server = definitions.server
    assert server.issuer == "https://sts.acme.example"
    assert server.listen == Address(host="0.0.0.0", port=8693)
    assert server.management == Address(host="127.0.0.1", port=8694)
    assert server.data == Path("/var/lib/actas")
    assert server.workers == 2
    assert server.docs == "https://docs.acme.example/sts/errors"
    assert definitions.keys.algorithm == "ES256"
    assert definitions.keys.used == {("token", "ES256"), ("token", "RS256")}
    assert definitions.keys.envelope.path == ACME.parent / "envelope.key"
    assert definitions.defaults == PolicyDefaults(lifetime=300, max_depth=5, on_excess_scope="reject")
    assert definitions.audit.checkpoint_every == 300
    assert definitions.audit.checkpoints_to == (Path("/var/lib/actas-checkpoints/checkpoints.jsonl"),)
    assert definitions.limits.in_flight == 512


def test_the_sample_says_whom_it_believes(definitions: Definitions) -> None:
    okta, partner, build = definitions.issuers.values()
    assert (okta.kind, okta.max_age, okta.max_life) == ("oidc", 3600, 86400)
    assert okta.accepts == {ID_TOKEN}
    assert (okta.subject, okta.groups) == ("claims.email", "claims.groups")
    assert okta.email_domains == {"acme.example"}
    assert okta.when == ("claims.email_verified == true",)
    assert okta.jwks_hosts == {"keys.okta.example"}
    assert partner.kind == "jwks"
    assert partner.accepts == {JWT}
    assert partner.token_types == {"at+jwt"}
    assert [key["kty"] for key in partner.keys] == ["EC"]
    assert len(partner.when) == 2
    assert (build.party_kind, build.subject) == ("service", "claims.sub")


def test_the_sample_says_who_asks(definitions: Definitions) -> None:
    clients = definitions.clients
    assert clients["assistant"].scopes == {"orders": {"orders:read", "orders:write"}}
    assert clients["assistant"].grants == {TOKEN_EXCHANGE}
    assert clients["assistant"].owner == "dana@acme.example"
    assert clients["orders"].api == "orders"
    assert clients["orders"].grants == {TOKEN_EXCHANGE, CLIENT_CREDENTIALS}
    assert clients["orders"].auth.algorithms == ("EdDSA",)
    assert clients["orders"].auth.keys[0]["crv"] == "Ed25519"
    assert clients["leaflet"].disabled
    assert clients["leaflet"].grants == frozenset()
    assert clients["leaflet"].apis == frozenset()
    assert definitions.apis["inventory"].lifetime == 120
    assert definitions.apis["inventory"].algorithm == "RS256"
    assert definitions.apis["inventory"].max_depth == 4
    assert definitions.apis["handbook"].scopes == {"pages:search": "Search the handbook"}


def test_the_sample_says_what_may_be_done(definitions: Definitions) -> None:
    assert rule(definitions, "orders-to-inventory").scopes == ScopeMap(
        bought={"orders:read": frozenset({"stock:read"}), "orders:write": frozenset({"stock:write"})}
    )
    deny = rule(definitions, "no-agent-writes-stock")
    assert (deny.effect, deny.kind, deny.client) == ("deny", "any", ClientSelector())
    assert deny.chain == ChainSelector(kinds=frozenset({"agent"}))
    assert deny.denied_scopes == {"stock:write"}
    assert deny.reason == "Stock changes need a person at the keyboard."
    impersonation = rule(definitions, "helpdesk-impersonation")
    assert impersonation.actor is None
    assert impersonation.lifetime == 600
    assert rule(definitions, "partner-translation").claims == {
        "partner": '"west"',
        "department": "subject.claims.department",
    }
    assert rule(definitions, "orders-narrows").scopes == ScopeMap(same=True)
    own = rule(definitions, "orders-own")
    assert (own.kind, own.subject, own.scopes) == ("own", None, ScopeMap(anyway=frozenset({"stock:read"})))


def test_a_rule_knows_its_place(definitions: Definitions) -> None:
    lines = ACME.read_text(encoding="utf-8").splitlines()
    for one in definitions.rules:
        file, _, line = one.place.rpartition(":")
        assert file == str(ACME)
        assert lines[int(line) - 1] == f"  - name: {one.name}"
        assert definitions.places["rules"][one.name] == one.place


def test_the_sample_says_what_must_hold(definitions: Definitions) -> None:
    third = definitions.tests[2]
    assert third == PolicyTest(
        name="an agent in the chain cannot change stock",
        client="orders",
        subject=AskedToken(
            issuer="actas",
            user="alice",
            via=("assistant",),
            audience=("https://orders.acme.example",),
            scope=frozenset({"orders:write"}),
        ),
        actor=None,
        apis=("inventory",),
        scope=frozenset({"stock:write"}),
        kind=None,
        granted=None,
        lifetime=None,
        chain=None,
        refused="denied_by_rule",
        rule="no-agent-writes-stock",
        near_miss=None,
        place=third.place,
    )
    assert definitions.tests[0].chain == ("alice", "assistant")
    assert definitions.tests[0].lifetime == 300
    subject = definitions.tests[0].subject
    assert subject is not None
    assert type(subject.claims) is dict
    assert definitions.tests[3].kind == "own"


def test_claims_of_a_policy_test_are_plain_values(tmp_path: Path) -> None:
    tree = acme()
    tree["tests"][0]["ask"]["subject"]["claims"] = {"a": [1, {"b": True}], "c": {"d": 1.5}}
    subject = loaded(tmp_path, tree).definitions.tests[0].subject
    assert subject is not None
    assert subject.claims == {"a": [1, {"b": True}], "c": {"d": 1.5}}
    nested: Any = subject.claims
    assert [type(nested["a"]), type(nested["a"][1]), type(nested["c"])] == [list, dict, dict]


def test_what_is_left_out_has_the_strict_default(tmp_path: Path) -> None:
    definitions = loaded(tmp_path, MINIMAL).definitions
    assert definitions.server.listen == Address(host="127.0.0.1", port=8693)
    assert definitions.server.management == Address(host="127.0.0.1", port=8694)
    assert definitions.server.data == tmp_path / "actas-data"
    assert definitions.server.workers == 1
    assert definitions.server.docs == "https://sts.acme.example/errors"
    assert definitions.keys.algorithm == "ES256"
    assert definitions.keys.envelope.path == tmp_path / "actas-data" / "envelope.key"
    assert definitions.defaults == PolicyDefaults()
    assert definitions.audit.checkpoint_every == 300
    assert definitions.limits.in_flight == 128
    assert (definitions.issuers, definitions.apis, definitions.clients) == ({}, {}, {})
    assert (definitions.rules, definitions.tests) == ((), ())


def test_an_api_may_have_no_scopes(tmp_path: Path) -> None:
    text = MINIMAL + "apis: [{ name: orders, audience: https://orders.acme.example }]\n"
    assert loaded(tmp_path, text).definitions.apis["orders"].scopes == {}


@pytest.mark.requirement("REL-30")
def test_faults_are_printed_with_file_line_and_path_all_at_once(tmp_path: Path) -> None:
    text = """version: 1
server:
  issuer: https://sts.acme.example
  wrokers: 2
apis:
  - { name: orders, audience: "https://orders.acme.example", scopes: { "orders:read": Read } }
  - name: inventory
    audience: https://inventory.acme.example
    scopes: { "stock:read": See, "stock:write": Change }
clients:
  - name: assistant
    kind: agent
    owner: dana@acme.example
    auth: { method: client_secret, secret: not-a-secret-any-more-0123456789ab }
    may_request: { apis: [orders] }
rules:
  - name: one
    allow: delegation
    client: asistant
    subject: { from: actas, audience: orders }
    target: { api: inventory }
    scopes: { "orders:read": ["stock:reed"] }
    token: { lifetime: 5 }
"""
    assert complaints(tmp_path, text) == [
        'actas.yaml:4: server.wrokers: there is no field "wrokers" here; did you mean "workers"?',
        "actas.yaml:14: clients[0].auth.secret: a secret is written in the file; use { env: … } or { file: … }",
        "actas.yaml:23: rules[0].token.lifetime: needs a unit: 5s, 5m, 5h or 5d",
    ]
    assert complaints(
        tmp_path, text.replace("lifetime: 5 ", "lifetime: 5m ").replace("wrokers", "workers")
    ) == [
        "actas.yaml:14: clients[0].auth.secret: a secret is written in the file; use { env: … } or { file: … }",
        'actas.yaml:19: rules[0].client: there is no client "asistant"; did you mean "assistant"?',
        'actas.yaml:22: rules[0].scopes.orders:read[0]: inventory has no scope "stock:reed" (it has stock:read, stock:write)',
    ]


def test_warnings_do_not_stop_a_server_but_stand_beside_errors(tmp_path: Path) -> None:
    tree = acme()
    named(tree, "clients", "desk-app")["auth"]["secret"] = "0b9d7f5e3c1a28460b9d7f5e3c1a2846"
    assert [one.severity for one in loaded(tmp_path, tree, dev=True).warnings] == ["warning"]
    tree["server"]["workers"] = 0
    with pytest.raises(ConfigurationFaults) as caught:
        loaded(tmp_path, tree, dev=True)
    assert [one.severity for one in caught.value.faults] == ["error", "warning"]
    assert [one.path for one in caught.value.errors] == ["server.workers"]


def test_a_draft_knows_the_server_before_there_is_a_pepper(tmp_path: Path) -> None:
    draft = read([write(tmp_path, acme())], dev=False, environ=ACME_ENVIRONMENT)
    assert draft.server.data == Path("/var/lib/actas")
    assert draft.keys.envelope.path == tmp_path / "envelope.key"
    assert not any(secret in repr(draft) for secret in ACME_ENVIRONMENT.values())
    assert len(draft.compile(pepper=PEPPER).definitions.clients["desk-app"].auth.live_digests(0)) == 2


def test_checks_of_others_speak_of_places_in_the_file(tmp_path: Path) -> None:
    def compile_expressions(definitions: Definitions) -> Iterable[Finding]:
        for one in definitions.rules:
            if one.when:
                yield Finding(
                    section="rules", name=one.name, field="when[0]", message="is not a CEL expression"
                )
            for claim in one.claims:
                yield Finding(
                    section="rules",
                    name=one.name,
                    field=f"token.claims.{claim}",
                    message="is odd",
                    severity="warning",
                )

    text = (
        MINIMAL
        + """issuers:
  - { name: okta, type: oidc, issuer: https://a.okta.example, audiences: [a], accepts: [id_token] }
apis:
  - { name: orders, audience: https://orders.acme.example, scopes: { read: Read } }
clients:
  - { name: web, kind: app, auth: { method: private_key_jwt, jwks: [{ file: acme/assistant.pub.json }] }, may_request: { apis: [orders] } }
rules:
  - name: one
    allow: delegation
    client: web
    subject: { from: okta }
    target: { api: orders }
    scopes: { any: [read] }
    when:
      - subject.claims.acr ==
    token:
      claims:
        team: subject.claims.team
"""
    )
    with pytest.raises(ConfigurationFaults) as caught:
        loaded(tmp_path, text, extra_checks=(compile_expressions,))
    assert [str(one).replace(f"{tmp_path}/", "") for one in caught.value.faults] == [
        "actas.yaml:17: rules[0].when[0]: is not a CEL expression",
        "actas.yaml:20: rules[0].token.claims.team: is odd",
    ]


def test_the_digest_tells_configurations_apart_and_knows_no_order(tmp_path: Path) -> None:
    tree = acme()
    first = loaded(tmp_path, tree).definitions.digest
    assert len(first) == 64
    shuffled = {key: tree[key] for key in sorted(tree)}
    for section in ("issuers", "apis", "clients", "rules", "tests"):
        random.Random(7).shuffle(shuffled[section])
    (tmp_path / "shuffled").mkdir()
    assert loaded(tmp_path / "shuffled", shuffled).definitions.digest == first
    named(tree, "rules", "assistant-for-support")["token"]["lifetime"] = "4m"
    assert loaded(tmp_path, tree).definitions.digest != first


def test_the_digest_knows_public_keys_and_no_secret(tmp_path: Path) -> None:
    tree = acme()
    first = loaded(tmp_path, tree).definitions.digest
    path = write(tmp_path, tree)
    key = (tmp_path / "acme" / "assistant.pub.json").read_text(encoding="utf-8")
    (tmp_path / "acme" / "helpdesk.pub.json").write_text(key, encoding="utf-8")
    assert load([path], dev=False, environ=ACME_ENVIRONMENT, pepper=None).definitions.digest != first
    other = {name: value[::-1] for name, value in ACME_ENVIRONMENT.items()}
    assert loaded(tmp_path, tree, environ=other).definitions.digest == first
    secret = named(tree, "clients", "desk-app")["auth"]
    secret["secret"] = "0b9d7f5e3c1a28460b9d7f5e3c1a2846"
    written = loaded(tmp_path, tree, dev=True).definitions.digest
    tree["keys"]["envelope"] = "7a9b1c3d5e7f9a0b7a9b1c3d5e7f9a0b"
    with_envelope = loaded(tmp_path, tree, dev=True).definitions.digest
    tree["keys"]["envelope"] = "0b9f7e5d3c1b9a7a0b9f7e5d3c1b9a7a"
    assert loaded(tmp_path, tree, dev=True).definitions.digest == with_envelope
    tree["keys"]["envelope"] = {"file": "envelope.key"}
    secret["secret"] = "1c0e8f6f4d2b39571c0e8f6f4d2b3957"
    assert loaded(tmp_path, tree, dev=True).definitions.digest == written
    hook = {
        "name": "siem",
        "webhook": "https://siem.acme.example/in",
        "secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
    }
    tree.setdefault("audit", {})["sinks"] = [hook]
    with_sink = loaded(tmp_path, tree, dev=True).definitions.digest
    assert with_sink != written
    hook["secret"] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert loaded(tmp_path, tree, dev=True).definitions.digest == with_sink


def test_definitions_cannot_be_changed(definitions: Definitions) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        definitions.digest = ""  # type: ignore[misc]


def test_a_fault_without_a_path_is_about_the_file() -> None:
    assert (
        str(Fault(place="a.yaml", path="", message="there is no such file"))
        == "a.yaml: there is no such file"
    )


def test_many_clients_load_and_a_misspelt_one_among_them_is_named(tmp_path: Path) -> None:
    tree: dict[str, Any] = {
        "version": 1,
        "server": {"issuer": "https://sts.acme.example"},
        "apis": [{"name": "orders", "audience": "https://orders.acme.example"}],
        "clients": [
            {
                "name": f"client-{number}",
                "kind": "service",
                "auth": {"method": "client_secret", "secret": {"env": "DESK_APP_SECRET"}},
                "may_request": {"apis": ["orders"]},
            }
            for number in range(3000)
        ],
        "rules": [
            {
                "name": "one",
                "allow": "own",
                "client": "client-29999",
                "target": {"api": "orders"},
                "scopes": {"any": []},
            }
        ],
    }
    (complaint,) = complaints(tmp_path, tree)
    assert 'there is no client "client-29999"; did you mean "client-2999"?' in complaint
    tree["rules"][0]["client"] = {"kinds": ["service"]}
    assert len(loaded(tmp_path, tree).definitions.clients) == 3000
