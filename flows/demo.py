"""`make demo`: the seven steps on a local platform, with the real parts, in one command.

Everything it makes lies under `.demo/`. Run again with the same parameters it continues and doubles nothing; with
other parameters, or after an edit of the dbt project, it starts over. It may be killed at any moment.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from flows.server import prefect_server, server_environment
from runner import demo_project
from runner.cli.options import Date
from runner.errors import PropensityError, SettingsError
from runner.local import local_platform
from runner.synthetic.spec import default_end
from runner.workspace import write_json

HOME = Path(".demo")
KEPT = ("prefect",)
"""What survives a change of parameters: the Prefect database, whose making takes longest."""


@dataclass(frozen=True)
class Parameters:
    """What decides the demo's content; anything else may change without starting over."""

    users: int
    seed: int
    scenario: str
    events: Path | None
    as_of: date | None
    target: str | None
    horizon: int | None
    repeatable: bool
    use_case: str | None = None
    end: date | None = None

    def fingerprint(self) -> dict[str, str]:
        """The parameters, the loaded file's bytes and the sources that make the tables."""
        content = {key: str(value) for key, value in asdict(self).items()}
        if self.events:
            content["events_sha256"] = _sha256([self.events])
        content["project_sha256"] = _sha256(demo_project.sources())
        return content


def run_demo(parameters: Parameters, home: Path = HOME) -> Mapping[str, Any]:
    """Run all seven steps; returns the summary, also written to `{home}/summary.json`."""
    started = time.monotonic()
    home = home.resolve()
    with _only_one(home), ExitStack() as stack:
        parameters = _start_over_if_changed(parameters, home)
        settings = demo_project.write(
            home / "project",
            use_case=parameters.use_case,
            events=parameters.events,
            target=parameters.target,
            horizon=parameters.horizon,
            repeatable=parameters.repeatable,
        )
        click.echo("Starting the local platform and a Prefect server")
        platform = stack.enter_context(local_platform(home / "platform", delays="none"))
        os.environ.update(platform.environment())
        os.environ.update(server_environment(home / "prefect"))
        os.environ["PREFECT_API_URL"] = stack.enter_context(prefect_server(home / "prefect"))
        # Prefect reads its settings when it is imported, so only now.
        from flows.seven_steps import seven_steps

        summary = dict(seven_steps(settings, home, parameters, platform))
        summary["seconds"]["total"] = round(time.monotonic() - started, 1)
        write_json(home / "summary.json", summary)
    return summary


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(f"A demo is already running in {home}.", "Wait for it, or stop it.") from None
        yield


def _start_over_if_changed(parameters: Parameters, home: Path) -> Parameters:
    """Remove what other parameters made. Synthetic data keep their end, so that tomorrow's rerun continues."""
    marker = home / "parameters.json"
    before = json.loads(marker.read_text(encoding="utf-8")) if marker.exists() else {}
    chosen = date.fromisoformat(before["end"]) if before else default_end(datetime.now(UTC).date())
    parameters = replace(parameters, end=chosen)
    wanted = parameters.fingerprint()
    if before == wanted:
        click.echo(f"Continuing in {home}: same parameters, nothing is done twice")
        return parameters
    # The marker goes first: killed in the middle of the removal, the next run starts over again.
    marker.unlink(missing_ok=True)
    for path in home.iterdir():
        if path.name not in (*KEPT, "lock"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    write_json(marker, wanted)
    return parameters


def _sha256(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(str(path.name).encode() + b"\0")
        with path.open("rb") as content:
            while block := content.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--users", default=20_000, show_default=True, help="How many synthetic users.")
@click.option("--seed", default=7, show_default=True, help="The same seed gives the same data.")
@click.option("--scenario", type=click.Choice(["default", "reference"]), default="default", show_default=True)
@click.option(
    "--events", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Your own events: Parquet or CSV."
)
@click.option("--as-of", type=Date(), help="Score as of 00:00 UTC of this date. Default: the newest full day.")
@click.option("--use-case", help="Which of propensity.yml's use cases. Default: its first, newsletter.")
@click.option("--target", help="The event type to predict. Default: web.formFilledOut.")
@click.option("--horizon", type=click.IntRange(1, 180), help="Days after the as-of date that count. Default: 14.")
@click.option("--repeatable", is_flag=True, help="The target can happen again: who did it before is scored too.")
@click.option("--home", type=click.Path(path_type=Path, file_okay=False), default=HOME, show_default=True)
def main(home: Path, **options: Any) -> None:
    """The seven steps on a local platform: events in, audience out."""
    try:
        run_demo(Parameters(**options), home)
    except PropensityError as error:
        click.echo(f"demo: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        click.echo("\nStopped. Nothing is left running; the same command continues.", err=True)
        sys.exit(130)


if __name__ == "__main__":
    main()
