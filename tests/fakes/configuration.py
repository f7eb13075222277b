"""Configurations for tests: the sample company, changed in one place and loaded."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from actas.settings.faults import ConfigurationFaults
from actas.settings.load import ExtraCheck, Loaded, load

Tree = dict[str, Any]
Change = Callable[[Tree], object]

ACME: Final = Path(__file__).parent.parent / "vectors" / "acme.yaml"

ACME_ENVIRONMENT: Final = {
    "PARTNER_GATEWAY_SECRET": "6f1e0c9a7d3b52848b6f1e0c9a7d3b52",
    "DESK_APP_SECRET": "a4c8e2079b1d6f35a4c8e2079b1d6f35",
    "DESK_APP_NEXT_SECRET": "0b9d7f5e3c1a28460b9d7f5e3c1a2846",
}
"""The secrets that the sample refers to."""

PEPPER: Final = bytes(range(32))


def acme() -> dict[str, Any]:
    """Return the sample as a tree that a test may change."""
    return copy.deepcopy(_acme())


@cache
def _acme() -> dict[str, Any]:
    tree: dict[str, Any] = yaml.safe_load(ACME.read_text(encoding="utf-8"))
    return tree


def named(tree: Mapping[str, Any], section: str, name: str) -> dict[str, Any]:
    """Return one named thing of a tree."""
    found: dict[str, Any] = next(item for item in tree[section] if item["name"] == name)
    return found


def alter(tree: Tree, section: str, name: str, fields: Mapping[str, object]) -> None:
    """Give one named thing of a tree other fields; None takes one away."""
    item = named(tree, section, name)
    for field, value in fields.items():
        if value is None:
            item.pop(field, None)
        else:
            item[field] = value


def write(folder: Path, configuration: str | Mapping[str, Any], *, file: str = "actas.yaml") -> Path:
    """Write a configuration, and the keys of the sample beside it. A tree is written as JSON, which is YAML."""
    shutil.copytree(ACME.parent / "acme", folder / "acme", dirs_exist_ok=True)
    text = configuration if isinstance(configuration, str) else json.dumps(configuration, indent=1)
    path = folder / file
    path.write_text(text, encoding="utf-8")
    return path


def loaded(
    folder: Path,
    configuration: str | Mapping[str, Any],
    *,
    dev: bool = False,
    environ: Mapping[str, str] = ACME_ENVIRONMENT,
    pepper: bytes | None = PEPPER,
    extra_checks: tuple[ExtraCheck, ...] = (),
) -> Loaded:
    """Write a configuration and load it."""
    path = write(folder, configuration)
    return load([path], dev=dev, environ=environ, pepper=pepper, extra_checks=extra_checks)


def complaints(
    folder: Path,
    configuration: str | Mapping[str, Any],
    *,
    dev: bool = False,
    environ: Mapping[str, str] = ACME_ENVIRONMENT,
) -> list[str]:
    """Write a configuration and return its errors as they are printed, without the folder."""
    try:
        loaded(folder, configuration, dev=dev, environ=environ)
    except ConfigurationFaults as exc:
        return [str(fault).replace(f"{folder}/", "") for fault in exc.errors]
    return []


def sentences(folder: Path, configuration: str | Mapping[str, Any], **how: Any) -> list[str]:
    """Like ``complaints``, without file and line: for trees, whose lines mean nothing."""
    return [one.partition(": ")[2] for one in complaints(folder, configuration, **how)]
