"""Files and folders, read as one configuration."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import pytest
from tests.fakes.configuration import ACME_ENVIRONMENT, acme, complaints, write

from actas.settings import sources
from actas.settings.faults import ConfigurationFaults
from actas.settings.files import Unreadable, read_file
from actas.settings.load import Loaded, load
from actas.settings.sources import Source, Written
from actas.settings.yaml import Items, Section

SERVER = 'version: 1\nserver: { issuer: "https://sts.acme.example" }\n'
API = 'apis:\n  - { name: %s, audience: "https://%s.acme.example" }\n'


def load_all(*paths: Path) -> Loaded:
    return load(paths, dev=False, environ=ACME_ENVIRONMENT, pepper=None)


def faults_of(folder: Path, *paths: Path) -> list[str]:
    with pytest.raises(ConfigurationFaults) as caught:
        load_all(*paths)
    return [
        str(fault).replace(f"{folder}/", "").replace(str(folder), "FOLDER") for fault in caught.value.faults
    ]


def test_kinds_merge_over_files_and_folders(tmp_path: Path) -> None:
    folder = tmp_path / "conf.d"
    folder.mkdir()
    one = write(tmp_path, SERVER)
    write(folder, API % ("orders", "orders"), file="20-orders.yaml")
    write(folder, "version: 1\n" + API % ("inventory", "inventory"), file="10-inventory.yaml")
    (folder / "notes.txt").write_text("not: [configuration", encoding="utf-8")
    (folder / ".hidden.yaml").write_text("not: [configuration", encoding="utf-8")
    definitions = load_all(one, folder).definitions
    assert list(definitions.apis) == ["inventory", "orders"]
    assert definitions.places["apis"]["orders"] == f"{folder}/20-orders.yaml:2"


@pytest.mark.requirement("REL-30")
def test_a_name_given_twice_names_both_places(tmp_path: Path) -> None:
    one = write(tmp_path, SERVER + API % ("orders", "orders"), file="a.yaml")
    two = write(tmp_path, "# two\n" + API % ("orders", "other"), file="b.yaml")
    assert faults_of(tmp_path, one, two) == [
        'b.yaml:3: apis[0].name: the api "orders" is already defined at a.yaml:4'
    ]


def test_a_file_that_fails_while_it_is_read_is_a_fault() -> None:
    with pytest.raises(Unreadable, match="cannot be read"):
        read_file(Path("/proc/self/mem"), most=100)


@pytest.mark.requirement("REL-30")
def test_a_section_is_written_in_one_place(tmp_path: Path) -> None:
    one = write(tmp_path, SERVER, file="a.yaml")
    two = write(tmp_path, "limits: { in_flight: 5 }\n" + SERVER, file="b.yaml")
    assert faults_of(tmp_path, one, two) == [
        "b.yaml:3: server: is also written at a.yaml:2; keep it in one place"
    ]


@pytest.mark.requirement("REL-30")
@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("server: { issuer: https://a.example }", "actas.yaml: version: is required; write version: 1"),
        (
            "version: 2\nserver: { issuer: https://a.example }",
            "actas.yaml:1: version: must be 1, the only version there is",
        ),
        (
            'version: "1"\nserver: { issuer: https://a.example }',
            "actas.yaml:1: version: must be 1, the only version there is",
        ),
        (
            "version: true\nserver: { issuer: https://a.example }",
            "actas.yaml:1: version: must be 1, the only version there is",
        ),
        ("version: 1", "actas.yaml: server: is required"),
        ("version: 1\nserver: x", "actas.yaml:2: server: must be a mapping"),
        ("version: 1\nserver: {}", "actas.yaml:2: server: is empty; give it a field, or leave it out"),
        (
            "version: 1\nserver: { issuer: https://a.example }\nclients: { a: b }",
            "actas.yaml:3: clients: must be a list; begin each item with '- name: …'",
        ),
        (
            "version: 1\nserver: { issuer: https://a.example }\nrules: []",
            "actas.yaml:3: rules: is empty; give it an item, or leave it out",
        ),
        (
            "version: 1\nserver: { issuer: https://a.example }\nclient: []",
            'actas.yaml:3: client: there is no section "client"; did you mean "clients"?',
        ),
        (
            "version: 1\nserver: { issuer: https://a.example }\nzebra: []",
            'actas.yaml:3: zebra: there is no section "zebra"',
        ),
        (
            "version: 1\nserver: { issuer: https://a.example }\nvault: {}",
            "actas.yaml:3: vault: is not part of this release; remove the section",
        ),
        (
            "version: 1\nserver: { issuer: https://a.example }\nvault: { a: b }",
            "actas.yaml:3: vault: is not part of this release; remove the section",
        ),
    ],
)
def test_an_unclear_top_of_a_file_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    assert complaint in complaints(tmp_path, text)


@pytest.mark.requirement("REL-30")
def test_a_file_that_is_not_there_or_not_a_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "empty").mkdir()
    assert faults_of(tmp_path, tmp_path / "absent.yaml") == ["absent.yaml: there is no such file"]
    assert faults_of(tmp_path, tmp_path / "pipe.yaml") == ["pipe.yaml: is not a regular file"]
    assert faults_of(tmp_path, tmp_path / "empty") == ["empty: there is no *.yaml file in this folder"]
    assert faults_of(tmp_path) == ["actas.yaml: no file was given"]


def test_a_folder_that_cannot_be_listed_and_too_many_files_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, SERVER)
    monkeypatch.setattr(sources, "_MAX_FILES", 2)
    assert faults_of(tmp_path, path, path, path) == ["actas.yaml: there are more than 2 files"]

    def refuse(_self: Path) -> NoReturn:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert faults_of(tmp_path, tmp_path) == ["FOLDER: cannot be read: Permission denied"]


def test_a_path_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    (complaint,) = faults_of(tmp_path, tmp_path / "loop.yaml")
    assert complaint.startswith("loop.yaml: cannot be read: ")
    with pytest.raises(Unreadable, match="cannot be read: embedded null byte"):
        read_file(Path("a\0b"), most=10)
    with pytest.raises(Unreadable, match="is larger than 10 bytes"):
        read_file(write(tmp_path, SERVER), most=10)


@pytest.mark.requirement("SEC-02")
def test_a_file_of_a_folder_that_would_be_passed_over_is_refused(tmp_path: Path) -> None:
    write(tmp_path, SERVER)
    write(tmp_path, "rules: []", file="denies.yml")
    assert faults_of(tmp_path, tmp_path) == ["denies.yml: is not read; its name must end in .yaml"]


@pytest.mark.requirement("REL-30")
def test_a_half_written_file_says_nothing_about_names_it_would_define(tmp_path: Path) -> None:
    tree = acme()
    clients = {"clients": tree.pop("clients")}
    whole = write(tmp_path, tree)
    half = write(tmp_path, str(clients)[: len(str(clients)) // 2], file="clients.yaml")
    found = faults_of(tmp_path, whole, half)
    assert len(found) == 1
    assert found[0].startswith("clients.yaml:1: is not YAML: ")


def test_a_fault_of_the_reader_is_not_reported_again_by_the_form(tmp_path: Path) -> None:
    text = SERVER + "clients:\n  - name: web\n    kind:\n    auth: { method: none }\n    disabled: yes\n"
    assert [one.split(": ")[1] for one in complaints(tmp_path, text)] == [
        "clients[0].kind",
        "clients[0].disabled",
    ]


def test_the_place_of_something_that_is_not_there_is_the_nearest_that_is() -> None:
    tree = Section(3)
    tree.add("name", "web", 3)
    tree.add("list", Items(4), 4)
    written = Written(source=Source("a.yaml", Path()), path="clients[0]", line=3, value=tree)
    assert (
        str(written.fault(("auth", "secret"), "is required"))
        == "a.yaml:3: clients[0].auth.secret: is required"
    )
    assert str(written.fault(("list", 2), "is missing")) == "a.yaml:4: clients[0].list[2]: is missing"
    assert written.place == "a.yaml:3"
