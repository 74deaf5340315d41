"""Starts one service under gunicorn, for campaigns that kill its workers often.

    python tests/serve.py VARIANT -b 127.0.0.1:8001 "account.app:create_app()"

As `gunicorn` itself, but what the services import is imported before the workers are
forked, so that a worker which was killed is replaced at once. A variant is the name of
a function in `bad_variants.py`, which breaks the game on purpose; the empty name is
the game as it is.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from gunicorn.app.wsgiapp import run

import account.app  # noqa: F401
import bad_variants
import gacha.app  # noqa: F401

if __name__ == "__main__":
    variant = sys.argv.pop(1)
    if variant:
        getattr(bad_variants, variant)()
    run()
