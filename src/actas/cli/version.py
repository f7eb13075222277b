"""``actas version``: which version this is, and with ``-v`` what it runs on."""

from __future__ import annotations

import platform

import click

from actas import __version__
from actas.cli.output import Answer
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.core.ports import Json


@make(
    examples=(
        ("the version, for a bug report", "actas version -v"),
        ("the version, for a script", "actas version -o name"),
    ),
    dry_run="harmless",
)
@click.pass_obj
def command(run: Run) -> None:
    """Say which version this is.

    With -v also the versions of Python and of the two SQLite libraries in use.
    """
    body: dict[str, Json] = {"version": __version__, "python": platform.python_version()}
    lines = [f"actas {__version__}"]
    if run.options.verbose:
        sqlite = _sqlite_versions()
        body["sqlite"] = dict(sqlite)
        lines.append(f"Python {platform.python_version()}")
        lines += [f"SQLite {version} ({what})" for what, version in sqlite.items()]
    run.out.answer(Answer(kind="actas/Version", body=body, name=__version__, lines=lines))


def _sqlite_versions() -> dict[str, str]:
    """Return the version of each SQLite library: Python's own, and the one the audit log is written by."""
    import sqlite3

    import apsw

    return {"python": sqlite3.sqlite_version, "apsw": apsw.sqlite_lib_version()}
