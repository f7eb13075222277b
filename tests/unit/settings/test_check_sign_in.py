"""Checks of issuers through which people sign in, and what becomes of the form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fakes.configuration import ACME_ENVIRONMENT, Change, Tree, acme, loaded, sentences

from actas.core.secret import Secret


def sign_in(tree: Tree, **fields: Any) -> dict[str, Any]:
    """Let people sign in through an issuer that is trusted for nothing else."""
    form = {"client_id": "acme-at-login", **fields}
    issuer = {
        "name": "login",
        "type": "oidc",
        "issuer": "https://login.acme.example",
        "sign_in": {name: value for name, value in form.items() if value is not None},
    }
    tree["issuers"].append(issuer)
    return issuer


def app(tree: Tree) -> None:
    tree["clients"].append(
        {
            "name": "portal",
            "kind": "app",
            "auth": {"method": "none"},
            "redirect_uris": ["https://portal.acme.example/callback"],
        }
    )


def faults(tmp_path: Path, change: Change) -> list[str]:
    tree = acme()
    app(tree)
    change(tree)
    return sentences(tmp_path, tree)


def twice(tree: Tree) -> None:
    sign_in(tree)
    sign_in(tree, display_name="login").update(name="other", issuer="https://other.acme.example")


CASES: list[tuple[Change, str]] = [
    (
        lambda t: sign_in(t).update(type="jwks", jwks_uri="https://login.acme.example/keys"),
        "is for type oidc",
    ),
    (lambda t: sign_in(t).update(name="mfa"), "name: is what acr or amr says of people who sign in here"),
    (lambda t: sign_in(t).update(name="pwd"), "name: is what acr or amr says of people who sign in here"),
    (lambda t: sign_in(t).update(kind="service"), "kind: must be person where people sign in"),
    (lambda t: sign_in(t).update(subject="claims.preferred_username"), "subject: must be left out beside"),
    (lambda t: sign_in(t, scopes=["email"]), "sign_in.scopes: must hold openid"),
    (
        lambda t: sign_in(
            t,
            authorization_endpoint="https://a.example/authorize",
            token_endpoint="https://a.example/token",
            hosts=["b.example"],
        ),
        "sign_in.hosts: means nothing beside both addresses",
    ),
    (lambda t: sign_in(t, clients=["portl"]), 'there is no client "portl"; did you mean "portal"?'),
    (lambda t: sign_in(t, clients=["partner-gateway"]), 'nobody signs in to "partner-gateway"'),
    (twice, 'sign_in.display_name: "login" is shown by the same name'),
    (lambda t: sign_in(t, client_id=None), "sign_in.client_id: is required"),
    (lambda t: sign_in(t, token_endpoint="http://127.0.0.1/token"), "must be https outside --dev"),
    (lambda t: sign_in(t, mfa="claims.amr.matches('.*')"), "sign_in.mfa"),
    (
        lambda t: sign_in(t, client_secret={"env": "OKTA_SECRET"}, private_key_jwt={"algorithm": "ES256"}),
        "sign_in.private_key_jwt: is one way to be known by, and client_secret another",
    ),
    (lambda t: sign_in(t, private_key_jwt={"algorithm": "HS256"}), "sign_in.private_key_jwt.algorithm"),
    (lambda t: sign_in(t, client_secret="written"), "a secret is written in the file"),
    (lambda t: sign_in(t, client_secret={"env": "NOT_SET"}), "the environment variable NOT_SET is not set"),
    (lambda t: sign_in(t).update(audiences=["x"]), "accepts: is required"),
]


@pytest.mark.parametrize(("change", "sentence"), CASES)
def test_what_cannot_be_meant_is_said(tmp_path: Path, change: Change, sentence: str) -> None:
    found = faults(tmp_path, change)
    assert any(sentence in one for one in found), found


def test_an_issuer_may_be_there_for_people_alone(tmp_path: Path) -> None:
    tree = acme()
    app(tree)
    sign_in(tree, client_secret={"env": "LOGIN_SECRET"}, clients=["portal"])
    environ = {**ACME_ENVIRONMENT, "LOGIN_SECRET": "given by them"}
    definitions = loaded(tmp_path, tree, environ=environ).definitions
    issuer = definitions.issuers["login"]
    assert (issuer.accepts, issuer.audiences) == (frozenset(), {})
    assert issuer.sign_in is not None
    assert issuer.sign_in.client_secret == Secret("given by them")
    assert (issuer.sign_in.display, issuer.sign_in.scopes) == ("login", ("openid", "profile", "email"))
    assert issuer.sign_in.clients == frozenset({"portal"})
    assert "given by them" not in repr(definitions)


def test_no_secret_is_in_the_digest_nor_in_what_is_kept(tmp_path: Path) -> None:
    digests: set[str] = set()
    for text in ("a secret of theirs", "another secret"):
        tree = acme()
        app(tree)
        sign_in(tree, client_secret=text)
        digests.add(loaded(tmp_path, tree, dev=True).definitions.digest)
    assert len(digests) == 1
