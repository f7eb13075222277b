"""``actas check``: read a configuration exactly as the server does, and run its policy tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from actas.cli.configuration import configuration_flag, dev_flag, invalid, is_dev, read_draft
from actas.cli.exits import Exit, Failure
from actas.cli.output import Answer, Ink, Line
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.core.ports import Json

if TYPE_CHECKING:
    from actas.admin.policy_tests import TestResult
    from actas.settings.definitions import Definitions


@make(
    examples=(
        ("this folder's configuration", "actas check"),
        ("in a pipeline, with warnings as errors", "actas check -c deploy/actas.yaml --strict"),
    ),
    dry_run="harmless",
)
@configuration_flag
@dev_flag
@click.option("--strict", is_flag=True, help="Warnings are errors, and every secret must be there.")
@click.option("--no-tests", is_flag=True, help="Leave the policy tests out.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the configuration instead.")
@click.pass_obj
def command(
    run: Run, /, config: tuple[str, ...], *, dev: bool, strict: bool, no_tests: bool, schema: bool
) -> None:
    """Check a configuration as the server reads it, and run its policy tests.

    Client secrets that are not on this computer draw a warning. Nothing is changed.
    """
    if schema:
        import json

        from actas.settings.schema_json import json_schema

        run.out.text(json.dumps(json_schema(), indent=2))
        return
    from actas.app import findings
    from actas.settings.faults import ConfigurationFaults

    dev = is_dev(run, dev=dev)
    draft = read_draft(
        run, config, dev=dev, environ=run.world.environ, secrets="required" if strict else "optional"
    )
    try:
        loaded = draft.compile(pepper=None, extra_checks=[findings])
    except ConfigurationFaults as broken:
        raise invalid(run, broken.faults) from broken
    if strict and loaded.warnings:
        message = f"{len(loaded.warnings)} warnings, and --strict makes them errors"
        raise Failure(message, code="warnings", exit=Exit.CONFIGURATION)
    results = [] if no_tests else _tested(run, loaded.definitions)
    run.out.answer(_answer(loaded.definitions, results))
    failed = [result for result in results if result.problems]
    if failed:
        raise Failure(f"{len(failed)} policy tests fail", code="policy_tests", exit=Exit.NO, told=True)


def _tested(run: Run, definitions: Definitions) -> list[TestResult]:
    from actas.admin.policy_tests import PolicyTester
    from actas.app import KINDS, catalog_of

    tester = PolicyTester(
        ourselves=definitions.server.issuer,
        clients=definitions.clients,
        apis=definitions.apis,
        issuers=definitions.issuers,
        kinds=KINDS,
        policy=catalog_of(definitions).policy,
        at=int(run.now),
    )
    return [tester.run(test) for test in definitions.tests]


def _answer(definitions: Definitions, results: Sequence[TestResult]) -> Answer:
    counts = ", ".join(
        f"{len(things)} {name}"
        for name, things in (
            ("clients", definitions.clients),
            ("APIs", definitions.apis),
            ("issuers", definitions.issuers),
            ("rules", definitions.rules),
        )
    )
    failed = [result for result in results if result.problems]
    shown: list[Line] = []
    for result in failed:
        shown.append((f"{result.test.place}: ", Ink("fails", "bad"), f"  {result.test.name}"))
        shown += [f"    {problem}" for problem in result.problems]
    passed = len(results) - len(failed)
    tests = f" · {passed} of {len(results)} policy tests pass" if results else " · no policy tests"
    shown.append((Ink("✕ " if failed else "✓ ", "bad" if failed else "good"), f"{counts}{tests}"))
    tested: list[Json] = [
        {"name": one.test.name, "place": one.test.place, "problems": [*one.problems]} for one in results
    ]
    body: dict[str, Json] = {
        "valid": True,
        "clients": len(definitions.clients),
        "apis": len(definitions.apis),
        "issuers": len(definitions.issuers),
        "rules": len(definitions.rules),
        "tests": tested,
        "digest": definitions.digest,
    }
    return Answer(kind="actas/Check", body=body, name="failed" if failed else "valid", lines=shown)
