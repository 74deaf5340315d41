// Services that pull: in one store, and as the gacha half of two.

#include <pybind11/stl.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fairpull/banner/catalog.h"
#include "fairpull/service/grouped_pulls.h"
#include "fairpull/service/pull_service.h"
#include "fairpull/service/split_pull_service.h"
#include "fairpull/service/verify.h"
#include "register.h"
#include "store_handle.h"

namespace fairpull::python {
namespace {

namespace py = pybind11;

// Pulls in one store, those of several threads in groups if it is asked for.
class Pulls {
 public:
  Pulls(Store& store, Catalog catalog, ServerSeeds seeds, Clock clock,
        bool grouped)
      : service_(store, std::move(catalog), std::move(seeds),
                 std::move(clock)) {
    if (grouped) grouped_.emplace(service_);
  }
  absl::StatusOr<PullReceipt> Pull(const PullRequest& request) {
    return grouped_.has_value() ? grouped_->Pull(request)
                                : service_.Pull(request);
  }
  void Use(const Catalog& catalog) { service_.Use(catalog); }

 private:
  PullService service_;
  std::optional<GroupedPulls> grouped_;
};

using PyPullService = OverStore<Pulls>;
using PySplitPullService = OverStore<SplitPullService>;

PullRequest Request(const std::string& id, const std::string& player,
                    const std::string& banner, std::uint32_t count,
                    std::optional<std::int64_t> expected_cost) {
  return {.id = ValueOrThrow(OperationId::Parse(id)),
          .player = ValueOrThrow(PlayerId::Parse(player)),
          .banner = ValueOrThrow(BannerId::Parse(banner)),
          .count = count,
          .expected_cost = expected_cost};
}

void RegisterRows(py::module_& module) {
  py::class_<PullRecord>(module, "PullRecord",
                         "A pull as it is stored: who, which draw, which item, "
                         "at which odds and cost.")
      .def_property_readonly(
          "player", [](const PullRecord& p) { return p.player.value(); })
      .def_property_readonly(
          "scope", [](const PullRecord& p) { return p.scope.value(); })
      .def_readonly("seq", &PullRecord::seq)
      .def_property_readonly(
          "pull_id", [](const PullRecord& p) { return p.pull_id.value(); })
      .def_readonly("draw_index", &PullRecord::draw_index)
      .def_property_readonly(
          "banner", [](const PullRecord& p) { return p.banner.value(); })
      .def_readonly("odds_version", &PullRecord::odds_version)
      .def_readonly("seed_epoch", &PullRecord::seed_epoch)
      .def_property_readonly("item",
                             [](const PullRecord& p) { return p.item.value(); })
      .def_readonly("rarity", &PullRecord::rarity)
      .def_readonly("featured", &PullRecord::featured)
      .def_readonly("pity", &PullRecord::pity)
      .def_readonly("cost", &PullRecord::cost)
      .def_readonly("at_ms", &PullRecord::at_ms);
  py::class_<PullOperation>(
      module, "PullOperation",
      "A pull across two services: what was asked for, and where it stands.")
      .def_property_readonly(
          "player", [](const PullOperation& o) { return o.player.value(); })
      .def_property_readonly(
          "pull_id", [](const PullOperation& o) { return o.id.value(); })
      .def_property_readonly(
          "banner", [](const PullOperation& o) { return o.banner.value(); })
      .def_readonly("count", &PullOperation::count)
      .def_property_readonly(
          "currency", [](const PullOperation& o) { return o.currency.value(); })
      .def_readonly("cost", &PullOperation::cost)
      .def_readonly("odds_version", &PullOperation::odds_version)
      .def_property_readonly("state",
                             [](const PullOperation& o) {
                               return std::string(PullStateName(o.state));
                             })
      .def_readonly("settled", &PullOperation::settled)
      .def_readonly("attempts", &PullOperation::attempts)
      .def_readonly("next_due_ms", &PullOperation::next_due_ms)
      .def_readonly("created_at_ms", &PullOperation::created_at_ms);
  py::class_<PullStep>(module, "PullStep",
                       "Where a pull stands after a step: operation, pulls, "
                       "state, action, drew, alarm.")
      .def_readonly("operation", &PullStep::operation)
      .def_readonly("pulls", &PullStep::pulls)
      .def_property_readonly("action",
                             [](const PullStep& s) {
                               return std::string(PullActionName(s.action));
                             })
      .def_property_readonly(
          "state",
          [](const PullStep& s) {
            return std::string(PullStateName(s.operation.state));
          })
      .def_property_readonly(
          "settled", [](const PullStep& s) { return s.operation.settled; })
      .def_readonly("drew", &PullStep::drew)
      .def_readonly("alarm", &PullStep::alarm);
  py::class_<PullReceipt>(module, "PullReceipt",
                          "A pull in one store: payment (a Receipt) and pulls "
                          "(PullRecords, in order).")
      .def_readonly("payment", &PullReceipt::payment)
      .def_readonly("pulls", &PullReceipt::pulls);
}

PullAnswer AnswerNamed(const std::string& name) {
  const std::optional<PullAnswer> answer = FindPullAnswer(name);
  if (answer.has_value()) return *answer;
  std::string message = "\"" + name + "\" is no answer; there are";
  for (const PullAnswer known : kPullAnswers) {
    message += " " + std::string(PullAnswerName(known));
  }
  throw StatusError(absl::InvalidArgumentError(message));
}

// (rows, the cursor of the next page or None)
std::pair<std::vector<PullRecord>, std::optional<std::string>> History(
    PySplitPullService& self, const std::string& player, int limit,
    const std::optional<std::string>& cursor) {
  const auto p = ValueOrThrow(PlayerId::Parse(player));
  std::optional<PullCursor> from;
  if (cursor.has_value()) from = ValueOrThrow(PullCursor::Parse(*cursor));
  HistoryPage page =
      self.Run([&](SplitPullService& s) { return s.History(p, limit, from); });
  std::optional<std::string> next;
  if (page.next.has_value()) next = page.next->ToText();
  return {std::move(page.pulls), next};
}

std::map<std::string, std::int64_t> Inventory(PySplitPullService& self,
                                              const std::string& player) {
  const auto p = ValueOrThrow(PlayerId::Parse(player));
  std::map<std::string, std::int64_t> counts;
  for (const InventoryRecord& row :
       self.Run([&](SplitPullService& s) { return s.Inventory(p); })) {
    counts[row.item.value()] = row.count;
  }
  return counts;
}

void RegisterSplitPullService(py::module_& module) {
  py::class_<PySplitPullService>(
      module, "SplitPullService",
      "The gacha half of a pull across two services.")
      .def(py::init([](std::shared_ptr<StoreHandle> store,
                       const std::shared_ptr<Catalog>& catalog,
                       const std::shared_ptr<ServerSeeds>& seeds,
                       std::optional<std::function<std::int64_t()>> clock,
                       std::int64_t give_up_after_ms) {
             return std::make_unique<PySplitPullService>(
                 std::move(store), *catalog, *seeds, ClockOr(std::move(clock)),
                 SplitPullOptions{.give_up_after_ms = give_up_after_ms});
           }),
           py::arg("store"), py::arg("catalog"), py::arg("seeds"),
           py::arg("clock_ms"), py::arg("give_up_after_ms"))
      .def(
          "use",
          [](PySplitPullService& self,
             const std::shared_ptr<Catalog>& catalog) {
            self.service().Use(*catalog);
          },
          py::arg("catalog"))
      .def(
          "begin",
          [](PySplitPullService& self, const std::string& id,
             const std::string& player, const std::string& banner,
             std::uint32_t count, std::optional<std::int64_t> expected_cost) {
            const PullRequest request =
                Request(id, player, banner, count, expected_cost);
            return self.Run(
                [&](SplitPullService& s) { return s.Begin(request); });
          },
          py::arg("pull_id"), py::arg("player"), py::arg("banner"),
          py::arg("count"), py::arg("expected_cost"))
      .def(
          "advance",
          [](PySplitPullService& self, const std::string& id,
             const std::string& player, const std::string& answer) {
            const auto p = ValueOrThrow(PlayerId::Parse(player));
            const auto o = ValueOrThrow(OperationId::Parse(id));
            const PullAnswer a = AnswerNamed(answer);
            return self.Run(
                [&](SplitPullService& s) { return s.Advance(p, o, a); });
          },
          py::arg("pull_id"), py::arg("player"), py::arg("answer"))
      .def(
          "inquire",
          [](PySplitPullService& self, const std::string& id,
             const std::string& player) {
            const auto p = ValueOrThrow(PlayerId::Parse(player));
            const auto o = ValueOrThrow(OperationId::Parse(id));
            const HoldVerdict verdict =
                self.Run([&](SplitPullService& s) { return s.Inquire(p, o); });
            return verdict == HoldVerdict::kPost ? "post" : "void";
          },
          py::arg("pull_id"), py::arg("player"))
      .def(
          "unsettled",
          [](PySplitPullService& self, std::int64_t due_before_ms, int limit) {
            return self.Run([&](SplitPullService& s) {
              return s.Unsettled(due_before_ms, limit);
            });
          },
          py::arg("due_before_ms"), py::arg("limit"))
      .def("history", &History, py::arg("player"), py::arg("limit"),
           py::arg("cursor"))
      .def("inventory", &Inventory, py::arg("player"))
      .def(
          "pity",
          [](PySplitPullService& self, const std::string& player,
             const std::string& banner) {
            const auto p = ValueOrThrow(PlayerId::Parse(player));
            const auto b = ValueOrThrow(BannerId::Parse(banner));
            return self.Run([&](SplitPullService& s) { return s.Pity(p, b); });
          },
          py::arg("player"), py::arg("banner"));
}

std::vector<std::string> Lines(const std::vector<Violation>& violations) {
  std::vector<std::string> lines;
  for (const Violation& violation : violations) {
    lines.push_back(violation.law + " " + violation.player.value() + ": " +
                    violation.message);
  }
  return lines;
}

}  // namespace

void RegisterService(py::module_& module) {
  RegisterRows(module);
  py::class_<ServerSeeds, std::shared_ptr<ServerSeeds>>(
      module, "ServerSeeds", "The secrets of live draws, by epoch.")
      .def(py::init(
               [](const std::vector<std::pair<std::int64_t, py::bytes>>& seeds,
                  std::int64_t current) {
                 std::map<std::int64_t, ServerSeed> parsed;
                 for (const auto& [epoch, bytes] : seeds) {
                   const std::string secret = bytes;
                   parsed.emplace(epoch,
                                  ValueOrThrow(ServerSeed::FromBytes(secret)));
                 }
                 return std::make_shared<ServerSeeds>(ValueOrThrow(
                     ServerSeeds::Make(std::move(parsed), current)));
               }),
           py::arg("seeds"), py::arg("current"))
      .def_property_readonly("current", &ServerSeeds::current);
  py::class_<PyPullService>(module, "PullService", "Pulls in one store.")
      .def(py::init([](std::shared_ptr<StoreHandle> store,
                       const std::shared_ptr<Catalog>& catalog,
                       const std::shared_ptr<ServerSeeds>& seeds,
                       std::optional<std::function<std::int64_t()>> clock,
                       bool grouped) {
             return std::make_unique<PyPullService>(
                 std::move(store), *catalog, *seeds, ClockOr(std::move(clock)),
                 grouped);
           }),
           py::arg("store"), py::arg("catalog"), py::arg("seeds"),
           py::arg("clock_ms"), py::arg("grouped"))
      .def(
          "use",
          [](PyPullService& self, const std::shared_ptr<Catalog>& catalog) {
            self.service().Use(*catalog);
          },
          py::arg("catalog"))
      .def(
          "pull",
          [](PyPullService& self, const std::string& id,
             const std::string& player, const std::string& banner,
             std::uint32_t count, std::optional<std::int64_t> expected_cost) {
            const PullRequest request =
                Request(id, player, banner, count, expected_cost);
            return self.Run([&](Pulls& s) { return s.Pull(request); });
          },
          py::arg("id"), py::arg("player"), py::arg("banner"), py::arg("count"),
          py::arg("expected_cost"));
  RegisterSplitPullService(module);
  module.def(
      "players",
      [](const std::shared_ptr<StoreHandle>& store, const std::string& after,
         int limit) {
        // An empty id is before all others.
        const PlayerId from =
            after.empty() ? PlayerId() : ValueOrThrow(PlayerId::Parse(after));
        std::vector<std::string> players;
        const py::gil_scoped_release unlocked;
        const std::shared_ptr<Store> pinned = store->Pin();
        for (const PlayerId& player :
             ValueOrThrow(pinned->Players(from, limit))) {
          players.push_back(player.value());
        }
        return players;
      },
      py::arg("store"), py::arg("after"), py::arg("limit"));
  // (rows, the cursor of the next page or None)
  module.def(
      "pull_history",
      [](const std::shared_ptr<StoreHandle>& store, const std::string& player,
         const std::optional<std::string>& cursor, int limit) {
        const PlayerId p = ValueOrThrow(PlayerId::Parse(player));
        std::optional<PullCursor> before;
        if (cursor.has_value()) {
          before = ValueOrThrow(PullCursor::Parse(*cursor));
        }
        const py::gil_scoped_release unlocked;
        const std::shared_ptr<Store> pinned = store->Pin();
        std::vector<PullRecord> rows =
            ValueOrThrow(pinned->History(p, before, limit));
        std::optional<std::string> next;
        if (rows.size() == static_cast<std::size_t>(limit)) {
          next = PullCursor::Of(rows.back()).ToText();
        }
        return std::make_pair(std::move(rows), next);
      },
      py::arg("store"), py::arg("player"), py::arg("cursor"), py::arg("limit"));
  module.def(
      "verify",
      [](const std::shared_ptr<StoreHandle>& store) {
        const py::gil_scoped_release unlocked;
        const std::shared_ptr<Store> pinned = store->Pin();
        return Lines(ValueOrThrow(VerifyStore(*pinned)));
      },
      py::arg("store"));
  module.def(
      "verify_draws",
      [](const std::shared_ptr<StoreHandle>& store,
         const std::shared_ptr<Catalog>& catalog,
         const std::shared_ptr<ServerSeeds>& seeds) {
        const py::gil_scoped_release unlocked;
        const std::shared_ptr<Store> pinned = store->Pin();
        return Lines(ValueOrThrow(VerifyAllDraws(*pinned, *catalog, *seeds)));
      },
      py::arg("store"), py::arg("catalog"), py::arg("seeds"));
}

}  // namespace fairpull::python
