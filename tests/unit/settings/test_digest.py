"""The digest of a configuration: of all that is written, and of no secret, wherever one may stand."""

from __future__ import annotations

import copy
import hashlib
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from tests.fakes.configuration import loaded

from actas.settings.schema import LISTS, SECTIONS

TREE: Final[dict[str, Any]] = {
    "version": 1,
    "server": {
        "issuer": "https://sts.acme.example",
        "mail": {
            "host": "smtp.acme.example",
            "username": "actas",
            "password": {"env": "SECRET"},
            "from": "actas@acme.example",
        },
    },
    "audit": {
        "sinks": [
            {"name": "file", "file": "./audit.jsonl"},
            {"name": "siem", "webhook": "https://siem.acme.example/in", "secret": {"env": "HOOK"}},
        ]
    },
    "impersonation": {
        "notify": ["security@acme.example"],
        "notify_webhook": "https://notices.acme.example/in",
        "notify_secret": [{"env": "HOOK"}, {"env": "HOOK"}],
    },
    "client_registration": {"token": {"env": "SECRET"}, "most": 5},
    "users": [{"name": "carol", "password": {"env": "SECRET"}}],
    "apis": [
        {"name": "orders", "audience": "https://orders.acme.example", "scopes": {"orders:read": "Read"}}
    ],
    "clients": [
        {
            "name": "web",
            "kind": "app",
            "auth": {"method": "client_secret", "secret": {"env": "SECRET"}},
            "grants": ["client_credentials"],
        },
        {
            "name": "asserting",
            "kind": "app",
            "auth": {"method": "client_secret_jwt", "secret": {"env": "SECRET"}},
            "grants": ["client_credentials"],
        },
    ],
}
HOOKS: Final = ("whsec_" + "QUJD" * 11, "whsec_" + "REVG" * 11)
SECRETS: Final = ("0b9d7f5e3c1a28460b9d7f5e3c1a2846", "1c0e8f6f4d2b39571c0e8f6f4d2b3957")
ENVIRON: Final = {"SECRET": "a4c8e2079b1d6f35a4c8e2079b1d6f35", "HOOK": HOOKS[0]}


def digest(folder: Path, tree: dict[str, Any], *, dev: bool = True) -> str:
    return loaded(folder, tree, dev=dev, environ=ENVIRON).definitions.digest


def having(path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    """Return the configuration with a value in one place."""
    tree: Any = copy.deepcopy(TREE)
    at = tree
    for step in path[:-1]:
        at = at[step] if isinstance(step, int) else at.setdefault(step, {})
    at[path[-1]] = value
    return dict(tree)


def test_a_configuration_without_a_written_secret_is_taken_as_it_is_written(tmp_path: Path) -> None:
    encode = msgspec.json.Encoder(order="sorted").encode
    whole = hashlib.sha256()
    for section in sorted(SECTIONS):
        whole.update(encode([section, TREE.get(section, {})]))
    for section in sorted(LISTS):
        for item in sorted(TREE.get(section, []), key=lambda one: str(one["name"])):
            whole.update(encode([section, item["name"], item]))
    assert digest(tmp_path, TREE, dev=False) == digest(tmp_path, TREE) == whole.hexdigest()


@pytest.mark.parametrize(
    ("path", "secrets"),
    [
        (("server", "mail", "password"), SECRETS),
        (("server", "database"), tuple(f"postgresql://actas:{one}@db.acme.example/actas" for one in SECRETS)),
        (("keys", "envelope"), SECRETS),
        (("keys", "previous_envelope"), SECRETS),
        (("impersonation", "notify_secret"), HOOKS),
        (("impersonation", "notify_secret", 1), HOOKS),
        (("audit", "sinks", 1, "secret"), HOOKS),
        (("client_registration", "token"), SECRETS),
        (("users", 0, "password"), SECRETS),
        (("clients", 0, "auth", "secret"), SECRETS),
    ],
)
def test_no_secret_that_is_written_is_in_the_digest(
    tmp_path: Path, path: tuple[str | int, ...], secrets: tuple[str, ...]
) -> None:
    one, other = (digest(tmp_path, having(path, secret)) for secret in secrets)
    assert one == other
    assert one != digest(tmp_path, TREE)


def test_what_stands_beside_a_written_secret_is_in_the_digest(tmp_path: Path) -> None:
    tree = having(("server", "mail", "password"), SECRETS[0])
    one = digest(tmp_path, tree)
    tree["server"]["mail"]["from"] = "sts@acme.example"
    assert digest(tmp_path, tree) != one
    tree = having(("impersonation", "notify_secret", 1), HOOKS[1])
    one = digest(tmp_path, tree)
    tree["impersonation"]["notify_secret"].pop(0)
    assert digest(tmp_path, tree) != one
