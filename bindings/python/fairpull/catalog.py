"""The banners that a server knows."""

from __future__ import annotations

from fairpull import _core
from fairpull.banner import Banner

__all__ = ["Catalog"]


class Catalog:
    """The banners that a server knows, in every version.

    Parameters
    ----------
    banners : list of Banner
        Several of one id are its versions; of those that are open the one that
        opened last counts.

    Raises
    ------
    InvalidArgumentError
        Versions of one banner open together, or banners of one family that are
        open together do not share their counters.
    """

    def __init__(self, banners: list[Banner]) -> None:
        self._core = _core.Catalog([banner._core for banner in banners])
        self.banners = tuple(banners)

    def current(self, banner_id: str, now_ms: int) -> Banner:
        """The version of a banner that counts at a time (UTC milliseconds).

        Raises
        ------
        NotFoundError
            No banner has this id.
        FailedPreconditionError
            It has not opened yet or is closed; the message says when.
        """
        return Banner(self._core.current(banner_id, now_ms))
