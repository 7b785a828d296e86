"""Run the reading of pages in processes that can be killed.

Hostile HTML can keep a parser busy for hours or eat all memory, and neither a thread nor a
timeout in the same process can stop C code. Each worker reads one page at a time under a limit of
seconds and of memory; a worker that breaks its limit is killed and replaced.
"""

from __future__ import annotations

import multiprocessing
import queue
import signal
from collections.abc import Callable
from typing import Any

MEMORY = 2 * 2**30
"""Bytes of address space a worker may use."""
_START = 60.0
"""Seconds a worker may take to load its libraries, on a machine that is busy."""


class TaskFailed(Exception):
    """A task could not be done; the message names the reason for a reader. Tasks raise it too."""


class WorkerPool:
    """``size`` worker processes, started when first used.

    ``run`` is called from any thread and blocks; ``limit`` is in seconds for one task. ``task`` is
    a module-level function of one picklable argument. ``preload`` names the modules to load once,
    in the process from which workers are forked.
    """

    def __init__(
        self, task: Callable[[Any], Any], *, size: int, limit: float, preload: tuple[str, ...] = ()
    ) -> None:
        self.size = size
        self._task = task
        self._limit = limit
        self._context: Any = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(list(preload))
        self._idle: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        for _ in range(size):
            self._idle.put(None)

    def run(self, argument: Any) -> Any:
        """Return ``task(argument)``. Raises TaskFailed when it raises, dies or takes too long."""
        worker = self._idle.get()
        try:
            if worker is None:
                worker = _Worker(self._context, self._task, self._limit)
            answer = worker.ask(argument)
        except TaskFailed:
            if worker is not None:
                worker.stop()
            worker = None
            raise
        finally:
            self._idle.put(worker)
        good, value = answer
        if not good:
            raise TaskFailed(value)
        return value

    def close(self) -> None:
        """End the workers that are idle."""
        while not self._idle.empty():
            worker = self._idle.get()
            if worker is not None:
                worker.stop()


class _Worker:
    def __init__(self, context: Any, task: Callable[[Any], Any], limit: float) -> None:
        self._limit = limit
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, task, limit), daemon=True)
        self._process.start()
        other.close()
        try:
            ready = self._pipe.poll(_START) and self._pipe.recv() == "ready"
        except (EOFError, OSError):
            ready = False
        if not ready:
            self.stop()
            raise TaskFailed("the process that reads pages did not start")

    def ask(self, argument: Any) -> tuple[bool, Any]:
        try:
            self._pipe.send(argument)
            if self._pipe.poll(self._limit):
                answer: tuple[bool, Any] = self._pipe.recv()
                return answer
        except (EOFError, OSError) as error:
            raise TaskFailed("reading it crashed or took too long") from error
        raise TaskFailed(f"reading it took longer than {self._limit:g} s")

    def stop(self) -> None:
        self._pipe.close()
        self._process.kill()
        self._process.join(5)


def _serve(pipe: Any, task: Callable[[Any], Any], limit: float) -> None:
    """Answer tasks until the other side goes away.

    The alarm ends a worker whose owner was killed while it worked on a page without end.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    _limit_memory()
    pipe.send("ready")
    while True:
        try:
            argument = pipe.recv()
        except (EOFError, OSError):
            return
        signal.setitimer(signal.ITIMER_REAL, limit + 2)
        try:
            answer = (True, task(argument))
        except TaskFailed as error:
            answer = (False, str(error))
        except MemoryError:
            answer = (False, "reading it needs too much memory")
        except (ValueError, TypeError, LookupError, AttributeError, RuntimeError, OSError) as error:
            # parsers of three libraries over hostile input: named, and only this page is lost
            answer = (False, f"cannot be read ({type(error).__name__})")
        signal.setitimer(signal.ITIMER_REAL, 0)
        try:
            pipe.send(answer)
        except (BrokenPipeError, OSError):
            return


def _limit_memory() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    except (ImportError, ValueError, OSError):
        pass  # not every system can; the time limit still holds
