"""``actas demo``: the guided tour, on this computer alone."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from actas.cli.exits import Exit, Failure, misused
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.demo.shown import SCENES_BY_NAME

if TYPE_CHECKING:
    from actas.demo.processes import ProgramEnded
    from actas.demo.tour import Plan, Report

PORT: Final = 8693
_PORTS: Final = 7
_SCENES: Final = (*(str(number) for number, _ in enumerate(SCENES_BY_NAME, start=1)), *SCENES_BY_NAME)
_NEEDED: Final = ("actas_sdk", "fastapi")


@make(
    examples=(
        ("the tour, and then everything keeps running to be tried", "actas demo"),
        ("play every scene and exit: 0, or 1 if one does not show what it must", "actas demo --script"),
    ),
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_536 - _PORTS),
    metavar="N",
    help=f"First of {_PORTS} ports in a row; 0 takes free ones.  [{PORT}, or free ones with --script]",
)
@click.option(
    "--keep", metavar="DIR", help="Keep everything in DIR; the log of an earlier demo there goes on."
)
@click.option(
    "--scene",
    type=click.Choice(_SCENES),
    metavar="SCENE",
    help=f"Only this scene, by its number or its name: {', '.join(SCENES_BY_NAME)}.",
)
@click.option("--script", is_flag=True, help="Exit after the scenes: 1 if one does not show what it must.")
@click.option("--fast", is_flag=True, help="No pauses for reading.")
@click.pass_obj
def command(
    run: Run, *, port: int | None, keep: str | None, scene: str | None, script: bool, fast: bool
) -> None:
    """Take the guided tour on this computer.

    It founds a small company in a temporary folder: an identity provider, this server and two services, and
    another company with a server of its own, each a process. A person's token becomes an agent's and then a
    service's, over real HTTP; one request is refused and says why; the agent reaches the other company's API
    with a grant; somebody signs in, and a colleague looks in as her until she ends it; both audit logs prove
    it. Then everything keeps running until Ctrl-C.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise Failure(
            f"the demo needs {' and '.join(missing)}, which this installation lacks",
            code="not_installed",
            exit=Exit.UNFINISHED,
            hint="pip install 'actas[demo]'",
        )
    from actas.demo.tour import Plan

    first = (0 if script else PORT) if port is None else port
    plan = Plan(
        port=first or None,
        keep=None if keep is None else Path(keep),
        scene=None if scene is None else _SCENES.index(scene) % len(SCENES_BY_NAME) + 1,
        stay=not script,
    )
    give(run, plan, slowly=run.out.terminal and not (fast or script))


def give(run: Run, plan: Plan, *, slowly: bool) -> None:
    """Give a tour and judge it.

    Raises:
        Failure: it showed something else than it must (exit 1), or could not be given (exit 2 or 4).
    """
    from actas.cli.guide import Teller
    from actas.demo.company import FolderInUse
    from actas.demo.processes import PortTaken, ProgramEnded
    from actas.demo.shown import NoMinutes
    from actas.demo.tour import Asked, tour

    guide = Teller(run, kept=plan.keep is not None, stay=plan.stay, slowly=slowly)
    try:
        report = tour(plan, guide)
    except FolderInUse as wrong:
        raise misused(str(wrong), hint=wrong.remedy) from wrong
    except PortTaken as taken:
        raise _taken(taken.port, str(taken), plan) from taken
    except ProgramEnded as ended:
        raise _ended(run, ended) from ended
    except NoMinutes as problem:
        raise Failure(str(problem), code="audit", exit=Exit.UNFINISHED) from problem
    except Asked:
        raise Failure("Stopped before the end.", code="stopped", exit=Exit.INTERRUPTED) from None
    if plan.stay:
        run.out.talk()
        kept = f"Everything is kept in {report.company.folder}." if plan.keep else "Everything was deleted."
        run.out.talk(f"Stopped. {kept}")
    _judge(report)


def _judge(report: Report) -> None:
    if report.differences:
        raise Failure(
            "The demo did not show what it must.\n" + "\n".join(report.differences),
            code="differs",
            exit=Exit.NO,
            more={"differences": [*report.differences]},
        )


def _taken(port: int, message: str, plan: Plan) -> Failure:
    first = (plan.port or PORT) + 100
    if first > 65_536 - _PORTS:
        first = PORT
    return Failure(
        message,
        code="port_taken",
        exit=Exit.UNFINISHED,
        hint=(
            f'actas demo --port {first}, or make demo ARGS="--port {first}", '
            f"takes {first} to {first + _PORTS - 1}"
        ),
        more={"port": port},
    )


def _ended(run: Run, ended: ProgramEnded) -> Failure:
    if not run.out.structured:
        run.out.aside()
        for line in ended.last_lines:
            run.out.aside(f"  {ended.log.stem}: {line}")
    return Failure(
        str(ended),
        code="program_ended",
        exit=Exit.UNFINISHED,
        hint="the lines above are the last that it wrote" if ended.last_lines else None,
        more={"last_lines": [*ended.last_lines]},
    )
