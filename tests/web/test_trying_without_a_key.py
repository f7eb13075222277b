"""Between two real servers of which one has no key to encrypt to: a connection that is tried is refused by ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.two_domains import GIVES, TwoDomains, program

WHY = "does not say that it takes encrypted grants"


@pytest.fixture(scope="module")
def domains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoDomains]:
    it = TwoDomains(tmp_path_factory.mktemp("keyless"))
    it.home.company.tree["connections"] = [it.connection(proposals=["encryption"])]
    with it.home, it.tickets:
        yield it


@pytest.mark.requirement("JAG-153", "SEC-45")
@pytest.mark.parametrize("there", [False, True])
def test_our_side_is_the_one_that_refuses(domains: TwoDomains, tmp_path: Path, there: bool) -> None:
    actas = program(tmp_path, domains.home, "eye", domains.tickets)
    asked = ("connections", "try", GIVES, "--as", "alice")
    ran = actas(*asked, *(("--there", domains.tickets.base) if there else ()))
    ours, theirs = (one.issuer.removeprefix("http://") for one in (domains.home, domains.tickets))
    assert (ran.code, ran.out.splitlines()[0]) == (1, f"REFUSED  by {ours}"), ran.err
    assert f"1 ✕ {ours} would not give the grant" in ran.out
    assert "invalid_target, no_encryption_key" in ran.out
    assert f"2 ? {theirs}" in ran.out
    assert WHY in ran.out[: ran.out.index(f"2 ? {theirs}")]
