"""One trace through both services, with OpenTelemetry and without."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from game_in_process import Game, Player
from game_processes import Client, GameProcesses
from shared_http import tracing
from shared_http.open_telemetry import OpenTelemetry
from shared_http.tracing import PassingOn, span, use_tracing
from waiting import until

LIVE_SERVICE = Path(__file__).parents[1]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


def traced_pull(player: Player, parent: str) -> Any:
    headers = {**player.headers("k"), "traceparent": parent}
    return player.game.gacha.post(
        "/gacha/pull", json={"currencySpent": 160}, headers=headers
    )


def lines(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capfd.readouterr().err.splitlines()]


def test_without_spans_lines_of_both_services_name_the_trace_and_the_request(
    tmp_path: Path,
) -> None:
    game = GameProcesses(tmp_path, with_gateway=True)
    try:
        game.start()
        client = Client(game, "aster")
        client.buy(1600, "b")
        body = {"currencySpent": 160}
        answer = client.send("POST", "/gacha/pull", body, traceparent=PARENT)
        request_id = answer.headers["X-Request-Id"]
        told = [
            json.loads(line)
            for service in (game.gacha, game.account)
            for line in service.log().splitlines()
            if request_id in line
        ]
    finally:
        game.kill()
    assert [line["path"] for line in told] == ["/gacha/pull", "/internal/holds"]
    assert [line["trace_id"] for line in told] == [TRACE, TRACE]
    assert [line["request_id"] for line in told] == [request_id, request_id]


@pytest.mark.parametrize(
    "parent",
    [
        "",
        "nonsense",
        PARENT.upper(),
        PARENT + "-more",
        f"ff-{TRACE}-00f067aa0ba902b7-01",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE}-{'0' * 16}-01",
    ],
)
def test_a_trace_that_can_t_be_is_none(
    game: Game, capfd: pytest.CaptureFixture[str], parent: str
) -> None:
    player = game.new_player(160)
    capfd.readouterr()
    assert traced_pull(player, parent).status_code == 200
    assert not any("trace_id" in line for line in lines(capfd))


@pytest.fixture
def spans(game: Game) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    use_tracing(OpenTelemetry(provider))
    yield exporter
    use_tracing(PassingOn())


def tree(spans: InMemorySpanExporter) -> dict[str, str | None]:
    """Which span each is a part of, by their names; "caller" is another process's."""
    finished = spans.get_finished_spans()
    names = {each.context.span_id: each.name for each in finished if each.context}
    return {
        each.name: names.get(each.parent.span_id, "caller") if each.parent else None
        for each in finished
    }


def named(spans: InMemorySpanExporter, name: str) -> ReadableSpan:
    (found,) = [each for each in spans.get_finished_spans() if each.name == name]
    return found


def test_a_pull_is_one_trace_through_both_services(
    game: Game, spans: InMemorySpanExporter, capfd: pytest.CaptureFixture[str]
) -> None:
    player = game.new_player(160)
    player.history()  # so that the keys are fetched before
    spans.clear()
    capfd.readouterr()
    assert traced_pull(player, PARENT).status_code == 200
    assert tree(spans) == {
        "/gacha/pull": "caller",
        "commit intent": "/gacha/pull",
        "hold": "/gacha/pull",
        "POST /internal/holds": "hold",
        "/internal/holds": "POST /internal/holds",
        "commit hold": "/internal/holds",
        "draw and commit": "/gacha/pull",
    }
    ids = {each.context.trace_id for each in spans.get_finished_spans() if each.context}
    assert ids == {int(TRACE, 16)}
    assert {line["trace_id"] for line in lines(capfd)} == {TRACE}
    request = named(spans, "/gacha/pull")
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": "/gacha/pull",
        "http.response.status_code": 200,
    }


def test_who_brings_no_trace_begins_one_each_time(
    game: Game, spans: InMemorySpanExporter
) -> None:
    player = game.new_player()
    spans.clear()
    player.balance()
    player.balance()
    finished = spans.get_finished_spans()
    assert [each.name for each in finished] == ["/account/currency"] * 2
    assert [each.parent for each in finished] == [None, None]
    assert len({each.context.trace_id for each in finished if each.context}) == 2


def test_a_purchase_shows_charge_and_grant(
    game: Game, spans: InMemorySpanExporter
) -> None:
    player = game.new_player()
    spans.clear()
    player.buy(100)
    assert tree(spans) == {
        "charge": "/account/buy-currency",
        "grant": "/account/buy-currency",
        "/account/buy-currency": None,
    }


def test_a_failed_span_says_what_kind_of_error_and_no_more(
    game: Game, spans: InMemorySpanExporter
) -> None:
    player = game.new_player(160)
    player.history()  # so that gacha has the keys
    spans.clear()
    game.to_account.cut = True
    assert traced_pull(player, PARENT).status_code == 503
    failed = [
        each
        for each in spans.get_finished_spans()
        if each.name == "POST /internal/holds"
    ]
    assert {each.status.description for each in failed} == {"ConnectError"}
    assert named(spans, "/gacha/pull").status.status_code is StatusCode.ERROR
    with pytest.raises(ValueError, match="sesame"), span("alone"):
        raise ValueError("sesame")
    everything = "".join(each.to_json() for each in spans.get_finished_spans())
    assert "ValueError" in everything
    assert "sesame" not in everything
    assert player.id not in everything
    assert player.token not in everything


WITHOUT_PACKAGES = """
import sys
sys.path.insert(0, {folder!r})
sys.modules["opentelemetry"] = None
from shared_http.tracing import PassingOn, tracing_from_environment
chosen = tracing_from_environment("gacha", {variables!r})
assert type(chosen) is PassingOn, chosen
import gacha.app, account.app
assert not any(name.startswith("opentelemetry.") for name in sys.modules)
"""


@pytest.mark.parametrize("asked", [False, True])
def test_without_the_packages_nothing_changes(asked: bool) -> None:
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"} if asked else {}
    code = WITHOUT_PACKAGES.format(folder=str(LIVE_SERVICE), variables=variables)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert ("install requirements-tracing.txt" in done.stdout + done.stderr) == asked


def test_the_packages_alone_change_nothing_either() -> None:
    assert type(tracing.tracing_from_environment("gacha", {})) is PassingOn


class Collector:
    """Takes spans as OTLP over HTTP."""

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    import gzip

                    body = gzip.decompress(body)
                collector.requests.append(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def services_in(self, trace: str) -> set[str]:
        found = set()
        for request in list(self.requests):
            for resource in request.resource_spans:
                name = next(
                    attribute.value.string_value
                    for attribute in resource.resource.attributes
                    if attribute.key == "service.name"
                )
                spans = [each for scope in resource.scope_spans for each in scope.spans]
                if any(each.trace_id.hex() == trace for each in spans):
                    found.add(name)
        return found

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.mark.timeout(90)
def test_both_services_send_their_spans_and_do_without_who_takes_them(
    tmp_path: Path,
) -> None:
    collector = Collector()
    game = GameProcesses(
        tmp_path,
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_BSP_SCHEDULE_DELAY="100",
    )
    try:
        game.start()
        client = Client(game, "aster")
        client.buy(1600, "b")
        body = {"currencySpent": 160}
        answer = client.send("POST", "/gacha/pull", body, traceparent=PARENT)
        assert answer.status_code == 200
        both = {"fairpull-account", "fairpull-gacha"}
        until(
            lambda: collector.services_in(TRACE) == both,
            within_s=30,
            what="spans of both services",
        )
        collector.close()
        for number in range(5):
            assert client.pull(f"k{number}").status_code == 200
        assert game.stop() == [0, 0]
    finally:
        game.kill()
    assert os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") is None
