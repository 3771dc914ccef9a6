"""Signatures of the Azure landing zone end by the clock on the wall; what is missing for it is said by name."""

from __future__ import annotations

import time
from pathlib import Path

import pyarrow.fs as fs
import pytest

from local_platform.__main__ import main
from local_platform.landing_zone import azurite
from local_platform.landing_zone.azure import Azure
from runner.platform.landing_zone import LandingZoneFiles, _azure, _azure_files
from tests.integration.azurite_here import need_azurite


def files(storage: Azure) -> fs.AzureFileSystem:
    return _azure_files(_azure(storage.credentials("dlz-destination", refresh=False)))


def test_a_signature_ends_and_its_successor_is_given_before(tmp_path: Path) -> None:
    need_azurite()
    storage = Azure(tmp_path, life_seconds=6.0)
    try:
        storage.begin()
        first, begun = files(storage), time.monotonic()
        assert first.get_file_info(fs.FileSelector("dlz-destination")) == []
        time.sleep(3.5)
        second = files(storage)
        assert first.get_file_info(fs.FileSelector("dlz-destination")) == [], "both are in force"
        time.sleep(max(0.0, begun + 6.3 - time.monotonic()))
        with pytest.raises(OSError, match="403") as refused:
            first.get_file_info(fs.FileSelector("dlz-destination"))
        assert second.get_file_info(fs.FileSelector("dlz-destination")) == []
    finally:
        storage.stop()
    assert "sig=" in str(refused.value), "why errors are told by `said`"
    assert LandingZoneFiles.said(refused.value).count("sig=") == LandingZoneFiles.said(refused.value).count("sig=...&")


def test_azures_own_addresses_are_the_file_systems_default() -> None:
    token = "sv=1&sig=x"
    uri = f"https://acmedlz.blob.core.windows.net/dlz-destination?{token}"
    body = {"containerName": "dlz-destination", "SASToken": token, "storageAccountName": "acmedlz"}
    plain = fs.AzureFileSystem("acmedlz", sas_token=f"?{token}")
    assert _azure_files(_azure({**body, "SASUri": uri})) == plain
    assert _azure_files(_azure(body)) == plain
    other = _azure({**body, "SASUri": uri.replace(".blob.core.windows.net", ".blob.core.usgovcloudapi.net")})
    assert _azure_files(other) != plain


@pytest.mark.parametrize("missing", ["Node", "Azurite"])
def test_what_is_missing_is_said_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    monkeypatch.setattr(azurite, "_INSTALLED", tmp_path / "absent.js")
    monkeypatch.setenv("PATH", str(tmp_path))
    if missing == "Azurite":
        node = tmp_path / "node"
        node.write_text("#!/bin/sh\n")
        node.chmod(0o755)
    assert main(["serve", "--data-dir", str(tmp_path / "data"), "--landing-zone", "azure"]) == 1
    told = capsys.readouterr().err
    assert f"needs {missing}." in told
    assert "make azurite" in told
    assert "Traceback" not in told
