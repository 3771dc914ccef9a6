"""A full run leaves no secret behind: not in logs, artifacts, records, tables, output or process lists."""

from __future__ import annotations

import base64
import gzip
import sqlite3
import threading
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests

from runner import steps
from runner.errors import PropensityError
from runner.platform import Platform
from runner.session import open_session
from runner.summary import print_summary, summarise
from tests.end_to_end.conftest import Project
from tests.end_to_end.rough_loop import END, RUN

# Where the platform itself keeps what it must check, for its owner only.
OWN = {"credentials.json", "ready.json"}


def forms(secret: str) -> set[bytes]:
    """How a secret may be written: plain, in a URL, in base64 (at each of three offsets), as Python or JSON would."""
    plain = secret.encode()
    encoded = {base64.b64encode(b"x" * pad + plain)[4 if pad else 0 : -4] for pad in range(3)}
    return {plain, urllib.parse.quote_plus(secret).encode(), *encoded}


def secrets_of(project: Project) -> dict[str, str]:
    """Everything that opens a door: the client secret, tokens, the SQL credential, the landing zone's keys."""
    platform = open_session(project.settings).platform
    zone = platform.landing_zone.credentials()
    return {
        "client secret": str(project.platform.ready["client_secret"]),
        "SQL credential": str(project.platform.ready["password"]),
        "access token": platform.session.tokens.current(),
        "SQL password": platform.queries.login().password.get_secret_value(),
        "landing zone key": zone.secret_key.get_secret_value(),
        "landing zone token": zone.session_token.get_secret_value(),
    }


def contents(file: Path) -> Iterator[bytes]:
    """A file as it is, and what is inside where it is packed (Parquet pages, gzip)."""
    yield file.read_bytes()
    if file.suffix == ".gz":
        yield gzip.decompress(file.read_bytes())
    if file.suffix == ".parquet":
        yield b"\n".join(texts(pq.read_table(file)))


def texts(table: pa.Table) -> Iterator[bytes]:
    yield str(table.schema.metadata).encode()
    flat = table
    while any(pa.types.is_struct(field.type) for field in flat.schema):
        flat = flat.flatten()
    for column in flat.columns:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            yield "\n".join(value for value in column.unique().to_pylist() if value).encode()


def found_in(folder: Path, secrets: Mapping[str, str]) -> dict[str, list[str]]:
    """Which secrets are in which files below a folder."""
    wanted = {name: forms(secret) for name, secret in secrets.items()}
    seen: dict[str, list[str]] = {}
    for file in (f for f in folder.rglob("*") if f.is_file() and not f.is_symlink() and f.name not in OWN):
        for content in contents(file):
            held = sorted(name for name, written in wanted.items() if any(form in content for form in written))
            if held:
                seen[str(file.relative_to(folder))] = held
    return seen


@contextmanager
def watched_processes(secrets: Callable[[], Mapping[str, str]]) -> Iterator[list[str]]:
    """Collect the command lines of all processes in the block; every user of a machine can read them."""
    lines: set[bytes] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            for entry in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    lines.add(entry.read_bytes())
                except OSError:
                    continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    leaks: list[str] = []
    try:
        yield leaks
    finally:
        over.set()
        watcher.join()
    wanted = [form for secret in secrets().values() for form in forms(secret)]
    leaks += [line.decode(errors="replace")[:80] for line in lines if any(form in line for form in wanted)]


def test_a_full_run_leaves_no_secret_behind(
    project: Project, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with watched_processes(lambda: secrets_of(project)) as leaks:
        steps.synthesize(project.settings, users=600, days=70, end=END, seed=11, scenario="default")
        assert steps.run(project.settings, "newsletter", None, both_routes=True) == RUN
        steps.activate(project.settings, RUN)
        project.a_day_passes()
        assert steps.activate(project.settings, RUN)
        print_summary(summarise(project.settings, RUN))
        # What dbt and editors get is a token, never what tokens are made with.
        variables = "".join(steps.dbt_variables(project.settings).values())
    assert str(project.platform.ready["client_secret"]) not in variables
    assert leaks == []
    secrets = secrets_of(project)
    files = [f for f in tmp_path.rglob("*") if f.is_file()]
    assert len(files) > 100
    assert {".log", ".json", ".parquet", ".html", ".sqlite", ".db"} & {f.suffix for f in files} >= {".log", ".html"}
    assert found_in(tmp_path, secrets) == {}
    told = capfd.readouterr()
    said = (told.out + told.err + caplog.text).encode()
    assert len(caplog.records) > 100
    for name, secret in secrets.items():
        assert not any(form in said for form in forms(secret)), f"the {name} was printed or logged"
    for file in (f for f in tmp_path.rglob("*") if f.name in OWN):
        assert file.stat().st_mode & 0o077 == 0, f"{file} can be read by others"


def test_what_goes_wrong_says_no_secret(project: Project, tmp_path: Path) -> None:
    ready = project.platform.ready
    secrets = secrets_of(project)
    headers = {"Authorization": f"Bearer {ready['client_secret']}"}
    said = []
    for kind in ("expired_token", "forbidden", "html", "failing", "reset", "truncated", "conflict"):
        rules = {"rules": [{"kind": kind}]}
        assert requests.post(f"{ready['control_url']}/faults", json=rules, headers=headers, timeout=30).ok
        platform = Platform(project.platform.connection(), sleep=lambda _: None)
        with pytest.raises(PropensityError) as seen:
            platform.landing_zone.credentials()
        said.append(f"{seen.value} {seen.value!r} {vars(seen.value)}")
    for name, secret in secrets.items():
        assert secret not in "".join(said), f"an error holds the {name}"
    assert found_in(tmp_path, secrets) == {}


def test_the_scan_finds_what_is_hidden(tmp_path: Path) -> None:
    secret = "s3cr3t-and/long+enough=to-be-one"
    written = pa.table({"a": pa.array([{"b": f"token {secret}"}])})
    pq.write_table(written, tmp_path / "packed.parquet", compression="zstd")
    (tmp_path / "url.log").write_text("GET /x?sig=" + urllib.parse.quote_plus(secret))
    (tmp_path / "basic.txt").write_bytes(base64.b64encode(f"user:{secret}".encode()))
    (tmp_path / "packed.gz").write_bytes(gzip.compress(secret.encode()))
    with sqlite3.connect(tmp_path / "records.sqlite") as database:
        database.execute("CREATE TABLE t (v TEXT)")
        database.execute("INSERT INTO t VALUES (?)", (secret,))
    (tmp_path / "innocent.txt").write_text("nothing")
    names = {"packed.parquet", "url.log", "basic.txt", "packed.gz", "records.sqlite"}
    assert set(found_in(tmp_path, {"secret": secret})) == names
