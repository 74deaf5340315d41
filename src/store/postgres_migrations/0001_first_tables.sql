-- Every key begins with the player, so that the same tables can be split by
-- player. Times are milliseconds since 1970 (UTC) and come from outside. Text
-- is compared byte by byte, whatever the database's own order is.
--
-- Each NOT NULL is also where a guard ends: a statement whose guard does not
-- hold sets the column to NULL, which ends the transaction.

-- One row for each player who has any other; a transaction begins by locking
-- it. `lock` is what that statement names, and never changes.
CREATE TABLE players (
  player_id TEXT COLLATE "C" NOT NULL CHECK (player_id <> ''),
  lock      SMALLINT NOT NULL CHECK (lock = 0),
  PRIMARY KEY (player_id)
);

CREATE TABLE operations (
  player_id    TEXT COLLATE "C" NOT NULL,
  operation_id TEXT COLLATE "C" NOT NULL
               CHECK (length(operation_id) BETWEEN 1 AND 180),
  kind         SMALLINT NOT NULL CHECK (kind BETWEEN 1 AND 7),
  currency     TEXT COLLATE "C" NOT NULL,
  amount       BIGINT NOT NULL CHECK (amount BETWEEN 0 AND 9007199254740991),
  counterparty TEXT COLLATE "C" NOT NULL,
  outcome      SMALLINT NOT NULL CHECK (outcome IN (0, 10)),
  posted       BIGINT NOT NULL CHECK (
    posted BETWEEN -9007199254740991 AND 9007199254740991),
  held         BIGINT NOT NULL CHECK (held BETWEEN 0 AND 9007199254740991),
  seq          BIGINT NOT NULL CHECK (seq >= 0),
  version      BIGINT NOT NULL CHECK (version >= seq),
  at_ms        BIGINT NOT NULL,
  lots         TEXT COLLATE "C" NOT NULL,
  terms        TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (player_id, operation_id)
);

CREATE TABLE entries (
  player_id     TEXT COLLATE "C" NOT NULL,
  currency      TEXT COLLATE "C" NOT NULL,
  seq           BIGINT NOT NULL CHECK (seq >= 1),
  operation_id  TEXT COLLATE "C" NOT NULL,
  counterparty  TEXT COLLATE "C" NOT NULL CHECK (counterparty <> ''),
  amount        BIGINT NOT NULL CHECK (
    amount BETWEEN -9007199254740991 AND 9007199254740991 AND amount <> 0),
  balance_after BIGINT NOT NULL CHECK (
    balance_after BETWEEN -9007199254740991 AND 9007199254740991),
  at_ms         BIGINT NOT NULL,
  hash          TEXT COLLATE "C" NOT NULL CHECK (length(hash) = 64),
  PRIMARY KEY (player_id, currency, seq)
);

-- Replaced in place at each step, so its pages keep room for the next state.
CREATE TABLE balances (
  player_id TEXT COLLATE "C" NOT NULL,
  currency  TEXT COLLATE "C" NOT NULL CHECK (currency <> ''),
  posted    BIGINT NOT NULL CHECK (
    posted BETWEEN -9007199254740991 AND 9007199254740991),
  held      BIGINT NOT NULL CHECK (held BETWEEN 0 AND posted + debt),
  seq       BIGINT NOT NULL CHECK (seq >= 0),
  version   BIGINT NOT NULL CHECK (version >= seq),
  debt      BIGINT NOT NULL CHECK (debt BETWEEN 0 AND 9007199254740991),
  lots      TEXT COLLATE "C" NOT NULL,
  chain     TEXT COLLATE "C" NOT NULL CHECK (length(chain) IN (0, 64)),
  PRIMARY KEY (player_id, currency)
) WITH (fillfactor = 60);

CREATE TABLE holds (
  player_id     TEXT COLLATE "C" NOT NULL,
  hold_id       TEXT COLLATE "C" NOT NULL CHECK (hold_id <> ''),
  currency      TEXT COLLATE "C" NOT NULL,
  amount        BIGINT NOT NULL CHECK (amount BETWEEN 0 AND 9007199254740991),
  counterparty  TEXT COLLATE "C" NOT NULL,
  state         SMALLINT NOT NULL CHECK (state BETWEEN 1 AND 3),
  posted_amount BIGINT NOT NULL CHECK (posted_amount BETWEEN 0 AND amount),
  at_ms         BIGINT NOT NULL,
  ask_at_ms     BIGINT NOT NULL,
  PRIMARY KEY (player_id, hold_id)
);

CREATE INDEX holds_by_due_time ON holds (state, ask_at_ms, player_id, hold_id);

CREATE TABLE pity (
  player_id TEXT COLLATE "C" NOT NULL,
  scope     TEXT COLLATE "C" NOT NULL CHECK (scope <> ''),
  seq       BIGINT NOT NULL CHECK (seq >= 0),
  state     TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (player_id, scope)
) WITH (fillfactor = 60);

CREATE TABLE pulls (
  player_id    TEXT COLLATE "C" NOT NULL,
  scope        TEXT COLLATE "C" NOT NULL CHECK (scope <> ''),
  seq          BIGINT NOT NULL CHECK (seq >= 1),
  pull_id      TEXT COLLATE "C" NOT NULL,
  draw_index   BIGINT NOT NULL CHECK (draw_index >= 0),
  banner       TEXT COLLATE "C" NOT NULL,
  odds_version TEXT COLLATE "C" NOT NULL,
  seed_epoch   BIGINT NOT NULL,
  item         TEXT COLLATE "C" NOT NULL,
  rarity       TEXT COLLATE "C" NOT NULL,
  featured     SMALLINT NOT NULL CHECK (featured IN (0, 1)),
  pity         BIGINT NOT NULL CHECK (pity >= 0),
  cost         BIGINT NOT NULL CHECK (cost BETWEEN 0 AND 9007199254740991),
  at_ms        BIGINT NOT NULL,
  PRIMARY KEY (player_id, scope, seq)
);

CREATE INDEX pulls_by_time ON pulls (player_id, at_ms, scope, seq);

CREATE TABLE inventory (
  player_id TEXT COLLATE "C" NOT NULL,
  item      TEXT COLLATE "C" NOT NULL CHECK (item <> ''),
  count     BIGINT NOT NULL CHECK (count >= 1),
  PRIMARY KEY (player_id, item)
) WITH (fillfactor = 60);

CREATE TABLE pull_operations (
  player_id     TEXT COLLATE "C" NOT NULL,
  pull_id       TEXT COLLATE "C" NOT NULL CHECK (pull_id <> ''),
  banner        TEXT COLLATE "C" NOT NULL,
  count         BIGINT NOT NULL CHECK (count >= 0),
  odds_version  TEXT COLLATE "C" NOT NULL,
  seed_epoch    BIGINT NOT NULL,
  currency      TEXT COLLATE "C" NOT NULL,
  cost          BIGINT NOT NULL CHECK (cost BETWEEN 0 AND 9007199254740991),
  state         SMALLINT NOT NULL CHECK (state BETWEEN 1 AND 5),
  settled       SMALLINT NOT NULL CHECK (settled IN (0, 1)),
  attempts      BIGINT NOT NULL CHECK (attempts >= 0),
  next_due_ms   BIGINT NOT NULL,
  created_at_ms BIGINT NOT NULL,
  scope         TEXT COLLATE "C" NOT NULL,
  first_seq     BIGINT NOT NULL CHECK (first_seq >= 0),
  PRIMARY KEY (player_id, pull_id)
);

CREATE INDEX pull_operations_by_due_time
  ON pull_operations (settled, next_due_ms, player_id, pull_id);

-- What was entered in the books stays as it was entered: not even the owner
-- of the tables may change it without granting it to himself first.
REVOKE UPDATE, DELETE, TRUNCATE ON operations, entries, pulls FROM CURRENT_USER;
