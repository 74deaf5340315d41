// Everything in one include, and a table of contents.

#ifndef FAIRPULL_FAIRPULL_H_
#define FAIRPULL_FAIRPULL_H_

// base: what every layer stands on
#include "fairpull/base/digest.h"   // SHA-256
#include "fairpull/base/id.h"       // ids as distinct types
#include "fairpull/base/status.h"   // early return of errors
#include "fairpull/base/version.h"  // the version of the library

// random: words, and the exact mapping from words to integers
#include "fairpull/random/bit_source.h"       // what a source is
#include "fairpull/random/fair_source.h"      // live draws
#include "fairpull/random/hmac.h"             // HMAC-SHA256
#include "fairpull/random/pcg_source.h"       // simulation and tests
#include "fairpull/random/scripted_source.h"  // replays
#include "fairpull/random/server_seed.h"      // the secret of live draws
#include "fairpull/random/uniform.h"          // words to integers below n

// odds: exact probabilities
#include "fairpull/odds/alias_table.h"  // choice among weighted items
#include "fairpull/odds/odds.h"         // a fraction, parsed exactly
#include "fairpull/odds/wheel.h"        // ordered outcomes with weights

// pity: what a banner remembers
#include "fairpull/pity/counter.h"  // counters and the state they make
#include "fairpull/pity/curve.h"    // soft and hard pity
#include "fairpull/pity/lanes.h"    // eight counters in one register
#include "fairpull/pity/rate_up.h"  // featured items, what makes them certain

// banner: from the file to the compiled object
#include "fairpull/banner/banner.h"      // the compiled banner
#include "fairpull/banner/batch_plan.h"  // what surrounds a batch's draws
#include "fairpull/banner/catalog.h"     // the banners that a server knows
#include "fairpull/banner/problem.h"     // what is wrong with a file
#include "fairpull/banner/reachable.h"   // the states that pulls lead to
#include "fairpull/banner/rules.h"       // batches, prices, spark and the like
#include "fairpull/banner/spec.h"        // the file, read and checked

// engine: pulls
#include "fairpull/engine/actions.h"  // choosing, exchanging, gifts
#include "fairpull/engine/batch.h"    // several pulls with rules together
#include "fairpull/engine/outcome.h"  // the result of one
#include "fairpull/engine/pool.h"     // pools that remember
#include "fairpull/engine/pull.h"     // the rules, executed

// analysis: exact answers about a banner
#include "fairpull/analysis/convolution.h"   // sums of independent waits
#include "fairpull/analysis/distribution.h"  // how likely each count is
#include "fairpull/analysis/goal.h"          // what a player pulls for
#include "fairpull/analysis/lint.h"          // what is odd about a banner
#include "fairpull/analysis/long_run.h"      // odds with pity
#include "fairpull/analysis/moments.h"       // mean and variance of sums
#include "fairpull/analysis/plan.h"          // wallets and several goals
#include "fairpull/analysis/pulls_to.h"      // pulls to a goal, hits in pulls
#include "fairpull/analysis/wait_odds.h"     // odds by how long one waits

// simulation: many players at once
#include "fairpull/simulation/lane_words.h"  // the words of each of them
#include "fairpull/simulation/simulation.h"  // chunks of pulls, in vectors
#include "fairpull/simulation/tally.h"       // what is counted of them

// ledger: money as pure rules
#include "fairpull/ledger/amount.h"          // checked integers
#include "fairpull/ledger/balance.h"         // posted, held, available
#include "fairpull/ledger/outcome.h"         // every way an operation can end
#include "fairpull/ledger/records.h"         // operations, entries, holds
#include "fairpull/ledger/rules.h"           // from request to rows
#include "fairpull/ledger/system_account.h"  // where money comes from and goes
#include "fairpull/ledger/verify.h"          // the laws, checked

// store: where a game keeps its players
#include "fairpull/store/cached_store.h"   // a cache before a store
#include "fairpull/store/ledger_rows.h"    // the ledger's part of a transaction
#include "fairpull/store/memory_store.h"   // in this process
#include "fairpull/store/player_cache.h"   // what such a cache is
#include "fairpull/store/pull_cursor.h"    // pages of a history
#include "fairpull/store/read_set.h"       // what a transaction reads
#include "fairpull/store/records.h"        // pity, pulls, inventory
#include "fairpull/store/store.h"          // the interface
#include "fairpull/store/store_wrapper.h"  // forwards every call
#include "fairpull/store/write_set.h"      // what a transaction writes

// service: transactions that a game is made of
#include "fairpull/service/clock.h"          // where time comes from
#include "fairpull/service/draw_pulls.h"     // from draws to rows
#include "fairpull/service/grouped_pulls.h"  // pulls of many threads
#include "fairpull/service/live_catalog.h"  // banners that change while they are served
#include "fairpull/service/pull_protocol.h"       // the pull across services
#include "fairpull/service/pull_request.h"        // asking for a pull
#include "fairpull/service/pull_service.h"        // a pull in one store
#include "fairpull/service/server_seeds.h"        // the secrets, by epoch
#include "fairpull/service/split_pull_service.h"  // its gacha half
#include "fairpull/service/verify.h"              // pulls and ledger, checked
#include "fairpull/service/wallet.h"              // balances of players

#endif  // FAIRPULL_FAIRPULL_H_
