"""Services that pull for players: charged, drawn and recorded, or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fairpull import _core
from fairpull._checks import MAX_AMOUNT, whole
from fairpull.catalog import Catalog
from fairpull.ledger import MAX_PAGE, ClockMs, Store, raise_unless_ok

__all__ = [
    "PullOperation",
    "PullReceipt",
    "PullRecord",
    "PullService",
    "PullStep",
    "ServerSeeds",
    "SplitPullService",
    "recorded_pulls",
    "verify_draws",
]

MAX_COUNT = 100

PullOperation = _core.PullOperation
PullReceipt = _core.PullReceipt
PullRecord = _core.PullRecord
PullStep = _core.PullStep


class ServerSeeds:
    """The secrets that live draws are made from, by epoch.

    Parameters
    ----------
    seeds : mapping of int to bytes
        32 bytes for each epoch. Old epochs are kept, so that their draws can be
        made again.
    current : int
        The epoch that new pulls are drawn from.
    """

    def __init__(self, seeds: Mapping[int, bytes], *, current: int) -> None:
        # Checked here, and without a word about the values: what the compiled
        # core says of a wrong type would quote the secrets.
        for epoch, seed in seeds.items():
            whole("an epoch", epoch, 0, MAX_AMOUNT)
            if not isinstance(seed, bytes):
                raise TypeError(f"the seed of epoch {epoch} must be bytes")
        current = whole("current", current, 0, MAX_AMOUNT)
        self._core = _core.ServerSeeds(list(seeds.items()), current)


class PullService:
    """Pulls where ledger, pity and inventory are in one store.

    A pull is one transaction: look the id up, price it by the clock, charge,
    draw, record, commit.

    Parameters
    ----------
    store : Store
    catalog : Catalog
    seeds : ServerSeeds
    clock_ms : callable, optional
        Gives the time in UTC milliseconds; the system's clock by default.
    grouped : bool
        Whether pulls that come at once, from several threads, are committed
        together. Some eight threads or more get more done so; one alone is as
        quick either way.
    """

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        seeds: ServerSeeds,
        *,
        clock_ms: ClockMs | None = None,
        grouped: bool = False,
    ) -> None:
        self._core = _core.PullService(
            store._core, catalog._core, seeds._core, clock_ms, grouped
        )

    def use(self, catalog: Catalog) -> None:
        """Take the banners of `catalog` from the next call on.

        What was begun on a version is finished on it, so that version has to stay
        among them.
        """
        self._core.use(catalog._core)

    def pull(
        self,
        id: str,
        *,
        player: str,
        banner: str,
        count: int = 1,
        expected_cost: int | None = None,
    ) -> PullReceipt:
        """Charge the player, draw, and record it all.

        The same id with the same content gives the same pulls again.

        Returns
        -------
        PullReceipt
            ``payment`` (the ledger's receipt) and ``pulls`` (rows in the order in
            which they were drawn).

        Raises
        ------
        UnknownBanner, BannerClosed, WrongPrice, InvalidArgumentError
            The request does not fit the catalog; nothing is charged.
        LedgerError
            The payment was refused: InsufficientFunds, UnknownAccount,
            IdConflict.
        StoreError
            The storage failed; asking again with the same id is safe.
        """
        receipt = self._core.pull(
            id, player, banner, whole("count", count, 1, MAX_COUNT), expected_cost
        )
        raise_unless_ok(receipt.payment)
        return receipt


class SplitPullService:
    """The gacha service's half of a pull that spans two services.

    Whatever must be one transaction is one call; each step says what to ask of
    the account service next (``action``: ``place_hold``, ``post_hold``,
    ``void_hold``, ``retry_later`` or ``none``), and :meth:`advance` takes what
    came back.

    Parameters
    ----------
    store : Store
    catalog : Catalog
    seeds : ServerSeeds
    clock_ms : callable, optional
        Gives the time in UTC milliseconds; the system's clock by default.
    give_up_after_ms : int, optional
        An intent that is this old is given up when it is looked at next.
    """

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        seeds: ServerSeeds,
        *,
        clock_ms: ClockMs | None = None,
        give_up_after_ms: int = 30_000,
    ) -> None:
        self._core = _core.SplitPullService(
            store._core, catalog._core, seeds._core, clock_ms, give_up_after_ms
        )

    def use(self, catalog: Catalog) -> None:
        """Take the banners of `catalog` from the next call on.

        What was begun on a version is finished on it, so that version has to stay
        among them.
        """
        self._core.use(catalog._core)

    def begin(
        self,
        pull_id: str,
        *,
        player: str,
        banner: str,
        count: int = 1,
        expected_cost: int | None = None,
    ) -> PullStep:
        """Write down that the pull was asked for, or find where it stands.

        Raises
        ------
        UnknownBanner, BannerClosed, WrongPrice, InvalidArgumentError
            The request does not fit the catalog; nothing is written.
        IdConflict
            The id was used for another pull; ``field`` says what differs.
        """
        return self._core.begin(
            pull_id,
            player,
            banner,
            whole("count", count, 1, MAX_COUNT),
            expected_cost,
        )

    def advance(self, pull_id: str, *, player: str, answer: str) -> PullStep:
        """Carry out the transition for an answer, in one commit.

        Parameters
        ----------
        pull_id, player : str
        answer : str
            ``resume``, ``hold_placed``, ``hold_was_posted``,
            ``insufficient_funds``, ``hold_voided``, ``no_answer``, ``given_up``,
            ``posted``, ``hold_unknown`` or ``voided``.

        Raises
        ------
        NotFoundError
            The pull was never begun.
        """
        return self._core.advance(pull_id, player, answer)

    def inquire(self, pull_id: str, *, player: str) -> str:
        """What shall become of a hold: ``post`` or ``void``.

        An intent, and a pull that was never seen, is written down as aborted
        first, so that no later draw can contradict the answer.
        """
        return self._core.inquire(pull_id, player)

    def unsettled(self, due_before_ms: int, *, limit: int = 100) -> list[PullOperation]:
        """Operations that something is left to do for, longest due first."""
        return self._core.unsettled(due_before_ms, whole("limit", limit, 1, MAX_PAGE))

    def history(
        self, player: str, *, limit: int = 50, cursor: str | None = None
    ) -> tuple[list[PullRecord], str | None]:
        """A page of a player's pulls, newest first, and the next page's cursor."""
        return self._core.history(player, whole("limit", limit, 1, MAX_PAGE), cursor)

    def inventory(self, player: str) -> dict[str, int]:
        """How many of each item the player has drawn."""
        return self._core.inventory(player)

    def pity(self, player: str, banner: str) -> dict[str, int]:
        """The counters of a banner for the player, by name.

        Raises
        ------
        UnknownBanner
            There is no such banner.
        """
        return dict(self._core.pity(player, banner))


def recorded_pulls(store: Store, *, player: str | None = None) -> Iterator[PullRecord]:
    """Every pull that a store holds, player by player, each one's newest first.

    Read page by page: for an export, not for each request. Pulls that are made
    meanwhile may be missing, never half there.

    Parameters
    ----------
    store : Store
    player : str, optional
        Of this player alone.

    Raises
    ------
    StoreError
        The storage failed.
    """
    if player is not None:
        yield from _pulls_of(store, player)
        return
    after = ""
    while page := _core.players(store._core, after, MAX_PAGE):
        for each in page:
            yield from _pulls_of(store, each)
        after = page[-1]


def _pulls_of(store: Store, player: str) -> Iterator[PullRecord]:
    cursor = None
    while True:
        page, cursor = _core.pull_history(store._core, player, cursor, MAX_PAGE)
        yield from page
        if cursor is None:
            return


def verify_draws(store: Store, catalog: Catalog, seeds: ServerSeeds) -> list[str]:
    """Draw every stored pull again and say what differs; an empty list if none.

    Finds items, rarities and pity states that are not what the server seeds give.

    Parameters
    ----------
    store : Store
    catalog : Catalog
        With every version of the banners that were pulled from.
    seeds : ServerSeeds
        With every epoch that was drawn from.
    """
    return _core.verify_draws(store._core, catalog._core, seeds._core)
