"""The command line: ``python -m local_platform serve``."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

_CONFORMANCE = "local_platform.conformance"
_FAULTS = "local_platform.faults_command"


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if options.command == "conformance":
        return int(importlib.import_module(_CONFORMANCE).main(rest))
    if rest:
        parser.error(f"unknown arguments: {' '.join(rest)}")
    if options.command == "faults":
        return int(importlib.import_module(_FAULTS).run(options))
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    return _serve(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local_platform", description=importlib.import_module("local_platform").__doc__
    )
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="run the platform until Ctrl-C")
    serve.add_argument(
        "--data-dir", type=Path, required=True, help="where the lake and its catalog live; made when missing"
    )
    serve.add_argument("--api-port", type=int, default=0, help="port of the REST APIs; 0 lets the system choose")
    serve.add_argument("--sql-port", type=int, default=0, help="port of the SQL endpoint; 0 lets the system choose")
    serve.add_argument("--ready-file", type=Path, help="JSON with all addresses, written once connections are accepted")
    serve.add_argument(
        "--delays",
        choices=("documented", "none"),
        default="documented",
        help="how long asynchronous steps take: as documented (on the platform's clock), or none at all",
    )
    serve.add_argument("--token-seconds", type=int, default=86_399, help="how long an access token works")
    serve.add_argument(
        "--profile-follows-reverts",
        action="store_true",
        help="a batch that leaves the lake leaves Profile too (by default its values stay until overwritten)",
    )
    serve.add_argument(
        "--landing-zone",
        choices=("s3", "azure"),
        default="s3",
        help="storage of the Data Landing Zone: S3, or Azure's blobs (needs Node, and Azurite from 'make azurite')",
    )
    serve.add_argument("--exit-on-stdin-close", action="store_true", help="stop when stdin reaches its end")
    serve.add_argument("--faults", type=Path, help="JSON with rules to misbehave by from the start (see 'faults')")
    faults = commands.add_parser("faults", help="have a running platform misbehave, and stop it again")
    importlib.import_module(_FAULTS).add_arguments(faults)
    if importlib.util.find_spec(_CONFORMANCE):
        help_text = "run the conformance cases against a SQL endpoint, this one or a sandbox's"
        commands.add_parser("conformance", help=help_text, add_help=False)
    return parser


def _serve(options: argparse.Namespace) -> int:
    # Imported here: --help must not wait for Arrow and the web server.
    from local_platform.context import Options
    from local_platform.landing_zone.azurite import NoAzurite
    from local_platform.misbehaviour import BadRules
    from local_platform.server import DataDirInUse, serve

    chosen = Options(
        data_dir=options.data_dir,
        api_port=options.api_port,
        sql_port=options.sql_port,
        delays=options.delays,
        token_life_seconds=options.token_seconds,
        profile_follows_reverts=options.profile_follows_reverts,
        landing_zone=options.landing_zone,
    )
    try:
        serve(
            chosen,
            ready_file=options.ready_file,
            exit_on_stdin_close=options.exit_on_stdin_close,
            faults=_rules(options.faults),
        )
    except (DataDirInUse, BadRules, NoAzurite, OSError, json.JSONDecodeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _rules(file: Path | None) -> dict[str, Any] | None:
    return None if file is None else dict(json.loads(file.read_text(encoding="utf-8")))


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Everything is stored and closed by now. Interpreter shutdown would only wait for idle threads and have DuckDB
    # complain about objects that they still hold.
    os._exit(status)
