"""The package: its names, and what importing it brings along."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points, requires
from pathlib import Path

import pytest

import actas_sdk
from actas_sdk import sync

SOURCES = sorted(Path(actas_sdk.__file__).parent.glob("*.py"))


def test_the_blocking_module_has_the_same_names() -> None:
    assert sync.__all__ == actas_sdk.__all__ == sorted(actas_sdk.__all__, key=str.casefold)
    for name in actas_sdk.__all__:
        same = getattr(sync, name) is getattr(actas_sdk, name)
        assert same is (name not in {"Actas", "Verifier"})


@pytest.mark.parametrize("name", ["Actas", "Verifier"])
def test_both_clients_have_the_same_methods(name: str) -> None:
    def public(module: object) -> set[str]:
        found = {each for each in dir(getattr(module, name)) if not each.startswith("_")}
        return {"close" if each == "aclose" else each for each in found}

    assert public(actas_sdk) == public(sync)


def test_importing_it_brings_no_framework_and_no_server() -> None:
    code = (
        "import sys, actas_sdk, actas_sdk.sync; "
        "print([m for m in ('fastapi', 'starlette', 'pytest', 'actas', 'pydantic') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603

    assert said.stdout.strip() == "[]"


def test_it_works_where_httpx_is_not_installed_or_means_httpx2() -> None:
    for before in ("sys.modules['httpx'] = None", "import httpx2; httpx2.alias_httpx()"):
        code = f"import sys; {before}; import actas_sdk.auth as a, httpx2; print(a.ActingFor.__mro__[2] is httpx2.Auth)"
        said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603

        assert said.stdout.strip() == "True"


def test_no_module_of_it_imports_the_server() -> None:
    for source in SOURCES:
        assert "from actas." not in source.read_text(), source.name


def test_it_depends_on_an_http_client_and_a_jose_library_alone() -> None:
    needed = {each.split(">")[0] for each in requires("actas-sdk") or () if "extra" not in each}

    assert needed == {"httpx2", "joserfc"}


def test_the_fixture_is_installed_as_a_plugin() -> None:
    assert any(each.value == "actas_sdk.testing" for each in entry_points(group="pytest11"))


def test_it_says_that_it_is_typed() -> None:
    assert (Path(actas_sdk.__file__).parent / "py.typed").exists()
