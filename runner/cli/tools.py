"""Commands around the steps: a platform on this machine, dbt with a connection, a project of one's own."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import click

from runner.cli.options import settings_option


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
def init(directory: Path) -> None:
    """Make DIRECTORY a project of your own: settings, dbt project, schedules, profiles example."""
    from runner.project import init as initialise

    for path in initialise(directory):
        click.echo(f"  {path}")
    click.echo(f"Next: edit {directory / 'propensity.yml'}, then 'propensity doctor' there.")


@click.command()
@settings_option
@click.option("--check", is_flag=True, help="Change nothing; exit status 1 when something differs.")
def sync(settings: Path, check: bool) -> None:
    """Bring the dbt project's generated files in step with propensity.yml and the feature models' YAML."""
    from runner.project import differences
    from runner.project import sync as write
    from runner.settings import load_settings

    content = load_settings(settings)
    changed = differences(content, content.dbt_project) if check else write(content, content.dbt_project)
    for path in changed:
        click.echo(f"  {path}")
    if not changed:
        click.echo("Everything is in step.")
    sys.exit(1 if check and changed else 0)


@click.command()
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".local_platform"),
    show_default=True,
    help="Where its lake and catalog are kept.",
)
@click.option("--delays", type=click.Choice(["documented", "none"]), default="none", show_default=True)
def local(data_dir: Path, delays: str) -> None:
    """Run a local platform until Ctrl-C; prints the variables that point this command at it."""
    from runner.local import local_platform

    with local_platform(data_dir, delays="documented" if delays == "documented" else "none") as platform:
        for name, value in platform.environment().items():
            click.echo(f"export {name}='{value}'")
        click.echo("# The local platform is running. Ctrl-C stops it.", err=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)


@click.command()
@settings_option
def env(settings: Path) -> None:
    """Print the variables that give bare dbt and editors a working connection (eval "$(propensity env)").

    They hold an access token: valid for a day, not for a file that is shared.
    """
    from runner import steps

    for name, value in steps.dbt_variables(settings).items():
        click.echo(f"export {name}={_quoted(value)}")


@click.command(context_settings={"ignore_unknown_options": True})
@settings_option
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def dbt(settings: Path, arguments: tuple[str, ...]) -> None:
    """Run dbt with host, token and variables set: propensity dbt -- build --select stg_events"""
    from runner import steps

    sys.exit(steps.run_dbt_here(settings, arguments))


@click.command()
@settings_option
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path(".docs"), show_default=True)
@click.option("--local", "on_local", is_flag=True, help="Build it on a local platform with synthetic events.")
def docs(settings: Path, out: Path, on_local: bool) -> None:
    """Write the dbt project's documentation (columns, descriptions, lineage) as one HTML file."""
    from runner.docs_site import build_docs

    build_docs(settings, out, click.echo, local=on_local)


@click.command(context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def conformance(arguments: tuple[str, ...]) -> None:
    """Run the conformance cases against a Query Service, local or real: propensity conformance --dsn ..."""
    command = [sys.executable, "-m", "local_platform", "conformance", *arguments]
    sys.exit(subprocess.run(command, check=False).returncode)


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "'\\''") + "'"


tools = (init, sync, local, env, dbt, docs, conformance)
