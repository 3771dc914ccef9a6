"""What is in the lake can be downloaded: listed, whole, by range, and with exact sizes."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pyarrow.parquet as pq
import pytest

from tests.integration.local_api import PROFILES, LocalApi, local_api, parquet

EXPORT = "/data/foundation/export"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalApi]:
    with local_api(tmp_path_factory.mktemp("access") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def dataset(api: LocalApi) -> str:
    return api.make("accessed", PROFILES, {"score": {"type": "number"}})[1]


@pytest.fixture(scope="module")
def batch(api: LocalApi, dataset: str) -> str:
    id = api.open_batch(dataset)
    for part in range(3):
        rows = [{"_acme": {"userId": f"{part}-{row}", "score": row / 10}} for row in range(10 + part)]
        api.upload(id, dataset, parquet(rows), f"part-{part}.parquet")
    api.act(id, "COMPLETE")
    api.wait(id)
    return id


def test_files_of_a_batch_are_paged_and_counted(api: LocalApi, batch: str) -> None:
    whole = api.expect(200, "GET", f"{EXPORT}/batches/{batch}/files").json()
    assert [item["dataSetFileId"] for item in whole["data"]] == [f"{batch}-{number}" for number in (1, 2, 3)]
    assert [item["records"] for item in whole["data"]] == ["10", "11", "12"]
    assert whole["_page"] == {"limit": 100, "count": 3}
    assert "next" not in whole["_links"]
    page = api.expect(200, "GET", f"{EXPORT}/batches/{batch}/files", params={"limit": "2", "start": "0"}).json()
    assert len(page["data"]) == 2
    following = page["_links"]["next"]["href"].removeprefix(api.ready["api_url"])
    assert [item["dataSetFileId"] for item in api.expect(200, "GET", following).json()["data"]] == [f"{batch}-3"]
    assert whole["data"][0]["_links"]["self"]["href"].startswith(api.ready["api_url"])


def test_a_file_is_downloaded_whole_or_by_range_with_its_exact_length(api: LocalApi, batch: str) -> None:
    path = f"{EXPORT}/files/{batch}-1"
    (part,) = api.expect(200, "GET", path).json()["data"]
    query = {"path": part["name"]}
    head = api.expect(200, "HEAD", path, params=query)
    assert (head.headers["Accept-Ranges"], head.headers["Content-Length"]) == ("bytes", part["length"])
    whole = api.expect(200, "GET", path, params=query)
    assert whole.headers["Content-Type"] == "application/octet-stream"
    assert len(whole.content) == int(part["length"])
    assert pq.read_table(io.BytesIO(whole.content)).num_rows == 10
    first = api.expect(206, "GET", path, params=query, headers={"Range": "bytes=0-99"})
    rest = api.expect(206, "GET", path, params=query, headers={"Range": "bytes=100-"})
    assert first.headers["Content-Range"] == f"bytes 0-99/{part['length']}"
    assert first.content + rest.content == whole.content
    api.expect(416, "GET", path, params=query, headers={"Range": f"bytes={part['length']}-"})


def test_unknown_files_paths_and_batches_are_not_found(api: LocalApi, batch: str) -> None:
    for path in (f"/files/{batch}-9", "/files/none", f"/files/{batch}-1?path=other.parquet", "/batches/01NONE/files"):
        assert api.expect(404, "GET", EXPORT + path).json()["status"] == 404
    api.expect(404, "HEAD", f"{EXPORT}/files/{batch}-1?path=other.parquet")
    api.expect(404, "GET", f"{EXPORT}/datasets/none/preview")


@pytest.mark.parametrize("path", ["../../credentials.json", "/etc/passwd", "row_errors/../../../../credentials.json"])
def test_diagnostics_do_not_lead_out_of_their_directory(api: LocalApi, batch: str, path: str) -> None:
    status = 400 if ".." in path else 404
    api.expect(status, "GET", f"{EXPORT}/batches/{batch}/meta", params={"path": path})
    api.expect(status, "GET", f"{EXPORT}/batches/{batch}/failed", params={"path": path})


def test_a_clean_batch_has_no_diagnostics(api: LocalApi, batch: str) -> None:
    assert api.expect(200, "GET", f"{EXPORT}/batches/{batch}/meta").json()["data"] == []


def test_a_preview_shows_the_first_rows(api: LocalApi, dataset: str, batch: str) -> None:
    rows = api.expect(200, "GET", f"{EXPORT}/datasets/{dataset}/preview").json()["data"]
    assert len(rows) == 33
    assert rows[0] == {"_acme": {"userId": "0-0", "score": 0.0}}
