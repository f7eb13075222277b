"""What is installed has all that pages are made of."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "src" / "actas" / "web" / "pages"


def test_the_wheel_has_every_template_font_and_licence(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert ran.returncode == 0, ran.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        held = set(opened.namelist())
    asked = {
        path.relative_to(ROOT / "src").as_posix()
        for folder in ("templates", "static")
        for path in (PAGES / folder).iterdir()
    }
    assert len(asked) > 20
    assert asked <= held
