"""Takes the banners that come into a folder, while the service runs.

A file that is wrong changes nothing: what was served before goes on, and the log says
what to mend. What is right is served once all processes of the service have it. A
version that has opened is never edited, so one that goes from the folder is served on
until the process ends, and what began on it is finished on it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import structlog
from structlog.typing import FilteringBoundLogger

import fairpull
from gacha.banner_agreement import BannerAgreement
from gacha.showcase import Showcase, Shown, banner_essence, load_banners, same_banner
from shared_http.settings import SettingError

log: FilteringBoundLogger = structlog.get_logger()

_PATIENCE_S = 60.0
"""After how long of waiting for other processes that is worth a warning."""


class _Set(NamedTuple):
    banners: list[fairpull.Banner]
    catalog: fairpull.Catalog
    shown: Shown


class BannerFolder:
    """One folder, looked at by one thread.

    Parameters
    ----------
    folder
        With a file for each banner or version, `*.json`. Move a file into it whole,
        when `fairpull check` has nothing to say about it.
    banners
        Those that `desk` and `showcase` have.
    agreement
        Whether the other processes have the same.
    """

    def __init__(
        self,
        folder: Path,
        banners: Sequence[fairpull.Banner],
        *,
        desk: fairpull.SplitPullService,
        showcase: Showcase,
        agreement: BannerAgreement,
    ) -> None:
        self._folder = folder
        self._banners = list(banners)
        self._desk = desk
        self._showcase = showcase
        self._agreement = agreement
        self._seen = self._look_of_files()
        self._serves = self._has = _digest_of(banners)
        self._waiting: list[fairpull.Banner] | None = None
        self._warn_at_s = 0.0

    def look(self) -> None:
        """Take what has changed, if all have it; to be called each second."""
        seen = self._look_of_files()
        if seen != self._seen:
            self._seen = seen
            self._read()
        agreed = self._agreement.agreed_on(self._has)
        if self._waiting is None:
            return
        if agreed:
            self._take(self._waiting)
        elif time.monotonic() >= self._warn_at_s:
            self._warn_at_s = time.monotonic() + _PATIENCE_S
            log.warning("another process has other banners, or refuses these")

    def close(self) -> None:
        """Close the connections."""
        self._agreement.close()

    def _read(self) -> None:
        try:
            given = load_banners(self._folder)
            self._prepare(given)
        except (fairpull.Error, SettingError) as error:
            log.error("the folder's banners are refused", error=str(error))
            self._waiting, self._has = None, self._serves
            return
        self._waiting, self._has = given, _digest_of(given)
        self._warn_at_s = time.monotonic() + _PATIENCE_S

    def _take(self, given: Sequence[fairpull.Banner]) -> None:
        ready = self._prepare(given)
        # What is shown can be pulled.
        self._desk.use(ready.catalog)
        self._showcase.show(ready.shown)
        self._banners, self._waiting = ready.banners, None
        self._serves = self._has
        log.info("the folder's banners are taken", banners=len(ready.banners))

    def _prepare(self, given: Sequence[fairpull.Banner]) -> _Set:
        banners = [*given, *self._opened_and_gone_from(given)]
        return _Set(banners, fairpull.Catalog(banners), self._showcase.prepare(banners))

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


def _digest_of(banners: Sequence[fairpull.Banner]) -> str:
    """The same for the same banners, whatever files they are from."""
    essences = sorted(repr(banner_essence(banner)) for banner in banners)
    return hashlib.sha256("\n".join(essences).encode()).hexdigest()
