-- Every key begins with the player, so that the same tables can be split by
-- player. Times are milliseconds since 1970 (UTC) and come from outside. Text
-- is compared byte by byte, whatever the database's own order is.
--
-- Each NOT NULL is also where a guard ends: a statement whose guard does not
-- hold sets the column to NULL, which ends the transaction.

-- A second wall stands where money is counted and where a state is replaced; what
-- is written once was checked when it was made, and is proved by `verify`. Most of
-- it is said by a column's type: the server parses a table's CHECK anew for each
-- statement that writes to it, and a domain's once for each connection. Neither is
-- free: a domain on each column made a pull a fifth dearer for the server. What
-- compares two columns of balances is a guard of the statements that write them.
CREATE DOMAIN amount AS BIGINT CHECK (VALUE BETWEEN 0 AND 9007199254740991);
CREATE DOMAIN balance AS BIGINT CHECK (
  VALUE BETWEEN -9007199254740991 AND 9007199254740991);
CREATE DOMAIN tally AS BIGINT CHECK (VALUE >= 0);
CREATE DOMAIN ordinal AS BIGINT CHECK (VALUE >= 1);
CREATE DOMAIN flag AS SMALLINT CHECK (VALUE IN (0, 1));
CREATE DOMAIN hold_state AS SMALLINT CHECK (VALUE BETWEEN 1 AND 3);
CREATE DOMAIN pull_state AS SMALLINT CHECK (VALUE BETWEEN 1 AND 5);
-- Not empty; that of an operation, with "/expire-17" or the like added, is the
-- longest.
CREATE DOMAIN identifier AS TEXT COLLATE "C"
  CHECK (length(VALUE) BETWEEN 1 AND 180);

-- One row for each player who has any other; a transaction that reads no account
-- begins by locking it. `lock` is what that statement names, and never changes. The key is of the
-- same type in every table: what is split by it can be put together only then.
CREATE TABLE players (
  player_id TEXT COLLATE "C" NOT NULL
    CHECK (length(player_id) BETWEEN 1 AND 180),
  lock      flag NOT NULL,
  PRIMARY KEY (player_id)
);

CREATE TABLE operations (
  player_id    TEXT COLLATE "C" NOT NULL,
  operation_id TEXT COLLATE "C" NOT NULL,
  kind         SMALLINT NOT NULL,
  currency     TEXT COLLATE "C" NOT NULL,
  amount       BIGINT NOT NULL,
  counterparty TEXT COLLATE "C" NOT NULL,
  outcome      SMALLINT NOT NULL,
  posted       BIGINT NOT NULL,
  held         BIGINT NOT NULL,
  seq          BIGINT NOT NULL,
  version      BIGINT NOT NULL,
  at_ms        BIGINT NOT NULL,
  lots         TEXT COLLATE "C" NOT NULL,
  terms        TEXT COLLATE "C" NOT NULL,
  memo         TEXT COLLATE "C" NOT NULL,
  moved        balance NOT NULL,
  hash         TEXT COLLATE "C" NOT NULL,
  -- The seq of what moved something, and so its place among the entries.
  entry_seq    ordinal,
  PRIMARY KEY (player_id, operation_id)
);

CREATE UNIQUE INDEX entries ON operations (player_id, currency, entry_seq);

-- Replaced in place at each step, so its pages keep room for the next state.
CREATE TABLE balances (
  player_id TEXT COLLATE "C" NOT NULL,
  currency  TEXT COLLATE "C" NOT NULL,
  posted    balance NOT NULL,
  held      amount NOT NULL,
  seq       BIGINT NOT NULL,
  version   BIGINT NOT NULL,
  debt      amount NOT NULL,
  lots      TEXT COLLATE "C" NOT NULL,
  chain     TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (player_id, currency)
) WITH (fillfactor = 60);

CREATE TABLE holds (
  player_id     TEXT COLLATE "C" NOT NULL,
  hold_id       identifier NOT NULL,
  currency      TEXT COLLATE "C" NOT NULL,
  amount        amount NOT NULL,
  counterparty  TEXT COLLATE "C" NOT NULL,
  state         hold_state NOT NULL,
  posted_amount amount NOT NULL CHECK (posted_amount <= amount),
  at_ms         BIGINT NOT NULL,
  ask_at_ms     BIGINT NOT NULL,
  PRIMARY KEY (player_id, hold_id)
);

CREATE INDEX holds_by_due_time ON holds (state, ask_at_ms, player_id, hold_id);

CREATE TABLE pity (
  player_id TEXT COLLATE "C" NOT NULL,
  scope     TEXT COLLATE "C" NOT NULL,
  seq       BIGINT NOT NULL,
  state     TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (player_id, scope)
) WITH (fillfactor = 60);

CREATE TABLE pulls (
  player_id    TEXT COLLATE "C" NOT NULL,
  scope        TEXT COLLATE "C" NOT NULL,
  seq          BIGINT NOT NULL,
  pull_id      TEXT COLLATE "C" NOT NULL,
  draw_index   BIGINT NOT NULL,
  banner       TEXT COLLATE "C" NOT NULL,
  odds_version TEXT COLLATE "C" NOT NULL,
  seed_epoch   BIGINT NOT NULL,
  item         TEXT COLLATE "C" NOT NULL,
  rarity       TEXT COLLATE "C" NOT NULL,
  featured     SMALLINT NOT NULL,
  pity         BIGINT NOT NULL,
  cost         BIGINT NOT NULL,
  at_ms        BIGINT NOT NULL,
  PRIMARY KEY (player_id, scope, seq)
);

CREATE INDEX pulls_by_time ON pulls (player_id, at_ms, scope, seq);

CREATE TABLE inventory (
  player_id TEXT COLLATE "C" NOT NULL,
  item      TEXT COLLATE "C" NOT NULL,
  count     ordinal NOT NULL,
  PRIMARY KEY (player_id, item)
) WITH (fillfactor = 60);

CREATE TABLE pull_operations (
  player_id     TEXT COLLATE "C" NOT NULL,
  pull_id       identifier NOT NULL,
  banner        TEXT COLLATE "C" NOT NULL,
  count         tally NOT NULL,
  odds_version  TEXT COLLATE "C" NOT NULL,
  seed_epoch    BIGINT NOT NULL,
  currency      TEXT COLLATE "C" NOT NULL,
  cost          amount NOT NULL,
  state         pull_state NOT NULL,
  settled       flag NOT NULL,
  attempts      tally NOT NULL,
  next_due_ms   BIGINT NOT NULL,
  created_at_ms BIGINT NOT NULL,
  scope         TEXT COLLATE "C" NOT NULL,
  first_seq     tally NOT NULL,
  PRIMARY KEY (player_id, pull_id)
);

CREATE INDEX pull_operations_by_due_time
  ON pull_operations (settled, next_due_ms, player_id, pull_id);

-- What was entered in the books stays as it was entered: not even the owner
-- of the tables may change it without granting it to himself first.
REVOKE UPDATE, DELETE, TRUNCATE ON operations, pulls FROM CURRENT_USER;
