"""Long work: on a terminal, a line on stderr says what is going on and for how long; elsewhere, nothing.

The work runs in a thread of its own, so that whoever waits can still interrupt it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

from actas.cli.run import Run
from actas.cli.wording import duration

T = TypeVar("T")

PAUSE: Final = 0.5
"""Seconds between two looks; work that takes less is not worth a word."""

_ERASE: Final = "\r\x1b[K"


def busy(run: Run, what: Callable[[], str], job: Callable[[], T], *, pause: float = PAUSE) -> T:
    """Do ``job``, and say meanwhile that it is being done.

    Args:
        what: says what is going on, in words of our own; asked again each time.
        pause: seconds between two looks.

    Raises:
        Exception: whatever the job raises.
    """
    stream = run.world.stderr
    if not stream.isatty() or run.options.quiet or run.world.environ.get("TERM") == "dumb":
        return job()
    done, outcome, failed = threading.Event(), list[T](), list[BaseException]()

    def work() -> None:
        try:
            outcome.append(job())
        except BaseException as problem:  # noqa: BLE001 - raised again where it can be told
            failed.append(problem)
        finally:
            done.set()

    begun = time.monotonic()
    threading.Thread(target=work, name="actas-busy", daemon=True).start()
    said = ""
    try:
        while not done.wait(pause):
            said = f"{_ERASE}{what()}, {duration(time.monotonic() - begun)}"
            stream.write(said)
            stream.flush()
    finally:
        if said:
            stream.write(_ERASE)
            stream.flush()
    if failed:
        raise failed[0]
    return outcome[0]
