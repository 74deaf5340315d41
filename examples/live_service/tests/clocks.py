"""A process whose clock goes wrong."""

from __future__ import annotations

import subprocess
from pathlib import Path

_SOURCE = Path(__file__).with_name("clock_ahead.c")


def clock_ahead(seconds: float, folder: Path) -> dict[str, str]:
    """Variables of a process that takes it to be so many seconds later.

    What it is preloaded with is made in the folder. (libfaketime makes Python's
    `time.sleep` fail where it leaves the monotonic clock as it is.)
    """
    library = folder / "clock_ahead.so"
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(_SOURCE)], check=True
    )
    return {"LD_PRELOAD": str(library), "CLOCK_AHEAD_S": f"{seconds:.0f}"}
