"""DuckDB as the histories use it: in a scratch folder, within a memory limit."""

from __future__ import annotations

import re
import shutil
import tempfile
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairpull.errors import (
    HistoryError,
    InvalidArgumentError,
    MissingExtraError,
    ResourceExhaustedError,
)

if TYPE_CHECKING:
    import duckdb

MEMORY = re.compile(r"([1-9][0-9]*)(MB|GB|MiB|GiB)")
# How many rows DuckDB sorts at once for each gigabyte that it may hold. It spills
# them, but not all that it knows of them: with 20 times as many it gave up.
SORTED_AT_ONCE = 32_000_000


def quoted(text: str) -> str:
    """The text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


class Engine:
    """A database in a folder of its own, which goes when it is closed.

    Parameters
    ----------
    memory_limit : str
        What DuckDB may hold in memory; what is more goes to the folder.
    threads : int or None
        All cores if None.
    folder : str or Path or None
        Where the scratch folder is made; the system's for temporary files if None.
    """

    def __init__(
        self, memory_limit: str, threads: int | None, folder: str | Path | None
    ) -> None:
        try:
            import duckdb
        except ImportError:
            raise MissingExtraError(
                "histories are read by DuckDB: pip install 'fairpull[history]'"
            ) from None
        memory = MEMORY.fullmatch(memory_limit)
        if memory is None:
            raise InvalidArgumentError(
                f"memory_limit is {memory_limit!r}; write it as 1GB or 512MB"
            )
        self._duckdb = duckdb
        number, unit = int(memory[1]), memory[2]
        self._gigabytes = number / (1 if unit.startswith("G") else 1000)
        self.folder = Path(tempfile.mkdtemp(prefix="fairpull-history-", dir=folder))
        self._remove = weakref.finalize(self, shutil.rmtree, self.folder, True)
        try:
            config: dict[str, Any] = {
                "memory_limit": memory_limit,
                "temp_directory": str(self.folder / "spilled"),
            }
            if threads is not None:
                config["threads"] = threads
            self._connection = duckdb.connect(
                str(self.folder / "history.duckdb"), config=config
            )
            # Nothing is fetched from the network, whatever a path looks like.
            self._connection.execute("SET autoinstall_known_extensions = false")
            self._connection.execute("SET enable_progress_bar = false")
        except BaseException:
            self._remove()
            raise

    def close(self) -> None:
        """Close the database and remove the folder."""
        self._connection.close()
        self._remove()

    def parts(self, rows: int) -> list[str]:
        """Conditions that part players so that few enough rows are sorted at once."""
        count = max(1, -(-rows // max(1, int(SORTED_AT_ONCE * self._gigabytes))))
        if count == 1:
            return ["true"]
        return [f"hash(player) % {count} = {part}" for part in range(count)]

    def run(self, statement: str) -> duckdb.DuckDBPyConnection:
        """Run a statement; its rows are fetched from what is given back.

        Raises
        ------
        ResourceExhaustedError
            Out of memory or of room on the disk.
        HistoryError
            Anything else that DuckDB refuses.
        """
        try:
            return self._interruptibly(statement)
        except self._duckdb.OutOfMemoryException as error:
            raise ResourceExhaustedError(
                f"{first_line(error)}; give more by memory_limit (--memory)"
            ) from None
        except self._duckdb.IOException as error:
            text = first_line(error)
            if "No space left" in text or "max_temp_directory_size" in text:
                raise ResourceExhaustedError(
                    f"no room is left in {self.folder.parent}: {text}"
                ) from None
            raise HistoryError(text) from None
        except self._duckdb.Error as error:
            raise HistoryError(first_line(error)) from None

    def _interruptibly(self, statement: str) -> duckdb.DuckDBPyConnection:
        """Run it in a thread, so that Ctrl-C is answered while DuckDB works."""
        failed: list[BaseException] = []
        # Not the thread's own join, which takes a thread for done once Ctrl-C comes.
        done = threading.Event()

        def work() -> None:
            try:
                self._connection.execute(statement)
            except BaseException as error:
                failed.append(error)
            finally:
                done.set()

        threading.Thread(target=work).start()
        try:
            done.wait()
        except BaseException:
            while not done.wait(0.1):
                self._connection.interrupt()
            raise
        if failed:
            raise failed[0]
        return self._connection

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return self.run(statement).fetchall()

    def row(self, statement: str) -> tuple[Any, ...]:
        """The only row of a query."""
        (row,) = self.rows(statement)
        return row


def first_line(error: Exception) -> str:
    """What DuckDB says, without its hints and the kind of error before it."""
    text = str(error).strip().split("\n")[0]
    return re.sub(r"^[A-Z][A-Za-z /]*Error: ", "", text)
