"""Real processes that start at one moment: what threads of one process cannot prove.

A script imports what it needs and defines ``main()``. One interpreter reads it, forks while it has a single
thread, and lets every child into ``main`` at the same instant.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Final

_RUNNER: Final = """
import json, os, sys, traceback

count, script = int(sys.argv.pop(1)), sys.argv.pop(1)
exec(compile(script, "the script", "exec"))
waiting, starting = os.pipe()
children = []
for _ in range(count):
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.close(starting)
        os.dup2(writing, 1)
        os.read(waiting, 1)  # until the parent closes its end
        code = 1
        try:
            main()
            sys.stdout.flush()
            code = 0
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        os._exit(code)
    os.close(writing)
    children.append(reading)
os.close(starting)
said = [os.fdopen(one).read() for one in children]
codes = [os.waitstatus_to_exitcode(os.wait()[1]) for _ in children]
print(json.dumps(said))
sys.exit(any(codes))
"""


def run_together(script: str, *arguments: str, count: int) -> list[str]:
    """Run ``count`` processes of ``script`` at once.

    Args:
        arguments: what the script finds in ``sys.argv[1:]``.

    Returns:
        What each printed, in no order.

    Raises:
        AssertionError: one of them failed; its last words are in the message.
    """
    ran = subprocess.run(
        [sys.executable, "-c", _RUNNER, str(count), script, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert isinstance(said, list)
    return [str(one) for one in said]
