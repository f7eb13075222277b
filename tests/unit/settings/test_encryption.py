"""Encrypted grants as the configuration says them (a proposal, JAG-153)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fakes.configuration import loaded
from tests.unit.settings.test_connections import accepting, believed, company, faults, form, there


@pytest.mark.requirement("JAG-153")
def test_there_is_a_key_that_decrypts_where_a_connection_takes_encrypted_grants_and_nowhere_else(
    tmp_path: Path,
) -> None:
    def made_for(one: dict[str, Any]) -> set[str]:
        used = loaded(tmp_path, company(one, change=believed)).definitions.keys.used
        return {algorithm for purpose, algorithm in used if purpose == "encryption"}

    assert made_for(accepting(proposals="encryption")) == {"ECDH-ES+A256KW", "RSA-OAEP-256"}
    assert made_for(accepting(proposals="encryption", disabled=True)) == {"ECDH-ES+A256KW", "RSA-OAEP-256"}
    assert made_for(accepting(proposals="access_denied")) == set()
    assert made_for(form(proposals="encryption")) == set()


@pytest.mark.requirement("JAG-153")
def test_what_goes_with_encryption_is_said_where_that_is_tried_and_nowhere_else(tmp_path: Path) -> None:
    (said,) = faults(tmp_path, accepting(require_encryption=True), change=believed)
    assert "require_encryption: means nothing without the proposal encryption" in said
    (said,) = faults(tmp_path, form(resource=there(jwks_hosts="keys.tickets.example")))
    assert "resource.jwks_hosts: means nothing without the proposal encryption" in said
    tries = form(proposals="encryption", resource=there(jwks_hosts="keys.tickets.example"))
    takes = accepting(proposals="encryption", require_encryption=True)
    definitions = loaded(tmp_path, company(tries, takes, change=believed)).definitions
    assert definitions.connections[0].to.key_hosts == {"keys.tickets.example"}
    assert definitions.accepted[0].must_encrypt
