"""Stores and the wallet over them."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TypeAlias

from fairpull import _core
from fairpull._checks import MAX_AMOUNT, whole
from fairpull.errors import LEDGER_ERRORS

__all__ = [
    "Balance",
    "Entry",
    "Hold",
    "Receipt",
    "Store",
    "Wallet",
    "open_store",
    "verify",
]

Balance = _core.Balance
Entry = _core.Entry
Hold = _core.Hold
Receipt = _core.Receipt

MAX_PAGE = 1000

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


class Store:
    """Where a game keeps its players. Made by :func:`open_store`.

    Safe for use by several threads; a context manager that closes it.
    """

    def __init__(self, core: _core.Store) -> None:
        self._core = core

    def close(self) -> None:
        """Close it once the calls under way have ended; later ones fail."""
        self._core.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_store(url: str) -> Store:
    """Open the store at a URL.

    Parameters
    ----------
    url : str
        ``memory:``, or ``sqlite:///relative/path.db``, or
        ``sqlite:////absolute/path.db``. A file that is not there is made, and
        an older one brought up to date.

    Raises
    ------
    InvalidArgumentError
        The URL has another form; the message lists those there are.
    StoreError
        The store can't be opened; the message says why.
    """
    return Store(_core.open_store(url))


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

    Examples
    --------
    >>> wallet = Wallet(open_store("memory:"))
    >>> _ = wallet.open_account("p1", "crystal")
    >>> wallet.grant(
    ...     "buy-1", player="p1", currency="crystal", amount=1600, source="issuer:card"
    ... ).available
    1600
    """

    def __init__(self, store: Store, *, clock_ms: ClockMs | None = None) -> None:
        self._core = _core.Wallet(store._core, clock_ms)

    def open_account(self, player: str, currency: str) -> Balance:
        """Open the player's account, or find it open; its balance."""
        return self._core.open_account(player, currency)

    def grant(
        self, id: str, *, player: str, currency: str, amount: int, source: str
    ) -> Receipt:
        """Credit a player from ``issuer:…``, ``promotion`` or ``adjustment``."""
        amount = whole("amount", amount, 1, MAX_AMOUNT)
        return raise_unless_ok(self._core.grant(id, player, currency, amount, source))

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


def verify(store: Store) -> list[str]:
    """What is wrong with the rows of a store; an empty list if it is sound.

    Checks the ledger (balances are the fold of gapless entries, operations have
    one effect, holds resolve once) and the pulls (gapless for each player and
    scope, as many as their operations say, inventory is their fold). Each line
    begins with the law that is broken. Whether the items are those that the
    server seeds give is for :func:`fairpull.verify_draws` to say.
    """
    return _core.verify(store._core)
