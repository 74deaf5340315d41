"""Stores and the wallet over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import NamedTuple, TypeAlias

from fairpull import _core
from fairpull._checks import MAX_AMOUNT, whole
from fairpull.errors import LEDGER_ERRORS, InvalidArgumentError

__all__ = [
    "Balance",
    "CacheCounters",
    "Entry",
    "Hold",
    "Lot",
    "Receipt",
    "Store",
    "UnusedPaid",
    "Wallet",
    "call_deadline",
    "distribute_by_player",
    "open_store",
    "unused_paid",
    "verify",
]

Balance = _core.Balance
Entry = _core.Entry
Hold = _core.Hold
Lot = _core.Lot
Receipt = _core.Receipt

MAX_PAGE = 1000
_A_DAY_S = 86_400

ClockMs: TypeAlias = Callable[[], int]
"""Gives the time in UTC milliseconds."""


def raise_unless_ok(receipt: Receipt) -> Receipt:
    """The receipt itself, or the exception that its outcome stands for."""
    if receipt.outcome == "ok":
        return receipt
    raise LEDGER_ERRORS[receipt.outcome](
        receipt.outcome,
        field=receipt.field,
        posted=receipt.posted,
        held=receipt.held,
    )


class CacheCounters(NamedTuple):
    """What a store's cache has counted since the store was opened.

    `errors` are calls that got no answer or an error, `skipped` those that were not
    made because the server had just failed; `opened` says how often that began. Of
    the `servers` that are known, `servers_skipped` are not asked now. `last_error`
    says what went wrong last, for a log.
    """

    hits: int
    misses: int
    errors: int
    skipped: int
    opened: int
    servers: int
    servers_skipped: int
    last_error: str


class Store:
    """Where a game keeps its players. Made by :func:`open_store`.

    Safe for use by several threads; a context manager that closes it.
    """

    def __init__(self, core: _core.Store) -> None:
        self._core = core

    def close(self) -> None:
        """Close it once the calls under way have ended; later ones fail."""
        self._core.close()

    def cache_counters(self) -> CacheCounters | None:
        """What the cache has counted; None for a store that has none."""
        report = _core.cache_report(self._core)
        if report is None:
            return None
        counters, last_error = report
        return CacheCounters(**counters, last_error=last_error)

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_store(
    url: str,
    *,
    cache: str | None = None,
    cache_name: str | None = None,
    cache_timeout_ms: int = 10,
) -> Store:
    """Open the store at a URL, behind a cache if one is given.

    Parameters
    ----------
    url : str
        ``memory:``, or ``sqlite:///relative/path.db``, or
        ``sqlite:////absolute/path.db``, or libpq's ``postgresql://…``. A file or
        tables that are not there are made, and older ones brought up to date.
        PostgreSQL is there where the module was built with it, by ``pip install
        --config-settings=cmake.define.FAIRPULL_WITH_POSTGRES=ON``.
    cache : str, optional
        ``redis://[user:password@]host[:port][/database]``: balances, counters and
        the newest page of pulls are read from there where they are. Nothing fails
        when Redis does; what it guarantees is in docs/reference/stores.md. Open
        the store after a fork, not before. It is there where the module was built
        with ``FAIRPULL_WITH_REDIS=ON``.
    cache_name : str, optional
        Which database this is a cache of: 1 to 64 characters of A-Z a-z 0-9 . _ -.
        All processes of one database must say the same, others that share the
        Redis something else. Made from the URL by default: give one where
        processes spell the URL of one database differently.
    cache_timeout_ms : int, optional
        How long connecting to Redis, and each command, may take. One that takes
        longer is not asked for a second.

    Raises
    ------
    InvalidArgumentError
        A URL has another form; the message lists those there are. Or there is a
        `cache`, and the module was built without Redis.
    StoreError
        The store can't be opened; the message says why.
    """
    if cache is None:
        if cache_name is not None:
            raise InvalidArgumentError("cache_name is given, but no cache")
        return Store(_core.open_store(url))
    if cache_name is None:
        # Here, so that those without a cache don't wait for it at the import.
        from fairpull._cache_name import cache_name_of

        cache_name = cache_name_of(url)
    timeout_ms = whole("cache_timeout_ms", cache_timeout_ms, 1, 60_000)
    return Store(_core.open_cached_store(url, cache, cache_name, timeout_ms))


def distribute_by_player(url: str) -> None:
    """Split a PostgreSQL store's tables by player over a Citus cluster.

    Tables that are not there are made, and older ones brought up to date. All
    rows of a player are on one node then. What is split already is left, so it
    may be run again. Stores that are open must be opened anew.

    Parameters
    ----------
    url : str
        ``postgresql://…`` of the coordinator, with the user who owns the tables.

    Raises
    ------
    InvalidArgumentError
        The URL has another form.
    FailedPreconditionError
        The server has no Citus, or is no coordinator; the message says what to
        install, set or run. Nothing was changed.
    StoreError
        The server refused; the message says why.
    """
    _core.distribute_by_player(url)


class Wallet:
    """Balances of players: transfers and holds, each done once for its id.

    Every operation has an id made by the caller. The same id with the same
    content gives the same receipt again (`replayed` is true); with other
    content it raises :class:`IdConflict`. A refusal raises a subclass of
    :class:`LedgerError`, failing storage one of :class:`StoreError`. Amounts
    are integers from 1 to 2**53 - 1.

    Parameters
    ----------
    store : Store
    clock_ms : callable, optional
        Gives the time in UTC milliseconds; the system's clock by default.
    paid_first : bool, optional
        Of two lots that run out at the same time, or never, use the paid one
        first; by default the free one.

    Examples
    --------
    >>> wallet = Wallet(open_store("memory:"))
    >>> _ = wallet.open_account("p1", "crystal")
    >>> wallet.grant(
    ...     "buy-1", player="p1", currency="crystal", amount=1600, source="issuer:card"
    ... ).available
    1600
    """

    def __init__(
        self,
        store: Store,
        *,
        clock_ms: ClockMs | None = None,
        paid_first: bool = False,
    ) -> None:
        self._core = _core.Wallet(store._core, clock_ms, paid_first)

    def open_account(self, player: str, currency: str) -> Balance:
        """Open the player's account, or find it open; its balance."""
        return self._core.open_account(player, currency)

    def grant(
        self,
        id: str,
        *,
        player: str,
        currency: str,
        amount: int,
        source: str,
        paid: bool | None = None,
        expires_at_ms: int | None = None,
        price: int = 0,
        price_currency: str = "",
    ) -> Receipt:
        """Credit a player from ``issuer:…``, ``promotion`` or ``adjustment``.

        Parameters
        ----------
        paid : bool, optional
            Whether it was paid for; what comes from an issuer is, if None.
        expires_at_ms : int, optional
            From then on (UTC milliseconds) it can't be spent; it lasts if None.
        price, price_currency : int, str, optional
            What was paid for all of it, in the smallest unit of the currency
            (ISO 4217, as ``"JPY"``), if known.
        """
        amount = whole("amount", amount, 1, MAX_AMOUNT)
        price = whole("price", price, 0, MAX_AMOUNT)
        if expires_at_ms is not None:
            expires_at_ms = whole("expires_at_ms", expires_at_ms, 1, MAX_AMOUNT)
        return raise_unless_ok(
            self._core.grant(
                id,
                player,
                currency,
                amount,
                source,
                paid,
                expires_at_ms,
                price,
                price_currency,
            )
        )

    def spend(
        self, id: str, *, player: str, currency: str, amount: int, sink: str
    ) -> Receipt:
        """Debit a player to ``spend:…``, ``expired`` or ``adjustment``."""
        amount = whole("amount", amount, 1, MAX_AMOUNT)
        return raise_unless_ok(self._core.spend(id, player, currency, amount, sink))

    def hold(
        self,
        id: str,
        *,
        player: str,
        currency: str,
        amount: int,
        sink: str,
        ask_after_ms: int = 60_000,
    ) -> Receipt:
        """Set an amount aside for a later debit to `sink`.

        It never ends by itself; after `ask_after_ms` it shows in
        :meth:`pending_holds`. ``hold_state`` of the receipt tells what became of
        it since.
        """
        amount = whole("amount", amount, 1, MAX_AMOUNT)
        ask_after_ms = whole("ask_after_ms", ask_after_ms, 0, MAX_AMOUNT)
        return raise_unless_ok(
            self._core.hold(id, player, currency, amount, sink, ask_after_ms)
        )

    def post(self, hold_id: str, *, player: str, amount: int | None = None) -> Receipt:
        """Debit a hold by `amount` (all of it if None) and release the rest."""
        if amount is not None:
            amount = whole("amount", amount, 1, MAX_AMOUNT)
        return raise_unless_ok(self._core.post(hold_id, player, amount))

    def void(self, hold_id: str, *, player: str) -> Receipt:
        """Release a hold; one that was not placed yet is refused from now on."""
        return raise_unless_ok(self._core.void(hold_id, player))

    def reverse(self, id: str, *, player: str) -> Receipt:
        """Undo a grant, a spend or the post of a hold, at most once, by its id.

        What a grant gave is taken back from its own lot first, then from others;
        what was spent of it is owed. What a spend took goes back to the same
        lots.

        Raises
        ------
        NothingToReverse
            Nothing was granted, spent or posted under this id.
        """
        return raise_unless_ok(self._core.reverse(id, player))

    def spend_across(
        self,
        id: str,
        *,
        player: str,
        currencies: Sequence[str],
        amount: int,
        sink: str,
    ) -> dict[str, int]:
        """Spend in several currencies of equal worth, the first one first.

        Returns
        -------
        dict
            How much was taken in which currency; together `amount`. All or
            nothing is spent.
        """
        amount = whole("amount", amount, 1, MAX_AMOUNT)
        outcome, field, parts = self._core.spend_across(
            id, player, list(currencies), amount, sink
        )
        if outcome != "ok":
            raise LEDGER_ERRORS[outcome](outcome, field=field)
        return dict(parts)

    def expire_lots(self, player: str, currency: str) -> int:
        """Take away what is left of lots that ran out; how much that was.

        What is held of them stays with the hold.
        """
        return self._core.expire_lots(player, currency)

    def lots(self, player: str, currency: str) -> list[Lot]:
        """What the balance is made of, by id.

        Each has .id, .paid, .granted, .remaining, .held, .expires_at_ms, .price
        and .price_currency. Gifts that last are one lot, ``/free``.
        """
        return self._core.lots(player, currency)[0]

    def debt(self, player: str, currency: str) -> int:
        """What is owed: refunded or corrected after it was spent."""
        return self._core.lots(player, currency)[1]

    def balance_at(self, player: str, currency: str, at_ms: int) -> int:
        """What was posted at a time: after the last entry that is not later."""
        return self._core.balance_at(player, currency, at_ms)

    def balance(self, player: str, currency: str) -> Balance:
        """The balance: .posted, .held, .available, .version.

        Raises
        ------
        NotFoundError
            The player has no account in this currency.
        """
        return self._core.balance(player, currency)

    def entries(
        self, player: str, currency: str, *, after_seq: int = 0, limit: int = 100
    ) -> list[Entry]:
        """The next entries of an account, oldest first, at most `limit`."""
        after_seq = whole("after_seq", after_seq, 0, MAX_AMOUNT)
        limit = whole("limit", limit, 1, MAX_PAGE)
        return self._core.entries(player, currency, after_seq, limit)

    def pending_holds(self, due_before_ms: int, *, limit: int = 100) -> list[Hold]:
        """Holds of all players that may be asked about, longest due first."""
        limit = whole("limit", limit, 1, MAX_PAGE)
        return self._core.pending_holds(due_before_ms, limit)


class UnusedPaid(NamedTuple):
    """How much of one currency was paid for and is not used yet.

    `amount` is what is left in paid lots, `unpriced` the part of it whose price
    is not known; `worth` is what was paid for the rest, by currency (ISO 4217)
    in its smallest unit, each lot's part rounded down.
    """

    currency: str
    players: int
    amount: int
    unpriced: int
    worth: dict[str, int]


@contextmanager
def call_deadline(seconds: float) -> Iterator[None]:
    """Let the calls that this thread makes to stores take so long in all.

    For a server whose requests have a time limit. What waits longer, for another
    transaction or for the database, ends with :class:`StoreUnavailableError`; a
    statement that a PostgreSQL server still works on is cancelled there. One inside
    another can only bring the end nearer. Other threads are not concerned.

    Raises
    ------
    InvalidArgumentError
        `seconds` is not above 0 and at most a day.
    """
    if not 0 < seconds <= _A_DAY_S:
        raise InvalidArgumentError(
            f"seconds is {seconds}; it must be above 0 and at most {_A_DAY_S}"
        )
    deadline = _core.CallDeadline(max(1, round(seconds * 1000)))
    deadline.begin()
    try:
        yield
    finally:
        deadline.end()


def unused_paid(store: Store, as_of_ms: int) -> list[UnusedPaid]:
    """What all players paid for and have not used yet, as of a time.

    Reads every operation up to then (UTC milliseconds): a report for the books,
    not for each request.
    """
    return [UnusedPaid(*line) for line in _core.unused_paid(store._core, as_of_ms)]


def verify(store: Store) -> list[str]:
    """What is wrong with the rows of a store; an empty list if it is sound.

    Checks the ledger (balances are the fold of gapless entries, operations have
    one effect, holds resolve once) and the pulls (gapless for each player and
    scope, as many as their operations say, inventory is their fold). Each line
    begins with the law that is broken. Whether the items are those that the
    server seeds give is for :func:`fairpull.verify_draws` to say.
    """
    return _core.verify(store._core)
