"""Reading, processing and writing in parallel threads, with short queues between them.

FFmpeg, inference engines and large array operations release the interpreter lock, so threads are enough.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_END = object()


def prefetch(items: Iterable[Item], depth: int = 4) -> Iterator[Item]:
    """The same items, produced by another thread that is at most ``depth`` items ahead.

    An exception there is raised here, in its place. When the caller stops early (``close()`` of the
    generator), the thread ends too and the source is closed.
    """
    waiting: queue.Queue[Any] = queue.Queue(depth)
    stop = threading.Event()

    def produce() -> None:
        source = iter(items)
        try:
            for item in source:
                if not _put(waiting, (item, None), stop):
                    return
            _put(waiting, (_END, None), stop)
        except BaseException as error:  # noqa: BLE001 - raised in the caller's thread
            _put(waiting, (_END, error), stop)
        finally:
            close = getattr(source, "close", None)
            if close is not None:
                close()

    thread = threading.Thread(target=produce, name="bottega-prefetch", daemon=True)
    thread.start()
    try:
        while True:
            item, error = waiting.get()
            if error is not None:
                raise error
            if item is _END:
                return
            yield item
    finally:
        stop.set()
        thread.join()


def _put(waiting: queue.Queue[Any], item: Any, stop: threading.Event) -> bool:
    """Whether the item went into the queue before the other side stopped."""
    while not stop.is_set():
        try:
            waiting.put(item, timeout=0.1)
            return True
        except queue.Full:
            continue
    return False


def ordered_map(function: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """``function(item)`` of each item, in order, computed by several threads.

    At most ``workers`` + 1 items are taken ahead. An exception there is raised here, in its place.
    """
    with ThreadPoolExecutor(workers, "bottega-map") as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


class BackgroundConsumer(Generic[Item]):
    """Calls a function with each item in another thread, with at most ``depth`` items waiting.

    An exception there is raised by the next :meth:`put`, or at the end of the ``with`` block, which waits
    until everything is done; where the block ends by an exception, waiting items are dropped.
    """

    def __init__(self, function: Callable[[Item], Any], depth: int = 4) -> None:
        self._function = function
        self._waiting: queue.Queue[Any] = queue.Queue(depth)
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="bottega-consumer", daemon=True)

    def put(self, item: Item) -> None:
        """Add an item; blocks while the queue is full."""
        self._raise()
        if not _put(self._waiting, item, self._stop):
            self._raise()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                item = self._waiting.get(timeout=0.1)
            except queue.Empty:
                continue
            if item is _END:
                return
            try:
                self._function(item)
            except BaseException as error:  # noqa: BLE001 - raised in the caller's thread
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
            _put(self._waiting, _END, self._stop)
        else:
            self._stop.set()
        self._thread.join()
        if error is None:
            self._raise()
