"""What sockets are told, how they catch up, and when they are ended."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request as Handshake
from websockets.server import ServerProtocol

from banner_files import write_banner
from gacha.metrics import GachaMetrics
from gacha.sockets.banner_watch import changes
from gacha.sockets.hub import Arrival
from gacha.sockets.limits import SocketLimits
from gacha.sockets.player_events import (
    MOST_KEPT,
    LocalEvents,
    OnEvent,
    PlayerEvent,
    PlayerEvents,
    Stream,
)
from gacha.sockets.redis_events import RedisEvents
from hub_in_process import Hub, JoinedClient, pull_data, running_hub
from redis_of_tests import LocalRedis
from shared_http.player_tokens import TokenBearer
from shared_http.problems import Problem
from socket_contract import check_message
from waiting import until

pytestmark = pytest.mark.timeout(60)

HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


@pytest.fixture(params=["local", "redis"])
def hub(request: pytest.FixtureRequest) -> Iterator[Hub]:
    """A hub on either kind of events."""
    events: PlayerEvents = LocalEvents()
    if request.param == "redis":
        events = RedisEvents(request.getfixturevalue("redis").url)
    with running_hub(events=events) as hub:
        yield hub


def player(request: pytest.FixtureRequest) -> str:
    """One of this test's own, since its Redis is not."""
    return f"p{abs(hash(request.node.nodeid))}"


def told(client: JoinedClient, count: int) -> list[tuple[int | None, str]]:
    messages = [client.next() for _ in range(count)]
    assert {each["type"] for each in messages} == {"pulled"}
    return [(each["seq"], each["data"]["pullId"]) for each in messages]


def back(hub: Hub, name: str, stream: str, seq: int) -> JoinedClient:
    """A client of the player who has seen the stream as far as `seq`."""
    client = hub.connect()
    resume = {"token": name, "stream": stream}
    client.ask("authenticate", resume, expect="welcome", seq=seq)
    return client


def test_a_player_is_told_of_pulls_in_order_and_nobody_else_is(
    hub: Hub, request: pytest.FixtureRequest
) -> None:
    name = player(request)
    one, other = hub.log_in(name), hub.log_in(name)
    stranger = hub.log_in(name + "x")
    for number in (1, 2, 3):
        hub.tell(name, number)
    hub.tell(name + "x", 9)
    expected = [(1, "pull:1"), (2, "pull:2"), (3, "pull:3")]
    assert told(one, 3) == expected
    assert told(other, 3) == expected
    assert told(stranger, 1) == [(1, "pull:9")]


def test_who_comes_back_is_told_what_came_after(
    hub: Hub, request: pytest.FixtureRequest
) -> None:
    name = player(request)
    first = hub.connect()
    stream = first.log_in(name)["stream"]
    for number in (1, 2, 3):
        hub.tell(name, number)
    assert told(first, 3)[-1] == (3, "pull:3")
    first.socket.close()
    later = back(hub, name, stream, 1)
    assert told(later, 2) == [(2, "pull:2"), (3, "pull:3")]
    hub.tell(name, 4)
    assert told(later, 1) == [(4, "pull:4")]


def test_who_has_seen_all_is_told_nothing_twice(
    hub: Hub, request: pytest.FixtureRequest
) -> None:
    name = player(request)
    client = hub.connect()
    stream = client.log_in(name)["stream"]
    hub.tell(name, 1)
    told(client, 1)
    later = back(hub, name, stream, 1)
    hub.tell(name, 2)
    assert told(later, 1) == [(2, "pull:2")]


@pytest.mark.parametrize("seq", [0, 1])
def test_what_is_not_kept_any_more_is_a_resync(
    hub: Hub, request: pytest.FixtureRequest, seq: int
) -> None:
    name = player(request)
    watching = hub.connect()
    stream = watching.log_in(name)["stream"]
    for number in range(MOST_KEPT + 1):
        hub.tell(name, number)
    told(watching, MOST_KEPT + 1)
    later = back(hub, name, stream, seq)
    if seq == 1:  # the oldest that is kept is the second
        assert len(told(later, MOST_KEPT)) == MOST_KEPT
        return
    again = later.next()
    assert again["type"] == "resync"
    assert again["data"] == {"stream": stream, "lastSeq": MOST_KEPT + 1}
    hub.tell(name, 99)
    assert told(later, 1) == [(MOST_KEPT + 2, "pull:99")]


@pytest.mark.parametrize(("stream", "seq"), [("0" * 32, 0), (None, 7)])
def test_a_stream_or_number_that_never_was_is_a_resync(
    hub: Hub, request: pytest.FixtureRequest, stream: str | None, seq: int
) -> None:
    name = player(request)
    known = hub.connect().log_in(name)["stream"]
    later = back(hub, name, stream or known, seq)
    assert later.next()["data"] == {"stream": known, "lastSeq": 0}


class PullsWhileReading(LocalEvents):
    """A pull is made whenever a stream is read, and told before it has been."""

    made = 0

    async def stream_of(self, player: str) -> Stream | None:
        self.made += 1
        await self.append(PlayerEvent(player, "pulled", pull_data(self.made)))
        return await super().stream_of(player)


def test_what_happens_while_a_stream_is_read_is_told_once_and_in_order() -> None:
    with running_hub(events=PullsWhileReading()) as hub:
        welcome = hub.connect().log_in("aster")
        assert welcome["lastSeq"] == 1
        later = back(hub, "aster", welcome["stream"], 0)
        hub.tell("aster", 3)
        assert told(later, 3) == [(1, "pull:1"), (2, "pull:2"), (3, "pull:3")]


def test_a_stream_tells_what_came_after_a_number() -> None:
    kept = tuple(PlayerEvent("p", "pulled", {}, "name", seq) for seq in (4, 5, 6))
    stream = Stream("name", 6, kept)
    found = {seq: stream.after("name", seq) for seq in range(8)}
    assert [seq for seq, events in found.items() if events is None] == [0, 1, 2, 7]
    assert [[each.seq for each in found[seq] or ()] for seq in (3, 4, 6)] == [
        [4, 5, 6],
        [5, 6],
        [],
    ]
    assert stream.after("other", 4) is None
    assert stream.after(None, 4) is None


def test_two_processes_tell_each_other_s_players(redis: LocalRedis) -> None:
    with (
        running_hub(events=RedisEvents(redis.url)) as one,
        running_hub(events=RedisEvents(redis.url)) as other,
    ):
        client = hub_that_hears(other, one, "aster")
        hub_that_hears(one, other, "bryn").socket.close()
        one.tell("aster", 1)
        other.tell("aster", 2)
        one.tell("aster", 3)
        seqs = [seq for seq, _ in told(client, 3)]
        assert seqs == sorted(seqs) and len(set(seqs)) == 3
        stream = client.ask("authenticate", {"token": "aster"}, expect="welcome")
        moved = back(one, "aster", stream["stream"], seqs[0])
        assert [seq for seq, _ in told(moved, 2)] == seqs[1:]


class DeafAtFirst(RedisEvents):
    """Hears nothing until it is let."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.hears = threading.Event()

    async def listen(self, on_event: OnEvent, on_gap: Callable[[], None]) -> None:
        while not self.hears.is_set():
            await asyncio.sleep(0.01)
        await super().listen(on_event, on_gap)


def test_what_a_process_did_not_hear_is_told_when_it_hears_again(
    redis: LocalRedis,
) -> None:
    deaf = DeafAtFirst(redis.url)
    with (
        running_hub(events=deaf) as one,
        running_hub(events=RedisEvents(redis.url)) as other,
    ):
        client = one.log_in("dessa")
        witness = hub_that_hears(other, other, "dessa")
        other.tell("dessa", 7)
        other.tell("dessa", 8)
        assert [pull for _, pull in told(witness, 2)] == ["pull:7", "pull:8"]
        deaf.hears.set()
        late = told(client, 1)
        while late[-1][1] != "pull:8":
            late += told(client, 1)
        assert [seq for seq, _ in late] == list(range(1, len(late) + 1))
        assert late[-2][1] == "pull:7"


def hub_that_hears(listening: Hub, telling: Hub, name: str) -> JoinedClient:
    """A client at `listening`, once it hears what `telling` says: subscribing takes
    a moment."""
    client = listening.log_in(name)
    heard = threading.Event()

    def listen() -> None:
        client.next()
        heard.set()

    listener = threading.Thread(target=listen)
    listener.start()

    def hears() -> bool:
        telling.tell(name, 0)
        return heard.wait(0.1)

    until(hears, within_s=10, what="events of another process")
    listener.join()
    while True:  # what else was told meanwhile
        try:
            check_message(str(client.socket.recv(timeout=0.2)))
        except TimeoutError:
            return client


def test_while_redis_is_away_events_are_told_here_and_numbers_come_back_with_it(
    tmp_path: Path,
) -> None:
    redis = LocalRedis(tmp_path)
    redis.start()
    try:
        with running_hub(events=RedisEvents(redis.url)) as hub:
            client = hub_that_hears(hub, hub, "aster")
            redis.stop()
            hub.tell("aster", 1)
            assert told(client, 1) == [(None, "pull:1")]
            lost = hub.log_in("bryn")
            assert (
                lost.ask("authenticate", {"token": "bryn"}, expect="welcome")["stream"]
                is None
            )
            redis.start()
            # The stream is a new one, as the Redis kept nothing.
            again = lost.next()
            assert again["type"] == "resync"
            assert again["data"]["stream"] is not None
            hub.tell("bryn", 2)
            assert told(lost, 1) == [(1, "pull:2")]
    finally:
        redis.stop()


def test_a_hung_redis_holds_nobody_up(tmp_path: Path) -> None:
    redis = LocalRedis(tmp_path)
    redis.start()
    try:
        with running_hub(events=RedisEvents(redis.url)) as hub:
            client = hub_that_hears(hub, hub, "aster")
            redis.signal(signal.SIGSTOP)
            before = time.monotonic()
            for number in range(20):
                hub.tell("aster", number)
            client.ask("list_banners", {}, expect="banners")
            unnumbered = [(None, f"pull:{number}") for number in range(20)]
            assert told(client, 20) == unnumbered
            # Each of them waited for Redis would take five seconds.
            assert time.monotonic() - before < 4
    finally:
        redis.signal(signal.SIGCONT)
        redis.stop()


def test_what_banners_do_is_told_to_all_who_are_logged_in(tmp_path: Path) -> None:
    def at(seconds: float) -> str:
        return (start + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")

    start = datetime.now(UTC).replace(microsecond=0)
    write_banner(tmp_path / "a.json", id="autumn", opens=at(2), closes=at(5))
    for number, opens in enumerate((-9, 3)):
        price = {"currency": "crystal", "amount": 100 + number}
        write_banner(
            tmp_path / f"b{number}.json", id="brook", opens=at(opens), price=price
        )
    with running_hub(banner_folder=tmp_path) as hub:
        stranger = hub.connect()
        client = hub.log_in("aster")
        banners = client.ask("list_banners", {}, expect="banners")["banners"]
        before = {each["id"]: (each["open"], each["price"]) for each in banners}
        assert before["autumn"][0] is False
        assert before["brook"] == (True, 100)
        opened, changed, closed = (client.next() for _ in range(3))
        assert (opened["type"], changed["type"]) == ("banner_opened", "banner_changed")
        assert opened["data"]["banner"]["id"] == "autumn"
        assert changed["data"]["banner"]["price"] == 101
        assert (closed["type"], closed["data"]["banner"]["open"]) == (
            "banner_closed",
            False,
        )
        assert stranger.close_code() == 4401


def test_a_banner_that_is_new_has_opened_if_it_is_open() -> None:
    old = {"id": "old", "open": True, "price": 1}
    for is_open, kind in ((True, "banner_opened"), (False, "banner_changed")):
        new = {"id": "new", "open": is_open}
        found = changes({"old": old}, {"old": old, "new": new})
        assert found == [(kind, new)]
    assert changes({"old": old}, {"old": {**old, "price": 2}})[0][0] == "banner_changed"
    assert changes({"old": old}, {"old": old}) == []


def test_a_message_that_is_none_is_answered_by_a_problem(hub: Hub) -> None:
    client = hub.log_in("aster")
    for message, name in [
        ("{", ""),
        ("[]", ""),
        ('{"v":1,"type":"list_banners","id":"a"}', "/data"),
        ('{"v":2,"type":"list_banners","id":"a","data":{}}', "/v"),
        ('{"v":1,"type":"pull","id":"a","data":{}}', "/type"),
        ('{"v":1,"type":"list_banners","id":"a","data":{"x":1}}', "/data/x"),
        ('{"v":1,"type":"list_banners","id":"a","data":{},"x":1}', "/x"),
        ('{"v":1,"type":"list_banners","id":"","data":{}}', "/id"),
        ('{"v":1,"v":1,"type":"list_banners","id":"a","data":{}}', "/v"),
    ]:
        client.socket.send(message)
        answer = client.next()
        assert answer["type"] == "error", message
        assert answer["data"]["errors"][0]["name"] == name, message
    client.ask("list_banners", {}, expect="banners")


def test_a_problem_and_a_defect_are_answered_and_the_socket_lives_on() -> None:
    def look(_player: str, banner_id: str) -> dict[str, Any]:
        if banner_id == "broken":
            raise RuntimeError("its inside is nobody's business")
        raise Problem(404, "unknown-banner", "Unknown banner", "no banner is called so")

    with running_hub(look_at_banner=look) as hub:
        client = hub.log_in("aster")
        answer = client.ask("choose_banner", {"bannerId": "x"}, expect="error")
        assert answer["type"] == "/problems/unknown-banner"
        answer = client.ask("choose_banner", {"bannerId": "broken"}, expect="error")
        assert answer["type"] == "/problems/internal-error"
        assert "inside" not in json.dumps(answer)
        client.ask("list_banners", {}, expect="banners")


@pytest.mark.parametrize("type_", ["list_banners", "choose_banner"])
def test_before_logging_in_nothing_is_answered(hub: Hub, type_: str) -> None:
    client = hub.connect()
    client.send(type_, {"bannerId": "starter"})
    assert client.close_code() == 4401


@pytest.mark.parametrize("token", ["forged", "late/-1"])
def test_a_token_that_is_not_good_closes_the_socket(hub: Hub, token: str) -> None:
    client = hub.connect()
    client.send("authenticate", {"token": token})
    assert client.close_code() == 4401


def test_a_login_ends_with_its_token_and_a_fresh_one_moves_the_end(hub: Hub) -> None:
    client, other = hub.log_in("aster/2"), hub.log_in("aster/2")
    client.ask("authenticate", {"token": "aster/60"}, expect="welcome")
    assert other.close_code() == 4401
    client.ask("list_banners", {}, expect="banners")


def test_a_socket_stays_its_player_s(hub: Hub) -> None:
    client = hub.log_in("aster")
    client.send("authenticate", {"token": "bryn"})
    assert client.close_code() == 4403


def test_who_came_with_a_ticket_is_known_at_once(hub: Hub) -> None:
    bearer = TokenBearer("aster", int(time.time()) + 60)
    client = hub.connect(ticket=bearer)
    welcome = client.next()
    assert (welcome["type"], welcome["id"]) == ("welcome", None)
    assert welcome["data"]["userId"] == "aster"
    late = hub.connect(ticket=TokenBearer("aster", int(time.time()) - 1))
    assert late.close_code() == 4401


class SilentEvents(LocalEvents):
    """The numbering answers nobody."""

    async def stream_of(self, player: str) -> Stream | None:
        await asyncio.sleep(60)
        return await super().stream_of(player)


def test_a_login_that_takes_too_long_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gacha.sockets.conversation._HANDLER_LIMIT_S", 0.1)
    with running_hub(events=SilentEvents()) as hub:
        client = hub.connect()
        client.send("authenticate", {"token": "aster"})
        assert client.close_code() == 1013


def test_who_does_not_log_in_is_shown_out() -> None:
    with running_hub(SocketLimits(login_within_s=0.2)) as hub:
        assert hub.connect().close_code() == 4401


def test_a_player_has_only_so_many_sockets_and_a_closed_one_makes_room() -> None:
    with running_hub(SocketLimits(sockets_per_player=2)) as hub:
        first = hub.log_in("aster")
        hub.log_in("aster")
        third = hub.connect()
        third.send("authenticate", {"token": "aster"})
        assert third.close_code() == 4429
        hub.log_in("bryn")
        first.socket.close()

        def admitted() -> bool:
            client = hub.connect()
            client.send("authenticate", {"token": "aster"})
            try:
                return client.next()["type"] == "welcome"
            except ConnectionClosed:
                return False

        until(admitted, within_s=10, what="room for another socket")


def test_a_process_has_only_so_many_sockets_and_fewer_strangers() -> None:
    with running_hub(SocketLimits(sockets=5)) as hub:
        waiting = hub.connect()
        assert hub.connect().close_code() == 4429
        waiting.log_in("p0")
        for number in range(1, 5):
            hub.log_in(f"p{number}")
        assert hub.connect().close_code() == 4429


def test_a_flood_closes_the_socket() -> None:
    with running_hub(SocketLimits(burst=5, frames_per_s=0.001)) as hub:
        client = hub.log_in("aster")
        for _ in range(4):
            client.ask("list_banners", {}, expect="banners")
        client.send("list_banners", {})
        assert client.close_code() == 4429


def test_pings_count_as_well() -> None:
    with running_hub(SocketLimits(burst=5, frames_per_s=0.001)) as hub:
        client = hub.log_in("aster")
        with suppress(ConnectionClosed):  # which may come before the last is sent
            for _ in range(6):
                client.socket.ping()
        assert client.close_code() == 4429


@pytest.mark.parametrize(
    ("message", "code"),
    [(b"{}", 1003), ("x" * 4097, 1009), (["x" * 4000, "x" * 97], 1009)],
)
def test_messages_are_short_texts(hub: Hub, message: Any, code: int) -> None:
    client = hub.log_in("aster")
    with suppress(ConnectionClosed):
        client.socket.send(message)
    assert client.close_code() == code


def test_a_message_in_pieces_is_one(hub: Hub) -> None:
    client = hub.log_in("aster")
    whole = '{"v":1,"type":"list_banners","id":"a","data":{}}'
    client.socket.send([whole[:9], whole[9:20], whole[20:]])
    assert client.next()["type"] == "banners"


def test_who_does_not_read_is_cut_off_and_holds_nobody_up() -> None:
    with running_hub(SocketLimits(most_unsent_bytes=4096)) as hub:
        slow = hub.log_in("aster", receive_buffer=4096)
        quick = hub.log_in("aster")
        for number in range(2000):
            hub.tell("aster", number)
            assert told(quick, 1) == [(number + 1, f"pull:{number}")]
        assert slow.close_code() is None


def test_who_answers_no_ping_is_cut_off_and_who_does_is_not() -> None:
    with running_hub(SocketLimits(ping_every_s=0.2)) as hub:
        alive = hub.log_in("aster")
        ours, theirs = socket.socketpair()
        silent = ServerProtocol()
        handshake = Handshake("/", Headers(HANDSHAKE))
        silent.receive_data(handshake.serialize())
        silent.send_response(silent.accept(handshake))
        silent.data_to_send()
        hub.hub.receive(Arrival(connection=theirs, protocol=silent, request_id="r"))
        ours.settimeout(10)
        pinged = ours.recv(2)
        assert pinged == b"\x89\x00"
        assert ours.recv(1) == b""
        ours.close()
        alive.ask("list_banners", {}, expect="banners")


def test_each_end_of_a_socket_is_counted_by_its_code(hub: Hub) -> None:
    before = len(hub.close_codes)
    hub.log_in("aster").socket.close(1000)
    hub.log_in("bryn").socket.close(4999)
    hub.log_in("cole").socket.socket.shutdown(socket.SHUT_RDWR)
    assert hub.log_in("dara/1.5").close_code() == 4401
    long = hub.log_in("enid")
    long.socket.send("x" * 5000)
    assert long.close_code() == 1009
    until(
        lambda: len(hub.close_codes) == before + 5,
        within_s=10,
        what="all ends are counted",
    )
    assert sorted(hub.close_codes[before:]) == [1000, 1006, 1009, 4401, 4999]
    assert hub.opened == len(hub.close_codes)


def test_what_clients_close_with_is_a_few_codes_in_the_metrics() -> None:
    metrics = GachaMetrics()
    for code in (1000, 1000, 4401, 4999, 3123):
        metrics.socket_opened()
        metrics.socket_closed(code)
    metrics.socket_opened()
    value = metrics.registry.get_sample_value
    closed = "gacha_sockets_closed_total"
    assert value("gacha_sockets_open") == 1
    assert value(closed, {"code": "1000"}) == 2
    assert value(closed, {"code": "4401"}) == 1
    assert value(closed, {"code": "other"}) == 2


def test_ending_tells_every_client_and_waits_for_none() -> None:
    hub = Hub(SocketLimits(farewell_s=0.3))
    client, stranger = hub.log_in("aster"), hub.connect()
    before = time.monotonic()
    hub.hub.stop()
    assert time.monotonic() - before < 3
    assert client.close_code() == 1001
    assert stranger.close_code() == 1001
