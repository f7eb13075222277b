"""Long work: said on a terminal, and nowhere else."""

from __future__ import annotations

import threading

import pytest
from tests.fakes.program import Stream

from actas.cli.busy import busy
from actas.cli.run import Run, World


class Watched(Stream):
    """A terminal that tells when something is written on it."""

    def __init__(self) -> None:
        super().__init__(terminal=True)
        self.written = threading.Event()

    def write(self, text: str) -> int:
        self.written.set()
        return super().write(text)


def run_on(stream: Stream, **environ: str) -> Run:
    return Run(World(stdin=Stream(), stdout=Stream(), stderr=stream, environ=environ))


def test_work_that_takes_long_is_said_and_the_line_is_erased() -> None:
    stream = Watched()

    def job() -> int:
        assert stream.written.wait(60)
        return 7

    assert busy(run_on(stream), lambda: "counting", job, pause=0.001) == 7
    assert stream.getvalue().startswith("\r\x1b[Kcounting, 0 s")
    assert stream.getvalue().endswith("\r\x1b[K")


def test_quick_work_is_not_worth_a_word() -> None:
    stream = Watched()
    assert busy(run_on(stream), lambda: "counting", lambda: 7, pause=60) == 7
    assert stream.getvalue() == ""


def test_what_goes_wrong_goes_wrong_for_whoever_waits() -> None:
    def job() -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        busy(run_on(Watched()), lambda: "counting", job, pause=60)


@pytest.mark.parametrize("why", ["pipe", "quiet", "dumb"])
def test_elsewhere_the_work_is_done_without_a_word(why: str) -> None:
    stream = Watched()
    run = run_on(Stream() if why == "pipe" else stream, **({"TERM": "dumb"} if why == "dumb" else {}))
    run.options.quiet = why == "quiet"
    thread = busy(run, lambda: "counting", threading.current_thread, pause=0.001)
    assert thread is threading.current_thread()
    assert stream.getvalue() == ""
