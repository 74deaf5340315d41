-- What a pull sends to the server, for pgbench: see postgres_benchmark.cc. The
-- guards compare with what is there, since a script can't count with what it read.
\set player random(0, :players - 1)
\set key random(1, 9000000000000000)
\set seq random(1000, 9000000000000000)
\set item random(1, 8)
\startpipeline
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT player_id, currency, posted, held, seq, version, debt, lots, chain FROM balances WHERE player_id = :player AND currency = 'crystal' FOR UPDATE;
SELECT player_id, operation_id, kind, currency, amount, counterparty, outcome, posted, held, seq, version, at_ms, lots, terms, memo, moved, hash FROM operations WHERE player_id = :player AND operation_id = :key;
SELECT player_id, scope, seq, state FROM pity WHERE player_id = :player AND scope = 'starter' FOR UPDATE;
\endpipeline
\startpipeline
INSERT INTO operations (player_id, operation_id, kind, currency, amount, counterparty, outcome, posted, held, seq, version, at_ms, lots, terms, memo, moved, hash, entry_seq) VALUES (:player, :key, 2, 'crystal', 160, 'spend-starter', 0, 9007199254740000, 0, :seq, :seq, 1760000000000, 'g:-160:0', '', 'pull 1 starter 17 1 ' || :hash, -160, :hash, CASE WHEN -160 <> 0 THEN :seq::bigint END);
UPDATE balances SET posted = posted - 160, held = CASE WHEN 0 <= posted THEN 0 END, seq = seq + 1, version = CASE WHEN version + 1 > 0 THEN version + 1 END, debt = 0, lots = lots, chain = :hash WHERE player_id = :player AND currency = 'crystal';
UPDATE pity SET seq = CASE WHEN seq < seq + 1 THEN seq + 1 END, state = state WHERE player_id = :player AND scope = 'starter';
INSERT INTO pulls (player_id, scope, seq, pull_id, draw_index, banner, odds_version, seed_epoch, item, rarity, featured, pity, cost, at_ms) VALUES (:player, 'starter', :seq, :key, 0, 'starter', :hash, 1, 'item-' || :item::bigint, 'rare', 0, 17, 160, 1760000000000);
INSERT INTO inventory (player_id, item, count) VALUES (:player, 'item-' || :item::bigint, 1) ON CONFLICT (player_id, item) DO UPDATE SET count = inventory.count + excluded.count;
COMMIT;
\endpipeline
