// Stores, the rows that they give back, and the wallet.

#include <pybind11/stl.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "fairpull/service/unused_paid.h"
#include "fairpull/service/wallet.h"
#include "fairpull/store/call_deadline.h"
#ifdef FAIRPULL_WITH_POSTGRES
#include "fairpull/store/postgres_store.h"
#endif
#include "register.h"
#include "store_handle.h"

namespace fairpull::python {
namespace {

namespace py = pybind11;

using PyWallet = OverStore<Wallet>;

template <class IdType>
IdType ParseId(const std::string& text) {
  return ValueOrThrow(IdType::Parse(text));
}

std::optional<std::string> HoldStateText(const Receipt& receipt) {
  if (!receipt.hold_state.has_value()) return std::nullopt;
  return std::string(HoldStateName(*receipt.hold_state));
}

void RegisterRows(py::module_& module) {
  py::class_<Balance>(
      module, "Balance",
      "A balance: posted, held, available (all integers) and version.")
      .def_readonly("posted", &Balance::posted)
      .def_readonly("held", &Balance::held)
      .def_property_readonly("available", &Balance::available)
      .def_readonly("version", &Balance::version)
      .def("__repr__", [](const Balance& b) {
        return "<Balance posted=" + std::to_string(b.posted) +
               " held=" + std::to_string(b.held) + ">";
      });
  py::class_<Receipt>(module, "Receipt",
                      "The answer of the ledger: outcome, balance after it, "
                      "replayed, hold_state.")
      .def_property_readonly("outcome",
                             [](const Receipt& r) {
                               return std::string(LedgerOutcomeName(r.outcome));
                             })
      .def_readonly("field", &Receipt::field)
      .def_readonly("replayed", &Receipt::replayed)
      .def_property_readonly("posted",
                             [](const Receipt& r) { return r.balance.posted; })
      .def_property_readonly("held",
                             [](const Receipt& r) { return r.balance.held; })
      .def_property_readonly(
          "available", [](const Receipt& r) { return r.balance.available(); })
      .def_property_readonly("version",
                             [](const Receipt& r) { return r.balance.version; })
      .def_property_readonly("hold_state", &HoldStateText);
  py::class_<Entry>(module, "Entry",
                    "A row of the journal: seq, operation, counterparty, "
                    "amount, balance_after, at_ms.")
      .def_readonly("seq", &Entry::seq)
      .def_property_readonly("operation",
                             [](const Entry& e) { return e.operation.value(); })
      .def_property_readonly(
          "counterparty", [](const Entry& e) { return e.counterparty.name(); })
      .def_readonly("amount", &Entry::amount)
      .def_readonly("balance_after", &Entry::balance_after)
      .def_readonly("at_ms", &Entry::at_ms)
      .def_readonly("hash", &Entry::hash);
  py::class_<Lot>(
      module, "Lot",
      "What is left of a credit: id, paid, granted, remaining, held, "
      "expires_at_ms, price, price_currency.")
      .def_property_readonly("id", [](const Lot& l) { return l.id.value(); })
      .def_property_readonly(
          "paid",
          [](const Lot& l) { return l.terms.funding == Funding::kPaid; })
      .def_readonly("granted", &Lot::granted)
      .def_readonly("remaining", &Lot::remaining)
      .def_readonly("held", &Lot::held)
      .def_property_readonly("expires_at_ms",
                             [](const Lot& l) { return l.terms.expires_at_ms; })
      .def_property_readonly("price",
                             [](const Lot& l) { return l.terms.price; })
      .def_property_readonly("price_currency", [](const Lot& l) {
        return l.terms.price_currency;
      });
  py::class_<Hold>(module, "Hold",
                   "An amount set aside: player, hold_id, currency, amount, "
                   "state, created_at_ms.")
      .def_property_readonly("player",
                             [](const Hold& h) { return h.player.value(); })
      .def_property_readonly("hold_id",
                             [](const Hold& h) { return h.id.value(); })
      .def_property_readonly("currency",
                             [](const Hold& h) { return h.currency.value(); })
      .def_readonly("amount", &Hold::amount)
      .def_property_readonly(
          "state",
          [](const Hold& h) { return std::string(HoldStateName(h.state)); })
      .def_readonly("created_at_ms", &Hold::at_ms);
}

TransferRequest Transfer(const std::string& id, const std::string& player,
                         const std::string& currency, std::int64_t amount,
                         const std::string& counterparty) {
  return {.id = ParseId<OperationId>(id),
          .player = ParseId<PlayerId>(player),
          .currency = ParseId<CurrencyId>(currency),
          .amount = amount,
          .counterparty = ValueOrThrow(SystemAccount::Parse(counterparty))};
}

void RegisterWallet(py::module_& module) {
  py::class_<PyWallet>(module, "Wallet", "Balances of players over a store.")
      .def(py::init([](std::shared_ptr<StoreHandle> store,
                       std::optional<std::function<std::int64_t()>> clock,
                       bool paid_first) {
             const WalletOptions options = {
                 .lot_order =
                     paid_first ? LotOrder::kPaidFirst : LotOrder::kFreeFirst};
             return std::make_unique<PyWallet>(
                 std::move(store), ClockOr(std::move(clock)), options);
           }),
           py::arg("store"), py::arg("clock_ms"), py::arg("paid_first"))
      .def(
          "open_account",
          [](PyWallet& self, const std::string& player,
             const std::string& currency) {
            const auto p = ParseId<PlayerId>(player);
            const auto c = ParseId<CurrencyId>(currency);
            return self.Run([&](Wallet& w) { return w.OpenAccount(p, c); });
          },
          py::arg("player"), py::arg("currency"))
      .def(
          "grant",
          [](PyWallet& self, const std::string& id, const std::string& player,
             const std::string& currency, std::int64_t amount,
             const std::string& source, std::optional<bool> paid,
             std::optional<std::int64_t> expires_at_ms, std::int64_t price,
             const std::string& price_currency) {
            TransferRequest request =
                Transfer(id, player, currency, amount, source);
            request.terms = LotTerms{
                .funding = paid.value_or(request.counterparty.is_issuer())
                               ? Funding::kPaid
                               : Funding::kFree,
                .expires_at_ms = expires_at_ms,
                .price = price,
                .price_currency = price_currency};
            return self.Run([&](Wallet& w) { return w.Grant(request); });
          },
          py::arg("id"), py::arg("player"), py::arg("currency"),
          py::arg("amount"), py::arg("source"), py::arg("paid"),
          py::arg("expires_at_ms"), py::arg("price"), py::arg("price_currency"))
      .def(
          "reverse",
          [](PyWallet& self, const std::string& id, const std::string& player) {
            const auto o = ParseId<OperationId>(id);
            const auto p = ParseId<PlayerId>(player);
            return self.Run([&](Wallet& w) { return w.Reverse(p, o); });
          },
          py::arg("id"), py::arg("player"))
      .def(
          "spend_across",
          [](PyWallet& self, const std::string& id, const std::string& player,
             const std::vector<std::string>& currencies, std::int64_t amount,
             const std::string& sink) {
            const TransferRequest request = {
                .id = ParseId<OperationId>(id),
                .player = ParseId<PlayerId>(player),
                .amount = amount,
                .counterparty = ValueOrThrow(SystemAccount::Parse(sink))};
            std::vector<CurrencyId> order;
            for (const std::string& currency : currencies) {
              order.push_back(ParseId<CurrencyId>(currency));
            }
            const SplitReceipt receipt = self.Run(
                [&](Wallet& w) { return w.SpendAcross(request, order); });
            std::vector<std::pair<std::string, std::int64_t>> parts;
            for (const auto& [currency, part] : receipt.parts) {
              parts.emplace_back(currency.value(), part);
            }
            return std::make_tuple(
                std::string(LedgerOutcomeName(receipt.outcome)), receipt.field,
                parts);
          },
          py::arg("id"), py::arg("player"), py::arg("currencies"),
          py::arg("amount"), py::arg("sink"))
      .def(
          "expire_lots",
          [](PyWallet& self, const std::string& player,
             const std::string& currency) {
            const auto p = ParseId<PlayerId>(player);
            const auto c = ParseId<CurrencyId>(currency);
            return self.Run([&](Wallet& w) { return w.ExpireLots(p, c); });
          },
          py::arg("player"), py::arg("currency"))
      .def(
          "lots",
          [](PyWallet& self, const std::string& player,
             const std::string& currency) {
            const auto p = ParseId<PlayerId>(player);
            const auto c = ParseId<CurrencyId>(currency);
            const Account account =
                self.Run([&](Wallet& w) { return w.GetAccount(p, c); });
            return std::make_pair(account.lots, account.debt);
          },
          py::arg("player"), py::arg("currency"))
      .def(
          "balance_at",
          [](PyWallet& self, const std::string& player,
             const std::string& currency, std::int64_t at_ms) {
            const auto p = ParseId<PlayerId>(player);
            const auto c = ParseId<CurrencyId>(currency);
            return self.Run(
                [&](Wallet& w) { return w.BalanceAt(p, c, at_ms); });
          },
          py::arg("player"), py::arg("currency"), py::arg("at_ms"))
      .def(
          "spend",
          [](PyWallet& self, const std::string& id, const std::string& player,
             const std::string& currency, std::int64_t amount,
             const std::string& sink) {
            const TransferRequest request =
                Transfer(id, player, currency, amount, sink);
            return self.Run([&](Wallet& w) { return w.Spend(request); });
          },
          py::arg("id"), py::arg("player"), py::arg("currency"),
          py::arg("amount"), py::arg("sink"))
      .def(
          "hold",
          [](PyWallet& self, const std::string& id, const std::string& player,
             const std::string& currency, std::int64_t amount,
             const std::string& sink, std::int64_t ask_after_ms) {
            const HoldRequest request = {
                .id = ParseId<OperationId>(id),
                .player = ParseId<PlayerId>(player),
                .currency = ParseId<CurrencyId>(currency),
                .amount = amount,
                .sink = ValueOrThrow(SystemAccount::Parse(sink)),
                .ask_after_ms = ask_after_ms};
            return self.Run([&](Wallet& w) { return w.Hold(request); });
          },
          py::arg("id"), py::arg("player"), py::arg("currency"),
          py::arg("amount"), py::arg("sink"), py::arg("ask_after_ms"))
      .def(
          "post",
          [](PyWallet& self, const std::string& hold, const std::string& player,
             std::optional<std::int64_t> amount) {
            const auto h = ParseId<OperationId>(hold);
            const auto p = ParseId<PlayerId>(player);
            return self.Run([&](Wallet& w) { return w.Post(p, h, amount); });
          },
          py::arg("hold_id"), py::arg("player"), py::arg("amount"))
      .def(
          "void",
          [](PyWallet& self, const std::string& hold,
             const std::string& player) {
            const auto h = ParseId<OperationId>(hold);
            const auto p = ParseId<PlayerId>(player);
            return self.Run([&](Wallet& w) { return w.Void(p, h); });
          },
          py::arg("hold_id"), py::arg("player"))
      .def(
          "balance",
          [](PyWallet& self, const std::string& player,
             const std::string& currency) {
            const auto p = ParseId<PlayerId>(player);
            const auto c = ParseId<CurrencyId>(currency);
            return self.Run([&](Wallet& w) { return w.GetBalance(p, c); });
          },
          py::arg("player"), py::arg("currency"))
      .def(
          "entries",
          [](PyWallet& self, const std::string& player,
             const std::string& currency, std::int64_t after_seq, int limit) {
            const auto p = ParseId<PlayerId>(player);
            const auto c = ParseId<CurrencyId>(currency);
            return self.Run(
                [&](Wallet& w) { return w.Entries(p, c, after_seq, limit); });
          },
          py::arg("player"), py::arg("currency"), py::arg("after_seq"),
          py::arg("limit"))
      .def(
          "pending_holds",
          [](PyWallet& self, std::int64_t due_before_ms, int limit) {
            return self.Run([&](Wallet& w) {
              return w.PendingHolds(due_before_ms, limit);
            });
          },
          py::arg("due_before_ms"), py::arg("limit"));
}

// A CallDeadline that begins and ends where Python says so, in one thread.
class PyCallDeadline {
 public:
  explicit PyCallDeadline(std::int64_t ms) : ms_(ms) {}
  void Enter() { deadline_.emplace(std::chrono::milliseconds(ms_)); }
  void Exit() { deadline_.reset(); }

 private:
  const std::int64_t ms_;
  std::optional<CallDeadline> deadline_;
};

}  // namespace

void RegisterStore(py::module_& module) {
  py::class_<PyCallDeadline>(module, "CallDeadline",
                             "A limit of the time that calls may take.")
      .def(py::init<std::int64_t>(), py::arg("ms"))
      .def("begin", &PyCallDeadline::Enter)
      .def("end", &PyCallDeadline::Exit);
  py::class_<StoreHandle, std::shared_ptr<StoreHandle>>(module, "Store",
                                                        "An open store.")
      .def("close", &StoreHandle::Close,
           py::call_guard<py::gil_scoped_release>());
  module.def(
      "open_store",
      [](const std::string& url) {
        return std::make_shared<StoreHandle>(ValueOrThrow(Store::Open(url)));
      },
      py::arg("url"), py::call_guard<py::gil_scoped_release>());
  module.def(
      "distribute_by_player",
      []([[maybe_unused]] const std::string& url) {
#ifdef FAIRPULL_WITH_POSTGRES
        ThrowIfError(DistributeByPlayer(url));
#else
        ThrowIfError(absl::FailedPreconditionError(
            "this module was built without PostgreSQL; install it with "
            "--config-settings=cmake.define.FAIRPULL_WITH_POSTGRES=ON"));
#endif
      },
      py::arg("url"), py::call_guard<py::gil_scoped_release>());
  module.def(
      "unused_paid",
      [](const std::shared_ptr<StoreHandle>& store, std::int64_t as_of_ms) {
        std::vector<
            std::tuple<std::string, std::int64_t, std::int64_t, std::int64_t,
                       std::map<std::string, std::int64_t>>>
            lines;
        const py::gil_scoped_release unlocked;
        const std::shared_ptr<Store> pinned = store->Pin();
        for (const UnusedPaidLine& line :
             ValueOrThrow(UnusedPaid(*pinned, as_of_ms))) {
          lines.emplace_back(line.currency.value(), line.players, line.amount,
                             line.unpriced, line.worth);
        }
        return lines;
      },
      py::arg("store"), py::arg("as_of_ms"));
  RegisterRows(module);
  RegisterWallet(module);
}

}  // namespace fairpull::python
