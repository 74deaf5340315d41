"""A Redis of the game's own: on loopback, with a password, keeping nothing on disk."""

from __future__ import annotations

import os
import shutil
import socket
from dataclasses import dataclass, field
from pathlib import Path

from child_processes import ChildPlan, StartError
from private_files import write_private

HOST = "127.0.0.1"
_MOST_MEMORY = "64mb"
_ANSWER_LIMIT_S = 2.0


@dataclass(frozen=True, kw_only=True)
class RedisServer:
    """Where it is and how to log in."""

    folder: Path
    port: int
    program: str
    password: str = field(repr=False)

    @property
    def url(self) -> str:
        """For the services, with the password."""
        return f"redis://:{self.password}@{HOST}:{self.port}"

    def plan(self) -> ChildPlan:
        """How it is run."""
        return ChildPlan(
            name="redis",
            command=[self.program, str(self.folder / "redis.conf")],
            folder=self.folder,
            environment=dict(os.environ),
            is_ready=self._answers,
            comes_first=True,
        )

    def _answers(self) -> bool:
        words = f"AUTH {self.password}\r\nPING\r\n".encode()
        try:
            with socket.create_connection((HOST, self.port), _ANSWER_LIMIT_S) as line:
                line.sendall(words)
                answer = b""
                while more := line.recv(1024):
                    answer += more
                    if answer.count(b"\r\n") == 2:
                        break
        except OSError:
            return False
        return answer == b"+OK\r\n+PONG\r\n"


def prepare_redis(folder: Path, *, port: int, password: str) -> RedisServer:
    """Write its configuration; a `StartError` if it is not installed."""
    program = shutil.which("redis-server")
    if program is None:
        raise StartError(
            "redis-server is not installed; scripts/run --full installs it"
        )
    folder.mkdir(mode=0o700, exist_ok=True)
    lines = [
        f"bind {HOST}",
        f"port {port}",
        f"requirepass {password}",
        f'dir "{folder}"',
        # A cache: full, it forgets what was not asked for the longest; ended, all.
        'save ""',
        "appendonly no",
        f"maxmemory {_MOST_MEMORY}",
        "maxmemory-policy allkeys-lru",
    ]
    write_private(folder / "redis.conf", "\n".join(lines) + "\n")
    return RedisServer(folder=folder, port=port, program=program, password=password)
