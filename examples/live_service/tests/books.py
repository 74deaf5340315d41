"""Does everything add up? Asked of both stores once the game is quiet."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from sqlalchemy import select

import fairpull
from account.config import users_url_beside
from account.purchase_tables import purchases
from account.purchases import Purchases
from account.users import Users
from game_processes import Client, GameProcesses
from waiting import until

CURRENCY = "crystal"
FAR_FUTURE_MS = 4_000_000_000_000
HARD_PITY = {"ultra_rare": 90, "super_rare": 10}


def wait_settled(game: GameProcesses, *, within_s: float = 30) -> None:
    """Return when neither service has anything left to do."""
    account = fairpull.open_store(game.account_database)
    gacha = fairpull.open_store(game.gacha_database)
    wallet = fairpull.Wallet(account)
    desk = split_pulls(gacha, game)
    users = open_users(game)
    stored = Purchases(users.engine)

    def settled() -> bool:
        return not (
            desk.unsettled(FAR_FUTURE_MS, limit=1)
            or wallet.pending_holds(FAR_FUTURE_MS, limit=1)
            or stored.unfinished(FAR_FUTURE_MS, limit=1)
        )

    try:
        until(settled, within_s=within_s, what="all pulls, holds, purchases settled")
    finally:
        account.close()
        gacha.close()
        users.close()


def open_users(game: GameProcesses) -> Users:
    """The account service's own database, where the purchases are."""
    return Users(users_url_beside(game.account_database))


def split_pulls(
    store: fairpull.Store, game: GameProcesses
) -> fairpull.SplitPullService:
    """The gacha half over a store, with the game's own seed."""
    return fairpull.SplitPullService(
        store,
        catalog(),
        seeds_of(game),
    )


def catalog() -> fairpull.Catalog:
    """The banner that all tests of processes pull from."""
    return fairpull.Catalog([fairpull.Banner.load("starter")])


def seeds_of(game: GameProcesses) -> fairpull.ServerSeeds:
    """What the game draws from."""
    return fairpull.ServerSeeds({1: game.server_seed}, current=1)


def check_books(game: GameProcesses, clients: Iterable[Client]) -> None:
    """Fail unless the stores and what clients were told agree in everything."""
    account = fairpull.open_store(game.account_database)
    gacha = fairpull.open_store(game.gacha_database)
    users = open_users(game)
    try:
        assert fairpull.verify(account) == []
        assert fairpull.verify(gacha) == []
        assert fairpull.verify_draws(gacha, catalog(), seeds_of(game)) == []
        wallet, desk = fairpull.Wallet(account), split_pulls(gacha, game)
        for client in clients:
            rows = all_pulls(desk, client.id)
            bought = all_purchases(users, client.id)
            check_ledger(wallet, client, rows, bought)
            check_purchases_told(client, bought)
            check_told(client, rows)
            check_folds(desk, client.id, rows)
    finally:
        account.close()
        gacha.close()
        users.close()


def all_pulls(
    desk: fairpull.SplitPullService, player: str
) -> list[fairpull.PullRecord]:
    """A player's pull rows, in the order drawn.

    The history goes by time, which a pull takes before it waits for its turn.
    """
    rows: list[fairpull.PullRecord] = []
    cursor = None
    while True:
        page, cursor = desk.history(player, limit=100, cursor=cursor)
        rows += page
        if cursor is None:
            return sorted(rows, key=lambda row: row.seq)


def all_entries(wallet: fairpull.Wallet, player: str) -> list[fairpull.Entry]:
    """A player's ledger entries, oldest first."""
    entries: list[fairpull.Entry] = []
    while True:
        after_seq = entries[-1].seq if entries else 0
        page = wallet.entries(player, CURRENCY, after_seq=after_seq, limit=100)
        if not page:
            return entries
        entries += page


def all_purchases(users: Users, player: str) -> dict[str, tuple[str, int]]:
    """State and amount of a player's purchases, by key."""
    statement = select(
        purchases.c.purchase_key, purchases.c.state, purchases.c.amount
    ).where(purchases.c.player_id == player)
    with users.engine.connect() as connection:
        rows = connection.execute(statement).all()
    return {key: (state, amount) for key, state, amount in rows}


def check_ledger(
    wallet: fairpull.Wallet,
    client: Client,
    rows: list[fairpull.PullRecord],
    bought: dict[str, tuple[str, int]],
) -> None:
    """Ledger = purchases - spends - refunds, nothing held, each with what it is for."""
    found: dict[str, int] = {}
    for entry in all_entries(wallet, client.id):
        assert entry.operation not in found
        found[entry.operation] = entry.amount
    expected: dict[str, int] = {}
    for key, (state, amount) in bought.items():
        assert state in ("intent", "cancelled", "granted", "refunded")
        if state in ("granted", "refunded"):
            expected[f"buy:{key}"] = amount
        if state == "refunded":
            expected[f"buy:{key}/reverse"] = -amount
    for row in rows:
        spend = f"{row.pull_id}/post"
        expected[spend] = expected.get(spend, 0) - row.cost
    assert found == expected
    balance = wallet.balance(client.id, CURRENCY)
    assert balance.held == 0
    assert balance.posted == sum(found.values())
    assert wallet.debt(client.id, CURRENCY) == max(0, -balance.posted)


def check_purchases_told(client: Client, bought: dict[str, tuple[str, int]]) -> None:
    """Every purchase and refund that was answered is stored just so."""
    for key, amount in client.bought.items():
        assert bought[key] in (("granted", amount), ("refunded", amount))
    for key in client.refunded:
        assert bought[key][0] in ("refunded", "cancelled")
    for key in client.cancelled:
        assert bought[key][0] == "cancelled"
    for key, (state, amount) in bought.items():
        assert client.asked[key] == amount
        if state in ("refunded", "cancelled"):
            assert key in client.refunded


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
    assert not client.refused_pulls & stored.keys()


def check_folds(
    desk: fairpull.SplitPullService, player: str, rows: list[fairpull.PullRecord]
) -> None:
    """Sequence, inventory and pity are what the pull rows make them."""
    seqs = [row.seq for row in rows]
    assert seqs == list(range(1, len(rows) + 1))
    assert desk.inventory(player) == Counter(row.item for row in rows)
    if not rows:
        return
    pity = desk.pity(player, "starter")
    for rarity in HARD_PITY:
        assert pity[f"pity:{rarity}"] == pity_after(
            [row.rarity for row in rows], rarity
        )


def pity_after(hits: Iterable[str], rarity: str) -> int:
    """How many pulls in a row were without a rarity, as far as pity counts them.

    A hit of ultra rare displaces a super rare that is due, and it stays due: pity
    does not count beyond the pull before the certain one.
    """
    waited = 0
    for hit in hits:
        waited = 0 if hit == rarity else min(waited + 1, HARD_PITY[rarity] - 1)
    return waited
