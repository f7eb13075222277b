"""Which SQLite the log trusts."""

from __future__ import annotations

import apsw
import pytest

from actas.store.audit_sqlite import UnsoundSqlite, line_of, number, require_sound_sqlite, text


def test_the_sqlite_in_use_is_sound() -> None:
    require_sound_sqlite()


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2", "3.7.17"])
def test_an_unsound_sqlite_is_refused_by_name(version: str) -> None:
    with pytest.raises(UnsoundSqlite, match=rf"SQLite {version} .* 3\.51\.3 or later"):
        require_sound_sqlite(version, ["ENABLE_CARRAY"])


@pytest.mark.parametrize("version", ["3.51.3", "3.52.0", "4.0.0"])
def test_a_later_one_is_accepted(version: str) -> None:
    require_sound_sqlite(version, ["ENABLE_CARRAY"])


def test_a_build_that_cannot_take_a_batch_is_refused() -> None:
    with pytest.raises(UnsoundSqlite, match="carray"):
        require_sound_sqlite("3.51.3", [])


def test_a_column_of_another_type_is_damage() -> None:
    for read in (number, text):
        with pytest.raises(apsw.CorruptError):
            read(None)
    assert (number(1), text("a")) == (1, "a")


def test_a_line_of_another_type_is_read_as_far_as_it_goes() -> None:
    assert [line_of(b"a"), line_of("é\ud800"), line_of(None), line_of(5)] == [
        b"a",
        b"\xc3\xa9\xed\xa0\x80",
        b"",
        b"",
    ]
