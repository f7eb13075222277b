"""What ships beside the program works with it: the unit, the image's recipe, the alerts, the dashboard."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from tests.fakes.program import Program
from tests.fakes.server import RealServer

from actas.cli.exits import Exit
from actas.core.metrics import METRICS, PREFIX, Histogram
from actas.web.server import DRAIN

ROOT: Final = Path(__file__).parents[2]
DEPLOY: Final = ROOT / "deploy"
SERIES: Final = {
    PREFIX + metric.name + end: metric
    for metric in METRICS
    for end in (("_bucket", "_count", "_sum") if isinstance(metric, Histogram) else ("",))
}
"""Every series of the server by its name in Prometheus, with the metric it belongs to."""

SCRAPED: Final = {"instance", "job"}
"""Labels that Prometheus adds."""


def alerts() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((DEPLOY / "alerts.yaml").read_text("utf-8"))["groups"]
    return list(group["rules"])


def expressions() -> Iterator[tuple[str, str]]:
    """Yield every expression with where it stands."""
    for rule in alerts():
        yield rule["alert"], rule["expr"]
    yield from panels()


def panels() -> Iterator[tuple[str, str]]:
    """Yield every expression of the dashboard with the title it stands under."""
    for panel in json.loads((DEPLOY / "grafana.json").read_text("utf-8"))["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def named(expression: str) -> set[str]:
    return set(re.findall(r"\bactas_\w+", expression))


def test_alerts_and_dashboard_name_series_that_a_real_server_has(tmp_path: Path) -> None:
    with RealServer(tmp_path) as server:
        server.token(server.company.for_alice())
        text = server.manage("/metrics").body.decode()
    served = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    for where, expression in expressions():
        assert named(expression), where
        assert named(expression) <= SERIES.keys(), where
        families = {
            re.sub("_(bucket|count|sum)$", "", one) if one not in served else one for one in named(expression)
        }
        assert families <= served, where


def test_alerts_and_dashboard_use_only_labels_that_the_series_have() -> None:
    for where, expression in expressions():
        labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", expression))
        labels |= {
            one.strip() for group in re.findall(r"\bby \(([^)]*)\)", expression) for one in group.split(",")
        }
        known = SCRAPED | {label for one in named(expression) for label in SERIES[one].labels}
        known |= {"le"} if any(isinstance(SERIES[one], Histogram) for one in named(expression)) else set()
        assert labels <= known, where
        assert all(expression.count(a) == expression.count(b) for a, b in ("()", "{}", "[]")), where


def test_every_metric_is_on_the_dashboard() -> None:
    shown = {SERIES[one] for _, expression in panels() for one in named(expression)}
    assert [metric.name for metric in METRICS if metric not in shown] == []


def test_every_alert_says_what_it_is_and_what_to_do() -> None:
    rules = alerts()
    assert len({rule["alert"] for rule in rules}) == len(rules) >= 8
    for rule in rules:
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"].keys() == {"summary", "description"}
        used = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
        known = SCRAPED | {label for one in named(rule["expr"]) for label in SERIES[one].labels}
        assert used <= known, rule["alert"]


def unit(section: str = "Service") -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=False, interpolation=None, comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # names are told apart by case
    parser.read(DEPLOY / "actas.service", encoding="utf-8")
    return parser[section]


def test_the_unit_gives_a_server_the_time_it_takes_to_stop() -> None:
    assert int(unit()["TimeoutStopSec"]) > DRAIN + 20
    assert unit()["ExecStart"].split()[1:] == ["serve", "-c", "/etc/actas/actas.yaml"]


def test_the_unit_waits_for_a_database_and_does_not_repeat_what_cannot_end_otherwise() -> None:
    assert unit("Unit")["StartLimitIntervalSec"] == "0"  # systemd gives up for good otherwise
    assert unit()["Restart"] == "on-failure"
    ends_the_same = {int(one) for one in unit()["RestartPreventExitStatus"].split()}
    assert ends_the_same == {Exit.USAGE, Exit.CONFIGURATION}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_takes_the_unit_and_finds_little_that_it_may_do(tmp_path: Path) -> None:
    program = Path(sys.executable).parent / "actas"
    text = (DEPLOY / "actas.service").read_text("utf-8").replace("/opt/actas/bin/actas", str(program))
    (tmp_path / "actas.service").write_text(text, encoding="utf-8")

    def analyze(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["systemd-analyze", *words, str(tmp_path / "actas.service")],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    verified = analyze("verify")
    assert (verified.returncode, "actas.service" in verified.stderr) == (0, False), verified.stderr
    rated = analyze("security", "--offline=true", "--threshold=20")  # tenths: 2.0 of 10
    assert rated.returncode == 0, rated.stdout[-400:]


def instructions() -> list[tuple[str, str]]:
    text = (DEPLOY / "Containerfile").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    pairs = [line.partition(" ") for line in joined.splitlines() if line.strip()]
    return [(name, rest.strip()) for name, _, rest in pairs]


def test_the_image_holds_what_pip_installs_and_runs_as_nobody() -> None:
    said = instructions()
    last = max(place for place, (name, _) in enumerate(said) if name == "FROM")
    build, final = said[:last], said[last:]
    pinned = next(rest for name, rest in build if name == "RUN" and "runtime.txt" in rest)
    assert "--require-hashes" in pinned
    assert "--only-binary :all:" in pinned
    copies = [rest.split() for name, rest in build if name == "COPY"]
    ignored = (DEPLOY / "Containerfile.dockerignore").read_text("utf-8").splitlines()
    for *sources, _ in copies:
        for source in sources:
            assert (ROOT / source).exists(), source
            assert f"!{source}" in ignored, source
    assert [rest for name, rest in final if name == "COPY"] == ["--from=build /opt/actas /opt/actas"]
    assert not [name for name, _ in said if name == "ADD"]
    assert "apt-get" not in str(said)
    (user,) = [rest for name, rest in final if name == "USER"]
    assert all(int(one) > 0 for one in user.split(":"))
    assert json.loads(next(rest for name, rest in final if name == "ENTRYPOINT")) == ["actas"]


def test_the_commands_of_the_image_are_commands(tmp_path: Path) -> None:
    said = dict(instructions())
    serve = json.loads(said["CMD"])
    health = json.loads(said["HEALTHCHECK"].partition("CMD ")[2])
    assert health[0] == "actas"
    program = Program(tmp_path)
    for words in (serve, health[1:]):
        assert program(*words, "--help").code == 0
    assert program(*health[1:]).code == 3  # there is no configuration here, and it was asked for nothing else


def test_what_pip_installs_serves_from_a_folder_that_nothing_is_written_to(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    quiet = {**os.environ, "PIP_NO_INDEX": "1"}
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md"):
        shutil.copy(ROOT / name, source / name)
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__"))
    site = tmp_path / "site"
    subprocess.run(
        [*pip, "install", "-q", "--no-deps", "--no-build-isolation", "--target", str(site), str(source)],
        env=quiet,
        check=True,
        timeout=120,
    )
    shutil.rmtree(source)
    before = sorted(path for path in site.rglob("*") if "__pycache__" not in path.parts)
    server = RealServer(tmp_path / "node")
    server.company.environ |= {"PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}
    where = subprocess.run(
        [sys.executable, "-c", "import actas; print(actas.__file__)"],
        env={**server.environ},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert where.stdout.startswith(str(site))
    with server:
        server.token(server.company.for_alice())
    assert sorted(path for path in site.rglob("*") if "__pycache__" not in path.parts) == before
