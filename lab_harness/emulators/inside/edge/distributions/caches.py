"""What the edge keeps: the answers of one emulator's distributions, bounded; the least used goes first.

AWS has hundreds of edge locations, each with a cache of its own; here is one.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from lab_harness.emulators.inside.edge.events import EdgeResponse
from lab_harness.emulators.inside.moving_time import clock

LARGEST = 8 * 1_048_576  # bytes of an answer that is kept
MOST = 64 * 1_048_576  # bytes of all
ENTRY = 2000  # bytes that one takes besides


@dataclass(frozen=True)
class Key:
    """What an answer is kept for. `uri` and `query` are what an invalidation's paths are compared with."""

    distribution: str
    uri: str
    query: str = ""
    chosen: tuple[object, ...] = ()  # headers, cookies and the like that count


@dataclass
class Kept:
    """An answer, when it came, until when it is fresh, and what the origin's status was."""

    response: EdgeResponse
    stored: float
    until: float
    origin_status: int

    def fresh(self) -> bool:
        """Whether it is given without asking the origin."""
        return clock.now() < self.until

    def age(self) -> int:
        """Since how many seconds it is kept."""
        return max(0, int(clock.now() - self.stored))

    def size(self) -> int:
        """About how many bytes it takes."""
        return ENTRY + len(self.response.body) + len(str(self.response.headers))


class Cache:
    """Answers by their keys; a stack or a reset forgets them in a thread of its own."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.RLock()
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._size = 0
        self.invalidations = 0  # so far: what was asked for before one may be out of date

    def find(self, key: Key) -> Kept | None:
        """What is kept for a key, fresh or not."""
        with self._one_at_a_time:
            found = self._kept.get(key)
            if found:
                self._kept.move_to_end(key)
            return found

    def keep(self, key: Key, kept: Kept) -> None:
        """Keep an answer, and forget those that were not asked for longest where there are too many."""
        with self._one_at_a_time:
            self.drop(key)
            if len(kept.response.body) > LARGEST:
                return
            self._kept[key], self._size = kept, self._size + kept.size()
            while self._size > MOST:
                self.drop(next(iter(self._kept)))

    def drop(self, key: Key) -> None:
        """Forget the answer for a key."""
        with self._one_at_a_time:
            if found := self._kept.pop(key, None):
                self._size -= found.size()

    def invalidate(self, distribution: str, path: str = "/*") -> None:
        """Forget what a path of an invalidation means; its `*` at the end means all that begins so.

        Without it the whole is compared, the query string as well, as far as that is a part of the key.
        """
        with self._one_at_a_time:
            self.invalidations += 1
            of_distribution = [key for key in self._kept if key.distribution == distribution]
        for key in of_distribution:
            whole = f"{key.uri}?{key.query}" if key.query else key.uri
            if whole.startswith(path[:-1]) if path.endswith("*") else whole == path:
                self.drop(key)

    def clear(self) -> None:
        """Forget all."""
        with self._one_at_a_time:
            self.invalidations += 1
            self._kept.clear()
            self._size = 0


cache = Cache()
