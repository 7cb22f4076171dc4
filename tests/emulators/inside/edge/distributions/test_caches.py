"""Tests for what the edge keeps."""

import threading

from lab_harness.emulators.inside.edge.distributions.caches import Cache, Kept, Key
from lab_harness.emulators.inside.edge.events import EdgeResponse


def test_answers_are_kept_while_others_are_forgotten_in_another_thread():
    cache, kept = Cache(), Kept(EdgeResponse(200), 0, 0, 200)
    keeping = threading.Thread(target=lambda: [cache.keep(Key("E1", f"/{n}"), kept) for n in range(10_000)])
    keeping.start()
    while keeping.is_alive():
        cache.invalidate("E2")
    cache.invalidate("E1")
    assert not any(cache.find(Key("E1", f"/{n}")) for n in range(10_000))
