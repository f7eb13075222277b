"""What stands in the pages holds: links lead somewhere, samples parse, Python runs."""

from __future__ import annotations

import contextlib
import io
import json
import runpy
from pathlib import Path

import pytest
from tests.docs.pages import ROOT, Block, anchors_of, blocks, links_of, pages

from actas.settings import yaml
from actas.settings.load import load
from actas.settings.schema import LISTS, SECTIONS
from actas.settings.yaml import Items, Section


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for target in links_of(page):
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        if not found.exists() or (anchor and found.suffix == ".md" and anchor not in anchors_of(found)):
            broken.append(target)
    assert broken == []


def test_every_decision_has_a_number_of_its_own_and_says_it() -> None:
    found = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [page.name[:4] for page in found]
    assert len(set(numbers)) == len(numbers)
    assert [page.read_text(encoding="utf-8")[:7] for page in found] == [f"# {one} " for one in numbers]


@pytest.mark.parametrize(
    "block", [block for block in blocks("python") if block.said != "write"], ids=lambda block: block.name
)
def test_python_runs(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "ACTAS_ISSUER": "http://127.0.0.1:8693",
        "ACTAS_CLIENT_ID": "orders",
        "ACTAS_CLIENT_SECRET": "a secret of more than thirty-two characters",
    }.items():
        monkeypatch.setenv(name, value)
    sample = tmp_path / "sample.py"
    sample.write_text(block.text, encoding="utf-8")
    with contextlib.redirect_stdout(io.StringIO()):
        left = runpy.run_path(str(sample), run_name="sample")
    assert any(not name.startswith("__") for name in left), "the sample defines and does nothing"


@pytest.mark.parametrize(
    "block", [block for block in blocks("python") if block.said == "file"], ids=lambda block: block.name
)
def test_a_sample_is_its_file(block: Block) -> None:
    assert block.text == (ROOT / block.about).read_text(encoding="utf-8")


@pytest.mark.parametrize("block", blocks("json"), ids=lambda block: block.name)
def test_json_is_json(block: Block) -> None:
    if "…" not in block.text:
        assert isinstance(json.loads(block.text), dict | list)


@pytest.mark.parametrize("block", blocks("yaml"), ids=lambda block: block.name)
def test_yaml_is_what_the_server_reads(block: Block, tmp_path: Path) -> None:
    if block.said == "file":
        _load(block, tmp_path)
        return
    faults: list[str] = []
    tree = yaml.read(block.text.encode(), lambda line, path, message: faults.append(f"{line}: {message}"))
    assert faults == []
    assert isinstance(tree, Section)
    for key, value in tree.items():
        if key in LISTS:
            assert isinstance(value, Items)
            for item in value:
                LISTS[key].model_validate(item)
        elif key in SECTIONS:
            SECTIONS[key].model_validate(value)
        else:
            assert key == "version"


def _load(block: Block, folder: Path) -> None:
    """Read a whole configuration as the server does, with files for the secrets that it names."""
    (folder / block.about).write_text(block.text, encoding="utf-8")
    for name in set(_secrets(yaml.read(block.text.encode(), lambda *_: None))):
        secret = folder / name
        secret.write_text("a secret of more than thirty-two characters\n", encoding="utf-8")
        secret.chmod(0o600)
    assert load([folder / block.about], dev=False, environ={}, pepper=None).warnings == ()


def _secrets(value: object) -> list[str]:
    if isinstance(value, list):
        return [name for one in value for name in _secrets(one)]
    if not isinstance(value, dict):
        return []
    found = [str(value["file"])] if "file" in value and str(value["file"]).endswith(".secret") else []
    return found + [name for one in value.values() for name in _secrets(one)]
