"""`deploy/monitoring`: what it looks at is what the processes show."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from game_processes import LIVE_SERVICE, Client, GameProcesses, Process
from socket_client import SocketClient
from supervise import free_ports
from waiting import until

FOLDER = LIVE_SERVICE / "deploy" / "monitoring"
RULES = [
    rule
    for group in yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
DASHBOARD = json.loads((FOLDER / "dashboard.json").read_text())
# What Prometheus adds to the metrics that it collects.
ITS_OWN = {"up", "ALERTS"}
ITS_LABELS = {"job", "instance", "exported_instance", "alertstate", "severity"}
WORDS = {"by", "on", "or", "and", "group_left"}
SAMPLES_OF = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}

Shown = dict[str, set[str] | None]
"""By name of a metric: the labels that it has, None where no sample told them."""


def names_and_labels(expression: str) -> tuple[set[str], set[str]]:
    """What an expression in PromQL reads, and by which labels."""
    expression = re.sub(r'"[^"]*"', "", expression)
    labels: set[str] = set()

    def take(pattern: str, text: str) -> str:
        for found in re.findall(pattern, text):
            labels.update(re.findall(r"[a-z_]+", found))
        return re.sub(pattern, "", text)

    expression = take(r"\{[^}]*\}", expression)
    expression = re.sub(r"\[[^\]]*\]", "", expression)
    expression = take(r"\b(?:by|on|group_left) *\(([^)]*)\)", expression)
    words = re.findall(r"[a-zA-Z_]\w*\b(?! *\()", expression)
    return set(words) - WORDS, labels


def shown_at(url: str) -> Shown:
    shown: Shown = {}
    for family in text_string_to_metric_families(
        httpx.get(f"{url}/metrics", trust_env=False).text
    ):
        for end in SAMPLES_OF.get(family.type, [""]):
            shown[family.name + end] = None
        for sample in family.samples:
            shown[sample.name] = (shown.get(sample.name) or set()) | set(sample.labels)
    return shown


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """All that the four processes show after a player's session."""
    folder = tmp_path_factory.mktemp("monitoring")
    port, operation_port = free_ports(2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SERVICE_TOKEN_FILE", str(folder / "token"))
        patch.setenv("DISCOVERY_URL", f"grpc://127.0.0.1:{port}")
        game = GameProcesses(folder, with_gateway=True, PULL_RATE_PER_PLAYER="2/minute")
        discovery = Process(
            ["node", str(LIVE_SERVICE / "discovery" / "src" / "main.js")],
            {"PORT": str(port), "OPERATION_PORT": str(operation_port)},
            f"http://127.0.0.1:{operation_port}",
            folder / "discovery.log",
        )
        try:
            discovery.start()
            game.start()
            player = Client(game, "aster")
            player.buy(16_000, "b1")
            player.pull("k1")
            player.pull("k2", count=10)
            assert player.pull("k3").status_code == 429
            with SocketClient(game.url("/gacha/socket").removesuffix("/gacha/socket")):
                pass
            ended = "gacha_sockets_closed_total"
            until(
                lambda: shown_at(game.gacha.url).get(ended),
                within_s=10,
                what="the end of the socket is counted",
            )
            found: Shown = {}
            for process in (*game.processes(), discovery):
                for name, labels in shown_at(process.url).items():
                    found[name] = found.get(name) or labels
            yield found
        finally:
            game.kill()
            discovery.kill()


def expressions() -> list[Any]:
    panels = [
        (panel["title"], target["expr"])
        for panel in DASHBOARD["panels"]
        for target in panel.get("targets", [])
    ]
    alerts = [(rule["alert"], rule["expr"]) for rule in RULES]
    return [pytest.param(expr, id=name) for name, expr in alerts + panels]


@pytest.mark.parametrize("expression", expressions())
def test_what_is_looked_at_is_shown(expression: str, shown: Shown) -> None:
    names, labels = names_and_labels(expression)
    assert names
    assert names - ITS_OWN <= shown.keys()
    told = [shown.get(name, set()) for name in names]
    if None not in told:
        assert labels <= ITS_LABELS.union(*filter(None, told))


def test_an_expression_is_read_as_prometheus_would() -> None:
    names, labels = names_and_labels(
        'sum by (le, route) (rate(a_bucket{status=~"5.."}[5m])) / on (job) b_total > 2'
    )
    assert names == {"a_bucket", "b_total"}
    assert labels == {"le", "route", "status", "job"}


def test_panels_do_not_lie_on_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert at["x"] + at["w"] <= 24, panel["title"]
        assert not cells & taken, panel["title"]
        taken |= cells
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)


@pytest.mark.skipif(not shutil.which("promtool"), reason="scripts/test installs it")
@pytest.mark.parametrize(
    "check",
    [
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "alerts.yml"),
        ("test", "rules", "alerts_test.yml"),
    ],
    ids=" ".join,
)
def test_prometheus_itself_has_nothing_against_it(check: tuple[str, ...]) -> None:
    done = subprocess.run(
        ["promtool", *check], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tried() -> None:
    tried = (FOLDER / "alerts_test.yml").read_text()
    for rule in RULES:
        # Once where all is well, and once where it is told.
        assert tried.count(rule["alert"]) >= 2, rule["alert"]
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"]
