"""What is wrong with a configuration, and where. Faults are collected and reported together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        place: ``file:line``, or the environment variable; a file alone when no line is meant.
        path: the place in the document, such as ``clients[3].auth.secret``; empty for the whole file.
        message: a sentence a person can act on. It never holds a secret.
        severity: an error stops the server; a warning is shown.
    """

    place: str
    path: str
    message: str
    severity: Severity = "error"

    def __str__(self) -> str:
        return ": ".join(part for part in (self.place, self.path, self.message) if part)


class ConfigurationFaults(Exception):
    """The configuration cannot be used. Exit code 3 (product design, section 2).

    Args:
        faults: every fault found, errors and warnings, in the order of the files.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))

    @property
    def errors(self) -> tuple[Fault, ...]:
        """The faults that stop the server."""
        return tuple(fault for fault in self.faults if fault.severity == "error")


def together(faults: Iterable[Fault]) -> ConfigurationFaults:
    """Return faults as one failure, in the order of the files."""
    return ConfigurationFaults(sorted(faults, key=_position))


def _position(fault: Fault) -> tuple[str, int]:
    file, _, line = fault.place.rpartition(":")
    return (file, int(line)) if line.isdigit() else (fault.place, 0)
