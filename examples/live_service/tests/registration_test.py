"""Services in discovery, against one that answers what a test wants."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest

from generated import discovery_pb2 as messages
from shared_http.registration import DiscoverySettings, Registration, keep_registered
from shared_http.settings import Environment, SettingError
from waiting import until

LIVE_SERVICE = Path(__file__).parents[1]
TOKEN = "t" * 32
ADDRESS = "http://127.0.0.1:9001"


class FakeDiscovery:
    """Notes the calls, and refuses those that `refusals` has a status for."""

    def __init__(self, port: int = 0) -> None:
        self.calls: list[str] = []
        self.tokens: set[object] = set()
        self.refusals: dict[str, grpc.StatusCode] = {}
        self.heartbeat_ms = 1
        self.listed: list[str] = []
        self._leases = 0
        self._server = grpc.server(ThreadPoolExecutor(2))
        handlers = {
            "Register": self._handler(messages.RegisterRequest, self._register),
            "Heartbeat": self._handler(
                messages.HeartbeatRequest, lambda _: messages.HeartbeatReply()
            ),
            "Deregister": self._handler(
                messages.DeregisterRequest, lambda _: messages.DeregisterReply()
            ),
        }
        handlers["List"] = self._handler(messages.ListRequest, self._list)
        name = "fairpull.discovery.v1.Discovery"
        handler = grpc.method_handlers_generic_handler(name, handlers)
        self._server.add_generic_rpc_handlers((handler,))
        self.port = self._server.add_insecure_port(f"127.0.0.1:{port}")
        self._server.start()

    def settings(self) -> DiscoverySettings:
        return DiscoverySettings(target=f"127.0.0.1:{self.port}", address=ADDRESS)

    def stop(self) -> None:
        self._server.stop(None).wait()

    def _register(self, request: Any) -> Any:
        assert request.instance.service == "gacha"
        assert request.instance.address == ADDRESS
        self._leases += 1
        return messages.RegisterReply(
            lease_id=f"l{self._leases}", lease_ms=10, heartbeat_ms=self.heartbeat_ms
        )

    def _list(self, request: Any) -> Any:
        return messages.ListReply(
            instances=[
                messages.Instance(service=request.service, address=address)
                for address in self.listed
            ]
        )

    def _handler(
        self, request_type: Any, answer: Callable[[Any], Any]
    ) -> grpc.RpcMethodHandler:
        method = request_type.__name__.removesuffix("Request")

        def handle(request: Any, context: grpc.ServicerContext) -> Any:
            lease = getattr(request, "lease_id", "")
            self.calls.append(f"{method} {lease}".strip())
            self.tokens.add(dict(context.invocation_metadata()).get("x-service-token"))
            if method in self.refusals:
                context.abort(self.refusals[method], "no")
            return answer(request)

        return grpc.unary_unary_rpc_method_handler(
            handle,
            request_deserializer=request_type.FromString,
            response_serializer=lambda message: message.SerializeToString(),
        )


@pytest.fixture
def discovery() -> Iterator[FakeDiscovery]:
    fake = FakeDiscovery()
    yield fake
    fake.stop()


def renew_until(registration: Registration, condition: Callable[[], bool]) -> None:
    def renewed() -> bool:
        registration.renew()
        return condition()

    until(renewed, within_s=20, what="it was renewed")


def test_a_lease_is_kept_and_given_up_in_the_end(discovery: FakeDiscovery) -> None:
    registration = Registration("gacha", discovery.settings(), TOKEN)
    renew_until(registration, lambda: discovery.calls.count("Heartbeat l1") == 2)
    assert registration.leave() is True
    registration.renew()
    assert registration.leave() is False
    assert discovery.calls == [
        "Register",
        "Heartbeat l1",
        "Heartbeat l1",
        "Deregister l1",
    ]
    assert discovery.tokens == {TOKEN}


def test_heartbeats_come_as_often_as_is_wanted(discovery: FakeDiscovery) -> None:
    discovery.heartbeat_ms = 60_000
    registration = Registration("gacha", discovery.settings(), TOKEN)
    for _ in range(50):
        registration.renew()
    assert discovery.calls == ["Register"]


def test_an_unknown_lease_is_registered_again_at_once(discovery: FakeDiscovery) -> None:
    registration = Registration("gacha", discovery.settings(), TOKEN)
    registration.renew()
    discovery.refusals["Heartbeat"] = grpc.StatusCode.NOT_FOUND
    renew_until(registration, lambda: len(discovery.calls) == 3)
    assert discovery.calls == ["Register", "Heartbeat l1", "Register"]
    del discovery.refusals["Heartbeat"]
    renew_until(registration, lambda: "Heartbeat l2" in discovery.calls)


def test_a_heartbeat_that_fails_otherwise_is_sent_again(
    discovery: FakeDiscovery,
) -> None:
    registration = Registration("gacha", discovery.settings(), TOKEN)
    registration.renew()
    discovery.refusals["Heartbeat"] = grpc.StatusCode.UNAVAILABLE
    renew_until(registration, lambda: discovery.calls.count("Heartbeat l1") == 2)
    assert discovery.calls.count("Register") == 1


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    ],
)
def test_a_refusal_is_tried_again_and_logged_once(
    discovery: FakeDiscovery, code: grpc.StatusCode, capsys: pytest.CaptureFixture[str]
) -> None:
    discovery.refusals["Register"] = code
    registration = Registration("gacha", discovery.settings(), TOKEN)
    for _ in range(3):
        registration.renew()
    assert discovery.calls == ["Register"] * 3
    said = capsys.readouterr()
    assert (said.out + said.err).count(code.name) == 1
    assert TOKEN not in said.out + said.err
    del discovery.refusals["Register"]
    registration.renew()
    assert registration.leave() is True


def test_discovery_may_come_later_and_go_and_come_back() -> None:
    first = FakeDiscovery()
    settings = first.settings()
    first.stop()
    registration = Registration("gacha", settings, TOKEN)
    registration.renew()
    assert registration.leave() is False

    registration = Registration("gacha", settings, TOKEN)
    registration.renew()
    for _ in range(2):
        fake = FakeDiscovery(first.port)
        fake.refusals["Heartbeat"] = grpc.StatusCode.NOT_FOUND
        renew_until(registration, lambda fake=fake: "Register" in fake.calls)
        fake.stop()


SERVING = """
import signal, sys, threading
sys.path.insert(0, {folder!r})
from shared_http.registration import DiscoverySettings, keep_registered

def end(number, frame):
    print("obeyed", flush=True)
    sys.exit(0)

signal.signal(signal.SIGTERM, end)
settings = DiscoverySettings(target={target!r}, address={address!r})
keep_registered("gacha", settings, {token!r})
print("serving", flush=True)
while True:
    threading.Event().wait(60)
"""


@pytest.mark.parametrize("away", [False, True])
def test_sigterm_takes_it_off_the_list_before_it_ends_the_process(
    discovery: FakeDiscovery, away: bool
) -> None:
    discovery.heartbeat_ms = 60_000
    settings = discovery.settings()
    if away:
        discovery.stop()
    code = SERVING.format(
        folder=str(LIVE_SERVICE),
        target=settings.target,
        address=ADDRESS,
        token=TOKEN,
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        assert process.stdout.readline() == "serving\n"
        if not away:
            until(lambda: discovery.calls, within_s=20, what="registered")
        for _ in range(2):
            process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=20)
    finally:
        process.kill()
    assert said.splitlines()[-1] == "obeyed"
    assert process.returncode == 0
    assert discovery.calls == ([] if away else ["Register", "Deregister l1"])


def test_without_discovery_there_is_no_thread_and_no_handler() -> None:
    before = (signal.getsignal(signal.SIGTERM), threading.active_count())
    keep_registered("gacha", None, TOKEN)
    assert (signal.getsignal(signal.SIGTERM), threading.active_count()) == before


def test_settings() -> None:
    assert DiscoverySettings.from_environment(Environment({})) is None
    right = {"DISCOVERY_URL": "grpc://discovery:50051", "INSTANCE_URL": ADDRESS}
    settings = DiscoverySettings.from_environment(Environment(right))
    assert settings == DiscoverySettings(target="discovery:50051", address=ADDRESS)
    with pytest.raises(SettingError, match="INSTANCE_URL is not set"):
        DiscoverySettings.from_environment(Environment({**right, "INSTANCE_URL": ""}))
    for url in ("discovery:50051", "http://a:1", "grpc://a", "grpc://a:1/x"):
        with pytest.raises(SettingError, match="DISCOVERY_URL must be like grpc:"):
            DiscoverySettings.from_environment(
                Environment({**right, "DISCOVERY_URL": url})
            )


def test_the_messages_are_made_once_and_again_when_they_are_old(tmp_path: Path) -> None:
    import generate_stubs

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generate_stubs, "_FOLDER", tmp_path / "generated")
        generate_stubs.ensure_stubs()
        made = tmp_path / "generated" / "discovery_pb2.py"
        first = made.stat().st_mtime_ns
        generate_stubs.ensure_stubs()
        assert made.stat().st_mtime_ns == first
        os.utime(made, (0, 0))
        generate_stubs.ensure_stubs()
        assert made.stat().st_mtime_ns >= first
        assert sorted(path.name for path in made.parent.iterdir()) == [
            "discovery_pb2.py",
            "discovery_pb2.pyi",
        ]
