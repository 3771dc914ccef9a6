"""Stock dbt in a process that ends with its parent: `python -m runner.featurize.child build ...` is `dbt build ...`.

The operating system closes our standard input however the parent ends, SIGKILL included.
"""

from __future__ import annotations

import os
import sys
import threading


def _end_with_the_parent() -> None:
    while os.read(0, 4096):
        pass
    os._exit(130)


def main() -> None:
    """Run dbt's own command line."""
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    from dbt.cli.main import cli

    sys.argv[0] = "dbt"
    cli()


if __name__ == "__main__":
    main()
