"""What can be wrong with a log: values, each with a sentence.

A finding is a value so that it can be counted, shown, compared and tested; nobody parses its sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Fault = Literal[
    "edited",
    "deleted",
    "inserted",
    "reordered",
    "cut",
    "damaged",
    "forged_checkpoint",
    "missing_checkpoint",
    "rival_checkpoint",
    "regressed_checkpoint",
]

FAULTS: Final[dict[Fault, str]] = {
    "edited": "An entry is not the one that was written.",
    "deleted": "Entries are missing between others, or at the beginning.",
    "inserted": "An entry was put in that was not written there.",
    "reordered": "An entry does not stand where it was written.",
    "cut": "Entries that a checkpoint sealed are missing from the end.",
    "damaged": "Something is not an entry of the log at all.",
    "forged_checkpoint": "A checkpoint was not signed by a key that the verifier was given.",
    "missing_checkpoint": "A checkpoint between others is missing, or does not follow the one before.",
    "rival_checkpoint": "Two checkpoints with one number say different things.",
    "regressed_checkpoint": "A checkpoint seals less than one before it did.",
}
"""Each fault with what it means, for the documentation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        stream: the stream concerned; None for checkpoints and for lines of no stream.
        seq: number of the first entry that cannot be trusted; for checkpoints, the checkpoint's number.
        where: where it was met in what was read, for people.
        sentence: what is wrong, and what changed if it can be told.
    """

    fault: Fault
    stream: str | None
    seq: int
    where: str
    sentence: str
