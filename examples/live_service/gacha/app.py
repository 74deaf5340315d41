"""Puts the gacha service together: `gunicorn "gacha.app:create_app()"`."""

from __future__ import annotations

import os
from dataclasses import dataclass

import httpx
from flask import Flask

import fairpull
from gacha.account_client import AccountClient
from gacha.analyst import Analyst
from gacha.banner_agreement import NobodyElse, RedisAgreement
from gacha.banner_folder import BannerFolder
from gacha.config import GachaConfig
from gacha.history import history_routes
from gacha.inquiries import inquiry_routes
from gacha.luck import LuckDesk, luck_routes
from gacha.metrics import GachaMetrics, look_at_pulls
from gacha.odds_page import OddsPage, odds_page_routes
from gacha.pity import PityDesk, pity_routes
from gacha.pull_progress import PullProgress
from gacha.pulls import pull_routes
from gacha.showcase import Showcase, load_banners
from gacha.signing_keys import SigningKeys
from gacha.sockets.announcements import PullAnnouncer, look_at_banner
from gacha.sockets.hub import SocketHub
from gacha.sockets.player_events import LocalEvents, PlayerEvents
from gacha.sockets.redis_events import RedisEvents
from gacha.sockets.routes import socket_routes
from gacha.sockets.tickets import LocalTickets, RedisTickets, Tickets
from shared_http.background import Background, BackgroundLoop, run_until_exit
from shared_http.health import HEALTH_PATHS, health_routes
from shared_http.idempotency import RunningRequests
from shared_http.metrics import METRICS_PATH, metrics_routes
from shared_http.player_tokens import PlayerTokenChecker
from shared_http.problems import install_problem_funnel
from shared_http.rate_limits import RateLimiter
from shared_http.registration import keep_registered
from shared_http.request_context import configure_logs, install_request_context
from shared_http.service_calls import ServiceCalls
from shared_http.startup import open_store_within, refusing_in_a_sentence
from shared_http.tasks import TaskFlask

# Which seed draws now; the pulls keep it, so that a later one leaves them checkable.
_SEED_EPOCH = 1


@dataclass(frozen=True)
class GachaService:
    """The parts behind the routes: `app.extensions["gacha"]`."""

    store: fairpull.Store
    desk: fairpull.SplitPullService
    showcase: Showcase
    account_calls: ServiceCalls
    signing_keys: SigningKeys
    running: RunningRequests
    progress: PullProgress
    rate_limiter: RateLimiter
    metrics: GachaMetrics
    analyst: Analyst
    tokens: PlayerTokenChecker
    odds: OddsPage
    pity: PityDesk
    hub: SocketHub
    tickets: Tickets
    banner_folder: BannerFolder | None

    def close(self) -> None:
        """End the sockets, and close the database and the connections."""
        self.hub.stop()
        self.account_calls.close()
        self.signing_keys.close()
        self.rate_limiter.close()
        self.tickets.close()
        if self.banner_folder is not None:
            self.banner_folder.close()
        self.analyst.close()
        self.store.close()


def create_app(
    config: GachaConfig | None = None,
    *,
    settling: bool = True,
    account_transport: httpx.BaseTransport | None = None,
) -> Flask:
    """Return the gacha service as a WSGI application.

    Parameters
    ----------
    config
        By default read from the environment; what is wrong with it then ends the
        process with a sentence.
    settling
        Whether to confirm and recover pulls in threads, until the process ends.
    account_transport
        In place of the network to the account service, for tests.
    """
    if config is None:
        with refusing_in_a_sentence("gacha"):
            config = GachaConfig.from_environment(os.environ)
            return create_app(
                config, settling=settling, account_transport=account_transport
            )
    configure_logs("gacha")
    service = _open_service(config, account_transport)
    app = TaskFlask(
        "gacha", limits=config.task_limits, at_once=HEALTH_PATHS | {METRICS_PATH}
    )
    app.extensions["gacha"] = service
    app.json.sort_keys = False  # type: ignore[attr-defined]
    install_request_context(app)
    service.metrics.install(app)
    install_problem_funnel(app, on_storage_error=service.metrics.store_failed)
    _register_routes(app, service, config)
    loops: list[Background] = [service.hub]
    if settling:
        pause_s = config.recovery_every_ms / 1000
        if service.banner_folder is not None:
            loops.append(
                BackgroundLoop("banners", service.banner_folder.look, pause_s=1.0)
            )
        loops += [
            BackgroundLoop("confirmation", service.progress.confirm, pause_s=0),
            BackgroundLoop("recovery", service.progress.recover, pause_s=pause_s),
        ]
    run_until_exit(loops, close=service.close)
    keep_registered("gacha", config.discovery, config.service_token)
    return app


def _open_service(
    config: GachaConfig, account_transport: httpx.BaseTransport | None
) -> GachaService:
    banners = load_banners(config.banner_folder)
    store = open_store_within(
        config.database_wait_ms / 1000, config.database_url, cache=config.redis_url
    )
    desk = fairpull.SplitPullService(
        store,
        fairpull.Catalog(banners),
        fairpull.ServerSeeds({_SEED_EPOCH: config.server_seed}, current=_SEED_EPOCH),
    )
    calls = ServiceCalls(
        config.account_url, config.service_token, transport=account_transport
    )
    running = RunningRequests()
    metrics = GachaMetrics()
    keys = SigningKeys(config.jwks_url, transport=account_transport)
    tokens = PlayerTokenChecker(
        keys.find, issuer=config.token_issuer, audience=config.token_audience
    )
    showcase = Showcase(
        banners, currency=config.currency, time_zone=config.display_time_zone
    )
    analyst = Analyst()
    odds, pity = OddsPage(showcase, analyst), PityDesk(desk, showcase, analyst)
    events, tickets = _shared_by_processes(config.redis_url)
    hub = SocketHub(
        showcase=showcase,
        events=events,
        bearer_of=tokens.bearer_of,
        look_at_banner=look_at_banner(showcase, odds, pity),
        limits=config.socket_limits,
        on_opened=metrics.socket_opened,
        on_closed=metrics.socket_closed,
    )
    progress = PullProgress(
        desk,
        AccountClient(calls),
        running=running,
        metrics=metrics,
        crash_points=config.crash_points,
        on_drawn=PullAnnouncer(hub, showcase).announce,
    )
    return GachaService(
        store=store,
        desk=desk,
        showcase=showcase,
        account_calls=calls,
        signing_keys=keys,
        running=running,
        progress=progress,
        rate_limiter=RateLimiter(config.redis_url, on_refusal=metrics.refused),
        metrics=metrics,
        analyst=analyst,
        tokens=tokens,
        odds=odds,
        pity=pity,
        hub=hub,
        tickets=tickets,
        banner_folder=None
        if config.banner_folder is None
        else BannerFolder(
            config.banner_folder,
            banners,
            desk=desk,
            showcase=showcase,
            agreement=NobodyElse()
            if config.redis_url is None
            else RedisAgreement(config.redis_url),
        ),
    )


def _shared_by_processes(redis_url: str | None) -> tuple[PlayerEvents, Tickets]:
    """What the processes of the service share by Redis, where there is one."""
    if redis_url is None:
        return LocalEvents(), LocalTickets()
    return RedisEvents(redis_url), RedisTickets(redis_url)


def _register_routes(app: Flask, service: GachaService, config: GachaConfig) -> None:
    desk, showcase, tokens = service.desk, service.showcase, service.tokens
    app.register_blueprint(health_routes(lambda: desk.unsettled(0, limit=1)))
    app.register_blueprint(metrics_routes(service.metrics, look_at_pulls(desk)))
    app.register_blueprint(odds_page_routes(showcase, service.odds))
    app.register_blueprint(pity_routes(service.pity, tokens))
    app.register_blueprint(
        luck_routes(LuckDesk(desk, showcase, service.analyst), tokens)
    )
    app.register_blueprint(
        socket_routes(
            hub=service.hub,
            tickets=service.tickets,
            tokens=tokens,
            origins=config.socket_origins,
        )
    )
    app.register_blueprint(
        pull_routes(
            desk=desk,
            progress=service.progress,
            showcase=showcase,
            running=service.running,
            tokens=tokens,
            rate_limiter=service.rate_limiter,
            limit=config.pulls_per_player,
            crash_points=config.crash_points,
        )
    )
    app.register_blueprint(history_routes(desk=desk, showcase=showcase, tokens=tokens))
    app.register_blueprint(
        inquiry_routes(
            desk=desk,
            service_token=config.service_token,
            crash_points=config.crash_points,
        )
    )
