"""`propensity`: the pipeline's steps, one sub-command each.

Options have the same name in every command. Errors are one line on stderr and exit status 1.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import click

from runner.cli.options import Date, run_option, settings_option, use_case_option
from runner.cli.tools import tools
from runner.errors import PropensityError


class _OneLineErrors(click.Group):
    """Our own errors are messages for people: one line, exit status 1. Anything else is a defect and shows whole."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PropensityError as error:
            click.echo(f"propensity: {error}", err=True)
            sys.exit(1)


@click.group(cls=_OneLineErrors, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="aep-propensity")
def main() -> None:
    """From customer events in Adobe Experience Platform to propensity scores and audiences.

    The steps, in order (each is safe to repeat):

    \b
      setup        create what is missing in the sandbox
      load-events  (or synthesize) bring events in
      featurize    build features, training set and scoring set in Query Service
      export       training rows to Parquet files, reconciled
      train        train, calibrate, judge, gate, register
      score        score every identity
      publish      ingest the scores and verify them
      audience     create the audience and ask for its activation
      activate     after the daily evaluation: was everybody delivered?

    'propensity run' does featurize to audience in one go. 'propensity doctor' says what is wrong and what to do.
    """


@main.command()
@settings_option
@click.option("--yes", is_flag=True, help="Do it without asking.")
def setup(settings: Path, yes: bool) -> None:
    """Create what is missing: namespace, schemas, datasets. Says what it will do first."""
    from runner import steps

    actions = steps.plan_setup(settings)
    if not actions:
        click.echo("Everything is there; nothing to do.")
        return
    for action in actions:
        click.echo(f"  - {action}")
    if yes or click.confirm("Do this?", default=False, err=True):
        steps.apply_setup(settings)
        click.echo("Done.")


@main.command()
@settings_option
def doctor(settings: Path) -> None:
    """Check the settings, the credentials and the sandbox one by one; say what to do about each that fails."""
    from runner import steps

    failed = steps.doctor(settings)
    if failed:
        sys.exit(1)


@main.command()
@settings_option
@click.option("--users", default=20_000, show_default=True, help="How many users.")
@click.option("--days", default=70, show_default=True, help="Days of events, ending at --end.")
@click.option("--end", type=Date(), required=True, help="The date at whose 00:00 UTC the events end.")
@click.option("--seed", default=7, show_default=True, help="The same seed gives the same data.")
@click.option("--scenario", type=click.Choice(["default", "reference"]), default="default", show_default=True)
def synthesize(settings: Path, **options: Any) -> None:
    """Step 1: make synthetic profiles and events, and ingest them. Truth stays beside the data."""
    from runner import steps

    steps.synthesize(settings, **options)


@main.command("load-events")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@settings_option
@click.option("--accept-bad-rows", is_flag=True, help="Load the good rows; write the refused ones to a file.")
def load_events(file: Path, settings: Path, accept_bad_rows: bool) -> None:
    """Step 1 with your own data: ingest FILE (Parquet or CSV) as ExperienceEvents.

    Columns: user_id, event_type, timestamp (UTC), and any others named by XDM path, such as
    commerce.order.priceTotal. Loading the same file twice doubles nothing.
    """
    from runner import steps

    steps.load_events(settings, file, accept_bad_rows=accept_bad_rows)


@main.command()
@settings_option
@use_case_option
@click.option("--as-of", type=Date(), help="Score as of 00:00 UTC of this date. Default: the data's newest full day.")
def featurize(settings: Path, use_case: str | None, as_of: date | None) -> None:
    """Step 2: build features, the training set and the scoring set in Query Service."""
    from runner import steps

    run_id = steps.featurize(settings, use_case, as_of)
    steps.explore(settings, run_id)


@main.command()
@settings_option
@click.option("--run-id", required=True, help="Which run, for example newsletter-20261109.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
def forget(settings: Path, run_id: str, yes: bool) -> None:
    """Take a run's features out again, so that its date can be built anew from the events of today.

    A run that exists keeps its rows, whatever comes in later. This reverts the batches of its spine and sets; what it
    published stays until the run is built and published again.
    """
    from runner import steps

    if yes or click.confirm(f"Revert the rows of {run_id}?", default=False, err=True):
        click.echo(f"Next: {steps.forget(settings, run_id)}")


@main.command("check-leaks")
@settings_option
@use_case_option
@run_option
def check_leaks(settings: Path, use_case: str | None, run_id: str | None) -> None:
    """Prove that no feature of the newest run knows the future.

    Builds the features again, under a prefix of their own, on a copy of the events in which everything after a past
    as-of date is changed, and compares. It costs about as much as a featurize.
    """
    from runner import steps

    steps.check_leaks(settings, run_id or steps.newest_run(settings, use_case))


@main.command()
@settings_option
@use_case_option
@run_option
@click.option("--both-routes", is_flag=True, help="Export through Data Access and the landing zone, and compare.")
def export(settings: Path, use_case: str | None, run_id: str | None, both_routes: bool) -> None:
    """Step 3: export the run's training rows as Parquet and reconcile the counts."""
    from runner import steps

    steps.export(settings, run_id or steps.newest_run(settings, use_case), both_routes=both_routes)


@main.command()
@settings_option
@use_case_option
@run_option
def train(settings: Path, use_case: str | None, run_id: str | None) -> None:
    """Step 4: train on earlier as-of dates, judge on a later one, gate, register."""
    from runner import steps

    steps.train(settings, run_id or steps.newest_run(settings, use_case))


@main.command()
@settings_option
@use_case_option
@run_option
def recipe(settings: Path, use_case: str | None, run_id: str | None) -> None:
    """What the documented notebook recipe reaches on the newest run's question, beside our model; for the report."""
    from runner import steps

    steps.recipe(settings, run_id or steps.newest_run(settings, use_case))


@main.command()
@settings_option
@use_case_option
@run_option
def score(settings: Path, use_case: str | None, run_id: str | None) -> None:
    """Step 5: score every identity of the scoring set."""
    from runner import steps

    steps.score(settings, run_id or steps.newest_run(settings, use_case))


@main.command()
@settings_option
@use_case_option
@run_option
def publish(settings: Path, use_case: str | None, run_id: str | None) -> None:
    """Step 6: ingest the scores once, enriching profiles, and verify that they arrived."""
    from runner import steps

    steps.publish(settings, run_id or steps.newest_run(settings, use_case))


@main.command()
@settings_option
@use_case_option
@run_option
def audience(settings: Path, use_case: str | None, run_id: str | None) -> None:
    """Step 7: create or update the audience and ask for its activation after the daily evaluation."""
    from runner import steps

    steps.audience(settings, run_id or steps.newest_run(settings, use_case))


@main.command()
@settings_option
@use_case_option
@run_option
@click.option("--now", is_flag=True, help="Evaluate and activate on demand: uses up the documented daily quota.")
def activate(settings: Path, use_case: str | None, run_id: str | None, now: bool) -> None:
    """Step 7, after the daily evaluation: reconcile members and delivered rows.

    Exit status 0: complete. 3: the platform is not there yet; run it again later.
    """
    from runner import steps

    if not steps.activate(settings, run_id or steps.newest_run(settings, use_case), now=now):
        sys.exit(3)


@main.command()
@settings_option
@use_case_option
@click.option("--as-of", type=Date(), help="Score as of 00:00 UTC of this date. Default: the data's newest full day.")
@click.option("--both-routes", is_flag=True, help="Export through Data Access and the landing zone, and compare.")
def run(settings: Path, use_case: str | None, as_of: date | None, both_routes: bool) -> None:
    """Steps 2 to 7 in one go, without Prefect."""
    from runner import steps

    steps.run(settings, use_case, as_of, both_routes=both_routes)


@main.command()
@settings_option
@use_case_option
@run_option
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Default: in the run's folder.")
def report(settings: Path, use_case: str | None, run_id: str | None, out: Path | None) -> None:
    """The run's report: one page with pictures, from what the steps left."""
    from runner import steps
    from runner.summary import print_summary, summarise

    run_id = run_id or steps.newest_run(settings, use_case)
    print_summary(summarise(settings, run_id, out))


for command in tools:
    main.add_command(command)
