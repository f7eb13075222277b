"""``configuration.md``: every setting, from the forms that read them."""

from __future__ import annotations

from typing import Final

from scripts.pages.fields import Fields
from scripts.pages.markdown import code, page, table

from actas.settings.schema import LISTS, SECTIONS

_ELSEWHERE: Final = {"rules": "rules.md#fields-of-a-rule", "tests": "rules.md#policy-tests"}

INTRODUCTION: Final = """
The configuration is one YAML file, or several that are read as one. `actas serve -c` takes files and
folders (the `*.yaml` files of a folder, in the order of their names); without `-c` it reads the file or
folder that `ACTAS_CONFIG` names, else `./actas.yaml`. A section about the server itself is written in one
place; lists from several files are joined, and a name defined twice is an error.

The file is read strictly. Duplicate keys, unknown keys, anchors, keys that are not text and the words on
which readers of YAML disagree (`yes`, `on`, `010`, `1:30`, dates) are errors, each with its line and what to
write instead. A configuration with an error is refused whole, and every error is told at once (exit code 3).
"""

VALUES: Final = (
    ("name", "`a-z`, `0-9`, `.`, `_` and `-`, beginning with a letter or digit, at most 63 characters"),
    ("text", "at most 255 bytes, compared as a whole; `*` is refused, because nothing here is a pattern"),
    ("duration", "a whole number and a unit: `90s`, `5m`, `24h`, `30d`"),
    ("scope", "printable ASCII without spaces, quotes and backslashes (RFC 6749 section 3.3)"),
    ("https address", "https, host in lower case, no default port; http for this computer with `--dev` only"),
    ("issuer identifier", "an https address, or a plain name; compared character for character"),
    ("path", "a relative one starts at the folder of the file it is written in"),
    ("instant", 'a point in time in UTC, in quotes: `"2026-12-31T00:00:00Z"`'),
    ("`{ env: NAME }`", "the environment variable that holds the secret"),
    (
        "`{ file: PATH }`",
        """for a secret, a file that its owner alone may read; for public keys, a file with one JSON Web Key
        or a JWK set; for certificates, a PEM file or a JWK set with `x5c`. A relative path starts at the
        folder of the file, or at the systemd credentials
        directory""",
    ),
)
"""How each kind of value is written."""

ENVIRONMENT: Final = """
`ACTAS_` and the path of a field, with two underscores for each step, overrides that field:
`ACTAS_SERVER__LISTEN=0.0.0.0:8693` is `server.listen`. This works for {sections}. Lists come from files
only, where they can be reviewed. A variable that looks like an override and is none is an error.
"""

CHANGES: Final = """
`server`, `keys` and `audit` take effect when the server starts. The rest also takes effect on `SIGHUP`: the
files are read again, checked whole, and put in force at once, or not at all. Another `server.issuer` refuses
the whole; other changes in those three sections are left for the next start, and the log says so. Requests in
flight finish on the configuration they began with. Each configuration that takes effect is an entry of the
audit log (`catalog:loaded`) with its digest.
"""

EDITOR: Final = """
The same forms are published as a JSON Schema (draft 2020-12), so that an editor completes and checks the file
from its first line, `# yaml-language-server: $schema=./actas.schema.json`. `actas init` writes the schema
beside the file; after a new release it is written again:

```bash
actas check --schema > actas.schema.json
```
"""


def make() -> str:
    """Return the page."""
    fields = Fields()
    blocks = [INTRODUCTION, "## How values are written", table(("Value", "Is"), VALUES)]
    for name, form in SECTIONS.items():
        blocks += [f"## {name}", fields.meaning(name), fields.table(form.__name__, prefix=f"{name}.")]
    for name, form in LISTS.items():
        blocks += [f"## {name}", fields.meaning(name)]
        if name in _ELSEWHERE:
            blocks.append(f"Their fields are on [a page of their own]({_ELSEWHERE[name]}).")
        else:
            blocks.append(fields.table(form.__name__))
        if name == "clients":
            blocks += _methods(fields)
    sections = ", ".join(code(name) for name in SECTIONS)
    return page(
        "Configuration",
        *blocks,
        "## version",
        fields.meaning("version") + " It is `1`.",
        "## Environment",
        ENVIRONMENT.format(sections=sections),
        "## When a change takes effect",
        CHANGES,
        "## In an editor",
        EDITOR,
    )


def _methods(fields: Fields) -> list[str]:
    blocks: list[str] = []
    for word, form, meaning in fields.variants("ClientForm", "auth"):
        blocks += [f"### auth with `method: {word}`", meaning, fields.table(form, prefix="auth.")]
    return blocks
