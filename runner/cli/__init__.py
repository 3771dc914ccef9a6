"""The `propensity` command."""

from runner.cli.main import main

__all__ = ["main"]
