"""The game with discovery and several instances of the gacha service."""

from __future__ import annotations

import re
from pathlib import Path

import httpx

from game_processes import LIVE_SERVICE, GameProcesses, Port, Process

LEASE_MS = 1_500
"""Short, so that a test need not wait long for it to be over."""


class ScaledGame(GameProcesses):
    """As `GameProcesses`, but who serves is told by discovery.

    Parameters
    ----------
    folder
        Gets databases, secrets and logs.
    gacha
        How many instances there are of the gacha service.
    """

    def __init__(self, folder: Path, *, gacha: int = 3, **variables: str) -> None:
        grpc_port, operation_port = self._discovery_ports = (Port(), Port())
        self._discovery_variables = {
            "DISCOVERY_URL": f"grpc://127.0.0.1:{grpc_port.number}",
            "SERVICE_TOKEN_FILE": str(folder / "token"),
        }
        self._redis_url = variables.get("REDIS_URL", "")
        variables = {**variables, **self._discovery_variables}
        super().__init__(folder, with_gateway=True, **variables)
        self.http = httpx.Client(timeout=20, trust_env=False)
        self.discovery = Process(
            ["node", str(LIVE_SERVICE / "discovery" / "src" / "main.js")],
            {
                "SERVICE_TOKEN_FILE": str(folder / "token"),
                "PORT": str(grpc_port.number),
                "OPERATION_PORT": str(operation_port.number),
                "LEASE_MS": str(LEASE_MS),
            },
            operation_port.url,
            folder / "discovery.log",
        )
        more = [Port() for _ in range(gacha - 1)]
        self._ports += [*more, grpc_port, operation_port]
        self.gachas = [
            self.gacha,
            *(
                self._service(f"gacha-{number}", port, self.gacha.variables, "gacha")
                for number, port in enumerate(more, start=2)
            ),
        ]

    def processes(self) -> list[Process]:
        assert self.gateway is not None
        return [self.discovery, self.account, *self.gachas, self.gateway]

    def kill(self) -> None:
        super().kill()
        self.http.close()

    def listed(self) -> set[str]:
        """The gacha instances that the gateway knows of."""
        return set(self._by_instance("gateway_breaker_state", ""))

    def answered(self) -> dict[str, int]:
        """How many requests each gacha instance has answered, by its address."""
        return self._by_instance("gateway_upstream_requests_total", "answered")

    def metric(self, name: str) -> float:
        """A figure of the gateway; 0 for one that nothing was counted under yet."""
        found = re.search(rf"^{name} (\S+)$", self._metrics(), re.MULTILINE)
        return float(found[1]) if found else 0.0

    def _by_instance(self, name: str, outcome: str) -> dict[str, int]:
        labels = r'service="gacha",instance="([^"]+)"'
        if outcome:
            labels += f',outcome="{outcome}"'
        lines = re.findall(
            rf"^{name}{{{labels}}} (\d+)$", self._metrics(), re.MULTILINE
        )
        return {address: int(count) for address, count in lines}

    def _metrics(self) -> str:
        return self.http.get(self.url("/metrics")).text

    def _gateway_variables(self) -> dict[str, str]:
        watching = {**super()._gateway_variables(), **self._discovery_variables}
        # Nothing is known from the start.
        return {
            **watching,
            "ACCOUNT_URLS": "",
            "GACHA_URLS": "",
            "REDIS_URL": self._redis_url,
            # Where there is a Redis, limits are counted that nobody meets.
            **({"RATE_PER_ADDRESS": "100000/minute"} if self._redis_url else {}),
        }
