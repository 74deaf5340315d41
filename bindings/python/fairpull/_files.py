"""Banner files, the banners that ship, and files that are written whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from fairpull.errors import BannerError, Problem, UnknownBanner

MAX_FILE_BYTES = 4 << 20


def banner_names() -> list[str]:
    """The names of the banners that ship with the package, sorted."""
    folder = resources.files("fairpull").joinpath("banners")
    names = (entry.name for entry in folder.iterdir())
    return sorted(n.removesuffix(".json") for n in names if n.endswith(".json"))


def read_banner_text(path_or_name: str | Path) -> tuple[str, str]:
    """The text and the name of a banner file, or of one that ships."""
    name = str(path_or_name)
    is_path = isinstance(path_or_name, Path) or "/" in name or "\\" in name
    if not is_path and not name.endswith(".json"):
        known = banner_names()
        if name not in known:
            raise UnknownBanner(
                f"no banner is called {name!r}; there are {', '.join(known)}; a "
                "path to a file ends in .json"
            )
        entry = resources.files("fairpull").joinpath("banners", f"{name}.json")
        return entry.read_text(encoding="utf-8"), f"{name}.json"
    with Path(name).open("rb") as file:
        # One byte more than is allowed, so that the core can refuse it.
        content = file.read(MAX_FILE_BYTES + 1)
    # A name that is no text itself must still be printable.
    shown = name.encode("utf-8", "backslashreplace").decode("utf-8")
    try:
        return content.decode("utf-8"), shown
    except UnicodeDecodeError as error:
        raise BannerError(
            [Problem(shown, "", f"not UTF-8 text: {error.reason} at {error.start}")]
        ) from error


@contextmanager
def written_whole(path: str | Path) -> Iterator[Path]:
    """Where to write what becomes the file `path` when the block ends well.

    Until then, and where it does not, `path` is as it was.
    """
    path = Path(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.absolute().parent)
    os.close(handle)
    unfinished = Path(name)
    try:
        yield unfinished
        # As a file that is simply opened, and not for its owner alone.
        mask = os.umask(0)
        os.umask(mask)
        unfinished.chmod(0o666 & ~mask)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
