"""Takes the banners that come into a folder, while the service runs.

A file that is wrong changes nothing: what was served before goes on, and the log says
what to mend. A version that has opened is never edited, so one that goes from the
folder is served on until the process ends, and what began on it is finished on it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import structlog
from structlog.typing import FilteringBoundLogger

import fairpull
from gacha.showcase import Showcase, load_banners, same_banner
from shared_http.settings import SettingError

log: FilteringBoundLogger = structlog.get_logger()


class BannerFolder:
    """One folder, looked at by one thread.

    Parameters
    ----------
    folder
        With a file for each banner or version, `*.json`. Move a file into it whole,
        when `fairpull check` has nothing to say about it.
    banners
        Those that `desk` and `showcase` have.
    """

    def __init__(
        self,
        folder: Path,
        banners: Sequence[fairpull.Banner],
        *,
        desk: fairpull.SplitPullService,
        showcase: Showcase,
    ) -> None:
        self._folder = folder
        self._banners = list(banners)
        self._desk = desk
        self._showcase = showcase
        self._seen = self._look_of_files()

    def look(self) -> None:
        """Take what has changed since the last look."""
        seen = self._look_of_files()
        if seen == self._seen:
            return
        self._seen = seen
        try:
            given = load_banners(self._folder)
            banners = [*given, *self._opened_and_gone_from(given)]
            catalog = fairpull.Catalog(banners)
            shown = self._showcase.prepare(banners)
        except (fairpull.Error, SettingError) as error:
            log.error("the folder's banners are refused", error=str(error))
            return
        # What is shown can be pulled.
        self._desk.use(catalog)
        self._showcase.show(shown)
        self._banners = banners
        log.info("the folder's banners are taken", banners=len(banners))

    def _opened_and_gone_from(
        self, given: Sequence[fairpull.Banner]
    ) -> list[fairpull.Banner]:
        now_ms = time.time_ns() // 1_000_000
        return [
            banner
            for banner in self._banners
            if (banner.opens_at_ms or 0) <= now_ms
            and not any(same_banner(banner, each) for each in given)
        ]

    def _look_of_files(self) -> list[tuple[str, int, int]]:
        """Name, time and size of each: what a change to one of them shows in."""
        looks = []
        for file in sorted(self._folder.glob("*.json")):
            try:
                stat = file.stat()
            except FileNotFoundError:  # taken away just now
                continue
            looks.append((file.name, stat.st_mtime_ns, stat.st_size))
        return looks
