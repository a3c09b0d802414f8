"""Reading, processing and writing in parallel threads, with few items waiting between them.

FFmpeg, inference engines and large array operations release the interpreter lock, so threads are enough.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_END: Any = object()


def prefetch(items: Iterable[Item], depth: int = 4) -> Iterator[Item]:
    """The same items, produced by another thread that is at most ``depth`` items ahead.

    An exception there is raised here, in its place. When the caller stops early (``close()`` of the
    generator), the thread ends too and the source is closed.
    """
    source = iter(items)
    with ThreadPoolExecutor(1, "bottega-prefetch") as thread:
        waiting: deque[Future[Item]] = deque(thread.submit(next, source, _END) for _ in range(depth))
        try:
            while (item := waiting.popleft().result()) is not _END:
                waiting.append(thread.submit(next, source, _END))
                yield item
        finally:
            _cancel(waiting)
            thread.submit(getattr(source, "close", lambda: None))


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
            _cancel(waiting)


def _cancel(futures: Iterable[Future[Any]]) -> None:
    for future in futures:
        future.cancel()


class BackgroundConsumer(Generic[Item]):
    """Calls a function with each item in another thread, with at most ``depth`` items waiting.

    An exception there is raised by one of the next :meth:`put`, or at the end of the ``with`` block, which
    waits until everything is done; items after it are dropped, as are waiting items where the block fails.
    """

    def __init__(self, function: Callable[[Item], Any], depth: int = 4) -> None:
        self._function = function
        self._depth = depth
        self._thread = ThreadPoolExecutor(1, "bottega-consumer")
        self._waiting: deque[Future[None]] = deque()
        self._failed = False

    def put(self, item: Item) -> None:
        """Add an item; blocks while too many are waiting."""
        while self._waiting and (self._waiting[0].done() or len(self._waiting) > self._depth):
            self._waiting.popleft().result()
        self._waiting.append(self._thread.submit(self._consume, item))

    def _consume(self, item: Item) -> None:
        if self._failed:
            return
        try:
            self._function(item)
        except BaseException:
            self._failed = True
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=True, cancel_futures=error is not None)
        while error is None and self._waiting:
            self._waiting.popleft().result()
