"""Children are started, watched, revived and ended."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

LIVE_SERVICE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(LIVE_SERVICE))

from child_processes import (  # noqa: E402
    ChildPlan,
    Pace,
    StartError,
    keep_running,
)
from supervise import free_ports  # noqa: E402

FAKE = Path(__file__).with_name("fake_child.py")
QUICK = Pace(ready_limit_s=20, stop_limit_s=20, first_delay_s=0.05, longest_delay_s=0.2)


def until(condition: Callable[[], bool], what: str, limit_s: float = 20) -> None:
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, f"waited in vain until {what}"
        time.sleep(0.01)


def runs(process_id: int) -> bool:
    """Whether the process exists and is not a zombie."""
    with contextlib.suppress(OSError):
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
        return state[0] != "Z"
    return False


class Household:
    """Fake children in a thread, and what was told about them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = folder / "journal"
        self.said: list[str] = []
        self.ids: list[dict[str, int]] = []
        self.ready = threading.Event()
        self.stop = threading.Event()
        self.thread: threading.Thread | None = None

    def plan(self, name: str, *habits: str) -> ChildPlan:
        port = free_ports(1)[0]
        return ChildPlan(
            name=name,
            command=[
                sys.executable,
                str(FAKE),
                name,
                str(port),
                str(self.journal),
                *habits,
            ],
            folder=self.folder,
            environment=os.environ,
            ready_url=f"http://127.0.0.1:{port}/readyz",
        )

    def keep(self, *plans: ChildPlan, pace: Pace = QUICK) -> None:
        keep_running(
            plans,
            log_folder=self.folder,
            stop=self.stop,
            say=self.said.append,
            on_start=lambda ids: self.ids.append(dict(ids)),
            on_ready=self.ready.set,
            pace=pace,
        )

    def start(self, *plans: ChildPlan, pace: Pace = QUICK) -> None:
        self.thread = threading.Thread(
            target=self.keep, args=plans, kwargs={"pace": pace}
        )
        self.thread.start()
        assert self.ready.wait(20), "the children did not become ready"

    def end(self) -> None:
        self.stop.set()
        if self.thread:
            self.thread.join(30)
            assert not self.thread.is_alive()

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()


@pytest.fixture
def household(tmp_path: Path) -> Iterator[Household]:
    household = Household(tmp_path)
    yield household
    household.end()
    for ids in household.ids:  # there are some only if a test failed
        for process_id in filter(runs, ids.values()):
            os.killpg(process_id, signal.SIGKILL)


def test_all_are_ready_then_all_end_in_reverse_order(household: Household) -> None:
    names = ["account", "gacha", "gateway"]
    household.start(*(household.plan(name) for name in names))
    [ids] = household.ids
    assert list(ids) == names
    for name, process_id in ids.items():
        assert os.getpgid(process_id) == process_id, "a group of its own"
        assert household.log(name) == f"{name} starts\n"
    household.end()
    assert household.journal.read_text().split() == names[::-1]
    assert not any(runs(process_id) for process_id in ids.values())
    assert household.said == []


def test_a_proxy_for_the_outside_is_not_asked(
    household: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_ports(1)[0]}")
    monkeypatch.delenv("no_proxy", raising=False)
    household.start(household.plan("account"))


def test_one_that_dies_before_all_are_ready_ends_the_start(
    household: Household,
) -> None:
    (household.folder / "gacha.log").write_text("from an earlier start\n")
    with pytest.raises(StartError) as failure:
        household.keep(household.plan("account"), household.plan("gacha", "dies"))
    message = str(failure.value)
    assert "gacha ended with exit code 3 before the game was ready" in message
    assert str(household.folder / "gacha.log") in message
    assert message.endswith("gacha starts\nout of luck")
    assert "earlier" not in message
    assert not household.ready.is_set()
    assert not runs(household.ids[0]["account"])


def test_one_that_is_not_ready_in_time_is_named_with_its_log(
    household: Household,
) -> None:
    pace = Pace(ready_limit_s=2)
    plans = household.plan("account"), household.plan("gacha", "unready")
    with pytest.raises(StartError, match=r"^gacha not ready after 2 s; .*/gacha\.log:"):
        household.keep(*plans, pace=pace)
    assert not any(runs(process_id) for process_id in household.ids[0].values())


def test_a_program_that_is_not_there_is_named(household: Household) -> None:
    absent = household.plan("gateway")
    absent = ChildPlan(**{**vars(absent), "command": ["/nowhere/node"]})
    with pytest.raises(StartError, match=r"^gateway: .*/nowhere/node"):
        household.keep(household.plan("account"), absent)


def test_being_stopped_while_starting_is_no_error(household: Household) -> None:
    timer = threading.Timer(0.3, household.stop.set)
    timer.start()
    household.keep(household.plan("account", "unready"))
    assert not household.ready.is_set()
    assert not runs(household.ids[0]["account"])


def test_a_killed_child_is_started_again_and_the_others_are_left(
    household: Household,
) -> None:
    household.start(household.plan("account"), household.plan("gacha"))
    before = household.ids[0]
    os.kill(before["gacha"], signal.SIGKILL)
    until(lambda: len(household.ids) == 2, "it is started again")
    after = household.ids[1]
    assert after["account"] == before["account"]
    assert after["gacha"] != before["gacha"]
    assert household.said == [
        "gacha was killed by SIGKILL; starting it again in 0.05 s "
        f"(its log is {household.folder / 'gacha.log'})"
    ]
    until(lambda: household.log("gacha").count("gacha starts") == 2, "it runs")


def delays(said: list[str]) -> list[float]:
    return [
        float(found) for found in re.findall(r"again in ([0-9.]+) s", "\n".join(said))
    ]


def test_one_that_keeps_dying_is_started_ever_more_seldom(household: Household) -> None:
    household.start(household.plan("account", "dies-again"))
    os.kill(household.ids[0]["account"], signal.SIGKILL)
    until(lambda: len(household.said) >= 5, "it has died often enough")
    assert delays(household.said)[:5] == [0.05, 0.1, 0.2, 0.2, 0.2]


def test_one_that_lived_long_enough_begins_anew(household: Household) -> None:
    pace = Pace(first_delay_s=0.05, steady_s=0)
    household.start(household.plan("account", "dies-again"), pace=pace)
    os.kill(household.ids[0]["account"], signal.SIGKILL)
    until(lambda: len(household.said) >= 4, "it has died often enough")
    assert delays(household.said)[:4] == [0.05] * 4


def test_one_that_ignores_sigterm_is_killed_and_told(household: Household) -> None:
    plans = household.plan("account"), household.plan("gacha", "stubborn")
    household.start(*plans, pace=Pace(stop_limit_s=1))
    ids = household.ids[0]
    household.end()
    assert household.said == ["gacha did not end in time and was killed"]
    assert household.journal.read_text() == "account\n"
    assert not any(runs(process_id) for process_id in ids.values())


@pytest.mark.parametrize("ending", ["killed", "stopped"])
def test_what_a_child_leaves_behind_ends_with_it(
    household: Household, ending: str
) -> None:
    household.start(household.plan("account", "parent"))
    until(lambda: "grandchild" in household.log("account"), "it has a child")
    grandchild = int(household.log("account").split()[-1])
    assert runs(grandchild)
    if ending == "killed":
        os.kill(household.ids[0]["account"], signal.SIGKILL)
    else:
        household.end()
    until(lambda: not runs(grandchild), "the grandchild is gone")


def test_who_comes_first_is_ready_before_the_next_is_started(
    household: Household,
) -> None:
    gate = threading.Event()
    first = replace(household.plan("first"), comes_first=True, is_ready=gate.is_set)
    household.thread = threading.Thread(
        target=household.keep, args=(first, household.plan("second"))
    )
    household.thread.start()
    until(lambda: bool(household.ids), "the first is started")
    assert [list(ids) for ids in household.ids] == [["first"]]
    assert not (household.folder / "second.log").exists()
    gate.set()
    assert household.ready.wait(20)
    assert list(household.ids[-1]) == ["first", "second"]
    household.end()
    assert household.journal.read_text().split() == ["second", "first"]


def test_who_comes_first_and_is_never_ready_keeps_the_others_from_starting(
    household: Household,
) -> None:
    first = replace(household.plan("first", "unready"), comes_first=True)
    with pytest.raises(StartError, match=r"first not ready after 0\.3 s"):
        household.keep(first, household.plan("second"), pace=Pace(ready_limit_s=0.3))
    assert not (household.folder / "second.log").exists()
    assert not runs(household.ids[0]["first"])


def test_a_stop_while_the_first_starts_starts_no_other(household: Household) -> None:
    first = replace(household.plan("first", "unready"), comes_first=True)
    household.thread = threading.Thread(
        target=household.keep, args=(first, household.plan("second"))
    )
    household.thread.start()
    until(lambda: bool(household.ids), "the first is started")
    household.end()
    assert not (household.folder / "second.log").exists()
    assert not runs(household.ids[0]["first"])


def test_a_child_is_ended_by_the_signal_that_it_wants(household: Household) -> None:
    household.start(replace(household.plan("server"), stops_on="SIGINT"))
    household.end()
    assert "KeyboardInterrupt" in household.log("server")
    assert not household.journal.exists()
