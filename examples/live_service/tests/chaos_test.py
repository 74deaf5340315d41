"""kill -9 at random times while players pull, and nothing lost or doubled."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from books import check_books, wait_settled
from game_processes import Client, GameProcesses

SEED = 20261122
PLAYERS = 4
KILLS = 8
GIVE_UP_S = 180.0


@pytest.mark.timeout(300)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_books_balance_after_random_kills_under_load(
    tmp_path: Path, workers: str
) -> None:
    """With two processes a service, too: every guard is in the store."""
    game = GameProcesses(
        tmp_path,
        RECOVERY_MS="50",
        # Short, so that the sweeper's fence races the draws.
        HOLD_ASK_AFTER_MS="300",
        HOLD_SWEEP_MS="50",
        WEB_CONCURRENCY=workers,
    )
    try:
        game.start()
        clients = [Client(game, f"player{number}") for number in range(PLAYERS)]
        killed = threading.Event()
        with ThreadPoolExecutor(PLAYERS + 1) as threads:
            killing = threads.submit(kill_at_random, game, killed)
            playing = [threads.submit(play, client, killed) for client in clients]
            pulls = [player.result() for player in playing]
            killing.result()
        for service in (game.account, game.gacha):
            service.wait_ready()
        wait_settled(game)
        assert game.stop() == [0, 0]
        check_books(game, clients)
        # Some are fenced off and told so; most of them must have come through.
        drawn = sum(len(client.told_pulls) for client in clients)
        assert drawn > sum(pulls) // 2
        assert min(pulls) > KILLS
    finally:
        game.kill()


def play(client: Client, killed: threading.Event) -> int:
    """Pull singly and by tens until the killing is over; how many pulls were asked.

    Each has its own key and is insisted on until it is decided.
    """
    choice = random.Random(f"{SEED} {client.name}")
    deadline = time.monotonic() + GIVE_UP_S
    number = 0
    while not killed.is_set() and time.monotonic() < deadline:
        if number % 10 == 0:
            assert client.buy(3200, f"b{number}").status_code == 200
        count = 10 if choice.random() < 0.1 else 1
        answer = client.pull(f"k{number}", count=count)
        assert answer.status_code in (200, 402, 409)
        number += 1
    return number


def kill_at_random(game: GameProcesses, killed: threading.Event) -> None:
    """Kill one or the other service at random times, at times while it starts."""
    choice = random.Random(SEED)
    try:
        for _ in range(KILLS):
            victim = choice.choice([game.account, game.gacha])
            if choice.random() < 0.75:
                victim.wait_ready()
            # The one pause of these tests: the kill's time is what is random.
            killed.wait(choice.uniform(0.0, 0.7))
            victim.kill()
            victim.start()
    finally:
        killed.set()
