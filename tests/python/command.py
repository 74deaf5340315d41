"""Runs the command as a user does."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fairpull", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def run_json(*arguments: str) -> Any:
    """What it prints with ``--json``, and nothing on stderr."""
    result = run(*arguments, "--json")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return json.loads(result.stdout)
