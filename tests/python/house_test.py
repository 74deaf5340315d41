"""The stubs are current, the examples in docstrings run, import is quick."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

import fairpull

MODULES = [
    f"fairpull.{module.name}"
    for module in pkgutil.iter_modules(fairpull.__path__)
    if module.name not in {"_core", "__main__"}
]


def test_stubs_are_current(tmp_path: Path):
    """Made anew they are the same; scripts/stubs writes them."""
    subprocess.run(
        [sys.executable, "-m", "pybind11_stubgen", "fairpull._core", "-o", tmp_path],
        check=True,
        capture_output=True,
    )
    made = (tmp_path / "fairpull" / "_core.pyi").read_text(encoding="utf-8")
    kept = ROOT / "bindings" / "python" / "fairpull" / "_core.pyi"
    assert kept.read_text(encoding="utf-8") == made


@pytest.mark.parametrize("name", ["fairpull", *MODULES])
def test_examples_in_docstrings_run(name: str):
    results = doctest.testmod(importlib.import_module(name))
    assert results.failed == 0


def test_there_are_examples():
    attempted = sum(
        doctest.testmod(importlib.import_module(name)).attempted
        for name in ["fairpull", *MODULES]
    )
    assert attempted >= 8


def test_everything_public_is_documented():
    for name in fairpull.__all__:
        if name != "__version__":
            assert getattr(fairpull, name).__doc__, name


def test_the_program_in_the_readme_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 2
    assert not re.search(r"@[A-Z]+@", text), "a figure is missing"
    names: dict[str, object] = {}
    for block in blocks:
        exec(block, names)
    assert capsys.readouterr().out.startswith("0.016052")
    assert len(names["receipt"].pulls) == 10
    names["store"].close()


def test_the_reference_still_draws_the_golden_transcripts():
    subprocess.run(
        [sys.executable, ROOT / "tests" / "engine" / "golden" / "reference.py"],
        check=True,
    )


def seconds_to(statement: str) -> float:
    code = (
        f"import time; import numpy; t = time.perf_counter(); {statement}; "
        "print(time.perf_counter() - t)"
    )
    runs = [
        float(
            subprocess.run(
                [sys.executable, "-c", code],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        for _ in range(5)
    ]
    return statistics.median(runs)


def test_import_takes_at_most_100_ms_beyond_numpy():
    assert seconds_to("import fairpull") <= 0.1
