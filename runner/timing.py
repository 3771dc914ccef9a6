"""How long each step took, kept with the run."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from runner.errors import PropensityError
from runner.workspace import write_json


@contextmanager
def step(folder: Path, number: int, name: str, title: str) -> Iterator[None]:
    """Announce a step, time it, and keep the seconds in `{folder}/seconds.json` under `{number}_{name}`."""
    click.echo(f"Step {number} of 7 · {title}")
    started = time.monotonic()
    with named(number, name):
        yield
    seconds = time.monotonic() - started
    write_json(folder / "seconds.json", {**read_seconds(folder), f"{number}_{name}": round(seconds, 1)})
    click.echo(f"    done in {seconds:.1f} s")


@contextmanager
def named(number: int, name: str) -> Iterator[None]:
    """Put the step's name on what goes wrong in the block, so that the message alone says which command to repeat."""
    try:
        yield
    except PropensityError as error:
        error.step = error.step or f"Step {number} ({name})"
        raise


def read_seconds(folder: Path) -> dict[str, float]:
    """Seconds by step, in order of the steps; empty when nothing was timed yet."""
    path = folder / "seconds.json"
    content: dict[str, float] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return dict(sorted(content.items()))
