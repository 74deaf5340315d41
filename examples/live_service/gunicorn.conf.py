"""How gunicorn runs either service; read because it lies in the working directory."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from typing import Any

from shared_http.tasks import DEFAULT_QUEUED, DEFAULT_WORKERS

# One process with threads: the engine works outside Python's lock. More processes are
# safe as well, since every guard is in the store.
workers = int(os.environ.get("WEB_CONCURRENCY", "1"))
worker_class = "gthread"
# One for each request that runs or waits (shared_http/tasks.py), and some that are
# answered at once: the process's health, and a word to those there is no place for.
threads = (
    int(os.environ.get("TASK_WORKERS") or DEFAULT_WORKERS)
    + int(os.environ.get("TASK_QUEUE") or DEFAULT_QUEUED)
    + 16
)
keepalive = 5
# The gateway bounds heads to 16 KiB and refuses more with a problem document, where
# gunicorn would write a page of HTML.
limit_request_line = 0
limit_request_field_size = 32768
limit_request_fields = 2000
# Seconds for running requests to end after SIGTERM.
graceful_timeout = 8
# Nobody talks to it but by signals, and in a container it couldn't make its socket.
control_socket_disable = True
# The services write their own log lines, one for each request.
accesslog = None
loglevel = "warning"

if workers > 1 and "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    # Here the workers, before whom this is read, put what they count together.
    _counts = tempfile.mkdtemp(prefix="fairpull-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = _counts
    _reader = os.getpid()
    # The workers inherit this as well, and go on counting when one of them ends.
    atexit.register(
        lambda: os.getpid() == _reader and shutil.rmtree(_counts, ignore_errors=True)
    )


def child_exit(_server: Any, worker: Any) -> None:
    """Forget what a worker that is gone had under way; what it counted stays."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
