"""A Redis that a test may kill, hang and start again."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from child_processes import Child, Pace
from redis_server import prepare_redis
from supervise import free_ports
from waiting import until


class LocalRedis:
    """One server on a port of its own; not running at first."""

    def __init__(self, folder: Path) -> None:
        server = prepare_redis(
            folder / "redis", port=free_ports(1)[0], password="sesame-of-the-tests"
        )
        self.url = server.url
        self._plan = server.plan()
        self._folder = folder
        self._child: Child | None = None

    def start(self) -> None:
        self._child = Child(self._plan, self._folder, Pace(), ())
        self._child.start()
        until(self._child.is_ready, within_s=30, what="Redis ready")

    def signal(self, number: signal.Signals) -> None:
        assert self._child is not None
        assert self._child.process_id is not None
        os.kill(self._child.process_id, number)

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop()
            self._child = None
