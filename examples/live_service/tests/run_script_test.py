"""`scripts/run`: what it hands to the supervisor."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

SCRIPT = Path(__file__).parents[3] / "scripts" / "run"

# Nothing is installed, and the interpreter is one that tells what it is given.
SETUP = """
set -euo pipefail
cd /
need_game() { :; }
PYTHON=none
exec() { printf '%s\\n' "${FAIRPULL_DATA-unset}" "${BANNER_PATH-unset}"; }
"""


def told(folder: Path, **variables: str) -> list[str]:
    """What a run from `folder / "here"` leaves in the two variables."""
    (folder / "here").mkdir()
    script = shutil.copy(SCRIPT, folder / "run")
    (folder / "setup.sh").write_text(SETUP)
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("FAIRPULL_DATA", "BANNER_PATH")
    }
    done = subprocess.run(
        ["bash", str(script)],
        cwd=folder / "here",
        env={**environment, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_folders_are_those_of_where_it_is_called(tmp_path: Path) -> None:
    assert told(tmp_path, FAIRPULL_DATA="new/data", BANNER_PATH="../my banners") == [
        f"{tmp_path}/here/new/data",
        f"{tmp_path}/my banners",
    ]


def test_an_absolute_folder_stays_as_it_is(tmp_path: Path) -> None:
    assert told(tmp_path, FAIRPULL_DATA="/srv/game", BANNER_PATH="") == [
        "/srv/game",
        "",
    ]


def test_what_is_not_set_stays_so(tmp_path: Path) -> None:
    assert told(tmp_path) == ["unset", "unset"]
