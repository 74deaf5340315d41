from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from histories import Row, ndjson

import fairpull
from fairpull.history import History

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


@pytest.fixture
def read(tmp_path: Path, starter: fairpull.Banner) -> Iterator[Callable[..., History]]:
    """Reads rows as NDJSON, held against the example game's banner."""
    made: list[History] = []

    def read(rows: list[Row] | str, **options: Any) -> History:
        path = tmp_path / f"history-{len(made)}.ndjson"
        path.write_text(rows if isinstance(rows, str) else ndjson(rows), "utf-8")
        banner = options.pop("banner", starter)
        made.append(fairpull.read_history(path, banner, threads=1, **options))
        return made[-1]

    yield read
    for history in made:
        history.close()
