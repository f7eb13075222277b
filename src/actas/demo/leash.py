"""Runs a module as a program, and ends it when whoever started it is gone, however that ended.

``python -m actas.demo.leash DESCRIPTOR NICENESS MODULE ARGUMENT…``: the descriptor is the reading end of a
pipe that is never written to. Its other end closes with the process that holds it, also when that was killed.
The niceness is how far the program stands back while others want the processor.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading


def main() -> None:
    """Run the module that the command line names."""
    descriptor, niceness, module, *arguments = sys.argv[1:]
    os.nice(int(niceness))
    threading.Thread(target=_watch, args=(int(descriptor),), daemon=True, name="leash").start()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _watch(descriptor: int) -> None:
    if os.read(descriptor, 1) == b"":
        os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
