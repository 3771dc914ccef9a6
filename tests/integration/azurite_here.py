"""Whether the landing zone can be on Azure on this machine: tests that need it are skipped with the reason."""

from __future__ import annotations

import pytest

from local_platform.landing_zone.azurite import NoAzurite, installation
from runner.local import Zone

FLAVOURS: tuple[Zone, ...] = ("s3", "azure")


def need_azurite() -> None:
    """Skip the test, or those of a fixture, where Node or Azurite is missing."""
    try:
        installation()
    except NoAzurite as missing:
        pytest.skip(str(missing))


def need(flavour: Zone) -> Zone:
    """The flavour, where it can be had."""
    if flavour == "azure":
        need_azurite()
    return flavour
