"""Token arguments: a token is never only a literal on the command line.

``@file``, ``-``, ``env:NAME``, ``@name`` for a saved one, or the text itself, which then is in the shell's
history and in the list of processes: that draws one warning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from actas.cli.exits import misused
from actas.cli.run import Run
from actas.cli.saved import SavedToken, load
from actas.cli.values import typed_path
from actas.core.secret import Secret

LARGEST: Final = 256 * 1024
"""Most characters of a token argument; the protocol's limit is far below."""

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PATH_STARTS: Final = ("/", "./", "../", "~")
_LOOKS_REAL: Final = 20  # characters; a shorter literal is a slip of the fingers rather than a token

TOKEN_HELP: Final = "@name (saved), @file, - (stdin), env:NAME, or the text itself"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenText:
    """What a token argument gave.

    Attributes:
        value: the text, without white space around it.
        source: where it came from, for people.
        saved: what else was kept with it, when it is a saved one.
    """

    value: Secret
    source: str
    saved: SavedToken | None = None


class TokenArguments:
    """Reads the token arguments of one invocation.

    Args:
        run: gives stdin, the environment, the folder of saved tokens and the clock.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._stdin_used = False
        self._warned = False

    def read(self, argument: str, *, flag: str, secret: bool = False) -> TokenText:
        """Return the token that ``argument`` stands for.

        Args:
            argument: as typed.
            flag: what it was given to, for messages.
            secret: it is a client secret, for which any literal draws the warning.

        Raises:
            Failure: there is no such thing, or it is empty or too long (exit 2).
        """
        if argument == "-":
            found = self._from_stdin(flag)
        elif argument.startswith("env:"):
            found = self._from_environment(argument.removeprefix("env:"), flag)
        elif argument.startswith("@"):
            found = self._from_name(argument.removeprefix("@"), flag, secret=secret)
        else:
            found = self._literal(argument, flag, secret=secret)
        if not found.value:
            raise misused(f"{flag}: {found.source} is empty")
        return found

    def _from_stdin(self, flag: str) -> TokenText:
        if self._stdin_used:
            raise misused(f"{flag}: stdin was read already; it holds one token")
        self._stdin_used = True
        return _text(self._run.world.stdin.read(LARGEST + 1), "stdin", flag)

    def _from_environment(self, name: str, flag: str) -> TokenText:
        if _VARIABLE.fullmatch(name) is None:
            raise misused(f"{flag}: {name!r} is not the name of a variable")
        value = self._run.variable(name)
        if value is None:
            raise misused(f"{flag}: the variable {name} is not set")
        return _text(value, f"the variable {name}", flag)

    def _from_name(self, name: str, flag: str, *, secret: bool) -> TokenText:
        """Look for a saved token first: a file that lies about must not stand in for one."""
        path = typed_path(name)
        if not name.startswith(_PATH_STARTS):
            saved = load(self._run.home, name)
            if saved is not None:
                if path.is_file():
                    self._run.out.warn(f"@{name} is the saved token; write @./{name} for the file")
                return TokenText(value=saved.token, source=f"@{name}", saved=saved)
        try:
            with path.open(encoding="utf-8") as file:
                return _text(file.read(LARGEST + 1), name, flag)
        except FileNotFoundError:
            if secret or name.startswith(_PATH_STARTS):
                raise misused(f"{flag}: there is no file {name}") from None
            raise misused(
                f"{flag}: there is no saved token and no file named {name}",
                hint="actas exchange --save NAME saves one",
            ) from None
        except (OSError, UnicodeDecodeError):
            raise misused(f"{flag}: the file {name} cannot be read as text") from None

    def _literal(self, text: str, flag: str, *, secret: bool) -> TokenText:
        if not secret:
            self._catch_slip(text, flag)
        if (secret or _is_live(text, self._run.now)) and not self._warned:
            self._warned = True
            self._run.out.warn(
                f"{flag} was typed out: it is in your shell's history now; @file, - and env:NAME are not"
            )
        return _text(text, "the command line", flag)

    def _catch_slip(self, text: str, flag: str) -> None:
        """Say so when somebody left the ``@`` out, rather than call the name a token."""
        if len(text) > 255 or "\0" in text:
            return
        if load(self._run.home, text) is not None or Path(text).is_file():
            raise misused(f"{flag}: {text!r} is not a token", hint=f"did you mean @{text}?")


def _text(text: str, source: str, flag: str) -> TokenText:
    if len(text) > LARGEST:
        raise misused(f"{flag}: {source} is longer than any token")
    return TokenText(value=Secret(text.strip()), source=source)


def _is_live(text: str, now: float) -> bool:
    """Whether a literal looks like a token that still opens something."""
    from actas.cli.look import look

    if len(text) < _LOOKS_REAL or any(character.isspace() for character in text):
        return False
    expires_at = look(text).claims.get("exp")
    return not (isinstance(expires_at, int | float) and expires_at <= now)
