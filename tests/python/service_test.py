from __future__ import annotations

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

import fairpull

NOW_MS = 1_700_000_000_000
SEEDS = {1: bytes(range(32))}


class Game:
    """One store, one player with 3200 crystals, a clock that is set by hand."""

    def __init__(self, *banners: fairpull.Banner) -> None:
        self.now_ms = NOW_MS
        self.store = fairpull.open_store("memory:")
        catalog = fairpull.Catalog(list(banners))
        seeds = fairpull.ServerSeeds(SEEDS, current=1)
        clock = lambda: self.now_ms  # noqa: E731
        self.wallet = fairpull.Wallet(self.store, clock_ms=clock)
        self.pulls = fairpull.PullService(self.store, catalog, seeds, clock_ms=clock)
        self.desk = fairpull.SplitPullService(
            self.store, catalog, seeds, clock_ms=clock
        )
        self.wallet.open_account("p", "crystal")
        self.wallet.grant(
            "g", player="p", currency="crystal", amount=3200, source="issuer:card"
        )


@pytest.fixture
def game(starter):
    game = Game(starter)
    yield game
    assert fairpull.verify(game.store) == []


def test_a_pull_is_charged_drawn_and_recorded(game, starter):
    receipt = game.pulls.pull("q", player="p", banner="starter", count=10)
    assert receipt.payment.available == 1600
    assert len(receipt.pulls) == 10
    assert [p.seq for p in receipt.pulls] == list(range(1, 11))
    assert {p.odds_version for p in receipt.pulls} == {starter.odds_version}
    assert sum(p.cost for p in receipt.pulls) == 1600
    inventory = game.desk.inventory("p")
    assert sum(inventory.values()) == 10
    rows, cursor = game.desk.history("p", limit=4)
    assert [r.seq for r in rows] == [10, 9, 8, 7]
    rows, cursor = game.desk.history("p", limit=10, cursor=cursor)
    assert [r.seq for r in rows] == [6, 5, 4, 3, 2, 1]
    assert cursor is None


@pytest.mark.parametrize("grouped", [False, True])
def test_many_threads_pull_at_once(starter, tmp_path, grouped):
    catalog = fairpull.Catalog([starter])
    seeds = fairpull.ServerSeeds(SEEDS, current=1)
    players = [f"p{n}" for n in range(10)]
    with fairpull.open_store(f"sqlite:///{tmp_path / 'game.db'}") as store:
        wallet = fairpull.Wallet(store)
        for player in players:
            wallet.open_account(player, "crystal")
            wallet.grant(
                "g", player=player, currency="crystal", amount=1600, source="promotion"
            )
        pulls = fairpull.PullService(store, catalog, seeds, grouped=grouped)

        def pull(number):
            player = players[number % len(players)]
            try:
                return pulls.pull(f"q{number}", player=player, banner="starter")
            except fairpull.InsufficientFunds:
                return None

        with ThreadPoolExecutor(16) as pool:
            receipts = list(pool.map(pull, range(110)))
        # Ten pulls for each of them, whichever came last got none.
        for n, player in enumerate(players):
            got = [r.pulls[0].seq for r in receipts[n :: len(players)] if r]
            assert sorted(got) == list(range(1, 11))
            assert wallet.balance(player, "crystal").posted == 0
        assert fairpull.verify(store) == []
        assert fairpull.verify_draws(store, catalog, seeds) == []


def test_banners_come_and_go_while_the_services_go_on(game, starter):
    game.desk.use(fairpull.Catalog([]))
    game.pulls.use(fairpull.Catalog([]))
    for begin in (game.desk.begin, game.pulls.pull):
        with pytest.raises(fairpull.UnknownBanner):
            begin("q", player="p", banner="starter")
    game.desk.use(fairpull.Catalog([starter]))
    game.pulls.use(fairpull.Catalog([starter]))
    assert game.desk.begin("q", player="p", banner="starter").state == "intent"
    assert game.pulls.pull("r", player="p", banner="starter").payment.available == 3040


def test_the_same_request_gives_the_same_pulls(game):
    first = game.pulls.pull("q", player="p", banner="starter", count=10)
    again = game.pulls.pull("q", player="p", banner="starter", count=10)
    assert [p.item for p in again.pulls] == [p.item for p in first.pulls]
    assert again.payment.replayed
    assert game.wallet.balance("p", "crystal").posted == 1600
    with pytest.raises(fairpull.IdConflict) as caught:
        game.pulls.pull("q", player="p", banner="starter", count=1)
    assert caught.value.field == "count"


def test_the_draw_is_a_function_of_seed_player_scope_and_number(game, starter):
    other = Game(starter)
    a = game.pulls.pull("q", player="p", banner="starter", count=10)
    b = other.pulls.pull("other-id", player="p", banner="starter", count=10)
    assert [p.item for p in a.pulls] == [p.item for p in b.pulls]


def test_what_does_not_fit_charges_nothing(game):
    with pytest.raises(fairpull.WrongPrice) as caught:
        game.pulls.pull("q", player="p", banner="starter", expected_cost=150)
    assert caught.value.price == 160
    with pytest.raises(fairpull.UnknownBanner):
        game.pulls.pull("q", player="p", banner="nothing")
    with pytest.raises(fairpull.InvalidArgumentError, match="sells 1, 10"):
        game.pulls.pull("q", player="p", banner="starter", count=7)
    with pytest.raises(fairpull.UnknownAccount):
        game.pulls.pull("q", player="stranger", banner="starter")
    assert game.wallet.balance("p", "crystal").posted == 3200


def test_too_little_is_refused_with_the_balance(game):
    for n in range(2):
        game.pulls.pull(f"q{n}", player="p", banner="starter", count=10)
    with pytest.raises(fairpull.InsufficientFunds) as caught:
        game.pulls.pull("q3", player="p", banner="starter")
    assert caught.value.available == 0


def test_a_closed_banner_refuses_by_the_services_clock(starter_file):
    starter_file["opens"] = "2023-11-14T22:13:20Z"  # NOW_MS
    starter_file["closes"] = "2023-11-14T22:13:21Z"
    game = Game(fairpull.Banner.from_json(json.dumps(starter_file)))
    game.now_ms = NOW_MS - 1
    with pytest.raises(fairpull.BannerClosed, match="opens at 2023-11-14T22:13:20Z"):
        game.pulls.pull("q", player="p", banner="starter")
    game.now_ms = NOW_MS
    first = game.pulls.pull("q", player="p", banner="starter")
    game.now_ms = NOW_MS + 1000
    with pytest.raises(fairpull.BannerClosed, match="closed at 2023-11-14T22:13:21Z"):
        game.pulls.pull("q2", player="p", banner="starter")
    # What was answered before is answered again.
    again = game.pulls.pull("q", player="p", banner="starter")
    assert again.pulls[0].item == first.pulls[0].item


def test_a_split_pull_walks_its_table(game):
    step = game.desk.begin("q", player="p", banner="starter", expected_cost=160)
    assert (step.state, step.action, step.pulls) == ("intent", "place_hold", [])
    step = game.desk.advance("q", player="p", answer="hold_placed")
    assert (step.state, step.action, step.settled) == ("drawn", "post_hold", False)
    assert step.drew
    assert not game.desk.advance("q", player="p", answer="hold_placed").drew
    drawn = [p.item for p in step.pulls]
    assert [o.pull_id for o in game.desk.unsettled(NOW_MS + 60_000)] == ["q"]
    step = game.desk.advance("q", player="p", answer="posted")
    assert (step.state, step.action, step.settled) == ("done", "none", True)
    again = game.desk.begin("q", player="p", banner="starter", expected_cost=160)
    assert [p.item for p in again.pulls] == drawn
    assert game.desk.unsettled(NOW_MS + 60_000) == []
    assert game.desk.pity("p", "starter")["pity:ultra_rare"] == 1


def test_an_inquiry_fences_an_intent(game):
    game.desk.begin("q", player="p", banner="starter")
    assert game.desk.inquire("q", player="p") == "void"
    step = game.desk.advance("q", player="p", answer="hold_placed")
    assert step.state == "aborted"
    assert step.pulls == []
    assert game.desk.inquire("never-seen", player="p") == "void"


def test_names_that_are_none_are_refused(game):
    with pytest.raises(fairpull.InvalidArgumentError, match="hold_placed"):
        game.desk.advance("q", player="p", answer="maybe")
    with pytest.raises(fairpull.NotFoundError):
        game.desk.advance("q", player="p", answer="resume")
    with pytest.raises(fairpull.InvalidArgumentError):
        game.desk.history("p", cursor="not a cursor")
    with pytest.raises(fairpull.UnknownBanner):
        game.desk.pity("p", "nothing")


def test_draws_can_be_made_again(game, starter, tmp_path):
    url = f"sqlite:///{tmp_path}/game.db"
    catalog = fairpull.Catalog([starter])
    seeds = fairpull.ServerSeeds(SEEDS, current=1)
    with fairpull.open_store(url) as store:
        wallet = fairpull.Wallet(store)
        wallet.open_account("p", "crystal")
        wallet.grant(
            "g", player="p", currency="crystal", amount=1600, source="promotion"
        )
        pulls = fairpull.PullService(store, catalog, seeds)
        pulls.pull("q", player="p", banner="starter", count=10)
        assert fairpull.verify_draws(store, catalog, seeds) == []
    with sqlite3.connect(tmp_path / "game.db") as database:
        database.execute(
            "UPDATE pulls SET item = 'wren-of-the-ninth-lamp' WHERE seq = 3"
        )
    with fairpull.open_store(url) as store:
        violations = fairpull.verify_draws(store, catalog, seeds)
    assert violations
    assert all(" p: " in line for line in violations)


def test_a_wrong_seed_is_refused_without_quoting_it():
    secret = b"SECRET" * 6
    for seeds, current in (
        ({1: secret[:32]}, "x"),
        ({"1": secret[:32]}, 1),
        ({1: secret.decode()}, 1),
        ({1: secret}, 1),
    ):
        with pytest.raises((TypeError, fairpull.Error)) as caught:
            fairpull.ServerSeeds(seeds, current=current)
        assert "SECRET" not in str(caught.value)


def test_a_closed_store_is_not_a_closed_banner(starter):
    game = Game(starter)
    game.store.close()
    for call in (
        lambda: game.pulls.pull("q", player="p", banner="starter"),
        lambda: game.desk.begin("q", player="p", banner="starter"),
        lambda: game.desk.pity("p", "starter"),
    ):
        with pytest.raises(fairpull.FailedPreconditionError) as caught:
            call()
        assert type(caught.value) is fairpull.FailedPreconditionError


def test_seeds_are_32_bytes_and_have_the_current_epoch():
    with pytest.raises(fairpull.InvalidArgumentError, match="32 bytes"):
        fairpull.ServerSeeds({1: b"short"}, current=1)
    with pytest.raises(fairpull.InvalidArgumentError):
        fairpull.ServerSeeds(SEEDS, current=2)
