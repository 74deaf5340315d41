"""
The compiled core of fairpull; use the package fairpull.
"""
from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
import typing
__all__: list[str] = ['Balance', 'Banner', 'Catalog', 'Entry', 'Hold', 'Item', 'PullOperation', 'PullReceipt', 'PullRecord', 'PullService', 'PullStep', 'Rarity', 'Receipt', 'ServerSeeds', 'Source', 'SplitPullService', 'Store', 'Wallet', 'check_text', 'open_store', 'verify', 'verify_draws']
class Balance:
    """
    A balance: posted, held, available (all integers) and version.
    """
    def __repr__(self) -> str:
        ...
    @property
    def available(self) -> int:
        ...
    @property
    def held(self) -> int:
        ...
    @property
    def posted(self) -> int:
        ...
    @property
    def version(self) -> int:
        ...
class Banner:
    """
    A compiled banner.
    """
    def item_base_odds(self) -> list[tuple[int, int]]:
        ...
    def long_run_odds(self) -> tuple[list[float], list[float]]:
        ...
    def pull_many(self, state: collections.abc.Sequence[tuple[str, typing.SupportsInt | typing.SupportsIndex]], generator: tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex, bool, typing.SupportsInt | typing.SupportsIndex], count: typing.SupportsInt | typing.SupportsIndex) -> tuple[numpy.typing.NDArray[numpy.uint16], numpy.typing.NDArray[numpy.uint8], numpy.typing.NDArray[numpy.bool], numpy.typing.NDArray[numpy.uint16], list[tuple[str, int]], tuple[int, int, int, int, bool, int]]:
        ...
    @property
    def batches(self) -> list[int]:
        ...
    @property
    def canonical_json(self) -> str:
        ...
    @property
    def closes_at_ms(self) -> int | None:
        ...
    @property
    def counters(self) -> list[tuple[str, int]]:
        ...
    @property
    def description(self) -> str:
        ...
    @property
    def featured_items(self) -> list[int]:
        ...
    @property
    def id(self) -> str:
        ...
    @property
    def items(self) -> list[Item]:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def odds_version(self) -> str:
        ...
    @property
    def opens_at_ms(self) -> int | None:
        ...
    @property
    def price_amount(self) -> int:
        ...
    @property
    def price_currency(self) -> str:
        ...
    @property
    def rarities(self) -> list[Rarity]:
        ...
    @property
    def scope(self) -> str:
        ...
    @property
    def sources(self) -> list[Source]:
        ...
class Catalog:
    """
    Banners in every version.
    """
    def __init__(self, arg0: collections.abc.Sequence[Banner]) -> None:
        ...
    def current(self, id: str, now_ms: typing.SupportsInt | typing.SupportsIndex) -> Banner:
        ...
    @property
    def banners(self) -> list[Banner]:
        ...
class Entry:
    """
    A row of the journal: seq, operation, counterparty, amount, balance_after, at_ms.
    """
    @property
    def amount(self) -> int:
        ...
    @property
    def at_ms(self) -> int:
        ...
    @property
    def balance_after(self) -> int:
        ...
    @property
    def counterparty(self) -> str:
        ...
    @property
    def operation(self) -> str:
        ...
    @property
    def seq(self) -> int:
        ...
class Hold:
    """
    An amount set aside: player, hold_id, currency, amount, state, created_at_ms.
    """
    @property
    def amount(self) -> int:
        ...
    @property
    def created_at_ms(self) -> int:
        ...
    @property
    def currency(self) -> str:
        ...
    @property
    def hold_id(self) -> str:
        ...
    @property
    def player(self) -> str:
        ...
    @property
    def state(self) -> str:
        ...
class Item:
    """
    An item of a compiled banner.
    """
    @property
    def id(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def rarity_index(self) -> int:
        ...
    @property
    def type(self) -> str:
        ...
    @property
    def weight(self) -> int:
        ...
class PullOperation:
    """
    A pull across two services: what was asked for, and where it stands.
    """
    @property
    def attempts(self) -> int:
        ...
    @property
    def banner(self) -> str:
        ...
    @property
    def cost(self) -> int:
        ...
    @property
    def count(self) -> int:
        ...
    @property
    def created_at_ms(self) -> int:
        ...
    @property
    def currency(self) -> str:
        ...
    @property
    def next_due_ms(self) -> int:
        ...
    @property
    def odds_version(self) -> str:
        ...
    @property
    def player(self) -> str:
        ...
    @property
    def pull_id(self) -> str:
        ...
    @property
    def settled(self) -> bool:
        ...
    @property
    def state(self) -> str:
        ...
class PullReceipt:
    """
    A pull in one store: payment (a Receipt) and pulls (PullRecords, in order).
    """
    @property
    def payment(self) -> Receipt:
        ...
    @property
    def pulls(self) -> list[PullRecord]:
        ...
class PullRecord:
    """
    A pull as it is stored: who, which draw, which item, at which odds and cost.
    """
    @property
    def at_ms(self) -> int:
        ...
    @property
    def banner(self) -> str:
        ...
    @property
    def cost(self) -> int:
        ...
    @property
    def draw_index(self) -> int:
        ...
    @property
    def featured(self) -> bool:
        ...
    @property
    def item(self) -> str:
        ...
    @property
    def odds_version(self) -> str:
        ...
    @property
    def pity(self) -> int:
        ...
    @property
    def player(self) -> str:
        ...
    @property
    def pull_id(self) -> str:
        ...
    @property
    def rarity(self) -> str:
        ...
    @property
    def scope(self) -> str:
        ...
    @property
    def seed_epoch(self) -> int:
        ...
    @property
    def seq(self) -> int:
        ...
class PullService:
    """
    Pulls in one store.
    """
    def __init__(self, store: Store, catalog: Catalog, seeds: ServerSeeds, clock_ms: collections.abc.Callable[[], typing.SupportsInt | typing.SupportsIndex] | None) -> None:
        ...
    def pull(self, id: str, player: str, banner: str, count: typing.SupportsInt | typing.SupportsIndex, expected_cost: typing.SupportsInt | typing.SupportsIndex | None) -> PullReceipt:
        ...
class PullStep:
    """
    Where a pull stands after a step: operation, pulls, state, action, alarm.
    """
    @property
    def action(self) -> str:
        ...
    @property
    def alarm(self) -> bool:
        ...
    @property
    def operation(self) -> PullOperation:
        ...
    @property
    def pulls(self) -> list[PullRecord]:
        ...
    @property
    def settled(self) -> bool:
        ...
    @property
    def state(self) -> str:
        ...
class Rarity:
    """
    A rarity of a compiled banner.
    """
    @property
    def base(self) -> tuple[int, int]:
        ...
    @property
    def hard_pity(self) -> int | None:
        ...
    @property
    def id(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
class Receipt:
    """
    The answer of the ledger: outcome, balance after it, replayed, hold_state.
    """
    @property
    def available(self) -> int:
        ...
    @property
    def field(self) -> str:
        ...
    @property
    def held(self) -> int:
        ...
    @property
    def hold_state(self) -> str | None:
        ...
    @property
    def outcome(self) -> str:
        ...
    @property
    def posted(self) -> int:
        ...
    @property
    def replayed(self) -> bool:
        ...
    @property
    def version(self) -> int:
        ...
class ServerSeeds:
    """
    The secrets of live draws, by epoch.
    """
    def __init__(self, seeds: collections.abc.Sequence[tuple[typing.SupportsInt | typing.SupportsIndex, bytes]], current: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def current(self) -> int:
        ...
class Source:
    """
    Where figures of a banner come from: covers, official, reference.
    """
    @property
    def covers(self) -> str:
        ...
    @property
    def official(self) -> bool:
        ...
    @property
    def reference(self) -> str:
        ...
class SplitPullService:
    """
    The gacha half of a pull across two services.
    """
    def __init__(self, store: Store, catalog: Catalog, seeds: ServerSeeds, clock_ms: collections.abc.Callable[[], typing.SupportsInt | typing.SupportsIndex] | None, give_up_after_ms: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def advance(self, pull_id: str, player: str, answer: str) -> PullStep:
        ...
    def begin(self, pull_id: str, player: str, banner: str, count: typing.SupportsInt | typing.SupportsIndex, expected_cost: typing.SupportsInt | typing.SupportsIndex | None) -> PullStep:
        ...
    def history(self, player: str, limit: typing.SupportsInt | typing.SupportsIndex, cursor: str | None) -> tuple[list[PullRecord], str | None]:
        ...
    def inquire(self, pull_id: str, player: str) -> str:
        ...
    def inventory(self, player: str) -> dict[str, int]:
        ...
    def pity(self, player: str, banner: str) -> list[tuple[str, int]]:
        ...
    def unsettled(self, due_before_ms: typing.SupportsInt | typing.SupportsIndex, limit: typing.SupportsInt | typing.SupportsIndex) -> list[PullOperation]:
        ...
class Store:
    """
    An open store.
    """
    def close(self) -> None:
        ...
class Wallet:
    """
    Balances of players over a store.
    """
    def __init__(self, store: Store, clock_ms: collections.abc.Callable[[], typing.SupportsInt | typing.SupportsIndex] | None) -> None:
        ...
    def balance(self, player: str, currency: str) -> Balance:
        ...
    def entries(self, player: str, currency: str, after_seq: typing.SupportsInt | typing.SupportsIndex, limit: typing.SupportsInt | typing.SupportsIndex) -> list[Entry]:
        ...
    def grant(self, id: str, player: str, currency: str, amount: typing.SupportsInt | typing.SupportsIndex, source: str) -> Receipt:
        ...
    def hold(self, id: str, player: str, currency: str, amount: typing.SupportsInt | typing.SupportsIndex, sink: str, ask_after_ms: typing.SupportsInt | typing.SupportsIndex) -> Receipt:
        ...
    def open_account(self, player: str, currency: str) -> Balance:
        ...
    def pending_holds(self, due_before_ms: typing.SupportsInt | typing.SupportsIndex, limit: typing.SupportsInt | typing.SupportsIndex) -> list[Hold]:
        ...
    def post(self, hold_id: str, player: str, amount: typing.SupportsInt | typing.SupportsIndex | None) -> Receipt:
        ...
    def spend(self, id: str, player: str, currency: str, amount: typing.SupportsInt | typing.SupportsIndex, sink: str) -> Receipt:
        ...
    def void(self, hold_id: str, player: str) -> Receipt:
        ...
def check_text(text: str, file: str) -> tuple[Banner, list[tuple[str, str, str]]]:
    ...
def open_store(url: str) -> Store:
    ...
def verify(store: Store) -> list[str]:
    ...
def verify_draws(store: Store, catalog: Catalog, seeds: ServerSeeds) -> list[str]:
    ...
__version__: str = '0.1.0'
