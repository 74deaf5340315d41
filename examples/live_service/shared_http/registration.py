"""Being listed in discovery: a lease that is kept as long as the process serves.

Discovery is a convenience of those who look for this service. That it is away, or
refuses, is logged and tried again, and keeps the service from nothing.
"""

from __future__ import annotations

import atexit
import os
import re
import signal
import threading
import time
from dataclasses import dataclass
from types import FrameType

import grpc
import structlog
from structlog.typing import FilteringBoundLogger

from generated import discovery_pb2 as messages
from shared_http.background import BackgroundLoop
from shared_http.discovery import DiscoveryClient, status_of
from shared_http.settings import Environment, SettingError

log: FilteringBoundLogger = structlog.get_logger()

_URL = re.compile(r"grpc://([^/@?#\s]+:\d{1,5})")
# Between two looks at whether a heartbeat is due, or another try to register.
_LOOK_EVERY_S = 0.5
# For those who watch to hear that this instance is gone before it refuses anybody.
_FAREWELL_S = 0.3


@dataclass(frozen=True, kw_only=True)
class DiscoverySettings:
    """Where discovery is, and at which address it shall list this instance."""

    target: str
    address: str

    @classmethod
    def from_environment(cls, environment: Environment) -> DiscoverySettings | None:
        """Return what the environment says; None if this instance is not listed."""
        url = environment.text("DISCOVERY_URL", default="")
        if not url:
            return None
        found = _URL.fullmatch(url)
        if found is None:
            raise SettingError(
                f"DISCOVERY_URL must be like grpc://127.0.0.1:50051, not {url!r}"
            )
        address = environment.required("INSTANCE_URL", example="http://127.0.0.1:8001")
        return cls(target=found[1], address=address)


def keep_registered(
    service: str, settings: DiscoverySettings | None, service_token: str
) -> None:
    """List this process in discovery until it ends, if that is wanted at all.

    SIGTERM first takes it off the list, and is then obeyed as it was before.
    """
    if settings is None:
        return
    registration = Registration(service, settings, service_token)
    loop = BackgroundLoop("registration", registration.renew, pause_s=_LOOK_EVERY_S)
    loop.start()

    def end() -> None:
        loop.stop()
        registration.leave()

    atexit.register(end)
    if threading.current_thread() is threading.main_thread():
        _leave_before_sigterm(registration)


class Registration:
    """One process at one address of a service. Safe to use from several threads."""

    def __init__(
        self, service: str, settings: DiscoverySettings, service_token: str
    ) -> None:
        self._instance = messages.Instance(service=service, address=settings.address)
        self._client = DiscoveryClient(settings.target, service_token)
        self._lock = threading.Lock()
        self._lease = ""
        self._heartbeat_s = 0.0
        self._due_at = 0.0
        self._left = False
        self._said = ""

    def renew(self) -> None:
        """Register if there is no lease, send a heartbeat if one is due."""
        with self._lock:
            if self._left or time.monotonic() < self._due_at:
                return
            try:
                if self._lease:
                    self._heartbeat()
                else:
                    self._register()
            except grpc.RpcError as error:
                self._complain(error)

    def leave(self) -> bool:
        """Give the lease up and take no other; whether discovery knows of it."""
        with self._lock:
            self._left = True
            if not self._lease:
                return False
            request = messages.DeregisterRequest(lease_id=self._lease)
            self._lease = ""
            try:
                self._client.call("Deregister", request, messages.DeregisterReply)
            except grpc.RpcError as error:
                self._complain(error)
                return False
            log.info("deregistered", address=self._instance.address)
            return True

    def _register(self) -> None:
        request = messages.RegisterRequest(instance=self._instance)
        reply = self._client.call("Register", request, messages.RegisterReply)
        self._lease = reply.lease_id
        self._heartbeat_s = reply.heartbeat_ms / 1000
        self._due_at = time.monotonic() + self._heartbeat_s
        self._said = ""
        log.info("registered", address=self._instance.address)

    def _heartbeat(self) -> None:
        request = messages.HeartbeatRequest(lease_id=self._lease)
        try:
            self._client.call("Heartbeat", request, messages.HeartbeatReply)
        except grpc.RpcError as error:
            if status_of(error)[0] is not grpc.StatusCode.NOT_FOUND:
                raise
            # It was started anew, or has not heard from here for too long.
            self._lease = ""
            self._register()
            return
        self._due_at = time.monotonic() + self._heartbeat_s
        self._said = ""

    def _complain(self, error: grpc.RpcError) -> None:
        """Log why discovery refuses or is away; once, not twice a second."""
        code, details = status_of(error)
        if code.name != self._said:
            log.warning("discovery failed", code=code.name, details=details)
        self._said = code.name


def _leave_before_sigterm(registration: Registration) -> None:
    obey = signal.getsignal(signal.SIGTERM)
    leaving = threading.Event()
    gone = threading.Event()

    def leave() -> None:
        if registration.leave():
            time.sleep(_FAREWELL_S)
        gone.set()
        os.kill(os.getpid(), signal.SIGTERM)

    def on_sigterm(_number: int, _frame: FrameType | None) -> None:
        if gone.is_set():
            signal.signal(signal.SIGTERM, obey)
            signal.raise_signal(signal.SIGTERM)
        elif not leaving.is_set():
            # Not here, where the main thread may be in the middle of anything.
            leaving.set()
            threading.Thread(target=leave, name="leaving", daemon=True).start()

    signal.signal(signal.SIGTERM, on_sigterm)
