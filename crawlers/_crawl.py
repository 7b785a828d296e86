"""Run a crawl in a child process and read what it reports, within a hard time limit."""

from __future__ import annotations

import json
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from crawlers._plan import Plan

_LOG = logging.getLogger(__name__)
_PASSED_ON = (
    "PATH", "HOME", "LANG", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "VIRTUAL_ENV",
    "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "PYTHONHASHSEED",
)  # fmt: skip
_LONGEST_LINE = 64 * 2**20


class CrawlCrashed(Exception):
    """The child ended without its end line. ``code`` is its exit code, negative for a signal."""

    def __init__(self, code: int | None, *, overdue: bool) -> None:
        super().__init__(f"exit code {code}")
        self.code = code
        self.overdue = overdue


def crawl(plan: Plan, *, time_limit: float, grace: float = 10.0) -> Iterator[dict[str, Any]]:
    """Yield the child's records as they come; the last one has ``"t": "end"``.

    After ``time_limit`` seconds the child is asked to stop, after ``grace`` more it is killed with
    everything it started. Raises CrawlCrashed after the last record when there is no end line.
    Leaving the iterator early kills the child.
    """
    child = _start(plan)
    lines: queue.Queue[bytes | None] = queue.Queue(maxsize=1000)
    tail: deque[bytes] = deque(maxlen=40)
    stopped = threading.Event()
    readers = (
        threading.Thread(target=_read_lines, args=(child.stdout, lines, stopped), daemon=True),
        threading.Thread(target=_read_tail, args=(child.stderr, tail), daemon=True),
    )
    for reader in readers:
        reader.start()
    watch = _Watch(child, time_limit, grace)
    ended = False
    try:
        while True:
            try:
                line = lines.get(timeout=0.25)
            except queue.Empty:
                watch.look()
                continue
            watch.look()
            if line is None:
                break
            record = json.loads(line)
            ended = record.get("t") == "end"
            yield record
    finally:
        stopped.set()
        _kill(child, gently=ended)
        for stream in (child.stdin, child.stdout, child.stderr):
            if stream is not None:
                stream.close()
        for reader in readers:
            reader.join(2)
    if not ended:
        for text in tail:
            _LOG.debug("crawl process: %s", text.decode("utf-8", "replace").rstrip())
        raise CrawlCrashed(child.returncode, overdue=watch.overdue)


class _Watch:
    """Asks the child to stop when its time is over, then again, then kills it."""

    def __init__(self, child: subprocess.Popen[bytes], limit: float, grace: float) -> None:
        self._child = child
        start = time.monotonic() + limit
        self._steps = deque(
            [(start, signal.SIGTERM), (start + grace / 2, signal.SIGTERM), (start + grace, None)]
        )
        self.overdue = False

    def look(self) -> None:
        while self._steps and time.monotonic() >= self._steps[0][0]:
            self.overdue = True
            _, sign = self._steps.popleft()
            if sign is None:
                _kill(self._child, gently=False)
            elif self._child.poll() is None:
                self._child.send_signal(sign)


def _start(plan: Plan) -> subprocess.Popen[bytes]:
    root = str(Path(__file__).resolve().parents[1])
    environment = {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED_ON or name.startswith("LC_")
    }  # no secret of ours: this process reads hostile pages
    environment["PYTHONPATH"] = root
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "crawlers._child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    assert child.stdin is not None
    try:
        child.stdin.write(json.dumps(plan.to_json()).encode("ascii") + b"\n")
        child.stdin.flush()  # and stays open: the child ends when it closes
    except BrokenPipeError:
        pass  # it ended at once; its missing end line tells
    return child


def _read_lines(
    stream: IO[bytes], lines: queue.Queue[bytes | None], stopped: threading.Event
) -> None:
    try:
        while line := stream.readline(_LONGEST_LINE):
            while not stopped.is_set():
                try:
                    lines.put(line, timeout=0.5)
                    break
                except queue.Full:
                    continue
            if stopped.is_set():
                return
    except (OSError, ValueError):
        pass  # closed under us because the consumer left
    while not stopped.is_set():
        try:
            lines.put(None, timeout=0.5)
            return
        except queue.Full:
            continue


def _read_tail(stream: IO[bytes], tail: deque[bytes]) -> None:
    try:
        while line := stream.readline(10_000):
            tail.append(line)
    except (OSError, ValueError):
        pass


def _kill(child: subprocess.Popen[bytes], *, gently: bool) -> None:
    """End the child and the workers of its session."""
    if gently:
        try:
            child.wait(3)
        except subprocess.TimeoutExpired:
            pass
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    child.wait()
