"""Checks of issuers."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.configuration import Change, Tree, acme, alter, loaded, sentences


def issuer(tree: Tree, name: str = "corp-okta", **fields: object) -> None:
    alter(tree, "issuers", name, fields)


CASES: list[tuple[Change, str]] = [
    (
        lambda t: t["issuers"][0].update(name="actas"),
        'issuers[0].name: the name "actas" is taken: it means this server itself',
    ),
    (
        lambda t: issuer(t, issuer="https://sts.acme.example"),
        "issuers[0].issuer: is this server itself; rules call it actas",
    ),
    (
        lambda t: issuer(t, "build", issuer="https://acme.okta.example"),
        'issuers[2].issuer: is also the issuer of "corp-okta" (actas.yaml:33); one address, one issuer',
    ),
    (
        lambda t: issuer(t, issuer="acme-okta"),
        "issuers[0].issuer: must be an address for type oidc: discovery starts there",
    ),
    (lambda t: issuer(t, issuer="http://127.0.0.1:9000"), "issuers[0].issuer: must be https outside --dev"),
    (lambda t: issuer(t, issuer="http://acme.okta.example"), "issuers[0].issuer: must be https"),
    (
        lambda t: issuer(t, jwks=[{"file": "acme/partner.jwks.json"}]),
        "issuers[0].jwks: is for type jwks; an oidc issuer publishes its keys",
    ),
    (
        lambda t: issuer(t, jwks_uri="https://keys.okta.example/"),
        "issuers[0].jwks_hosts: means nothing beside jwks_uri; leave one of them out",
    ),
    (
        lambda t: issuer(t, "partner", jwks=None),
        "issuers[1]: type jwks needs its keys in one way: jwks_uri or jwks",
    ),
    (
        lambda t: issuer(t, "partner", jwks_uri="https://idp.partner.example/jwks"),
        "issuers[1]: type jwks needs its keys in one way: jwks_uri or jwks",
    ),
    (
        lambda t: issuer(t, "partner", jwks_hosts=["keys.partner.example"]),
        "issuers[1].jwks_hosts: is for type oidc: it bounds what discovery may say",
    ),
    (
        lambda t: issuer(t, "partner", audiences={"x": ["partner-gatway"]}),
        'issuers[1].audiences.x[0]: there is no client "partner-gatway"; did you mean "partner-gateway"?',
    ),
    (lambda t: issuer(t, audiences=None), "issuers[0].audiences: is required"),
    (
        lambda t: issuer(t, audiences=[]),
        "issuers[0].audiences: is empty; name at least one, or leave the field out",
    ),
    (
        lambda t: issuer(t, audiences={}),
        "issuers[0].audiences: is empty; name at least one, or leave the field out",
    ),
    (
        lambda t: issuer(t, audiences={"x": []}),
        "issuers[0].audiences.x: is empty; name at least one, or leave the field out",
    ),
    (
        lambda t: issuer(t, audiences="acme-web"),
        "issuers[0].audiences: must be a list; write [a, b], or one item per line with '- '",
    ),
    (lambda t: issuer(t, accepts=None), "issuers[0].accepts: is required"),
    (
        lambda t: issuer(t, accepts=["saml2"]),
        "issuers[0].accepts[0]: saml2 is not part of this release; it must be id_token, jwt, id_jag or jwt_grant",
    ),
    (
        lambda t: issuer(t, type="kubernetes"),
        "issuers[0].accepts: is for tokens that are exchanged; those of a cluster authenticate clients",
    ),
    (
        lambda t: issuer(t, algorithms=["RS512"]),
        "issuers[0].algorithms[0]: must be ES256, ES384, RS256, PS256 or EdDSA",
    ),
    (lambda t: issuer(t, entity_id="x"), "issuers[0].entity_id: is not part of this release; remove it"),
    (
        lambda t: issuer(t, "build", email_domains=["acme.example"], subject="claims.mail"),
        'issuers[2].email_domains[0]: "corp-okta" already speaks for acme.example (actas.yaml:33); only one may',
    ),
    (
        lambda t: issuer(t, subject=None),
        "issuers[0].subject: is required with email_domains: it says where the address is, such as claims.email",
    ),
    (
        lambda t: issuer(t, token_types=["at+jwt"]),
        "issuers[0].token_types: is for issuers that accept jwt; accepts does not list it",
    ),
    (
        lambda t: issuer(t, "partner", token_types=["application/at+jwt"]),
        'issuers[1].token_types[0]: is not a value of the header "typ" in lower case, such as at+jwt; leave "application/" out',
    ),
    (
        lambda t: issuer(t, subject='claims.sub.matches("x") ? "a" : "b"'),
        'issuers[0].subject: the pattern "x" matches anywhere in the text; write it as ^…$',
    ),
    (
        lambda t: issuer(t, groups='claims.g.filter(x, x.matches("a"))'),
        'issuers[0].groups: the pattern "a" matches anywhere in the text; write it as ^…$',
    ),
    (
        lambda t: issuer(t, "partner", when=["true", 'claims.x.matches("a")']),
        'issuers[1].when[1]: the pattern "a" matches anywhere in the text; write it as ^…$',
    ),
]


@pytest.mark.requirement("REL-30", "SEC-02")
@pytest.mark.parametrize(("change", "complaint"), CASES, ids=[complaint[:70] for _, complaint in CASES])
def test_an_issuer_that_is_not_clear_is_refused(tmp_path: Path, change: Change, complaint: str) -> None:
    tree = acme()
    change(tree)
    found = sentences(tmp_path, tree)
    without_lines = [one.partition(" (actas.yaml:")[0] for one in found]
    assert complaint in found or complaint.partition(" (actas.yaml:")[0] in without_lines


@pytest.mark.requirement("SEC-25")
@pytest.mark.parametrize(
    "address",
    [
        "https://token.actions.githubusercontent.com",
        "https://gitlab.com",
        "https://accounts.google.com",
        "https://login.microsoftonline.com/common/v2.0",
        "https://login.microsoftonline.com/organizations/v2.0",
        "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
    ],
)
@pytest.mark.parametrize(
    "when",
    [
        None,
        "true",
        "claims.email_verified == true",
        'claims.iss == "https://gitlab.com"',
        'claims.sub.matches(".*")',
        'claims.sub.startsWith("repo:acme")',
    ],
)
def test_an_issuer_of_many_customers_needs_a_condition(
    tmp_path: Path, address: str, when: str | None
) -> None:
    tree = acme()
    issuer(tree, "build", issuer=address, when=when)
    assert any(
        one.startswith(("issuers[2].issuer: serves many customers", "issuers[2].when: "))
        for one in sentences(tmp_path, tree)
    )


@pytest.mark.requirement("SEC-25")
@pytest.mark.parametrize(
    "fields",
    [
        {"when": 'claims.repository_owner == "acme"'},
        {"when": ['claims.sub.startsWith("repo:acme/")', "true"]},
        {"when": None, "email_domains": ["acme.org"], "subject": "claims.mail"},
    ],
)
def test_a_condition_that_tells_customers_apart_is_enough(tmp_path: Path, fields: dict[str, object]) -> None:
    tree = acme()
    issuer(tree, "build", **fields)
    assert sentences(tmp_path, tree) == []


@pytest.mark.requirement("SEC-25")
def test_a_tenant_of_its_own_needs_no_further_condition(tmp_path: Path) -> None:
    tree = acme()
    issuer(
        tree,
        "build",
        issuer="https://login.microsoftonline.com/0e9b1a2c-0000-4000-8000-000000000000/v2.0",
        when=None,
    )
    assert sentences(tmp_path, tree) == []


@pytest.mark.requirement("SEC-24")
def test_an_address_that_nobody_verified_draws_a_warning(tmp_path: Path) -> None:
    tree = acme()
    issuer(tree, when=None)
    (warning,) = loaded(tmp_path, tree).warnings
    assert warning.path == "issuers[0].when"
    assert warning.severity == "warning"
    assert "claims.email_verified == true" in warning.message


@pytest.mark.requirement("SEC-21")
def test_audiences_say_who_may_present_a_token(tmp_path: Path) -> None:
    issuers = loaded(tmp_path, acme()).definitions.issuers
    assert issuers["corp-okta"].audiences == {"acme-web": None}
    assert issuers["partner"].audiences == {"https://sts.acme.example": frozenset({"partner-gateway"})}


def test_an_issuer_without_discovery_may_have_a_plain_name(tmp_path: Path) -> None:
    tree = acme()
    issuer(tree, "partner", issuer="partner-batch")
    assert loaded(tmp_path, tree).definitions.issuers["partner"].issuer == "partner-batch"
    issuer(tree, "partner", issuer="partner batch")
    assert sentences(tmp_path, tree) == ["issuers[1].issuer: must not hold spaces"]
