"""Makes Python code of `proto/`: the messages, in the folder `generated`.

    python generate_stubs.py

`scripts/setup.sh` calls it, and whoever starts the game without that; it does nothing
where the code is younger than what it is made of.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_PROTO = _HERE / "proto" / "discovery.proto"
_PACKAGE = "generated"
_FOLDER = _HERE / _PACKAGE
# The types that protoc writes say Mapping without saying of what.
_LENIENCE = "# mypy: disable-error-code=type-arg\n"
_MADE = ("discovery_pb2.py", "discovery_pb2.pyi")


class GenerationError(Exception):
    """The code can't be made; the message says why."""


def ensure_stubs() -> None:
    """Make the code if it is missing or old. Several processes may at once."""
    made = [_FOLDER / name for name in _MADE]
    newest_source = _PROTO.stat().st_mtime
    if all(file.exists() and file.stat().st_mtime >= newest_source for file in made):
        return
    try:
        from grpc_tools import protoc  # type: ignore[import-untyped]
    except ImportError:
        raise GenerationError(
            f"{sys.executable} lacks grpcio-tools; requirements.txt has it"
        ) from None
    _FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_FOLDER) as draft:
        code = protoc.main(
            [
                "protoc",
                # So that what is generated belongs to the package.
                f"-I{_PACKAGE}={_PROTO.parent}",
                f"--python_out={draft}",
                f"--pyi_out={draft}",
                f"{_PACKAGE}/{_PROTO.name}",
            ]
        )
        if code != 0:
            raise GenerationError(f"{_PROTO} can't be compiled; see above")
        for file in made:
            drafted = Path(draft) / _PACKAGE / file.name
            if file.suffix == ".pyi":
                drafted.write_text(_LENIENCE + drafted.read_text())
            drafted.replace(file)


if __name__ == "__main__":
    try:
        ensure_stubs()
    except GenerationError as error:
        sys.exit(str(error))
