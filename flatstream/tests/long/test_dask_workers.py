"""A worker that is killed in the middle loses nothing."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import dask
import pytest
from dask.distributed import Client, LocalCluster

import flatstream
from flatstream import Record, build_index
from flatstream import dask as many
from flatstream.index import sidecar

if TYPE_CHECKING:
    from pathlib import Path

EVENT = Record("Event", number="u64")
COUNT = 20_000


def slowly(payload: bytes) -> int:
    """The number of an event, and some time to be killed in."""
    number: int = EVENT.decode(payload)["number"]
    time.sleep(0.0002)
    return number


@pytest.mark.skipif(sys.platform == "win32", reason="nobody is killed there")
@pytest.mark.parametrize("kills", [1, 3])
def test_what_a_killed_worker_had_to_do_is_done_by_another(tmp_path: Path, kills: int) -> None:
    files = []
    for number in range(3):
        path = tmp_path / f"{number}.bin"
        rows = [EVENT.encode(number=number * COUNT + row) for row in range(COUNT)]
        path.write_bytes(flatstream.frame_many(rows, "xxh3_64"))
        build_index(path, "xxh3_64", step=1000).save(sidecar(path))
        files.append(path)
    settings = {"distributed.scheduler.allowed-failures": 10}
    with (
        dask.config.set(settings),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        bag = many.scan(files, "xxh3_64", part_size=20_000)
        assert bag.npartitions > 30
        found = client.compute(bag.map(slowly))
        for _ in range(kills):
            time.sleep(1)
            assert not found.done()
            os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
        assert sorted(found.result(120)) == list(range(3 * COUNT))
        assert all(verdict.good for verdict in many.verify(files, "xxh3_64").compute())
