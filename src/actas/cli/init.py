"""``actas init``: write a starter configuration. It asks nothing and overwrites nothing."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import click

from actas.cli.exits import Exit, Failure, misused
from actas.cli.output import Answer, Line
from actas.cli.run import Run
from actas.cli.starter import CLIENT, ENVELOPE, IGNORED, SECRET, Place, Starter
from actas.cli.tree import command as make
from actas.cli.wording import listed

CONFIGURATION: Final = "actas.yaml"
SCHEMA: Final = "actas.schema.json"
GITIGNORE: Final = ".gitignore"

State = Literal["written", "replaced", "extended", "kept"]


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file, and what becomes of it.

    Attributes:
        name: in the folder.
        content: what it will hold; None for one that is kept or that makes its own.
    """

    name: str
    state: State
    content: str | None = None


@make(
    examples=(
        ("a server on this computer", "actas init shop"),
        ("one for a cluster", "actas init deploy --for kubernetes --issuer https://sts.acme.example"),
    ),
    dry_run="rehearses",
)
@click.argument("folder", metavar="[DIR]", default=".")
@click.option(
    "--for",
    "place",
    type=click.Choice(("laptop", "container", "kubernetes")),
    default="laptop",
    help="Where it will run: decides addresses, the data folder, and how secrets are found; laptop.",
)
@click.option("--issuer", metavar="URL", help="The public address of the server; http://127.0.0.1:8693.")
@click.option("--force", is_flag=True, help="Overwrite what is there, except keys and secrets.")
@click.pass_obj
def command(run: Run, /, folder: str, *, place: Place, issuer: str | None, force: bool) -> None:
    """Write a starter configuration.

    It is valid and small, and each of its lines is the answer to a question. Nothing is asked. With
    --dry-run, what would be written is shown.

    Exits 0, 2 when a file is there already, 4 when one cannot be written.
    """
    starter = Starter(place=place, chosen=None if issuer is None else _checked(place, issuer))
    where = Path(folder)
    try:
        files = _planned(where, starter, force=force)
        if not run.options.dry_run:
            where.mkdir(parents=True, exist_ok=True)
            for file in files:
                _make(where, file)
    except OSError as problem:
        message = f"{problem.filename or where}: {problem.strerror or problem}"
        raise Failure(message, code="io", exit=Exit.UNFINISHED) from problem
    run.out.answer(
        Answer(
            kind="actas/Init",
            body={
                "folder": folder,
                "files": [{"name": file.name, "state": file.state} for file in files],
                "issuer": starter.issuer,
                "client": CLIENT,
                "written": not run.options.dry_run,
                "next": [*starter.steps()],
            },
            name=str(where / CONFIGURATION),
            lines=_lines(where, files, starter, rehearsed=run.options.dry_run),
        )
    )


def _checked(place: Place, issuer: str) -> str:
    """Return an issuer that a configuration may name.

    Raises:
        Failure: it may not (exit 2).
    """
    from pydantic_core import PydanticCustomError

    from actas.settings.addresses import HttpsUrl

    try:
        HttpsUrl(slash=False).read(issuer)
    except PydanticCustomError as wrong:
        raise misused(f"--issuer {wrong.message()}") from None
    if place != "laptop" and not issuer.startswith("https://"):
        raise misused(f"--issuer must be https for a {place}: http is for this computer only")
    return issuer


def _planned(where: Path, starter: Starter, *, force: bool) -> tuple[File, ...]:
    """Return every file in the order in which they are made: what names the others comes last.

    Raises:
        Failure: something is there already (exit 2).
    """
    import json

    from actas.settings.schema_json import json_schema

    there = {name for name in (CONFIGURATION, SCHEMA, ENVELOPE, SECRET) if os.path.lexists(where / name)}
    taken = [str(where / name) for name in (CONFIGURATION, SCHEMA) if name in there]
    if taken and not force:
        verb = "is" if len(taken) == 1 else "are"
        raise misused(
            f"{listed(taken)} {verb} there already; nothing was changed",
            hint="--force overwrites, except keys and secrets",
        )
    texts = {SCHEMA: json.dumps(json_schema(), indent=2) + "\n", CONFIGURATION: starter.text()}
    return (
        # Whatever was sealed under a key, or is known by a secret, would be lost with it: even by force.
        *(File(name=name, state="kept" if name in there else "written") for name in (ENVELOPE, SECRET)),
        _ignoring(where / GITIGNORE),
        *(
            File(name=name, state="replaced" if name in there else "written", content=text)
            for name, text in texts.items()
        ),
    )


def _ignoring(path: Path) -> File:
    """Return the list of what belongs into no repository; one that is there keeps what it says."""
    known = path.read_text(encoding="utf-8") if path.exists() else ""
    missing = [one for one in IGNORED if one not in known.splitlines()]
    if not missing:
        return File(name=GITIGNORE, state="kept")
    gap = "\n" if known and not known.endswith("\n") else ""
    text = known + gap + "".join(f"{one}\n" for one in missing)
    return File(name=GITIGNORE, state="extended" if known else "written", content=text)


def _make(where: Path, file: File) -> None:
    if file.state == "kept":
        return
    path = where / file.name
    if file.name == ENVELOPE:
        from actas.keys.envelope import create_envelope_key

        create_envelope_key(path)
    elif file.name == SECRET:
        from actas.crypto.passwords import generate_secret

        # Without a line's end, so that it can be taken into a variable or a cluster's secret as it is.
        _write(path, generate_secret(), mode=0o600, replace=False)
    else:
        _write(path, file.content or "", mode=0o644, replace=file.state != "written")


def _write(path: Path, text: str, *, mode: int, replace: bool) -> None:
    """Write a file that is whole or not there, and in place of another only when it may be.

    Raises:
        FileExistsError: there is another, and it may not.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        if replace:
            draft.replace(path)
        else:
            path.hardlink_to(draft)
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()


def _lines(where: Path, files: tuple[File, ...], starter: Starter, *, rehearsed: bool) -> list[Line]:
    length = starter.text().count("\n")
    said = {
        CONFIGURATION: f"{where / CONFIGURATION} ({length} lines, commented)",
        ENVELOPE: f"{ENVELOPE} (yours alone)",
        SECRET: f"{SECRET} (yours alone)",
    }
    order = (CONFIGURATION, SCHEMA, ENVELOPE, SECRET, GITIGNORE)
    by_name = {file.name: file for file in files}
    made = [said.get(name, name) for name in order if by_name[name].state != "kept"]
    kept = [name for name in order if by_name[name].state == "kept"]
    go = "" if where == Path() else f"cd {where}   "
    steps = "   ".join(f"{number} {step}" for number, step in enumerate(starter.steps(), 1))
    lines: list[Line] = [f"{'would write' if rehearsed else 'wrote'} {', '.join(made)}"]
    if kept:
        lines.append(f"{'would keep' if rehearsed else 'kept'} {', '.join(kept)}")
    lines.append(f"next: {go}{steps}")
    then = starter.then()
    if then is not None:
        lines.append(f"then: {then}")
    return lines
