"""Whatever makes the data folder, or a folder in it, makes it for its owner alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from actas.store.folder import make_private
from actas.store.trouble import DatabaseUnavailable


def test_a_data_folder_that_is_made_on_the_way_is_private_too(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        make_private(tmp_path / "data" / "audit")
    finally:
        os.umask(before)
    for folder in (tmp_path / "data", tmp_path / "data" / "audit"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    make_private(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o750
    tmp_path.chmod(0o777)
    with pytest.raises(DatabaseUnavailable, match="chmod 700"):
        make_private(tmp_path)
