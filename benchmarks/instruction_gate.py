"""Fails where a pull takes more instructions than it did.

    instruction_gate.py COUNTED_WORK            compare with results/instructions.json
    instruction_gate.py COUNTED_WORK --write    make today's counts the ones to beat

COUNTED_WORK is the program of counted_work.cc, built by the preset `ci`, which has
assertions and is built for every run of the tests. It runs under callgrind twice,
and the difference is divided by the difference of the pulls: the same on a busy machine
as on a quiet one. Another compiler makes other code, so counts are compared only with
those that the same one made.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

FILE = Path(__file__).parent / "results/instructions.json"
TOLERANCE = 0.05
# How many pulls are counted: few, many. The vectors have 64 lanes.
WORK = {
    "each": (20_000, 220_000),
    "one": (20_000, 220_000),
    "live": (1_000, 6_000),
    "vectors": (640_000, 6_400_000),
}


def instructions(program: Path, what: str, pulls: int) -> int | None:
    """How many the program takes in all; None where the vectors are not AVX2's."""
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/count",
             str(program), what, str(pulls)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    if what == "vectors" and "AVX2" not in ran.stderr:
        return None
    found = re.search(r"Collected : (\d+)", ran.stderr)
    if found is None:
        raise SystemExit(f"callgrind told no count:\n{ran.stderr}")
    return int(found[1])


def compiler_of(program: Path) -> str:
    """The compiler that made the program, as its file says."""
    said = subprocess.run(
        ["readelf", "-p", ".comment", str(program)],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    found = re.search(r"GCC: .*|clang version .*", said)
    return "unknown" if found is None else found[0].strip()


def main() -> int:
    """Count, and compare or write."""
    program = Path(sys.argv[1])
    counts = {}
    for what, (few, many) in WORK.items():
        less, more = (instructions(program, what, pulls) for pulls in (few, many))
        if less is None or more is None:
            print(f"{what:8} not counted: this machine has no AVX2")
            continue
        counts[what] = round((more - less) / (many - few), 2)
    compiler = compiler_of(program)
    if "--write" in sys.argv[2:]:
        written = {"compiler": compiler, "instructions_per_pull": counts}
        FILE.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    kept = json.loads(FILE.read_text(encoding="utf-8"))
    before = kept["instructions_per_pull"]
    same_compiler = kept["compiler"] == compiler
    failed = False
    for what, count in counts.items():
        ratio = count / before[what]
        worse = ratio > 1 + TOLERANCE
        failed |= worse
        verdict = "MORE THAN ALLOWED" if worse else "ok"
        print(
            f"{what:8} {count:10.2f} a pull, {ratio:.3f} of {before[what]}: {verdict}"
        )
    if not same_compiler:
        print(f"not compared: made by {compiler}, and the counts by {kept['compiler']}")
        return 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
