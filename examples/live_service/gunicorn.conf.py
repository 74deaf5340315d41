"""How gunicorn runs either service; read because it lies in the working directory."""

import os

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
# The services write their own log lines, one for each request.
accesslog = None
loglevel = "warning"
