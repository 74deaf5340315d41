"""Does everything add up? Asked of both stores once the game is quiet."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

import fairpull
from game_processes import Client, GameProcesses
from waiting import until

CURRENCY = "crystal"
FAR_FUTURE_MS = 4_000_000_000_000
RARITIES = ("ultra_rare", "super_rare", "rare")


def wait_settled(game: GameProcesses, *, within_s: float = 30) -> None:
    """Return when neither service has anything left to do."""
    account = fairpull.open_store(game.account_database)
    gacha = fairpull.open_store(game.gacha_database)
    wallet = fairpull.Wallet(account)
    desk = split_pulls(gacha, game)

    def settled() -> bool:
        return not (
            desk.unsettled(FAR_FUTURE_MS, limit=1)
            or wallet.pending_holds(FAR_FUTURE_MS, limit=1)
        )

    try:
        until(settled, within_s=within_s, what="all pulls and holds settled")
    finally:
        account.close()
        gacha.close()


def split_pulls(
    store: fairpull.Store, game: GameProcesses
) -> fairpull.SplitPullService:
    """The gacha half over a store, with the game's own seed."""
    return fairpull.SplitPullService(
        store,
        fairpull.Catalog([fairpull.Banner.load("starter")]),
        fairpull.ServerSeeds({1: game.server_seed}, current=1),
    )


def check_books(game: GameProcesses, clients: Iterable[Client]) -> None:
    """Fail unless the stores and what clients were told agree in everything."""
    account = fairpull.open_store(game.account_database)
    gacha = fairpull.open_store(game.gacha_database)
    try:
        assert fairpull.verify(account) == []
        assert fairpull.verify(gacha) == []
        wallet, desk = fairpull.Wallet(account), split_pulls(gacha, game)
        for client in clients:
            rows = all_pulls(desk, client.id)
            check_ledger(wallet, client, rows)
            check_told(client, rows)
            check_folds(desk, client.id, rows)
            check_redraw(game, client.id, rows)
    finally:
        account.close()
        gacha.close()


def all_pulls(
    desk: fairpull.SplitPullService, player: str
) -> list[fairpull.PullRecord]:
    """A player's pull rows, oldest first."""
    rows: list[fairpull.PullRecord] = []
    cursor = None
    while True:
        page, cursor = desk.history(player, limit=100, cursor=cursor)
        rows += page
        if cursor is None:
            return rows[::-1]


def all_entries(wallet: fairpull.Wallet, player: str) -> list[fairpull.Entry]:
    """A player's ledger entries, oldest first."""
    entries: list[fairpull.Entry] = []
    while True:
        after_seq = entries[-1].seq if entries else 0
        page = wallet.entries(player, CURRENCY, after_seq=after_seq, limit=100)
        if not page:
            return entries
        entries += page


def check_ledger(
    wallet: fairpull.Wallet, client: Client, rows: list[fairpull.PullRecord]
) -> None:
    """Ledger = purchases - spends, nothing held, and each spend has its pull rows."""
    purchases: Counter[str] = Counter()
    spends: Counter[str] = Counter()
    for entry in all_entries(wallet, client.id):
        operation = entry.operation.removesuffix("/post")
        (purchases if entry.amount > 0 else spends)[operation] += entry.amount
    balance = wallet.balance(client.id, CURRENCY)
    assert balance.held == 0
    assert balance.posted == sum(purchases.values()) + sum(spends.values())
    assert purchases == {f"buy:{key}": amount for key, amount in client.bought.items()}
    costs: Counter[str] = Counter()
    for row in rows:
        costs[row.pull_id] += row.cost
    assert spends == {pull_id: -cost for pull_id, cost in costs.items()}


def check_told(client: Client, rows: list[fairpull.PullRecord]) -> None:
    """Every pull that a client was told of is stored just so."""
    stored: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        assert row.draw_index == len(stored[row.pull_id])
        stored[row.pull_id].append(row.item)
    for pull_id, told in client.told_pulls.items():
        assert [item["id"] for item in told["items"]] == stored[pull_id]
        assert told["item"] in told["items"]
    for items in stored.values():
        assert len(items) in (1, 10)


def check_folds(
    desk: fairpull.SplitPullService, player: str, rows: list[fairpull.PullRecord]
) -> None:
    """Sequence, inventory and pity are what the pull rows make them."""
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    assert desk.inventory(player) == Counter(row.item for row in rows)
    if not rows:
        return
    pity = desk.pity(player, "starter")
    for rarity in ("ultra_rare", "super_rare"):
        since = 0
        for row in rows:
            since = 0 if row.rarity == rarity else since + 1
        assert pity[f"pity:{rarity}"] == since


def check_redraw(
    game: GameProcesses, player: str, rows: list[fairpull.PullRecord]
) -> None:
    """Drawn again from the seed in an empty store, every row gives the same item."""
    counts = Counter(row.pull_id for row in rows)
    store = fairpull.open_store("memory:")
    desk = split_pulls(store, game)
    redrawn: list[Any] = []
    for pull_id in dict.fromkeys(row.pull_id for row in rows):
        count = counts[pull_id]
        desk.begin(
            pull_id,
            player=player,
            banner="starter",
            count=count,
            expected_cost=160 * count,
        )
        step = desk.advance(pull_id, player=player, answer="hold_placed")
        redrawn += [row.item for row in step.pulls]
    assert redrawn == [row.item for row in rows]
    store.close()
