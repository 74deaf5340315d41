"""`scripts/run`: what it hands to the supervisor."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts" / "run"

# Nothing is installed, and the interpreter is one that tells what it is given.
SETUP = """
set -euo pipefail
cd /
need_game() { :; }
need_packages() { echo "needs $*"; }
PYTHON=none
exec() {
  shift
  [ $# -eq 1 ] || echo "$@"
  printf '%s\\n' "${FAIRPULL_DATA-unset}" "${BANNER_PATH-unset}"
}
"""


def told(folder: Path, *options: str, **variables: str) -> list[str]:
    """What a run from `folder / "here"` leaves in the two variables, and asks for."""
    (folder / "here").mkdir()
    script = shutil.copy(SCRIPT, folder / "run")
    (folder / "setup.sh").write_text(SETUP)
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("FAIRPULL_DATA", "BANNER_PATH")
    }
    done = subprocess.run(
        ["bash", str(script), *options],
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


def test_the_full_game_needs_its_servers(tmp_path: Path) -> None:
    assert told(tmp_path, "--full") == [
        "needs postgresql redis-server",
        "examples/live_service/supervise.py --full",
        "unset",
        "unset",
    ]


def test_several_instances_are_handed_on(tmp_path: Path) -> None:
    assert told(tmp_path, "--gacha", "3", "--full") == [
        "needs postgresql redis-server",
        "examples/live_service/supervise.py --gacha 3 --full",
        "unset",
        "unset",
    ]


@pytest.mark.parametrize("number", [[], ["many"], ["--full"], ["-1"]])
def test_a_number_of_instances_that_is_none_is_refused(number: list[str]) -> None:
    refused = subprocess.run(
        ["bash", str(SCRIPT), "--gacha", *number], capture_output=True, text=True
    )
    assert refused.returncode == 2
    assert "--gacha takes a number, not '" in refused.stderr


def test_an_unknown_option_is_refused_and_help_names_those_there_are() -> None:
    refused = subprocess.run(
        ["bash", str(SCRIPT), "--ful"], capture_output=True, text=True
    )
    assert refused.returncode == 2
    assert "unknown option --ful" in refused.stderr
    told = subprocess.run(
        ["bash", str(SCRIPT), "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert "scripts/run --full" in told
    assert "scripts/run --gacha 3" in told
    assert "BANNER_PATH=dir scripts/run" in told
    assert told.endswith("it installs what is missing.\n")
