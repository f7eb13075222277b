"""Secrets that are sent to other servers are for that alone, whoever wrote the configuration (SEC-81)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fakes.configuration import ACME_ENVIRONMENT, Tree, acme, named, sentences, write

from actas.admin.authority import authorise
from actas.admin.objects import Change, Kept, ObjectKind, Snapshot, canonical, changed
from actas.admin.record import Author
from actas.core.errors import InsufficientScope
from actas.core.secret import Secret
from actas.settings.faults import ConfigurationFaults
from actas.settings.load import read

ENVIRON = {**ACME_ENVIRONMENT, "LENT": "what-they-gave-us", "WHSEC": "whsec_" + "QUJD" * 10}
PLACES = ("sign_in", "redeem")
KINDS: dict[str, ObjectKind] = {"sign_in": "issuers", "redeem": "connections"}


def lent(tree: Tree, place: str, reference: dict[str, str], name: str = "there") -> Tree:
    """Let another server know this one by a secret."""
    if place == "sign_in":
        issuer = f"https://{name}.acme.example"
        terms = {"client_id": "acme", "client_secret": reference, "display_name": name}
        tree["issuers"].append({"name": name, "type": "oidc", "issuer": issuer, "sign_in": terms})
        return tree
    named(tree, "issuers", "corp-okta")["audiences"] = {"acme-web": ["desk-app"]}
    there = {"issuer": f"https://{name}.example", "client_id": "acme", "scopes": ["stock:read"]}
    one = {
        "name": name,
        "direction": "issue",
        "client": "desk-app",
        "resource": {**there, "resource": [f"https://api.{name}.example"]},
        "people": {"from": ["corp-okta"]},
        "redeem": {"client_secret": reference},
    }
    tree.setdefault("connections", []).append(one)
    return tree


def ours(tree: Tree, where: str) -> None:
    """Have the server keep a secret of its own in the same place."""
    tree.setdefault("users", []).append({"name": "alice"})
    same = {"env": "LENT"}
    match where:
        case "keys.envelope" | "keys.previous_envelope":
            tree["keys"][where.partition(".")[2]] = same
        case "server.database":
            tree["server"]["database"] = same
        case "server.mail.password":
            mail = {"host": "mail.acme.example", "from": "sts@acme.example", "username": "sts"}
            tree["server"]["mail"] = {**mail, "password": same}
        case "client_registration.token":
            tree["client_registration"] = {"token": same}
        case "impersonation.notify_secret":
            hook = {"notify_webhook": "https://in.acme.example", "notify_secret": same}
            tree["impersonation"] = {**tree.get("impersonation", {}), **hook}
        case "audit.sinks[0].secret":
            sink = {"name": "siem", "webhook": "https://siem.acme.example/in", "secret": same}
            tree["audit"] = {**tree.get("audit", {}), "sinks": [sink]}
        case "users":
            tree["users"][-1]["password"] = same
        case _:
            named(tree, "clients", "desk-app")["auth"]["secret"] = [same]


@pytest.mark.requirement("SEC-81")
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "where",
    [
        "keys.envelope",
        "keys.previous_envelope",
        "server.database",
        "server.mail.password",
        "client_registration.token",
        "impersonation.notify_secret",
        "audit.sinks[0].secret",
        "users",
        "clients",
    ],
)
def test_a_variable_of_another_secret_is_not_sent(place: str, where: str, tmp_path: Path) -> None:
    tree = lent(acme(), place, {"env": "LENT"})
    ours(tree, where)
    found = [one for one in sentences(tmp_path, tree, environ=ENVIRON) if "is sent to another server" in one]
    assert len(found) == 1, found
    assert f"{place}.client_secret.env: is where {where}" in found[0]


@pytest.mark.requirement("SEC-81")
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("file", ["envelope.key", "./acme/../envelope.key", "link", "tls.key", "web.secret"])
def test_nor_is_a_file_of_another_secret_by_whatever_name(place: str, file: str, tmp_path: Path) -> None:
    tree = lent(acme(), place, {"file": file})
    (tmp_path / "link").symlink_to("envelope.key")
    tree["server"]["tls"] = {"certificate": "tls.pem", "key": "tls.key"}
    named(tree, "clients", "desk-app")["auth"]["secret"] = {"file": "web.secret"}
    found = sentences(tmp_path, tree)
    assert any("is sent to another server" in one for one in found), found


@pytest.mark.requirement("SEC-81")
@pytest.mark.parametrize("place", PLACES)
def test_the_usual_envelope_key_is_not_sent_either(place: str, tmp_path: Path) -> None:
    tree = lent(acme(), place, {"file": "data/envelope.key"})
    tree["server"]["data"] = "data"
    del tree["keys"]["envelope"]
    assert any("is where the envelope key is kept" in one for one in sentences(tmp_path, tree))


@pytest.mark.parametrize("place", PLACES)
def test_one_server_may_know_this_one_by_one_secret_in_two_places(place: str, tmp_path: Path) -> None:
    tree = lent(lent(acme(), place, {"env": "LENT"}), place, {"env": "LENT"}, "there-too")
    assert not [one for one in sentences(tmp_path, tree, environ=ENVIRON) if "client_secret" in one]


@pytest.mark.requirement("SEC-81")
@pytest.mark.parametrize("origin", ["server", "api", "apply"])
@pytest.mark.parametrize("folder", ["data", "credentials"])
@pytest.mark.parametrize("place", PLACES)
def test_of_its_own_folders_only_a_file_of_the_server_has_something_sent(
    place: str, folder: str, origin: Any, tmp_path: Path
) -> None:
    for one in ("data", "credentials"):
        (tmp_path / one).mkdir()
    kept_in = tmp_path / folder / "lent.secret"
    kept_in.write_text("what-they-gave-us")
    kept_in.chmod(0o600)
    named_so = "data/lent.secret" if folder == "data" else "lent.secret"
    tree = acme()
    named(tree, "issuers", "corp-okta")["audiences"] = {"acme-web": ["desk-app"]}
    tree["server"]["data"] = "data"
    environ = {**ENVIRON, "CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}
    draft = read([write(tmp_path, tree)], dev=False, environ=environ)
    kind = KINDS[place]
    kept = Kept(
        kind=kind,
        name="there",
        document=canonical(lent(acme(), place, {"file": named_so})[kind][-1]),
        keeper="file" if origin != "api" else "console",
        origin=origin,
    )
    own = [
        Kept(kind=one.kind, name=one.name, document=one.document, keeper="file", origin="server")
        for one in draft.offered(pepper=None)
    ]
    if origin == "server":
        draft.beside([*own, kept])
        return
    with pytest.raises(ConfigurationFaults, match="among the server's own files"):
        draft.beside([*own, kept])


@pytest.mark.requirement("SEC-81")
@pytest.mark.parametrize("place", PLACES)
def test_the_same_name_in_another_folder_is_another_secret(place: str) -> None:
    kind = KINDS[place]
    before = Kept(
        kind=kind,
        name="there",
        document=canonical(lent(acme(), place, {"file": "lent.secret"})[kind][-1]),
        keeper="file",
        origin="server",
        folder="/etc/actas/stock",
    )
    moved = changed("moved", before, origin="apply", folder="")
    hand, chief = (_as(role) for role in ("operator", "owner"))
    kept = Snapshot(1, (before,))
    authorise(chief, [moved], kept)
    authorise(hand, [changed("moved", before, place="there.yaml:4")], kept)
    with pytest.raises(InsufficientScope):
        authorise(hand, [moved], kept)
    by_name = Change(what="created", before=None, after=before)
    with pytest.raises(InsufficientScope):
        authorise(hand, [by_name], Snapshot(0, ()))


def _as(role: Any) -> Author:
    return Author(via="api", client=str(role), role=role)


def test_what_is_sent_arrives_where_it_is_used(tmp_path: Path) -> None:
    tree = lent(lent(acme(), "sign_in", {"env": "LENT"}), "redeem", {"env": "LENT"})
    draft = read([write(tmp_path, tree)], dev=False, environ=ENVIRON)
    found = draft.compile(pepper=None).definitions
    (abroad,) = found.connections
    assert abroad.ourselves is not None
    assert abroad.ourselves.secret == Secret("what-they-gave-us")
    assert found.issuers["there"].sign_in is not None
    assert found.issuers["there"].sign_in.client_secret == Secret("what-they-gave-us")
