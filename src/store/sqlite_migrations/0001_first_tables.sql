-- Every key begins with the player, so that the same tables can be split by
-- player. Times are milliseconds since 1970 (UTC) and come from outside.

CREATE TABLE operations (
  player_id    TEXT    NOT NULL,
  operation_id TEXT    NOT NULL CHECK (length(operation_id) BETWEEN 1 AND 180),
  kind         INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 7),
  currency     TEXT    NOT NULL,
  amount       INTEGER NOT NULL CHECK (amount BETWEEN 0 AND 9007199254740991),
  counterparty TEXT    NOT NULL,
  outcome      INTEGER NOT NULL CHECK (outcome IN (0, 10)),
  posted       INTEGER NOT NULL CHECK (
    posted BETWEEN -9007199254740991 AND 9007199254740991),
  held         INTEGER NOT NULL CHECK (held BETWEEN 0 AND 9007199254740991),
  seq          INTEGER NOT NULL CHECK (seq >= 0),
  version      INTEGER NOT NULL CHECK (version >= seq),
  at_ms        INTEGER NOT NULL,
  lots         TEXT    NOT NULL,
  terms        TEXT    NOT NULL,
  memo         TEXT    NOT NULL,
  moved        INTEGER NOT NULL CHECK (
    moved BETWEEN -9007199254740991 AND 9007199254740991),
  hash         TEXT    NOT NULL CHECK (length(hash) = iif(moved = 0, 0, 64)),
  -- The seq of what moved something, and so its place among the entries.
  entry_seq    INTEGER GENERATED ALWAYS AS (iif(moved = 0, NULL, seq)) CHECK (
    moved = 0 OR (entry_seq >= 1 AND counterparty <> '')),
  PRIMARY KEY (player_id, operation_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX entries ON operations (player_id, currency, entry_seq);

-- The only triggers: what was entered in the books stays as it was entered.
CREATE TRIGGER operations_are_never_updated BEFORE UPDATE ON operations
BEGIN SELECT RAISE(ABORT, 'operations are append-only'); END;
CREATE TRIGGER operations_are_never_deleted BEFORE DELETE ON operations
BEGIN SELECT RAISE(ABORT, 'operations are append-only'); END;
-- REPLACE deletes what is in its way without the trigger above, unless the
-- connection has recursive_triggers on.
CREATE TRIGGER operations_are_never_replaced BEFORE INSERT ON operations
WHEN EXISTS (
  SELECT 1 FROM operations
  WHERE player_id = NEW.player_id AND operation_id = NEW.operation_id)
OR EXISTS (
  SELECT 1 FROM operations
  WHERE player_id = NEW.player_id AND currency = NEW.currency
  AND entry_seq = NEW.entry_seq)
BEGIN SELECT RAISE(ABORT, 'operations are append-only'); END;

CREATE TABLE balances (
  player_id TEXT    NOT NULL,
  currency  TEXT    NOT NULL CHECK (currency <> ''),
  posted    INTEGER NOT NULL CHECK (
    posted BETWEEN -9007199254740991 AND 9007199254740991),
  held      INTEGER NOT NULL CHECK (held BETWEEN 0 AND posted + debt),
  seq       INTEGER NOT NULL CHECK (seq >= 0),
  version   INTEGER NOT NULL CHECK (version >= seq),
  debt      INTEGER NOT NULL CHECK (debt BETWEEN 0 AND 9007199254740991),
  lots      TEXT    NOT NULL,
  chain     TEXT    NOT NULL CHECK (length(chain) IN (0, 64)),
  PRIMARY KEY (player_id, currency)
) STRICT, WITHOUT ROWID;

CREATE TABLE holds (
  player_id     TEXT    NOT NULL,
  hold_id       TEXT    NOT NULL CHECK (hold_id <> ''),
  currency      TEXT    NOT NULL,
  amount        INTEGER NOT NULL CHECK (amount BETWEEN 0 AND 9007199254740991),
  counterparty  TEXT    NOT NULL,
  state         INTEGER NOT NULL CHECK (state BETWEEN 1 AND 3),
  posted_amount INTEGER NOT NULL CHECK (posted_amount BETWEEN 0 AND amount),
  at_ms         INTEGER NOT NULL,
  ask_at_ms     INTEGER NOT NULL,
  PRIMARY KEY (player_id, hold_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX holds_by_due_time ON holds (state, ask_at_ms, player_id, hold_id);

CREATE TABLE pity (
  player_id TEXT    NOT NULL,
  scope     TEXT    NOT NULL CHECK (scope <> ''),
  seq       INTEGER NOT NULL CHECK (seq >= 0),
  state     TEXT    NOT NULL,
  PRIMARY KEY (player_id, scope)
) STRICT, WITHOUT ROWID;

CREATE TABLE pulls (
  player_id    TEXT    NOT NULL,
  scope        TEXT    NOT NULL CHECK (scope <> ''),
  seq          INTEGER NOT NULL CHECK (seq >= 1),
  pull_id      TEXT    NOT NULL,
  draw_index   INTEGER NOT NULL CHECK (draw_index >= 0),
  banner       TEXT    NOT NULL,
  odds_version TEXT    NOT NULL,
  seed_epoch   INTEGER NOT NULL,
  item         TEXT    NOT NULL,
  rarity       TEXT    NOT NULL,
  featured     INTEGER NOT NULL CHECK (featured IN (0, 1)),
  pity         INTEGER NOT NULL CHECK (pity >= 0),
  cost         INTEGER NOT NULL CHECK (cost BETWEEN 0 AND 9007199254740991),
  at_ms        INTEGER NOT NULL,
  PRIMARY KEY (player_id, scope, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX pulls_by_time ON pulls (player_id, at_ms, scope, seq);

CREATE TABLE inventory (
  player_id TEXT    NOT NULL,
  item      TEXT    NOT NULL CHECK (item <> ''),
  count     INTEGER NOT NULL CHECK (count >= 1),
  PRIMARY KEY (player_id, item)
) STRICT, WITHOUT ROWID;

CREATE TABLE pull_operations (
  player_id     TEXT    NOT NULL,
  pull_id       TEXT    NOT NULL CHECK (pull_id <> ''),
  banner        TEXT    NOT NULL,
  count         INTEGER NOT NULL CHECK (count >= 0),
  odds_version  TEXT    NOT NULL,
  seed_epoch    INTEGER NOT NULL,
  currency      TEXT    NOT NULL,
  cost          INTEGER NOT NULL CHECK (cost BETWEEN 0 AND 9007199254740991),
  state         INTEGER NOT NULL CHECK (state BETWEEN 1 AND 5),
  settled       INTEGER NOT NULL CHECK (settled IN (0, 1)),
  attempts      INTEGER NOT NULL CHECK (attempts >= 0),
  next_due_ms   INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  scope         TEXT    NOT NULL,
  first_seq     INTEGER NOT NULL CHECK (first_seq >= 0),
  PRIMARY KEY (player_id, pull_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX pull_operations_by_due_time
  ON pull_operations (settled, next_due_ms, player_id, pull_id);
