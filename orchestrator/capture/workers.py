"""A few threads that share a list of work, and that nobody has to wait for when it is given up."""

import threading
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

WORKERS = 4  # a page of objects each: more would cost memory, and gain little behind one lock
GIVEN_UP_S = 2.0


def each(
    items: Sequence[Item], work: Callable[[Item], Result], stop: threading.Event
) -> Iterator[Result]:
    """Give the results as they come; raises what `work` raises.

    On an error `stop` is set: workers end after what they are at, and those that hang are left
    behind.
    """
    waiting: SimpleQueue[Item] = SimpleQueue()
    done: SimpleQueue[Result | BaseException] = SimpleQueue()
    for item in items:
        waiting.put(item)
    threads = [
        threading.Thread(target=_loop, args=(waiting, done, work, stop), daemon=True)
        for _ in range(min(WORKERS, len(items)))
    ]
    for thread in threads:
        thread.start()
    try:
        for _ in items:
            result = done.get()
            if isinstance(result, BaseException):
                raise result
            yield result
    except BaseException:
        stop.set()
        raise
    finally:
        for thread in threads:
            thread.join(GIVEN_UP_S)


def _loop(
    waiting: "SimpleQueue[Item]",
    done: "SimpleQueue[Result | BaseException]",
    work: Callable[[Item], Result],
    stop: threading.Event,
) -> None:
    while not stop.is_set():
        try:
            item = waiting.get_nowait()
        except Empty:
            return
        try:
            done.put(work(item))
        except BaseException as error:
            done.put(error)
