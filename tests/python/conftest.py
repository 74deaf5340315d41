from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fairpull

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def starter() -> fairpull.Banner:
    return fairpull.Banner.load("starter")


@pytest.fixture
def starter_file() -> dict[str, Any]:
    text = (ROOT / "examples" / "banners" / "starter.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, Any], Path]:
    """Writes a file into the test's folder: text as it is, other things as JSON."""

    def write(name: str, content: Any) -> Path:
        path = tmp_path / name
        text = content if isinstance(content, str) else json.dumps(content)
        path.write_text(text, encoding="utf-8")
        return path

    return write
