"""``actas check``: read a configuration exactly as the server does, and run its policy tests."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from actas.cli.amounts import counted
from actas.cli.configuration import (
    DEFAULT,
    configuration_flag,
    dev_flag,
    invalid,
    is_dev,
    paths_of,
    read_draft,
    refusals,
)
from actas.cli.exits import Exit, Failure
from actas.cli.output import Answer, Ink, Line
from actas.cli.repeated import repeated
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.core.ports import Json

if TYPE_CHECKING:
    from actas.admin.policy_tests import TestResult
    from actas.settings.definitions import Definitions
    from actas.settings.load import Draft, Loaded


@make(
    examples=(
        ("this folder's configuration", "actas check"),
        ("in a pipeline, with warnings as errors", "actas check -c deploy/actas.yaml --strict"),
        ("the schema for an editor", "actas check --schema > actas.schema.json"),
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

    Every fault is told with its file and line. Client secrets that are not on this computer draw a warning.
    Where the data folder has a database, the files are also laid over what the console keeps there, as at a
    start; otherwise one line says that this was not looked at. Nothing is changed, and the server may run.

    Exits 0, 1 when a policy test fails, 3 when there are faults.
    """
    if schema:
        _print_schema(run)
        return
    loaded = _load(run, config, dev=is_dev(run, dev=dev), strict=strict)
    results = [] if no_tests else _tested(run, loaded.definitions)
    run.out.answer(_answer(loaded, results, tested=not no_tests, again=run.options.again))
    failed = [result for result in results if result.problems]
    if failed:
        message = f"{counted(len(failed), 'policy test')} {'fails' if len(failed) == 1 else 'fail'}"
        raise Failure(message, code="policy_tests", exit=Exit.NO, told=True)


def _print_schema(run: Run) -> None:
    import json

    from actas.settings.schema_json import json_schema

    run.out.text(json.dumps(json_schema(), indent=2, ensure_ascii=run.out.ascii))


def _load(run: Run, config: Sequence[str], *, dev: bool, strict: bool) -> Loaded:
    """Read and compile a configuration as the server does. Warnings are told.

    Raises:
        Failure: there are faults; every one was told (exit 3).
    """
    from actas.app.compiled import findings
    from actas.app.foundation import place_of
    from actas.settings.faults import ConfigurationFaults
    from actas.store.database import require_readable

    try:
        draft = read_draft(
            run, config, dev=dev, environ=run.world.environ, secrets="required" if strict else "optional"
        )
    except Failure as failure:
        if paths_of(run, config) == (DEFAULT,) and not Path(DEFAULT).exists():
            failure.hint = "actas init writes one"
        raise
    with refusals():
        require_readable(place_of(draft))
        _require_keys(draft)
    try:
        # Without the pepper: nobody authenticates here, and the rest does not differ.
        loaded = draft.compile(pepper=None, extra_checks=[findings])
    except ConfigurationFaults as broken:
        raise invalid(run, broken.faults) from broken
    for warning in loaded.warnings[len(draft.warnings) :]:
        run.out.aside(f"warning: {warning}")
    _lay_over_what_is_kept(run, draft)
    if strict and loaded.warnings:
        message = f"{counted(len(loaded.warnings), 'warning')}, which --strict takes as errors."
        raise Failure(message, code="warnings", exit=Exit.CONFIGURATION)
    return loaded


def _lay_over_what_is_kept(run: Run, draft: Draft) -> None:
    """Return when the files hold together with what the console keeps, or say that this was not looked at.

    Raises:
        Failure: a server would not start like this; every fault was told (exit 3).
    """
    from actas.app.kept_beside import NotLookedAt, beside_what_is_kept, kept_beside
    from actas.core.ports import SystemClock
    from actas.settings.faults import ConfigurationFaults

    clock = SystemClock()
    try:
        beside_what_is_kept(draft, asyncio.run(kept_beside(draft, clock=clock)), clock=clock)
    except NotLookedAt as why:
        run.out.talk(Ink(f"what the console keeps was not looked at: {why}", "dim"))
    except ConfigurationFaults as broken:
        raise invalid(run, broken.faults) from broken


def _require_keys(draft: Draft) -> None:
    """Return when the envelope keys that are at hand are keys; one that is not there is not missed here.

    Raises:
        EnvelopeKeyRefused: one is no key, or not its owner's alone.
    """
    from actas.keys.envelope import EnvelopeKeyMissing, load_envelope_key

    for source in (draft.keys.envelope, draft.keys.previous_envelope):
        where = None if source is None else source.text or source.path
        if where is not None:
            with contextlib.suppress(EnvelopeKeyMissing):
                load_envelope_key(where)


def _tested(run: Run, definitions: Definitions) -> list[TestResult]:
    from actas.app.compiled import catalog_of
    from actas.app.policy_tests import run_policy_tests

    return run_policy_tests(definitions, catalog_of(definitions).policy, at=int(run.now))


def _answer(loaded: Loaded, results: Sequence[TestResult], *, tested: bool, again: str) -> Answer:
    definitions = loaded.definitions
    failed = [result for result in results if result.problems]
    shown = [line for result in failed for line in _failed(result, definitions, again)]
    mark = Ink("✕ ", "bad") if failed else Ink("✓ ", "good")
    shown.append((mark, f"{_things(definitions)} · {_tests(len(results), len(failed), tested=tested)}"))
    tests: list[Json] = [
        {
            "name": one.test.name,
            "place": one.test.place,
            "passed": not one.problems,
            "problems": [*one.problems],
        }
        for one in results
    ]
    body: dict[str, Json] = {
        "valid": True,
        "clients": len(definitions.clients),
        "apis": len(definitions.apis),
        "issuers": len(definitions.issuers),
        "rules": len(definitions.rules),
        "connections": len(definitions.connections) + len(definitions.accepted),
        "warnings": [
            {"place": one.place, "path": one.path, "message": one.message} for one in loaded.warnings
        ],
        "tests": tests,
        "digest": definitions.digest,
    }
    return Answer(kind="actas/Check", body=body, name="failed" if failed else "valid", lines=shown)


def _failed(result: TestResult, definitions: Definitions, again: str) -> Iterator[Line]:
    """Say what a policy test expected and got, and where the rule is that it speaks of."""
    test = result.test
    yield (f"{test.place}: ", Ink("fails", "bad"), f": {test.name}")
    for problem in result.problems:
        yield f"    {problem}"
    for rule in dict.fromkeys(name for name in (test.rule, test.near_miss) if name is not None):
        yield Ink(f"    the rule {rule} is at {definitions.places['rules'][rule]}", "dim")
    speaks = "--subject TOKEN" if test.subject is not None else "--own"
    scope = f' --scope "{" ".join(sorted(test.scope))}"' if test.scope else ""
    apis = " ".join(f"--audience {api}" for api in test.apis)
    for one in definitions.connections:
        if one.name == test.connection:
            apis = f"--for {one.to.grant.replace('_', '-')} --to {one.to.issuer}"
    explained = repeated(f"actas explain --client {test.client} {speaks} {apis}{scope}", again)
    yield Ink(f"    to see why: {explained}", "dim")


def _things(definitions: Definitions) -> str:
    things = [
        counted(len(definitions.clients), "client"),
        counted(len(definitions.apis), "API"),
        counted(len(definitions.issuers), "issuer"),
        counted(len(definitions.rules), "rule"),
    ]
    connections = len(definitions.connections) + len(definitions.accepted)
    if connections:
        things.append(counted(connections, "connection"))
    return ", ".join(things)


def _tests(count: int, failed: int, *, tested: bool) -> str:
    if not tested:
        return "policy tests left out"
    if not count:
        return "no policy tests"
    passed = count - failed
    said = f"{counted(passed, 'policy test')} {'passes' if passed == 1 else 'pass'}"
    return f"{said}, {failed} {'fails' if failed == 1 else 'fail'}" if failed else said
