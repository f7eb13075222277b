"""How a foreign person becomes one of ours."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.house import CORP

from actas.core.claims import is_name
from actas.core.errors import BadToken
from actas.core.party import Mapped
from actas.core.person import subject_from
from actas.policy.identity import MAX_GROUPS, IdentityMapping, MappingError
from actas.trust.registry import SignInThere, TrustedIssuer

PLAIN = replace(CORP, name="plain", subject="claims.sub", email_domains=frozenset(), groups=None)
ALICE: dict[str, Any] = {
    "sub": "id-alice",
    "email": "alice@acme.example",
    "email_verified": True,
    "groups": ["support"],
    "tenant": "acme",
}


def mapped(issuer: TrustedIssuer, **claims: Any) -> Mapped:
    return IdentityMapping([issuer]).map(issuer, {**ALICE, **claims})


@pytest.mark.requirement("SEC-24")
def test_a_name_is_kept_apart_by_its_issuer() -> None:
    assert mapped(PLAIN) == Mapped("plain:id-alice")


@pytest.mark.requirement("SEC-24")
def test_an_issuer_with_domains_gives_addresses() -> None:
    assert mapped(CORP) == Mapped("alice@acme.example", ("support",))


@pytest.mark.requirement("SEC-25", "SEC-02")
@pytest.mark.parametrize(
    "when", ["claims.tenant == 'other'", "claims.nowhere == 'x'", "claims.tenant", "claims.tenant == 7"]
)
def test_a_condition_that_is_not_met_refuses(when: str) -> None:
    assert mapped(replace(PLAIN, when=("claims.tenant == 'acme'",))) == Mapped("plain:id-alice")
    with pytest.raises(BadToken):
        mapped(replace(PLAIN, when=("claims.tenant == 'acme'", when)))


@pytest.mark.requirement("SEC-24", "SEC-20")
@pytest.mark.parametrize(
    "subject", ["claims.groups", "claims.nowhere", "''", "' '", "claims.email_verified", "'a\\nb'"]
)
def test_a_mapping_that_names_nobody_refuses(subject: str) -> None:
    with pytest.raises(BadToken):
        mapped(replace(PLAIN, subject=subject))


@pytest.mark.requirement("SEC-20", "SEC-26")
@pytest.mark.parametrize("groups", ["support", [1], [""], ["a\nb"], None, {"a": 1}, ["x" * 256]])
def test_groups_are_a_list_of_names(groups: Any) -> None:
    with pytest.raises(BadToken):
        mapped(CORP, groups=groups)


@pytest.mark.requirement("SEC-26")
def test_the_number_of_groups_is_bounded() -> None:
    assert len(mapped(CORP, groups=["g"] * MAX_GROUPS).groups) == MAX_GROUPS
    with pytest.raises(BadToken):
        mapped(CORP, groups=["g"] * (MAX_GROUPS + 1))


@pytest.mark.requirement("SEC-26")
def test_a_name_that_would_be_too_long_is_refused() -> None:
    assert mapped(PLAIN, sub="x" * 249).subject == "plain:" + "x" * 249
    with pytest.raises(BadToken, match="too long"):
        mapped(PLAIN, sub="x" * 250)


@pytest.mark.parametrize("field", ["subject", "groups", "when"])
def test_a_mapping_that_does_not_compile_names_its_field(field: str) -> None:
    changes: dict[str, Any] = {field: ("claims.",) if field == "when" else "claims."}
    with pytest.raises(MappingError) as refused:
        IdentityMapping([replace(CORP, **changes)])
    assert (refused.value.issuer, refused.value.field) == ("corp-idp", field)


@pytest.mark.requirement("SEC-24")
@given(st.text(max_size=40).filter(is_name), st.text(max_size=40).filter(is_name))
def test_two_issuers_never_yield_one_name(one: str, other: str) -> None:
    issuers = tuple(
        replace(PLAIN, name=name, issuer=f"https://{name}.example") for name in ("plain", "plain2")
    )
    mapping = IdentityMapping([*issuers, CORP])
    first = mapping.map(issuers[0], {"sub": one}).subject
    second = mapping.map(issuers[1], {"sub": other}).subject
    assert first != second
    assert first != mapping.map(CORP, ALICE).subject


@pytest.mark.requirement("SEC-24", "OP-51")
def test_a_sub_that_looks_like_a_digest_is_not_called_like_whoever_has_it() -> None:
    subject = "~" + "0" * 64
    assert mapped(PLAIN, sub=subject).subject == subject_from("plain", subject) != f"plain:{subject}"


def test_what_counts_as_several_factors_is_said_by_an_expression() -> None:
    terms = SignInThere(client_id="c", client_secret=None, display="P", scopes=(), mfa="'mfa' in claims.amr")
    asked = replace(PLAIN, sign_in=terms)
    mapping = IdentityMapping([asked])
    assert mapping.by_several_factors(asked, {**ALICE, "amr": ["mfa"]})
    assert not mapping.by_several_factors(asked, {**ALICE, "amr": ["pwd"]})
    assert not mapping.by_several_factors(asked, ALICE)
    assert not IdentityMapping([PLAIN]).by_several_factors(PLAIN, {**ALICE, "amr": ["mfa"]})
    with pytest.raises(MappingError) as failed:
        IdentityMapping([replace(PLAIN, sign_in=replace(terms, mfa="claims.amr =="))])
    assert failed.value.field == "sign_in.mfa"
