"""Work ahead and behind: reading, painting and writing side by side, with little waiting in memory.

FFmpeg, inference engines and large array operations let go of the interpreter, so threads are enough.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

Thing = TypeVar("Thing")
Result = TypeVar("Result")

_END = object()


def ahead(things: Iterable[Thing], depth: int = 4) -> Iterator[Thing]:
    """The same things, made by another thread, which is at most ``depth`` ahead.

    An exception there is raised here, in its place. When the caller stops early (``close()`` of the
    generator), the thread ends too and the source is closed.
    """
    waiting: queue.Queue[Any] = queue.Queue(depth)
    stop = threading.Event()

    def work() -> None:
        source = iter(things)
        try:
            for thing in source:
                if not _offered(waiting, (thing, None), stop):
                    return
            _offered(waiting, (_END, None), stop)
        except BaseException as error:  # noqa: BLE001 - handed over to the caller's thread
            _offered(waiting, (_END, error), stop)
        finally:
            close = getattr(source, "close", None)
            if close is not None:
                close()

    thread = threading.Thread(target=work, name="bottega-ahead", daemon=True)
    thread.start()
    try:
        while True:
            thing, error = waiting.get()
            if error is not None:
                raise error
            if thing is _END:
                return
            yield thing
    finally:
        stop.set()
        thread.join()


def _offered(waiting: queue.Queue[Any], thing: Any, stop: threading.Event) -> bool:
    """Whether a thing found its place before the other side stopped."""
    while not stop.is_set():
        try:
            waiting.put(thing, timeout=0.1)
            return True
        except queue.Full:
            continue
    return False


def side_by_side(work: Callable[[Thing], Result], things: Iterable[Thing], workers: int) -> Iterator[Result]:
    """``work(thing)`` of each thing, in order, done by several threads at once.

    One thing more than there are workers is taken ahead. An exception there is raised here, in its place.
    """
    with ThreadPoolExecutor(workers, "bottega-side") as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for thing in things:
                waiting.append(pool.submit(work, thing))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for each in waiting:
                each.cancel()


class Behind(Generic[Thing]):
    """Hands things to a function in another thread, at most ``depth`` of them waiting.

    An exception there is raised by the next :meth:`put`, or at the end of the ``with`` block, which waits
    until everything is done; where the block ends by an exception, what waits is dropped.
    """

    def __init__(self, work: Callable[[Thing], Any], depth: int = 4) -> None:
        self._work = work
        self._waiting: queue.Queue[Any] = queue.Queue(depth)
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="bottega-behind", daemon=True)

    def put(self, thing: Thing) -> None:
        """Hand one over; waits while too many do."""
        self._raise()
        if not _offered(self._waiting, thing, self._stop):
            self._raise()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                thing = self._waiting.get(timeout=0.1)
            except queue.Empty:
                continue
            if thing is _END:
                return
            try:
                self._work(thing)
            except BaseException as error:  # noqa: BLE001 - handed over to the caller's thread
                self._error = error
                self._stop.set()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            _offered(self._waiting, _END, self._stop)
        else:
            self._stop.set()
        self._thread.join()
        if error is None:
            self._raise()
