"""The tables of purchases, in the account service's own database.

A purchase is keyed by its player first, as everything of the hot path is. What must be
unique beyond one player, transactions and events, has tables keyed by just that.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, MetaData, String, Table

metadata = MetaData()

purchases = Table(
    "purchases",
    metadata,
    Column("player_id", String(128), primary_key=True),
    Column("purchase_key", String(100), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("method", String(32), nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("price_currency", String(3), nullable=False),
    Column("transaction_id", String(128)),
    # When it was asked for: the day and the month in which its price counts.
    Column("created_at_ms", BigInteger, nullable=False),
    # When it was last changed or tried: the recovery begins with the oldest.
    Column("touched_at_ms", BigInteger, nullable=False),
)
Index("purchases_by_state", purchases.c.state, purchases.c.touched_at_ms)
# What a player has spent lately.
Index("purchases_by_time", purchases.c.player_id, purchases.c.created_at_ms)

payment_transactions = Table(
    "payment_transactions",
    metadata,
    Column("transaction_id", String(128), primary_key=True),
    Column("player_id", String(128), nullable=False),
    Column("purchase_key", String(100), nullable=False),
)

payment_events = Table(
    "payment_events",
    metadata,
    Column("event_id", String(128), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("transaction_id", String(128), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("received_at_ms", BigInteger, nullable=False),
)
