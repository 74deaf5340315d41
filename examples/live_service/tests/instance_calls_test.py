"""Calls that go to another instance where one gives no answer."""

from __future__ import annotations

from collections.abc import Sequence

import grpc
import httpx
import pytest

from registration_test import TOKEN, FakeDiscovery
from shared_http.discovery import DiscoveryClient, ListedInstances
from shared_http.instance_calls import InstanceCalls
from shared_http.service_calls import NoAnswer, ServiceCalls

A, B, C, D = (f"http://{name}" for name in "abcd")


class Instances(httpx.BaseTransport):
    """Instances of a service, of which some give no answer."""

    def __init__(self, *listed: str) -> None:
        self.listed: Sequence[str] = listed
        self.silent: set[str] = set()
        self.broken: set[str] = set()
        self.asked: list[str] = []
        self.lists = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        address = f"http://{request.url.host}"
        self.asked.append(address)
        if address in self.silent:
            raise httpx.ConnectError("nobody is there", request=request)
        return httpx.Response(503 if address in self.broken else 200, json={})

    def calls(self, first: str) -> InstanceCalls:
        def connect(address: str) -> ServiceCalls:
            return ServiceCalls(address, TOKEN, transport=self)

        def listed() -> Sequence[str]:
            self.lists += 1
            return self.listed

        return InstanceCalls(first, connect=connect, listed=listed)


def test_one_that_answers_is_asked_and_nobody_else() -> None:
    instances = Instances(B, C)
    calls = instances.calls(A)
    for _ in range(3):
        assert calls.post("/x").status == 200
    assert (instances.asked, instances.lists) == ([A, A, A], 0)


def test_another_is_asked_and_then_kept() -> None:
    instances = Instances(A, B, C)
    instances.silent, instances.broken = {A}, {B}
    calls = instances.calls(A)
    assert calls.post("/x").status == 200
    assert calls.post("/x").status == 200
    assert instances.asked == [A, B, C, C]
    # Who is not listed any more is tried as well, where it is the one that was given.
    instances.listed, instances.silent, instances.broken = [C], {C}, set()
    assert calls.post("/x").status == 200
    assert instances.asked[4:] == [C, A]


def test_three_give_no_answer_and_that_is_told_and_others_come_next() -> None:
    instances = Instances(A, B, C, D)
    instances.silent = {A, B, C, D}
    calls = instances.calls(A)
    with pytest.raises(NoAnswer):
        calls.post("/x")
    assert instances.asked == [A, B, C]
    instances.silent = {A, B, C}
    assert calls.post("/x").status == 200
    assert instances.asked[3:] == [C, D]


def test_without_a_list_one_is_asked() -> None:
    instances = Instances()
    instances.silent = {A}
    with pytest.raises(NoAnswer):
        instances.calls(A).post("/x")
    assert instances.asked == [A]


def test_a_list_that_is_empty_or_can_t_be_had_is_not_believed() -> None:
    discovery = FakeDiscovery()
    listed = ListedInstances(
        "gacha", DiscoveryClient(f"127.0.0.1:{discovery.port}", TOKEN)
    )
    try:
        assert listed.addresses() == []
        discovery.listed = [A, B]
        assert listed.addresses() == [A, B]
        discovery.listed = [C]
        assert listed.addresses() == [C, A, B]
        discovery.listed = []
        assert listed.addresses() == [C]
        discovery.refusals["List"] = grpc.StatusCode.UNAVAILABLE
        assert listed.addresses() == [C]
        assert discovery.tokens == {TOKEN}
    finally:
        discovery.stop()
