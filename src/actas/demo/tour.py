"""The tour, in order: found the company, start its programs, play the scenes, prove the log, stay, stop.

What happens is told to a ``Guide``, who has words and drawings for it; the tour itself prints nothing.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final, Protocol

from actas.demo.company import Company, folder_for, found, template
from actas.demo.processes import HeldPorts, Processes
from actas.demo.programs import programs_elsewhere, programs_of
from actas.demo.shown import Shown
from actas.demo.tickets_company import AUTH_TICKETS, found_elsewhere, template_elsewhere, tickets_of

if TYPE_CHECKING:
    from actas.demo.minutes import Proof
    from actas.demo.scenes import Scene
    from actas.demo.stage import Kept, Stage

RENEW_EVERY: Final = 120.0
"""Seconds after which the tokens of the scenes are renewed; they live five minutes."""

_LOOK_EVERY: Final = 0.2


class Asked(BaseException):
    """Somebody asked the tour to stop, by a signal other than Ctrl-C."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What kind of tour it is.

    Attributes:
        port: the first of as many ports in a row as are needed; None takes free ones.
        keep: where to keep the folder; None deletes it at the end.
        scene: the number of the only scene to tell; None tells all.
        stay: whether everything keeps running after the scenes, until it is asked to stop.
        configuration: of the server, with the ports left open; the company's own when left out.
        elsewhere: of the other company's server, likewise.
    """

    port: int | None
    keep: Path | None = None
    scene: int | None = None
    stay: bool = True
    configuration: str = field(default_factory=template)
    elsewhere: str = field(default_factory=template_elsewhere)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A scene as it was told.

    Attributes:
        shown: None when it could not be played to its end.
        differences: how it differs from what it must show; empty when it does not.
    """

    scene: Scene
    shown: Shown | None
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of a tour.

    Attributes:
        processes: the process id of each program.
        proof: of the company's log.
        elsewhere: of the other company's.
    """

    company: Company
    processes: dict[str, int]
    scenes: tuple[Told, ...]
    proof: Proof
    elsewhere: Proof

    @property
    def differences(self) -> tuple[str, ...]:
        """Everything that is not as it must be, a sentence each."""
        found = [
            f"scene {told.scene.number}: {difference}"
            for told in self.scenes
            for difference in told.differences
        ]
        for proof, log in (
            (self.proof, "the audit log"),
            (self.elsewhere, f"the audit log of {AUTH_TICKETS}"),
        ):
            found += [f"{log}: {problem}" for problem in proof.problems]
            found += [] if proof.sealed else [f"{log}: its end is not sealed"]
        return tuple(found)


class Guide(Protocol):
    """Tells people about a tour. It is called in this order."""

    def welcome(self, company: Company) -> None:
        """Both companies were written down; their programs are starting."""
        ...

    def scene(self, told: Told) -> None:
        """A scene was played."""
        ...

    def keep(self, token: Kept) -> None:
        """A token is there to be taken apart, in place of an earlier one of its name."""
        ...

    def end(self, report: Report) -> None:
        """All scenes were played, and both logs were verified."""
        ...


def tour(plan: Plan, guide: Guide) -> Report:
    """Give a tour. Every program has ended when this returns or raises.

    Raises:
        FolderInUse: the folder to keep is not for a demo.
        PortTaken: something else has a port that is needed.
        ProgramEnded: a program ended though nobody asked it to.
        NoMinutes: the audit log could not be read or sealed.
        Asked: it was asked to stop before it was through; after that, asking is how a tour ends.
        KeyboardInterrupt: likewise.
    """
    with _asking() as asked, folder_for(plan.keep) as folder:
        held = HeldPorts(plan.port)
        try:
            company = found(folder, held.ports, configuration=plan.configuration)
            tickets = found_elsewhere(company, configuration=plan.elsewhere)
            programs, others = programs_of(company), programs_elsewhere(tickets)
            with Processes(folder=folder, logs=company.logs) as running:
                for program in (*programs, *others):
                    running.start(program)
                guide.welcome(company)
                ready = _Ready(
                    here=partial(running.wait_ready, programs), there=partial(running.wait_ready, others)
                )
                report = _play(plan, guide, company, running, ready, asked=asked)
        finally:
            held.release()
    return report


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """Waits until the programs answer: the company's, and the other company's, which are needed later."""

    here: Callable[[], None]
    there: Callable[[], None]


def _play(
    plan: Plan,
    guide: Guide,
    company: Company,
    running: Processes,
    ready: _Ready,
    *,
    asked: Collection[int],
) -> Report:
    # These load most of the server's library: while the programs start, that costs no time.
    from actas.demo.minutes import prove
    from actas.demo.scenes import SCENES
    from actas.demo.stage import Stage

    ready.here()
    stage = Stage(company)
    try:
        scenes: list[Told] = []
        for scene in SCENES:
            wanted = plan.scene in (None, scene.number)
            if wanted or scene.number == 1:  # the others need the token that it gives
                if scene.elsewhere:
                    ready.there()
                told = _told(scene, stage, running)
                if wanted:
                    scenes.append(told)
                    guide.scene(told)
        for token in stage.kept.values():
            guide.keep(token)
        ready.there()
        report = Report(
            company=company,
            processes=running.ids,
            scenes=tuple(scenes),
            proof=prove(company),
            elsewhere=prove(tickets_of(company)),
        )
        if not plan.stay:
            guide.end(report)
            return report
        with contextlib.suppress(KeyboardInterrupt, Asked):
            guide.end(report)
            _stay(stage, guide, running, asked)
    finally:
        stage.close()
    return report


def _told(scene: Scene, stage: Stage, running: Processes) -> Told:
    from actas.demo.scenes import SceneFailed, played

    try:
        shown = played(scene, stage)
    except SceneFailed as failed:
        running.check()  # when a program ended, that is the news
        return Told(scene=scene, shown=None, differences=(f"it could not be played: {failed}",))
    return Told(scene=scene, shown=shown, differences=scene.must.differences(shown))


def _stay(stage: Stage, guide: Guide, running: Processes, asked: Collection[int]) -> None:
    """Keep everything running, and the tokens alive, until somebody asks to stop.

    Args:
        asked: the signals that asked. What a signal raises is lost when it comes while something is being
            cleared away, so it is looked for here too.
    """
    from actas.demo.scenes import SceneFailed, renew

    due = time.monotonic() + RENEW_EVERY
    while not asked:
        time.sleep(_LOOK_EVERY)
        running.check()
        if time.monotonic() < due:
            continue
        due = time.monotonic() + RENEW_EVERY
        # Whoever plays with the rules may make it fail; the next time is soon.
        with contextlib.suppress(SceneFailed):
            renew(stage)
        for token in stage.kept.values():
            guide.keep(token)


@contextlib.contextmanager
def _asking() -> Generator[Collection[int]]:
    """Turn the signals that ask a program to stop into an exception, so that everything is ended in order.

    Yields those that came.
    """
    asked: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def stop(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        raise KeyboardInterrupt if number == signal.SIGINT else Asked

    every = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    heard = [one for one in every if signal.getsignal(one) != signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in heard}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
