"""A process that writes to the lake is killed at any moment; what it had committed is there, and nothing half of it."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from local_platform.clock import Clock
from local_platform.lake import Lake

ROWS = 50
WRITER = f"""
import sys
from pathlib import Path
import pyarrow as pa, pyarrow.parquet as pq
from local_platform.clock import Clock
from local_platform.lake import Lake

lake = Lake(Path(sys.argv[1]), Clock())
schema = pa.schema([("n", pa.int64())])
dataset = lake.create_dataset("t", schema, owner="me", created_by="api")
previous = None
number = 0
while True:
    with lake.scratch_dir() as scratch:
        files = []
        for part in range(2):
            files.append(scratch / f"{{part}}.parquet")
            pq.write_table(pa.table({{"n": [number] * ({ROWS} // 2)}}), files[-1])
        replaces = [previous] if previous and number % 3 == 2 else []
        batch = lake.open_batch(dataset.id, replaces=replaces)
        lake.commit_batch(batch.id, files)
        previous = batch.id
    print(number, flush=True)
    number += 1
"""


@pytest.mark.parametrize("seed", range(4))
def test_after_a_kill_every_batch_is_whole_or_absent(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    last = -1
    for _ in range(chance.randrange(2, 12)):
        last = int(process.stdout.readline())
    # A moment later, in the middle of something.
    deadline = chance.random() * 0.01
    try:
        process.wait(timeout=deadline)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().split()
    process.wait()
    said = int(rest[-1]) if rest else last

    lake = Lake(tmp_path, Clock())
    (dataset,) = lake.datasets()
    counts: dict[int, int] = {}
    for file in lake.files(dataset.id):
        for number in pq.read_table(file)["n"].to_pylist():
            counts[number] = counts.get(number, 0) + 1
    assert set(counts.values()) == {ROWS}
    # At most one commit may have happened without being reported.
    committed = said + (2 if said + 1 in counts else 1)
    assert set(counts) == {n for n in range(committed) if not ((n + 1) % 3 == 2 and n + 1 < committed)}
    on_disk = set((lake.root / dataset.id).rglob("*.parquet"))
    assert on_disk == {file.path for batch in lake.batches() for file in lake.batch_files(batch.id)}
    statuses = [batch.status for batch in lake.batches()]
    assert statuses.count("success") == len(counts)
