"""The payment provider of the tests, and what they ask about purchases."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from account.payment_provider import EventKind, Order, SignedEvent
from account.purchases import Purchases
from account.sandbox_provider import SandboxProvider
from game_in_process import CURRENCY, Game, Player

FAR_BACK_MS = -1_000_000


class TroubledProvider(SandboxProvider):
    """The sandbox, but it may decline, be away, or name a transaction of old."""

    trouble: Exception | None = None
    transaction = ""

    def charge(self, order: Order) -> SignedEvent:
        if self.trouble is not None:
            raise self.trouble
        if self.transaction:
            return self.event(order, "payment.succeeded", self.transaction)
        return super().charge(order)


def order_of(player: Player, key: str, price: int) -> Order:
    return Order(
        player=player.id, key=key, method="card", price=price, price_currency="USD"
    )


def send(game: Game, event: SignedEvent) -> Any:
    return game.account.post(
        "/account/payments/webhook",
        data=event.body,
        content_type="application/json",
        headers={"Payment-Signature": event.signature},
    )


def tell(
    game: Game,
    provider: SandboxProvider,
    order: Order,
    kind: EventKind,
    transaction: str = "",
) -> Any:
    """The provider tells of `kind`, by webhook."""
    transaction = transaction or provider.transaction_of(order)
    return send(game, provider.event(order, kind, transaction))


def intend(game: Game, player: Player, key: str, amount: int) -> Order:
    """A purchase whose process died before the provider was asked."""
    order = order_of(player, key, amount)
    Purchases(game.account_service.users.engine).intend(amount=amount, order=order)
    return order


def state(game: Game, player: Player, key: str) -> str:
    found = Purchases(game.account_service.users.engine).find(player.id, key)
    assert found is not None
    return found.state


def currency(player: Player) -> dict[str, Any]:
    answer = player.game.account.get("/account/currency", headers=player.headers())
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json
    del body["userId"]
    return body


def entries(player: Player) -> list[tuple[str, int]]:
    wallet = player.game.account_service.wallet
    found = wallet.entries(player.id, CURRENCY)
    return [(entry.operation, entry.amount) for entry in found]


def rows(game: Game, table: Any) -> int:
    with game.account_service.users.engine.connect() as connection:
        count = connection.execute(select(func.count()).select_from(table))
        return int(count.scalar_one())
