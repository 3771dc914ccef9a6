"""Options that mean the same in every command."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import click

Command = Callable[..., Any]


class Date(click.ParamType[date]):
    """A calendar date, ISO 8601."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a date like 2026-11-09.", param, ctx)


def settings_option(command: Command) -> Command:
    return click.option(
        "--settings",
        type=click.Path(path_type=Path, dir_okay=False),
        default=Path("propensity.yml"),
        show_default=True,
        help="The settings file.",
    )(command)


def use_case_option(command: Command) -> Command:
    text = "Its name in propensity.yml, for example purchase; not needed where there is only one."
    return click.option("--use-case", help=text)(command)


def run_option(command: Command) -> Command:
    return click.option("--run-id", help="Which run, for example newsletter-20261109; by default the newest one.")(
        command
    )
