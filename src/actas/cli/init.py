"""``actas init``: write a starter configuration. It asks nothing and overwrites nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path
from string import Template
from typing import Final, Literal

import click

from actas.cli.exits import Exit, Failure
from actas.cli.output import Answer
from actas.cli.run import Run
from actas.cli.tree import command as make

Place = Literal["laptop", "container", "kubernetes"]

_LISTEN: Final[dict[str, tuple[str, str, str]]] = {
    "laptop": ("127.0.0.1:8693", "127.0.0.1:8694", "./data"),
    "container": ("0.0.0.0:8693", "0.0.0.0:8694", "/var/lib/actas"),
    "kubernetes": ("0.0.0.0:8693", "0.0.0.0:8694", "/var/lib/actas"),
}
_SECRET: Final = "orders.secret"
_TEMPLATE: Final = Path(__file__).with_name("starter.yaml")
_IGNORED: Final = "data/\n*.key\n*.secret\n"


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
    help="Where it will run: decides addresses and the data folder; laptop.",
)
@click.option("--issuer", metavar="URL", help="The public address of the server; http://127.0.0.1:8693.")
@click.option("--force", is_flag=True, help="Overwrite what is there, except keys and secrets.")
@click.pass_obj
def command(run: Run, /, folder: str, *, place: Place, issuer: str | None, force: bool) -> None:
    """Write a starter configuration.

    It is valid and small, and each of its lines is the answer to a question. Nothing is asked.
    """
    from actas.crypto.passwords import generate_secret
    from actas.keys.envelope import create_envelope_key
    from actas.settings.schema_json import json_schema

    where = Path(folder)
    listen, management, data = _LISTEN[place]
    text = Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        issuer=issuer or "http://127.0.0.1:8693", listen=listen, management=management, data=data
    )
    files = {
        "actas.yaml": text,
        "actas.schema.json": json.dumps(json_schema(), indent=2) + "\n",
        ".gitignore": _IGNORED,
    }
    there = [name for name in files if (where / name).exists()]
    if there and not force:
        raise Failure(
            f"{where / there[0]} is there already",
            code="exists",
            exit=Exit.USAGE,
            hint="--force overwrites it",
        )
    if not run.options.dry_run:
        where.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (where / name).write_text(content, encoding="utf-8")
        if not (where / "envelope.key").exists():
            create_envelope_key(where / "envelope.key")
        if not (where / _SECRET).exists():
            _write_private(where / _SECRET, generate_secret() + "\n")
    wrote = [
        f"{where / 'actas.yaml'} ({text.count(chr(10))} lines, commented)",
        "actas.schema.json",
        "envelope.key and orders.secret (yours alone)",
        ".gitignore",
    ]
    dev = " --dev" if issuer is None else ""
    first = "1 trust an issuer   2" if issuer else "1 set server.issuer   2 trust an issuer   3"
    second = 3 if issuer else 4
    go = "" if folder == "." else f"cd {folder}   "
    done = "would write" if run.options.dry_run else "wrote"
    run.out.answer(
        Answer(
            kind="actas/Init",
            body={"folder": str(where), "files": [*files, "envelope.key", _SECRET]},
            name=str(where / "actas.yaml"),
            lines=[
                f"{done} {', '.join(wrote)}",
                f"next: {go}{first} actas check{dev}   {second} actas serve{dev}",
            ],
        )
    )


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
