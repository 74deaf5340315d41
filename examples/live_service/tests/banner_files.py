"""More banners for the gacha service, made from the one that ships."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

STARTER = Path(__file__).parents[2] / "banners" / "starter.json"


def write_banner(file: Path, *, id: str, **changes: Any) -> None:
    """Write the starter banner under another id, with members changed."""
    banner = json.loads(STARTER.read_text())
    file.write_text(json.dumps({**banner, "id": id, "family": id, **changes}))
