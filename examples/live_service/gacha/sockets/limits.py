"""How many sockets there may be, how much may be said, and how fast."""

from __future__ import annotations

from dataclasses import dataclass

from shared_http.settings import Environment

LARGEST_MESSAGE_BYTES = 4096


@dataclass(frozen=True, kw_only=True)
class SocketLimits:
    """The limits of one process.

    Attributes
    ----------
    sockets
        How many there may be; a fifth of them may be of clients that have not logged
        in yet.
    sockets_per_player
        How many of one player.
    ping_every_s
        Pause between pings; who said nothing at all in between is cut off.
    login_within_s
        How long a client may take to log in.
    burst, frames_per_s
        So many frames may come at once, and so many each second.
    most_unsent_bytes
        A client that leaves more than this lying is cut off.
    farewell_s
        How long a client may take for its side of the closing.
    """

    sockets: int = 500
    sockets_per_player: int = 8
    ping_every_s: float = 30.0
    login_within_s: float = 5.0
    burst: int = 20
    frames_per_s: float = 5.0
    most_unsent_bytes: int = 256 * 1024
    farewell_s: float = 1.0

    @property
    def strangers(self) -> int:
        """How many may wait to log in at the same time."""
        return max(1, self.sockets // 5)

    @classmethod
    def from_environment(cls, environment: Environment) -> SocketLimits:
        """Return the limits as the environment has them."""
        return cls(
            sockets=environment.whole_number(
                "SOCKETS_PER_PROCESS", default=500, least=1, most=100_000
            ),
            sockets_per_player=environment.whole_number(
                "SOCKETS_PER_PLAYER", default=8, least=1, most=1000
            ),
            ping_every_s=environment.milliseconds("SOCKET_PING_MS", default=30_000)
            / 1000,
        )
