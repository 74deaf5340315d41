// Stores, the rows that they give back, and the wallet.

#include <pybind11/stl.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fairpull/service/wallet.h"
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
  py::class_<Balance>(module, "Balance")
      .def_readonly("posted", &Balance::posted)
      .def_readonly("held", &Balance::held)
      .def_property_readonly("available", &Balance::available)
      .def_readonly("version", &Balance::version)
      .def("__eq__", [](const Balance& a, const Balance& b) { return a == b; })
      .def("__repr__", [](const Balance& b) {
        return "<Balance posted=" + std::to_string(b.posted) +
               " held=" + std::to_string(b.held) + ">";
      });
  py::class_<Receipt>(module, "Receipt")
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
  py::class_<Entry>(module, "Entry")
      .def_readonly("seq", &Entry::seq)
      .def_property_readonly(
          "operation", [](const Entry& e) { return e.operation.value(); })
      .def_property_readonly(
          "counterparty", [](const Entry& e) { return e.counterparty.name(); })
      .def_readonly("amount", &Entry::amount)
      .def_readonly("balance_after", &Entry::balance_after)
      .def_readonly("at_ms", &Entry::at_ms);
  py::class_<Hold>(module, "Hold")
      .def_property_readonly("player",
                             [](const Hold& h) { return h.player.value(); })
      .def_property_readonly("hold_id",
                             [](const Hold& h) { return h.id.value(); })
      .def_property_readonly("currency",
                             [](const Hold& h) { return h.currency.value(); })
      .def_readonly("amount", &Hold::amount)
      .def_property_readonly("state",
                             [](const Hold& h) {
                               return std::string(HoldStateName(h.state));
                             })
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
  py::class_<PyWallet>(module, "Wallet")
      .def(py::init([](std::shared_ptr<StoreHandle> store,
                       std::optional<std::function<std::int64_t()>> clock) {
             return std::make_unique<PyWallet>(std::move(store),
                                               ClockOr(std::move(clock)));
           }),
           py::arg("store"), py::arg("clock_ms"))
      .def("open_account",
           [](PyWallet& self, const std::string& player,
              const std::string& currency) {
             const auto p = ParseId<PlayerId>(player);
             const auto c = ParseId<CurrencyId>(currency);
             return self.Run([&](Wallet& w) { return w.OpenAccount(p, c); });
           })
      .def("grant",
           [](PyWallet& self, const std::string& id, const std::string& player,
              const std::string& currency, std::int64_t amount,
              const std::string& source) {
             const TransferRequest request =
                 Transfer(id, player, currency, amount, source);
             return self.Run([&](Wallet& w) { return w.Grant(request); });
           })
      .def("spend",
           [](PyWallet& self, const std::string& id, const std::string& player,
              const std::string& currency, std::int64_t amount,
              const std::string& sink) {
             const TransferRequest request =
                 Transfer(id, player, currency, amount, sink);
             return self.Run([&](Wallet& w) { return w.Spend(request); });
           })
      .def("hold",
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
           })
      .def("post",
           [](PyWallet& self, const std::string& hold,
              const std::string& player, std::optional<std::int64_t> amount) {
             const auto h = ParseId<OperationId>(hold);
             const auto p = ParseId<PlayerId>(player);
             return self.Run([&](Wallet& w) { return w.Post(p, h, amount); });
           })
      .def("void",
           [](PyWallet& self, const std::string& hold,
              const std::string& player) {
             const auto h = ParseId<OperationId>(hold);
             const auto p = ParseId<PlayerId>(player);
             return self.Run([&](Wallet& w) { return w.Void(p, h); });
           })
      .def("balance",
           [](PyWallet& self, const std::string& player,
              const std::string& currency) {
             const auto p = ParseId<PlayerId>(player);
             const auto c = ParseId<CurrencyId>(currency);
             return self.Run([&](Wallet& w) { return w.GetBalance(p, c); });
           })
      .def("entries",
           [](PyWallet& self, const std::string& player,
              const std::string& currency, std::int64_t after_seq, int limit) {
             const auto p = ParseId<PlayerId>(player);
             const auto c = ParseId<CurrencyId>(currency);
             return self.Run(
                 [&](Wallet& w) { return w.Entries(p, c, after_seq, limit); });
           })
      .def("pending_holds", [](PyWallet& self, std::int64_t due_before_ms,
                               int limit) {
        return self.Run(
            [&](Wallet& w) { return w.PendingHolds(due_before_ms, limit); });
      });
}

}  // namespace

void RegisterStore(py::module_& module) {
  py::class_<StoreHandle, std::shared_ptr<StoreHandle>>(module, "Store")
      .def("close", &StoreHandle::Close,
           py::call_guard<py::gil_scoped_release>());
  module.def(
      "open_store",
      [](const std::string& url) {
        return std::make_shared<StoreHandle>(ValueOrThrow(Store::Open(url)));
      },
      py::arg("url"), py::call_guard<py::gil_scoped_release>());
  RegisterRows(module);
  RegisterWallet(module);
}

}  // namespace fairpull::python
