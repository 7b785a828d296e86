"""Reading in killable processes: a page that never ends costs only itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawlers._workers import TaskFailed, WorkerPool

ROOT = Path(__file__).parents[2]


def work(task: object) -> object:
    """Do as the task says; runs in the worker process."""
    if task == "hang":
        while True:
            pass
    if task == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if task == "eat":
        return len(bytearray(3 * 2**30))
    if task == "fail":
        raise ValueError("a page with a secret in it")
    if task == "who":
        return os.getpid()
    return task


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    pool = WorkerPool(work, size=1, limit=1.5)
    yield pool
    pool.close()


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        ("hang", "took longer than 1.5 s|crashed or took too long"),
        ("die", "crashed"),
        ("eat", "too much memory"),
        ("fail", r"cannot be read \\(ValueError\\)$".replace("\\\\", "\\")),
    ],
)
def test_bad_task_fails_by_name_and_the_next_one_works(pool: WorkerPool, task: str, reason: str):
    with pytest.raises(TaskFailed, match=reason):
        pool.run(task)
    assert pool.run("next") == "next"


def test_worker_is_kept_between_tasks(pool: WorkerPool):
    assert pool.run("who") == pool.run("who") != os.getpid()


def test_crawl_ends_when_its_parent_is_killed():
    parent = """
        import sys, time
        from datetime import UTC, datetime
        from crawlers._crawl import _start
        from crawlers._plan import Plan
        now = datetime(2026, 11, 22, tzinfo=UTC)
        child = _start(Plan(now=now, floor=now, cutoff=now, start_urls=("http://127.0.0.1:9/x",),
                            allow_private=True, pace=30.0))
        print(child.pid, flush=True)
        time.sleep(60)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(parent)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    time.sleep(1)
    process.kill()
    process.wait()
    process.stdout.close()
    for _ in range(100):
        if not _runs(child):
            return
        time.sleep(0.1)
    raise AssertionError("the crawl outlived its parent")


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
