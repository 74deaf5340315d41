// Durable pulls a second on PostgreSQL, beside pgbench on the same server in
// the same run.
//
//   postgres_benchmark OUT.json [ROUNDS [SECONDS [ROW]]]
//
// Starts a server of its own with fsync and synchronous_commit on. A round
// measures each row for so many seconds, one after the other; the medians of
// the rounds are written. ROW is a part of the names of the rows to measure;
// those named history, which take minutes to fill their tables, are measured
// only where it says so.
// PYTHON in the environment is one that has SQLAlchemy and psycopg.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "fairpull/ledger/amount.h"
#include "fairpull/service/grouped_pulls.h"
#include "fairpull/service/pull_service.h"
#include "fairpull/service/wallet.h"
#include "fairpull/store/postgres_store.h"
#include "shipped_banner.h"
#include "store/postgres_server.h"

namespace fairpull {
namespace {

// Few enough to be in memory, many enough that they do not wait for each other.
constexpr int kPlayers = 3200;
constexpr int kTogether = 100;

Catalog LoadStarter() {
  return Catalog::Make({LoadShipped("starter")}).value();
}

PlayerId Player(std::int64_t i) { return PlayerId::Trusted(absl::StrCat(i)); }

std::unique_ptr<Store> Open(const std::string& url, int known_players) {
  return OpenPostgresStore(
             url, {.max_connections = 32, .known_players = known_players})
      .value();
}

// Makes the tables and gives each player all that he can pay.
void Fund(const std::string& url) {
  const std::unique_ptr<Store> store = Open(url, 0);
  Wallet wallet(*store, SystemClock());
  const CurrencyId currency = CurrencyId::Trusted("crystal");
  for (int i = 0; i < kPlayers; ++i) {
    if (!wallet.OpenAccount(Player(i), currency).ok() ||
        !wallet
             .Grant({.id = OperationId::Trusted("g"),
                     .player = Player(i),
                     .currency = currency,
                     .amount = kMaxAmount,
                     .counterparty = *SystemAccount::Parse("issuer:test")})
             ->ok()) {
      throw std::runtime_error("no funds");
    }
  }
}

class Game {
 public:
  // A call of a client, its n-th; how many pulls it made.
  using Way = std::int64_t (Game::*)(std::int64_t n);

  // `known_players`: of how many the store keeps the rows in mind.
  Game(const std::string& url, int known_players)
      : store_(Open(url, known_players)),
        service_(*store_, LoadStarter(),
                 ServerSeeds::Make(
                     {{1, *ServerSeed::FromBytes(std::string(32, 'x'))}}, 1)
                     .value(),
                 SystemClock()) {
    // Nobody's first pull is measured.
    for (int i = 0; i < kPlayers; i += kTogether) {
      PullHundred(i / kTogether);
    }
  }

  // Pulls a second of `clients` threads, each of which pulls in its own way.
  double PullsASecond(int clients, double seconds, Way way) {
    std::atomic<std::int64_t> pulls = 0;
    std::atomic<bool> stop = false;
    const auto begun = std::chrono::steady_clock::now();
    std::vector<std::thread> threads;
    threads.reserve(static_cast<std::size_t>(clients));
    for (int t = 0; t < clients; ++t) {
      threads.emplace_back([&, t] {
        for (std::int64_t n = t; !stop; n += clients) {
          pulls += (this->*way)(n);
        }
      });
    }
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    stop = true;
    for (std::thread& thread : threads) thread.join();
    const std::chrono::duration<double> took =
        std::chrono::steady_clock::now() - begun;
    return static_cast<double>(pulls) / took.count();
  }

  std::int64_t PullOne(std::int64_t n) {
    Check(service_.Pull(Request(n)));
    return 1;
  }
  std::int64_t PullGrouped(std::int64_t n) {
    Check(grouped_.Pull(Request(n)));
    return 1;
  }
  std::int64_t PullHundred(std::int64_t n) {
    std::vector<PullRequest> requests;
    requests.reserve(kTogether);
    for (int i = 0; i < kTogether; ++i) {
      requests.push_back(Request(n * kTogether + i));
    }
    for (const auto& receipt : service_.PullMany(requests)) Check(receipt);
    return kTogether;
  }

 private:
  PullRequest Request(std::int64_t player) {
    return {.id = OperationId::Trusted(absl::StrCat("q", ++asked_)),
            .player = Player(player % kPlayers),
            .banner = BannerId::Trusted("starter")};
  }

  static void Check(const absl::StatusOr<PullReceipt>& receipt) {
    if (!receipt.ok() || !receipt->payment.ok()) {
      throw std::runtime_error(receipt.status().ToString());
    }
  }

  std::atomic<std::int64_t> asked_ = 0;
  const std::unique_ptr<Store> store_;
  PullService service_;
  GroupedPulls grouped_{service_};
};

// Adds so many pulls from before, spread over the players, each with the
// operation that paid for it, and leaves the tables as after a quiet hour.
void AddHistory(const std::string& url, std::int64_t rows) {
  const std::string each = absl::StrCat(
      " FROM (SELECT (i % ", kPlayers, ")::text AS player, i / ", kPlayers,
      " + 1 AS n, 1700000000000 + i AS at_ms FROM generate_series(0::bigint, ",
      rows - 1, ") AS i ORDER BY 1, 2) AS past");
  for (const std::string& sql :
       {absl::StrCat("INSERT INTO operations SELECT player, 'past-' || n, 2, "
                     "'past', 160, 'spend:starter', 0, 9007199254740000, 0, n, "
                     "n, at_ms, 'g:-160:0', '', 'pull 1 starter 17 1 ' || "
                     "repeat('a', 64), -160, repeat('b', 64), n",
                     each),
        absl::StrCat("INSERT INTO pulls SELECT player, 'past', n, 'past-' || "
                     "n, 0, 'starter', repeat('a', 64), 1, 'sword', 'rare', 0, "
                     "1, 160, at_ms",
                     each),
        std::string("VACUUM ANALYZE"), std::string("CHECKPOINT")}) {
    const SqlAnswer answer = PostgresServer::Sql(url, sql);
    if (!answer.error.empty()) throw std::runtime_error(answer.error);
  }
}

// What a program prints.
std::string OutputOf(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error(command);
  std::string output;
  std::array<char, 4096> bytes;
  while (const std::size_t size = fread(bytes.data(), 1, bytes.size(), pipe)) {
    output.append(bytes.data(), size);
  }
  if (pclose(pipe) != 0) throw std::runtime_error(command + ":\n" + output);
  return output;
}

// Transactions a second that pgbench reports.
double Pgbench(const std::string& url, int clients, const std::string& what,
               double seconds) {
  const std::string output = OutputOf(absl::StrCat(
      "pgbench -n ", what, " -c ", clients, " -j ", std::min(clients, 2),
      " -T ", static_cast<int>(std::max(seconds, 1.0)), " '", url, "' 2>&1"));
  const std::size_t at = output.find("tps = ");
  if (at == std::string::npos) throw std::runtime_error(output);
  return std::atof(output.c_str() + at + 6);
}

// The statements of a pull as a script for pgbench, which sends them in the
// same two round trips.
std::string SameStatements() {
  const std::string script =
      std::string(FAIRPULL_SOURCE_DIR) + "/benchmarks/pull.pgbench.sql";
  return absl::StrCat("-M prepared -D players=", kPlayers,
                      " -D hash=", std::string(64, 'a'), " -f '", script, "'");
}

// Pulls a second of the same pull by hand; PYTHON names one that has SQLAlchemy
// and psycopg.
double SqlAlchemy(const std::string& url, int clients, double seconds) {
  const char* python = std::getenv("PYTHON");
  const std::string output = OutputOf(
      absl::StrCat(python == nullptr ? "python3" : python, " -W ignore '",
                   FAIRPULL_SOURCE_DIR, "/benchmarks/sqlalchemy_pull.py' '",
                   url, "' ", clients, " ", seconds, " ", kPlayers));
  return std::atof(output.c_str());
}

struct Row {
  std::string name;
  int clients;
  std::function<double(double seconds)> measure;
  std::vector<double> a_second = {};
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void WriteJson(const std::string& file, const std::vector<Row>& rows,
               const std::string& version, double seconds) {
  std::ofstream out(file);
  out << "{\n \"context\": {\n  \"date\": \""
      << absl::FormatTime("%Y-%m-%d", absl::Now(), absl::UTCTimeZone())
      << "\",\n  \"cpus\": " << std::thread::hardware_concurrency()
      << ",\n  \"rounds\": " << rows[0].a_second.size()
      << ",\n  \"seconds\": " << seconds << ",\n  \"server\": \"" << version
      << "\"\n },\n \"rows\": [";
  const char* separator = "\n";
  for (const Row& row : rows) {
    out << separator << "  {\"name\": \"" << row.name
        << "\", \"clients\": " << row.clients << ", \"per_second\": "
        << static_cast<std::int64_t>(Median(row.a_second)) << "}";
    separator = ",\n";
  }
  out << "\n ]\n}\n";
}

void Measure(std::vector<Row>& rows, int rounds, double seconds) {
  for (int round = 0; round < rounds; ++round) {
    for (Row& row : rows) {
      row.a_second.push_back(row.measure(seconds));
      std::cerr << row.name << " " << row.clients << ": "
                << static_cast<std::int64_t>(row.a_second.back()) << "/s\n";
    }
  }
}

std::string VersionOf(const std::string& url) {
  return PostgresServer::Sql(url, "SHOW server_version").rows.at(0).at(0);
}

// A copy of a database that nobody uses, while it lives.
class Copy {
 public:
  Copy(PostgresServer& server, const std::string& of)
      : server_(server), name_(DatabaseIn(of) + "_copy") {
    const std::string error =
        Run("CREATE DATABASE " + name_ + " TEMPLATE " + DatabaseIn(of));
    if (!error.empty()) throw std::runtime_error(error);
  }
  // Where it can't be dropped, the next one can't be made, and says so.
  ~Copy() { Run("DROP DATABASE " + name_ + " WITH (FORCE)"); }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;

  [[nodiscard]] std::string url() const { return server_.Url(name_); }

 private:
  // The error, if there is one.
  std::string Run(const std::string& sql) {
    return PostgresServer::Sql(server_.Url("postgres"), sql).error;
  }

  PostgresServer& server_;
  const std::string name_;
};

// Whether a pull costs more the more pulls there are.
int MeasureHistory(PostgresServer& server, const std::string& file, int rounds,
                   double seconds) {
  std::vector<std::unique_ptr<Game>> games;
  std::vector<Row> rows;
  std::string url;
  for (const std::int64_t past : {100'000, 1'000'000, 10'000'000}) {
    url = server.NewDatabase();
    Fund(url);
    std::cerr << "adding " << past << " rows\n";
    AddHistory(url, past);
    games.push_back(std::make_unique<Game>(url, 0));
    Game& game = *games.back();
    rows.push_back({absl::StrCat("history_", past), 8, [&game](double s) {
                      return game.PullsASecond(8, s, &Game::PullOne);
                    }});
    rows.push_back({absl::StrCat("history_many_", past), 1, [&game](double s) {
                      return game.PullsASecond(1, s, &Game::PullHundred);
                    }});
  }
  Measure(rows, rounds, seconds);
  WriteJson(file, rows, VersionOf(url), seconds);
  return 0;
}

int Main(const std::string& file, int rounds, double seconds,
         const std::string& only) {
  PostgresServer server(
      "max_connections = 200\nshared_buffers = 2GB\nmax_wal_size = 16GB");
  if (only == "history") return MeasureHistory(server, file, rounds, seconds);
  const std::string rival = server.NewDatabase();
  OutputOf("pgbench -i -q -s 10 '" + rival + "' 2>&1");
  const std::string funded = server.NewDatabase();
  Fund(funded);
  std::vector<Row> rows;
  for (const int clients : {1, 8, 32}) {
    const auto add = [&](const std::string& name, auto measure) {
      if (name.find(only) != std::string::npos) {
        rows.push_back({name, clients, measure});
      }
    };
    // Each on tables without a history: the more there is, the more a group
    // has to reach for, and the faster ways would make more of it.
    const auto add_pulls = [&](const std::string& name, int known_players,
                               Game::Way way) {
      add(name, [&server, &funded, clients, known_players, way](double s) {
        const Copy copy(server, funded);
        return Game(copy.url(), known_players).PullsASecond(clients, s, way);
      });
    };
    add_pulls("pull", 0, &Game::PullOne);
    add_pulls("pull_known", kPlayers, &Game::PullOne);
    add_pulls("pull_grouped", 0, &Game::PullGrouped);
    add_pulls("pull_grouped_known", kPlayers, &Game::PullGrouped);
    add_pulls("pull_many", 0, &Game::PullHundred);
    add_pulls("pull_many_known", kPlayers, &Game::PullHundred);
    add("pgbench_simple", [&rival, clients](double s) {
      return Pgbench(rival, clients, "-N -M simple", s);
    });
    add("pgbench_prepared", [&rival, clients](double s) {
      return Pgbench(rival, clients, "-N -M prepared", s);
    });
    add("pgbench_same", [&server, &funded, clients](double s) {
      const Copy copy(server, funded);
      const Game scripted(copy.url(), 0);  // its pulls are those replaced
      return Pgbench(copy.url(), clients, SameStatements(), s);
    });
    add("sqlalchemy", [&server, &funded, clients](double s) {
      const Copy copy(server, funded);
      const Game scripted(copy.url(), 0);
      return SqlAlchemy(copy.url(), clients, s);
    });
  }
  Measure(rows, rounds, seconds);
  WriteJson(file, rows, VersionOf(rival), seconds);
  return 0;
}

}  // namespace
}  // namespace fairpull

int main(int argc, char** argv) {
  if (argc < 2 || argc > 5) {
    std::cerr
        << "usage: postgres_benchmark OUT.json [ROUNDS [SECONDS [ROW]]]\n";
    return 2;
  }
  try {
    return fairpull::Main(argv[1], argc > 2 ? std::atoi(argv[2]) : 5,
                          argc > 3 ? std::atof(argv[3]) : 5,
                          argc > 4 ? argv[4] : "");
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
