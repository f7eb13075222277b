"""The envelope key: where it may rest, and what is refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.fakes.sealer import envelope_key

from actas.core.secret import Secret
from actas.crypto.seal import Sealer
from actas.keys.envelope import (
    EnvelopeKeyMissing,
    EnvelopeKeyRefused,
    create_envelope_key,
    load_envelope_key,
)


def written(path: Path, text: str = envelope_key().hex() + "\n", *, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


OURS = Sealer(envelope_key()).key_id


def test_a_key_that_was_made_is_found_again(tmp_path: Path) -> None:
    path = tmp_path / "data" / "envelope.key"
    made = create_envelope_key(path)
    assert load_envelope_key(path).key_id == made.key_id
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert names(path.parent) == ["envelope.key"]


@pytest.mark.requirement("SEC-92")
def test_two_keys_that_are_made_differ_and_none_is_ever_replaced(tmp_path: Path) -> None:
    first = create_envelope_key(tmp_path / "a")
    assert create_envelope_key(tmp_path / "b").key_id != first.key_id
    with pytest.raises(FileExistsError):
        create_envelope_key(tmp_path / "a")
    assert load_envelope_key(tmp_path / "a").key_id == first.key_id
    assert names(tmp_path) == ["a", "b"]


def test_a_link_that_stands_in_the_way_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "envelope.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        create_envelope_key(tmp_path / "envelope.key")
    assert not (tmp_path / "elsewhere").exists()


def test_the_mode_does_not_depend_on_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        create_envelope_key(tmp_path / "envelope.key")
    finally:
        os.umask(before)
    assert (tmp_path / "envelope.key").stat().st_mode & 0o777 == 0o600


def test_a_key_is_read_from_a_file_and_from_the_environments_text(tmp_path: Path) -> None:
    assert load_envelope_key(written(tmp_path / "k")).key_id == OURS
    assert load_envelope_key(written(tmp_path / "k", mode=0o400)).key_id == OURS
    assert load_envelope_key(Secret(envelope_key().hex())).key_id == OURS


def test_a_missing_file_is_told_apart_from_a_bad_one(tmp_path: Path) -> None:
    for missing in (tmp_path / "none", tmp_path / "no" / "folder"):
        with pytest.raises(EnvelopeKeyMissing, match="there is no envelope key"):
            load_envelope_key(missing)


@pytest.mark.requirement("SEC-92")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o602, 0o610, 0o666])
def test_a_file_that_others_may_use_is_refused_with_its_mode_and_the_remedy(
    tmp_path: Path, mode: int
) -> None:
    path = written(tmp_path / "envelope.key", mode=mode)
    with pytest.raises(EnvelopeKeyRefused) as refused:
        load_envelope_key(path)
    assert f"{mode:04o}" in str(refused.value)
    assert f"chmod 600 {path}" in str(refused.value)
    assert not isinstance(refused.value, EnvelopeKeyMissing)


@pytest.mark.requirement("SEC-17")
@pytest.mark.parametrize("text", ["", "\n", "secret\n", envelope_key().hex()[:-2], "00" * 32, "\udcff" * 43])
def test_a_file_that_holds_no_key_is_refused_without_repeating_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "envelope.key"
    path.write_text(text, errors="surrogateescape")
    path.chmod(0o600)
    with pytest.raises(EnvelopeKeyRefused, match=r"envelope\.key") as refused:
        load_envelope_key(path)
    assert not text.strip() or text.strip() not in str(refused.value)


@pytest.mark.requirement("SEC-17")
def test_a_weak_text_of_the_environment_is_refused() -> None:
    with pytest.raises(EnvelopeKeyRefused, match="environment"):
        load_envelope_key(Secret("00" * 32))


def a_folder(path: Path) -> None:
    path.mkdir()


def a_pipe(path: Path) -> None:
    os.mkfifo(path, 0o600)


def a_loop(path: Path) -> None:
    path.symlink_to(path)


def a_large_file(path: Path) -> None:
    written(path, "0" * 100_000)


def below_a_file(path: Path) -> None:
    written(path.parent / "file")
    path.symlink_to("file/key")


@pytest.mark.parametrize("make", [a_folder, a_pipe, a_loop, a_large_file, below_a_file])
def test_what_is_no_ordinary_file_is_refused_without_waiting(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "envelope.key")
    with pytest.raises(EnvelopeKeyRefused):
        load_envelope_key(tmp_path / "envelope.key")


def test_a_link_is_followed_as_mounted_secrets_are_links(tmp_path: Path) -> None:
    (tmp_path / "..data_1").mkdir()
    written(tmp_path / "..data_1" / "key")
    (tmp_path / "..data").symlink_to("..data_1")
    (tmp_path / "key").symlink_to("..data/key")
    assert load_envelope_key(tmp_path / "key").key_id == OURS
    assert load_envelope_key(tmp_path / "..data_1" / ".." / "key").key_id == OURS


@pytest.mark.requirement("SEC-92")
def test_a_folder_that_everybody_may_write_to_is_refused_on_any_step_of_the_way(tmp_path: Path) -> None:
    public = tmp_path / "public"
    public.mkdir()
    written(public / "key")
    public.chmod(0o777)
    (tmp_path / "to_file").symlink_to(public / "key")
    (tmp_path / "to_folder").symlink_to("public")
    (public / "back").symlink_to(written(tmp_path / "private"))
    for path in (public / "key", tmp_path / "to_file", tmp_path / "to_folder" / "key", public / "back"):
        with pytest.raises(EnvelopeKeyRefused, match="anybody may put") as refused:
            load_envelope_key(path)
        assert "0777" in str(refused.value)


def test_where_only_owners_replace_their_files_our_own_file_is_taken(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    written(shared / "key")
    shared.chmod(0o1777)
    assert load_envelope_key(shared / "key").key_id == OURS


@pytest.mark.requirement("SEC-92")
def test_a_file_that_somebody_else_put_into_a_shared_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    written(shared / "key")
    shared.chmod(0o1777)
    if os.geteuid() == 0:
        os.chown(shared / "key", 4242, 4242)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 4242)
    with pytest.raises(EnvelopeKeyRefused, match="anybody may put"):
        load_envelope_key(shared / "key")
