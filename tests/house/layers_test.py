"""Holds the code to the layer table of ARCHITECTURE.md.

Reads every #include line below include/, src/ and bindings/ and checks that a
layer includes only what its row names, that nothing below the top includes the
umbrella header, and that third-party headers stay in their place, by the
beginning of their names. With --self-test it checks that it would notice.
"""

from __future__ import annotations

import argparse
import re
import sys
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.MULTILINE)
UMBRELLA = "fairpull/fairpull.h"
# What else of a library the fence around its header keeps in.
PREFIXES = {
    "hiredis.h": "hiredis",
    "hwy/highway.h": "hwy/",
    "libpq-fe.h": "libpq",
    "nlohmann/json.hpp": "nlohmann/",
    "pcg_random.hpp": "pcg_",
    "sodium.h": "sodium",
    "sqlite3.h": "sqlite3",
}
ROW = re.compile(r"^\| `([^`]+)` \|(.*)\|$", re.MULTILINE)


def tables(text: str) -> tuple[dict[str, set[str]], dict[str, list[str]]]:
    """The layers with what they may include, and the fenced headers."""
    layers: dict[str, set[str]] = {}
    fences: dict[str, list[str]] = {}
    for name, rest in ROW.findall(text):
        last = re.findall(r"`([^`]+)`", rest.split("|")[-1])
        if "." in name:
            fences[name] = last
        elif "::" not in name:
            layers[name] = set(last)
    return layers, fences


def layer_of(path: Path) -> str | None:
    """The layer that a file below include/fairpull or src belongs to."""
    parts = path.parts
    if parts[:2] == ("include", "fairpull") and len(parts) > 3:
        return parts[2]
    if parts[0] == "src" and len(parts) > 2:
        return parts[1]
    return None


def breaches(
    path: Path,
    text: str,
    layers: dict[str, set[str]],
    fences: dict[str, list[str]],
) -> list[str]:
    """What a file includes against the tables."""
    found = []
    layer = layer_of(path)
    if layer is not None and layer not in layers:
        return [f"{path}: the layer {layer} has no row in ARCHITECTURE.md"]
    place = "/".join(path.parts[-2:]).rsplit(".", 1)[0]
    for header in INCLUDE.findall(text):
        parts = header.split("/")
        if layer and ".." in parts:
            found.append(f"{path}: {header} goes round the table; name it in full")
        if layer and header == UMBRELLA:
            found.append(f"{path}: {header} is for users, not for a layer")
        is_ours = layer and parts[0] == "fairpull" and len(parts) == 3
        if is_ours and parts[1] not in {layer, *layers[layer]}:
            found.append(f"{path}: {layer} may not include {header}")
        for fenced, allowed in fences.items():
            if not header.startswith(PREFIXES.get(fenced, fenced)):
                continue
            if not any(
                layer == a or place.startswith(a) or fnmatch(place, a) for a in allowed
            ):
                found.append(f"{path}: {header} belongs only in {allowed}")
    return found


def circles(layers: dict[str, set[str]]) -> list[str]:
    """Rows that include each other, directly or through others."""
    found = []
    for layer in layers:
        seen, todo = set(), set(layers[layer])
        while todo:
            below = todo.pop()
            if below not in layers:
                found.append(f"the row of {layer} names {below}, which has none")
                continue
            seen.add(below)
            todo |= layers[below] - seen
        if layer in seen:
            found.append(f"{layer} reaches itself")
    return found


def self_test(layers: dict[str, set[str]], fences: dict[str, list[str]]) -> list[str]:
    """A breach of each kind must be noticed, and a good file must pass."""
    cases = [
        ("src/odds/x.cc", "fairpull/banner/banner.h", True),
        ("include/fairpull/ledger/x.h", "fairpull/store/store.h", True),
        ("src/analysis/x.cc", "fairpull/engine/pull.h", True),
        ("src/store/memory_store.cc", "sqlite3.h", True),
        ("src/store/sqlite_store.cc", "libpq-fe.h", True),
        ("src/engine/x.cc", "nlohmann/json.hpp", True),
        ("src/base/id.cc", "sodium.h", True),
        ("src/unknown/x.cc", "fairpull/base/id.h", True),
        ("src/base/x.cc", "fairpull/fairpull.h", True),
        ("src/odds/x.cc", "../banner/json_fields.h", True),
        ("src/engine/x.cc", "nlohmann/json_fwd.hpp", True),
        ("src/engine/x.cc", "sodium/crypto_auth.h", True),
        ("src/engine/x.cc", "pcg_extras.hpp", True),
        ("bindings/python/src/x.cc", "sqlite3.h", True),
        ("src/store/cached_store.cc", "hiredis/hiredis.h", True),
        ("include/fairpull/store/redis_cache.h", "hiredis.h", False),
        ("src/store/redis_client.cc", "hiredis/hiredis.h", False),
        ("bindings/python/src/x.cc", "fairpull/store/store.h", False),
        ("src/base/digest.cc", "sodium.h", False),
        ("src/store/sqlite_store.cc", "sqlite3.h", False),
        ("src/store/postgres_pool.cc", "libpq-fe.h", False),
        ("src/service/x.cc", "fairpull/engine/pull.h", False),
    ]
    missed = []
    for path, header, breach in cases:
        found = breaches(Path(path), f'#include "{header}"\n', layers, fences)
        if bool(found) != breach:
            missed.append(f"self-test: {path} including {header}: {found}")
    if not circles({"a": {"b"}, "b": {"a"}}):
        missed.append("self-test: a circle went unnoticed")
    return missed


def main() -> int:
    """Print every breach; 1 if there is one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--self-test", action="store_true")
    wants_self_test = parser.parse_args().self_test
    layers, fences = tables((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"))
    problems = circles(layers)
    if len(layers) < 10 or len(fences) < 4:
        problems.append("the tables of ARCHITECTURE.md could not be read")
    if wants_self_test:
        problems += self_test(layers, fences)
    files = [
        p
        for folder in ("include", "src", "bindings")
        for p in sorted((ROOT / folder).rglob("*"))
        if p.suffix in (".h", ".cc")
    ]
    for path in files:
        text = path.read_text(encoding="utf-8")
        problems += breaches(path.relative_to(ROOT), text, layers, fences)
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(files)} files, {len(layers)} layers, {len(problems)} problems")
    return 1 if problems or not files else 0


if __name__ == "__main__":
    sys.exit(main())
