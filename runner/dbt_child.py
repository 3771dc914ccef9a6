"""Stock dbt in a process that ends with its parent, for one command after another.

    python -m runner.dbt_child     reads commands, a line of JSON each: arguments, environment, folder

What dbt imports and makes of its own classes takes longer than a whole project of ours: the second command of a process
begins at once. The operating system closes our standard input however the parent ends, SIGKILL included.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import traceback

DONE = "propensity: dbt ended with status "
"""Begins the line that follows what a command has said."""


def _listen(commands: queue.SimpleQueue[str]) -> None:
    for line in sys.stdin:
        commands.put(line)
    os._exit(130)


def _run(arguments: list[str]) -> int:
    """dbt's own command line; its exit status."""
    from dbt.cli.main import cli

    sys.argv = ["dbt", *arguments]
    try:
        cli.main(args=arguments, prog_name="dbt")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except Exception:
        # As the interpreter would: said, and status 1. The next command has nothing to do with it.
        traceback.print_exc()
        return 1
    return 0


def main() -> None:
    """Run the commands of standard input until it closes."""
    commands: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(commands,), daemon=True).start()
    while True:
        command = json.loads(commands.get())
        os.environ.clear()
        os.environ.update(command["environment"])
        os.chdir(command["folder"])
        status = _run(command["arguments"])
        sys.stderr.flush()
        print(f"\n{DONE}{status}", flush=True)


if __name__ == "__main__":
    main()
