"""The environment over the settings of the server itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.configuration import ACME_ENVIRONMENT, acme, complaints, loaded

MINIMAL = 'version: 1\nserver: { issuer: "https://sts.acme.example" }\n'


def test_a_variable_takes_the_place_of_what_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    environ = {
        **ACME_ENVIRONMENT,
        "ACTAS_SERVER__LISTEN": "[::1]:9000",
        "ACTAS_SERVER__WORKERS": "7",
        "ACTAS_SERVER__DATA": "state",
        "ACTAS_KEYS__SIGNING__ALGORITHM": "EdDSA",
        "ACTAS_KEYS__ENVELOPE__ENV": "VAULT_KEY",
        "VAULT_KEY": "b7" + "0123456789abcdef" * 2,
        "ACTAS_DEFAULTS__TOKEN__LIFETIME": "90s",
        "ACTAS_AUDIT__CHECKPOINT__EVERY": "1m",
        "ACTAS_LIMITS__IN_FLIGHT": "9",
        "ACTAS_CONTEXT": "not an override",
        "HOME": "/root",
    }
    definitions = loaded(tmp_path, acme(), environ=environ).definitions
    assert (definitions.server.listen.host, definitions.server.listen.port) == ("::1", 9000)
    assert definitions.server.workers == 7
    assert definitions.server.data == tmp_path / "state"
    assert definitions.keys.algorithm == "EdDSA"
    assert definitions.keys.envelope.path is None
    assert definitions.keys.envelope.text is not None
    assert definitions.defaults.lifetime == 90
    assert definitions.defaults.max_depth == 5
    assert definitions.audit.checkpoint_every == 60
    assert len(definitions.audit.checkpoints_to) == 1
    assert definitions.limits.in_flight == 9


def test_a_variable_works_without_a_section_in_the_file(tmp_path: Path) -> None:
    definitions = loaded(tmp_path, MINIMAL, environ={"ACTAS_LIMITS__IN_FLIGHT": "9"}).definitions
    assert definitions.limits.in_flight == 9
    environ = {"ACTAS_SERVER__ISSUER": "https://sts.acme.example"}
    assert (
        loaded(tmp_path, "version: 1", environ=environ).definitions.server.issuer
        == "https://sts.acme.example"
    )


@pytest.mark.requirement("SEC-02", "REL-30")
@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("SERVER__LISTN", "x", 'server.listn: there is no field "listn" here; did you mean "listen"?'),
        ("SERVR__LISTEN", "x", 'servr.listen: there is no section "servr"; did you mean "server"?'),
        ("ZEBRA__X", "x", 'zebra.x: there is no section "zebra" (audit, defaults, keys, limits, server)'),
        ("CLIENTS__0__NAME", "x", "clients.0.name: clients come from files only, where they can be reviewed"),
        ("RULES__X", "x", "rules.x: rules come from files only, where they can be reviewed"),
        ("KEYS", "x", "keys: sets nothing; name a field, such as ACTAS_SERVER__LISTEN"),
        ("VAULT__KEY", "x", "vault.key: is not part of this release; unset the variable"),
        (
            "DEFAULTS__TOKEN__FORMAT",
            "x",
            "defaults.token.format: must be jwt or reference",
        ),
        ("SERVER__LISTEN", "", "server.listen: is empty; give a value, or unset the variable"),
        ("SERVER__LISTEN__PORT", "1", 'server.listen.port: "listen" is one value and has no fields'),
        (
            "KEYS__SIGNING",
            "ES256",
            "keys.signing: is a mapping; name a field of it (algorithm, keep_after, publish_ahead, rotate_every)",
        ),
        (
            "AUDIT__CHECKPOINT__ALSO_TO",
            "x",
            "audit.checkpoint.also_to: is a list; lists come from files only",
        ),
        ("SERVER__WORKERS", "many", "server.workers: must be a whole number"),
        ("SERVER__WORKERS", "0", "server.workers: must be at least 1"),
        ("SERVER__WORKERS", "010", "server.workers: must be a whole number"),
        (
            "SERVER__LISTEN",
            "8693",
            "server.listen: must be an IP address and a port, such as 127.0.0.1:8693 or [::1]:8693",
        ),
        (
            "DEFAULTS__TOKEN__LIFETIME",
            "300",
            "defaults.token.lifetime: needs a unit: 300s, 300m, 300h or 300d",
        ),
        ("DEFAULTS__ON_EXCESS_SCOPE", "ignore", "defaults.on_excess_scope: must be reject or trim"),
        (
            "KEYS__SIGNING__ALGORITHM",
            "HS256",
            "keys.signing.algorithm: must be ES256, RS256 or EdDSA: symmetric algorithms and none are never accepted",
        ),
    ],
)
def test_a_variable_that_would_set_nothing_or_something_wrong_is_refused(
    tmp_path: Path, variable: str, value: str, complaint: str
) -> None:
    assert complaints(tmp_path, MINIMAL, environ={f"ACTAS_{variable}": value}) == [
        f"ACTAS_{variable}: {complaint}"
    ]


def test_other_faults_of_the_section_keep_their_lines(tmp_path: Path) -> None:
    text = "version: 1\nserver:\n  issuer: https://sts.acme.example\n  workers: 99\n"
    environ = {"ACTAS_SERVER__LISTEN": "x"}
    assert complaints(tmp_path, text, environ=environ) == [
        "actas.yaml:4: server.workers: must be at most 64",
        "ACTAS_SERVER__LISTEN: server.listen: must be an address and a port, such as 127.0.0.1:8693",
    ]


def test_the_digest_knows_what_the_environment_set(tmp_path: Path) -> None:
    plain = loaded(tmp_path, MINIMAL, environ={}).definitions.digest
    changed = loaded(tmp_path, MINIMAL, environ={"ACTAS_LIMITS__IN_FLIGHT": "9"}).definitions.digest
    assert plain != changed


def test_the_address_that_the_command_line_asks_is_no_setting(tmp_path: Path) -> None:
    assert complaints(tmp_path, MINIMAL, environ={"ACTAS_SERVER": "https://sts.acme.example"}) == []
