"""Limits on real money by age, a day and a month."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from account.payment_provider import PaymentDeclined
from account.price import Price
from account.purchases import Purchases, SpendingLimitReached
from account.spending_limits import SpendingLimits, Window
from account.users import Users
from game_in_process import PASSWORD, PAYMENT_SECRET, Game, MovedClock, Player
from payment_calls import TroubledProvider, currency, order_of, state, tell
from shared_http.settings import Environment, SettingError

HOUR_MS = 3600 * 1000
LIMITS = "under16=500/1500 under18=1000/4000 adult=none unknown=300/600"
_names = itertools.count(1)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock(at("2026-11-28T10:00:00Z"))


@pytest.fixture
def limited(tmp_path: Path, clock: MovedClock) -> Iterator[Game]:
    game = Game(
        tmp_path,
        clock_ms=clock,
        provider=TroubledProvider(PAYMENT_SECRET.encode()),
        SPENDING_LIMITS=LIMITS,
        SPENDING_TIME_ZONE="Asia/Tokyo",
    )
    yield game
    game.close()


def born(game: Game, birth_date: str | None) -> Player:
    body = {"username": f"spender{next(_names)}", "password": PASSWORD}
    told = {} if birth_date is None else {"birthDate": birth_date}
    registered = game.account.post(
        "/account/register", json={**body, "email": "a@e.org", **told}
    )
    assert registered.status_code == 201
    logged_in = game.account.post("/account/login", json=body)
    return Player(game, registered.json["userId"], logged_in.json["token"])


def spending(player: Player) -> Any:
    answer = player.game.account.get("/account/spending", headers=player.headers())
    assert answer.status_code == 200
    return answer.json


def assert_over(answer: Any, period: str, limit: int, spent: int, resets: str) -> None:
    assert answer.status_code == 403
    assert answer.json["type"] == "/problems/spending-limit"
    told = answer.json["spendingLimit"]
    assert (told["period"], told["limit"], told["spent"]) == (period, limit, spent)
    assert told["resetsAt"] == resets
    for word in (str(limit), str(spent), resets):
        assert word in answer.json["detail"]


def test_a_minor_spends_so_much_a_day_and_so_much_a_month(
    limited: Game, clock: MovedClock
) -> None:
    player = born(limited, "2011-06-01")
    assert player.buy(300, key="a").status_code == 200
    # In Tokyo it is 19 o'clock, and the day ends at 15 o'clock of UTC.
    assert_over(player.buy(201, key="b"), "day", 500, 300, "2026-11-28T15:00:00.000Z")
    assert player.buy(200, key="c").status_code == 200
    assert_over(player.buy(1, key="d"), "day", 500, 500, "2026-11-28T15:00:00.000Z")
    assert spending(player) == {
        "userId": player.id,
        "ageBand": "under16",
        "priceCurrency": "USD",
        "timeZone": "Asia/Tokyo",
        "day": {"spent": 500, "limit": 500, "resetsAt": "2026-11-28T15:00:00.000Z"},
        "month": {"spent": 500, "limit": 1500, "resetsAt": "2026-11-30T15:00:00.000Z"},
    }
    clock.at_ms = at("2026-11-28T14:59:59Z")
    assert player.buy(1, key="d").status_code == 403
    clock.at_ms = at("2026-11-28T15:00:00Z")
    assert player.buy(500, key="d").status_code == 200
    clock.at_ms = at("2026-11-30T14:59:59Z")
    assert player.buy(500, key="e").status_code == 200
    # The whole month is spent with it; the next one has begun a second later.
    clock.at_ms = at("2026-11-30T15:00:00Z")
    assert spending(player)["month"] == {
        "spent": 0,
        "limit": 1500,
        "resetsAt": "2026-12-31T15:00:00.000Z",
    }
    assert currency(player) == {"currencyBalance": 1500}


def test_a_month_is_full_before_its_days_are(limited: Game, clock: MovedClock) -> None:
    clock.at_ms = at("2026-11-10T10:00:00Z")
    player = born(limited, "2011-06-01")
    for day in range(3):
        assert player.buy(500, key=f"{day}").status_code == 200
        clock.advance(24 * HOUR_MS)
    assert_over(player.buy(1, key="n"), "month", 1500, 1500, "2026-11-30T15:00:00.000Z")
    assert spending(player)["day"]["spent"] == 0


def test_a_repeated_purchase_is_no_other(limited: Game) -> None:
    player = born(limited, "2011-06-01")
    for _ in range(3):
        assert player.buy(500, key="a").json["newBalance"] == 500
    assert spending(player)["day"]["spent"] == 500
    # Refused, it left nothing behind under its key.
    assert player.buy(1, key="b").status_code == 403
    assert player.buy(2, key="b").status_code == 403
    found = limited.account_service.purchases.find(player.id, "b")
    assert found is None


@pytest.mark.parametrize(
    ("birth_date", "band", "limit"),
    [
        ("2010-11-29", "under16", 500),  # 16 tomorrow
        ("2010-11-28", "under18", 1000),
        ("2008-11-29", "under18", 1000),
        ("2008-11-28", "adult", None),
        ("1900-02-28", "adult", None),
        (None, "unknown", 300),
    ],
)
def test_the_age_of_today_counts(
    limited: Game, birth_date: str | None, band: str, limit: int | None
) -> None:
    told = spending(born(limited, birth_date))
    assert (told["ageBand"], told["day"]["limit"]) == (band, limit)


def test_a_birthday_changes_what_may_be_spent(limited: Game, clock: MovedClock) -> None:
    player = born(limited, "2010-11-29")
    assert player.buy(501).status_code == 403
    clock.at_ms = at("2026-11-28T15:00:00Z")  # the 29th begins in Tokyo
    assert player.buy(1000).status_code == 200


def test_adults_have_no_limit_unless_one_is_set(limited: Game) -> None:
    player = born(limited, "1990-01-01")
    assert player.buy(2**53 - 1).status_code == 200
    assert spending(player)["day"] == {
        "spent": 2**53 - 1,
        "limit": None,
        "resetsAt": "2026-11-28T15:00:00.000Z",
    }


def test_what_is_refunded_or_cancelled_is_not_spent(limited: Game) -> None:
    player = born(limited, "2011-06-01")
    provider = limited.account_service.payments._provider
    assert isinstance(provider, TroubledProvider)
    assert player.buy(500, key="a").status_code == 200
    assert player.buy(500, key="b").status_code == 403
    tell(limited, provider, order_of(player, "a", 500), "payment.refunded")
    assert spending(player)["day"]["spent"] == 0
    assert player.buy(500, key="b").status_code == 200


def test_what_is_declined_is_not_spent_until_it_is_asked_for_again(
    limited: Game, clock: MovedClock
) -> None:
    player = born(limited, "2011-06-01")
    provider = limited.account_service.payments._provider
    assert isinstance(provider, TroubledProvider)
    provider.trouble = PaymentDeclined("no money")
    assert player.buy(500, key="a").status_code == 402
    assert state(limited, player, "a") == "declined"
    assert spending(player)["day"]["spent"] == 0
    provider.trouble = None
    assert player.buy(400, key="b").status_code == 200
    # Under its old key it is asked for now, and too much now.
    assert_over(player.buy(500, key="a"), "day", 500, 400, "2026-11-28T15:00:00.000Z")
    assert state(limited, player, "a") == "declined"
    clock.advance(24 * HOUR_MS)
    assert player.buy(500, key="a").json["newBalance"] == 900
    assert spending(player)["day"]["spent"] == 500


def test_a_declined_purchase_that_is_paid_nevertheless_is_granted_and_spent(
    limited: Game,
) -> None:
    player = born(limited, "2011-06-01")
    provider = limited.account_service.payments._provider
    assert isinstance(provider, TroubledProvider)
    provider.trouble = PaymentDeclined("no money")
    assert player.buy(500, key="a").status_code == 402
    tell(limited, provider, order_of(player, "a", 500), "payment.succeeded")
    assert currency(player) == {"currencyBalance": 500}
    assert spending(player)["day"]["spent"] == 500
    assert player.buy(500, key="a").json["newBalance"] == 500


def test_the_seed_s_purchase_needs_no_age(game: Game) -> None:
    player = game.new_player()
    assert player.buy(16_000).status_code == 200
    told = spending(player)
    assert (told["ageBand"], told["day"]["limit"]) == ("unknown", None)
    minor = born(game, "2020-01-01")
    assert minor.buy(2001).status_code == 403
    assert minor.buy(2000).status_code == 200


@pytest.mark.parametrize(
    "birth_date",
    [
        "2027-01-01", "1895-12-31", "2001-02-29", "2001-2-3", "20010203", "2001-W05-1",
        "01/02/2003", "", 20010203, None, True,
    ],
)  # fmt: skip
def test_a_birth_date_that_can_t_be_is_named(limited: Game, birth_date: Any) -> None:
    body = {"username": "aster", "password": PASSWORD, "email": "a@e.org"}
    answer = limited.account.post(
        "/account/register", json={**body, "birthDate": birth_date}
    )
    assert answer.status_code == 400
    assert answer.json["errors"][0]["name"] == "/birthDate"
    assert limited.account_service.users.find("aster") is None


def test_spending_is_the_player_s_own(limited: Game) -> None:
    one, other = born(limited, "2011-06-01"), born(limited, "2011-06-01")
    assert one.buy(500).status_code == 200
    assert spending(other)["day"]["spent"] == 0
    assert limited.account.get("/account/spending").status_code == 401


# Several at once, on both databases.


@pytest.mark.parametrize("declined_before", [False, True])
def test_purchases_at_once_do_not_pass_the_limit_together(
    users: Users, declined_before: bool
) -> None:
    purchases = Purchases(users.engine)
    limits = SpendingLimits("unknown=1000/none")
    now_ms = at("2026-11-28T10:00:00Z")
    for turn in range(5):
        player = f"u-{next(_names)}-{id(users)}"
        users.add(
            username=player[-32:], user_id=player, email="a@e.org",
            password_hash="hash", created_at_ms=1,
        )  # fmt: skip
        if declined_before:
            for number in range(8):
                made = purchases.intend(amount=300, order=order(player, number))
                purchases.move(made, "declined")
        barrier = Barrier(8)

        def ask(number: int, player: str = player, barrier: Barrier = barrier) -> bool:
            allowance = limits.allowance(None, now_ms)
            wanted = order(player, number)
            barrier.wait(30)
            try:
                if declined_before:
                    found = purchases.find(player, wanted.key)
                    assert found is not None
                    purchases.ask_again(found, allowance)
                else:
                    purchases.intend(amount=300, order=wanted, allowance=allowance)
            except SpendingLimitReached:
                return False
            return True

        with ThreadPoolExecutor(8) as threads:
            written = list(threads.map(ask, range(8)))
        assert written.count(True) == 3, turn
        window = limits.allowance(None, now_ms).windows[0]
        assert purchases.spent(player, "USD", window) == 900


def order(player: str, number: int) -> Any:
    class Named:
        id = player

    return order_of(Named(), f"k{number}", 300)  # type: ignore[arg-type]


def test_only_the_player_s_purchases_of_that_time_and_currency_count(
    users: Users,
) -> None:
    purchases = Purchases(users.engine)
    limits = SpendingLimits()
    player = f"u-{next(_names)}-{id(users)}"
    for number, moment in enumerate(
        ["2026-11-27T23:59:59.999Z", "2026-11-28T00:00:00Z", "2026-11-28T23:59:59.999Z",
         "2026-11-29T00:00:00Z"]
    ):  # fmt: skip
        allowance = limits.allowance(None, at(moment))
        purchases.intend(amount=1, order=order(player, number), allowance=allowance)
    window = limits.allowance(None, at("2026-11-28T12:00:00Z")).windows[0]
    assert purchases.spent(player, "USD", window) == 600
    assert purchases.spent(player, "EUR", window) == 0
    assert purchases.spent("u-another", "USD", window) == 0


# Days and months in time zones.


def windows(zone: str, moment: str) -> tuple[Window, Window]:
    day, month = SpendingLimits("", zone).allowance(None, at(moment)).windows
    return day, month


@pytest.mark.parametrize(
    ("zone", "moment", "begins", "hours"),
    [
        ("UTC", "2026-11-28T23:59:59Z", "2026-11-28T00:00:00Z", 24),
        ("Asia/Tokyo", "2026-11-28T15:00:00Z", "2026-11-28T15:00:00Z", 24),
        ("Asia/Kathmandu", "2026-11-28T10:00:00Z", "2026-11-27T18:15:00Z", 24),
        ("Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", 23),
        ("Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", 25),
        # There is no midnight on this day: the clock is put on from 0 to 1.
        ("Africa/Cairo", "2026-04-24T12:00:00Z", "2026-04-23T22:00:00Z", 23),
        ("Africa/Cairo", "2026-04-23T21:59:59Z", "2026-04-22T22:00:00Z", 24),
    ],
)
def test_a_day_is_as_long_as_the_zone_has_it(
    zone: str, moment: str, begins: str, hours: int
) -> None:
    day, _ = windows(zone, moment)
    assert day.begins_ms == at(begins)
    assert day.ends_ms - day.begins_ms == hours * HOUR_MS


@pytest.mark.parametrize(
    ("moment", "begins", "ends"),
    [
        ("2028-02-29T12:00:00Z", "2028-01-31T15:00:00Z", "2028-02-29T15:00:00Z"),
        ("2026-12-31T14:59:59Z", "2026-11-30T15:00:00Z", "2026-12-31T15:00:00Z"),
        ("2026-12-31T15:00:00Z", "2026-12-31T15:00:00Z", "2027-01-31T15:00:00Z"),
    ],
)
def test_a_month_begins_on_its_first(moment: str, begins: str, ends: str) -> None:
    _, month = windows("Asia/Tokyo", moment)
    assert (month.begins_ms, month.ends_ms) == (at(begins), at(ends))


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Africa/Cairo", "America/St_Johns"])
def test_days_follow_one_another_without_a_gap(zone: str) -> None:
    limits = SpendingLimits("", zone)
    moment = at("2026-01-01T12:00:00Z")
    day = limits.allowance(None, moment).windows[0]
    for _ in range(366):
        after = limits.allowance(None, day.ends_ms).windows[0]
        assert after.begins_ms == day.ends_ms
        assert limits.allowance(None, day.ends_ms - 1).windows[0] == day
        day = after


def test_who_was_born_on_a_leap_day_is_older_on_the_first_of_march() -> None:
    limits = SpendingLimits("under16=1/1")
    leap = date(2012, 2, 29)

    def band(moment: str) -> str:
        return limits.allowance(leap, at(moment)).band.name

    assert band("2028-02-28T12:00:00Z") == "under16"
    assert band("2028-02-29T12:00:00Z") == "adult"
    limits = SpendingLimits("under17=1/1")
    assert band("2029-02-28T12:00:00Z") == "under17"
    assert band("2029-03-01T12:00:00Z") == "adult"


# Settings.


@pytest.mark.parametrize(
    ("text", "day", "month"),
    [
        ("", None, None),
        ("adult=none", None, None),
        ("under16=500/1500 under18=400/none", 400, 1500),
        ("under16=none/1500 adult=9000/1000", 9000, 1000),
        ("under16=500/1500 unknown=none", None, None),
        ("unknown=0/0", 0, 0),
    ],
)
def test_who_told_no_age_has_the_lowest_limits_unless_said_otherwise(
    text: str, day: int | None, month: int | None
) -> None:
    band = SpendingLimits(text).allowance(None, at("2026-11-28T10:00:00Z")).band
    assert (band.name, band.day, band.month) == ("unknown", day, month)


@pytest.mark.parametrize(
    "text",
    [
        "under16", "under16=500", "under16=-1/5", "under16=1.5/5", "under0=1/1",
        "under016=1/1", "under16=1/1 under16=2/2", "teen=1/1", "under16=1/1,adult=none",
        "adult=٣/1",
    ],
)  # fmt: skip
def test_a_rule_that_can_t_be_is_named(text: str) -> None:
    with pytest.raises(
        SettingError, match=r"SPENDING_LIMITS: .* must be one more rule"
    ):
        SpendingLimits(text)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "/UTC", "utc "])
def test_a_zone_that_there_is_not_is_named(zone: str) -> None:
    with pytest.raises(SettingError, match="SPENDING_TIME_ZONE must be"):
        SpendingLimits("", zone)


def test_the_default_is_for_dollars_alone() -> None:
    empty = Environment({})
    child = date(2020, 1, 1)
    now = at("2026-11-28T10:00:00Z")
    for price, limit in [(Price(1, "USD"), 2000), (Price(1, "JPY"), None)]:
        limits = SpendingLimits.from_environment(empty, currency=price.currency)
        assert limits.allowance(child, now).band.day == limit
        assert limits.allowance(None, now).band.day is None
    assert datetime.fromtimestamp(now / 1000, UTC).hour == 10
