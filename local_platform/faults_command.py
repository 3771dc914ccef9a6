"""The command ``python -m local_platform faults``: have a running platform misbehave, and stop it again."""

from __future__ import annotations

import argparse
import json
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from local_platform.misbehaviour import KINDS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("--ready-file", type=Path, help="the running platform's, for its address and secret")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--set", type=Path, metavar="FILE", help="put the rules of a JSON file in force, and only those")
    what.add_argument("--mix", type=float, metavar="SHARE", help="spoil this share of all requests, e.g. 0.1")
    what.add_argument("--clear", action="store_true", help="misbehave no more; jobs that were stuck go on")
    what.add_argument("--kinds", action="store_true", help="list what can go wrong")
    parser.add_argument("--seed", type=int, default=0, help="of the dice, with --mix")


def run(options: argparse.Namespace) -> int:
    """Do what the arguments say, then print the rules in force; returns the exit status."""
    if options.kinds:
        for kind, meaning in KINDS.items():
            print(f"{kind:15} {meaning}")
        return 0
    try:
        print(json.dumps(_answer(options), indent=2))
    except urllib.error.HTTPError as error:
        print(f"error: {_detail(error)}", file=sys.stderr)
        return 1
    except (OSError, ValueError, KeyError) as error:
        print(f"error: {error}; --ready-file names the file that 'serve --ready-file' wrote.", file=sys.stderr)
        return 1
    return 0


def _answer(options: argparse.Namespace) -> Any:
    if options.ready_file is None:
        raise ValueError("no platform is named")
    ready = json.loads(options.ready_file.read_text(encoding="utf-8"))
    method, body = "GET", None
    if options.clear:
        method = "DELETE"
    elif options.set is not None:
        method, body = "POST", options.set.read_bytes()
    elif options.mix is not None:
        method, body = "POST", json.dumps({"seed": options.seed, "mix": options.mix}).encode()
    headers = {"Authorization": f"Bearer {ready['client_secret']}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{ready['control_url']}/faults", body, headers, method=method)  # noqa: S310
    # Loopback: no proxy of the environment may see the secret.
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
        return json.load(answer)


def _detail(error: urllib.error.HTTPError) -> str:
    try:
        body = json.load(error)
        return str(body.get("detail") or body.get("message"))
    except (ValueError, AttributeError):
        return f"the platform answered {error.code}"
