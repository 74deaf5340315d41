"""The same pull by hand with SQLAlchemy: the rival of postgres_benchmark.

    sqlalchemy_pull.py URL CLIENTS SECONDS PLAYERS

Charges, draws and records as one would without fairpull: a statement after the other,
into the tables of a database that fairpull has made and filled. Two processes at most,
each with its share of the clients as threads. Prints the pulls a second.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import random
import sys
import threading
import time
from multiprocessing.sharedctypes import Synchronized

from sqlalchemy import Connection, MetaData, create_engine, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

PRICE = 160
HARD_PITY = 90
ITEMS = [f"item-{number}" for number in range(8)]
ODDS_VERSION = "a" * 64
CHANCE = random.SystemRandom()


def pull(connection: Connection, tables: MetaData, player: str, key: str) -> str:
    """Charge the player, draw and record, in one transaction."""
    table = tables.tables
    balances, pity, pulls = table["balances"], table["pity"], table["pulls"]
    operations = table["operations"]
    inventory = table["inventory"]
    now_ms = int(time.time() * 1000)
    with connection.begin():
        account = connection.execute(
            select(balances)
            .where(balances.c.player_id == player, balances.c.currency == "crystal")
            .with_for_update()
        ).one()
        known = connection.execute(
            select(operations).where(
                operations.c.player_id == player, operations.c.operation_id == key
            )
        ).one_or_none()
        if known is not None:
            raise RuntimeError(f"{key} was used before")
        counters = connection.execute(
            select(pity)
            .where(pity.c.player_id == player, pity.c.scope == "starter")
            .with_for_update()
        ).one()
        posted = account.posted - PRICE
        if posted < account.held:
            raise RuntimeError("too little currency")
        seq, drawn = account.seq + 1, counters.seq + 1
        waited = drawn % HARD_PITY
        rare = waited == 0 or CHANCE.random() < 0.006
        item = CHANCE.choice(ITEMS)
        digest = hashlib.sha256(f"{account.chain}{key}{posted}".encode()).hexdigest()
        connection.execute(
            insert(operations).values(
                player_id=player,
                operation_id=key,
                kind=2,
                currency="crystal",
                amount=PRICE,
                counterparty="spend:starter",
                outcome=0,
                posted=posted,
                held=account.held,
                seq=seq,
                version=account.version + 1,
                at_ms=now_ms,
                lots="",
                terms="",
                memo=f"pull 1 starter {drawn} 1 {ODDS_VERSION}",
                moved=-PRICE,
                hash=digest,
                entry_seq=seq,
            )
        )
        connection.execute(
            update(balances)
            .where(balances.c.player_id == player, balances.c.currency == "crystal")
            .values(posted=posted, seq=seq, version=account.version + 1, chain=digest)
        )
        connection.execute(
            update(pity)
            .where(pity.c.player_id == player, pity.c.scope == "starter")
            .values(seq=drawn, state=counters.state)
        )
        connection.execute(
            insert(pulls).values(
                player_id=player,
                scope="starter",
                seq=drawn,
                pull_id=key,
                draw_index=0,
                banner="starter",
                odds_version=ODDS_VERSION,
                seed_epoch=1,
                item=item,
                rarity="ultra_rare" if rare else "rare",
                featured=0,
                pity=waited,
                cost=PRICE,
                at_ms=now_ms,
            )
        )
        one = upsert(inventory).values(player_id=player, item=item, count=1)
        connection.execute(
            one.on_conflict_do_update(
                index_elements=["player_id", "item"],
                set_={"count": inventory.c.count + 1},
            )
        )
    return item


def play(
    url: str,
    place: tuple[int, int, int],
    seconds: float,
    players: int,
    total: Synchronized[int],
) -> None:
    """Pull with one process's threads until the time is over; adds to `total`."""
    first, threads, clients = place
    engine = create_engine(url, pool_size=threads, max_overflow=0)
    tables = MetaData()
    tables.reflect(engine)
    run = CHANCE.getrandbits(40)
    end = time.monotonic() + seconds

    def client(number: int) -> None:
        done = 0
        with engine.connect() as connection:
            while time.monotonic() < end:
                player = str((number + done * clients) % players)
                pull(connection, tables, player, f"s{run}-{number}-{done}")
                done += 1
        with total.get_lock():
            total.value += done

    running = [
        threading.Thread(target=client, args=(first + i,)) for i in range(threads)
    ]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    engine.dispose()


def main() -> None:
    """Measure as the command line says."""
    url, clients, seconds, players = (
        sys.argv[1].replace("postgresql://", "postgresql+psycopg://", 1),
        int(sys.argv[2]),
        float(sys.argv[3]),
        int(sys.argv[4]),
    )
    total = multiprocessing.Value("q", 0)
    shares = [clients] if clients == 1 else [clients // 2, clients - clients // 2]
    processes = []
    first = 0
    for share in shares:
        place = (first, share, clients)
        processes.append(
            multiprocessing.Process(
                target=play, args=(url, place, seconds, players, total)
            )
        )
        first += share
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        if process.exitcode != 0:
            raise SystemExit("a process failed")
    print(total.value / seconds)


if __name__ == "__main__":
    main()
