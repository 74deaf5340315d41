// Goals and distributions.

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fairpull/analysis/distribution.h"
#include "fairpull/analysis/goal.h"
#include "fairpull/analysis/lint.h"
#include "fairpull/analysis/plan.h"
#include "fairpull/analysis/pulls_to.h"
#include "fairpull/banner/banner.h"
#include "register.h"

namespace fairpull::python {
namespace {

namespace py = pybind11;

using CounterValues = std::vector<std::pair<std::string, std::int64_t>>;

AnalysisOptions OptionsOf(const Banner& banner, std::uint64_t copies,
                          const CounterValues& state,
                          std::optional<std::uint32_t> batch) {
  return {.copies = copies,
          .state = ValueOrThrow(banner.counters().FromValues(state)),
          .batch = batch};
}

std::shared_ptr<Distribution> PullsToGoal(const Banner& banner,
                                          const std::string& goal,
                                          std::uint64_t copies,
                                          const CounterValues& state,
                                          std::optional<std::uint32_t> batch) {
  const py::gil_scoped_release unlocked;
  return std::make_shared<Distribution>(
      ValueOrThrow(PullsTo(banner, ValueOrThrow(Goal::Parse(banner, goal)),
                           OptionsOf(banner, copies, state, batch))));
}

std::shared_ptr<Distribution> HitsInPulls(const Banner& banner,
                                          const std::string& goal,
                                          std::uint64_t pulls,
                                          const CounterValues& state,
                                          std::optional<std::uint32_t> batch) {
  const py::gil_scoped_release unlocked;
  return std::make_shared<Distribution>(
      ValueOrThrow(HitsIn(banner, ValueOrThrow(Goal::Parse(banner, goal)),
                          pulls, OptionsOf(banner, 1, state, batch))));
}

}  // namespace

void RegisterAnalysis(py::module_& module) {
  py::class_<Distribution, std::shared_ptr<Distribution>>(
      module, "Distribution", "An exact distribution of a count.")
      .def(py::init([](const std::vector<double>& pmf, double tail) {
             DistributionOptions options{
                 .support = tail > 0 ? Support::kUnbounded : Support::kBounded,
                 .tail = tail};
             return std::make_shared<Distribution>(
                 ValueOrThrow(Distribution::Make(pmf, options)));
           }),
           py::arg("pmf"), py::arg("tail"))
      .def_property_readonly("pmf",
                             [](const Distribution& d) {
                               return py::array_t<double>(
                                   static_cast<py::ssize_t>(d.pmf().size()),
                                   d.pmf().data());
                             })
      .def("cdf_at", py::vectorize([](const Distribution* d, std::int64_t n) {
             return d->Cdf(n);
           }),
           py::arg("n"))
      .def("ccdf_at", py::vectorize([](const Distribution* d, std::int64_t n) {
             return d->Ccdf(n);
           }),
           py::arg("n"))
      .def("mid_rank_at",
           py::vectorize([](const Distribution* d, std::int64_t n) {
             return d->MidRank(n);
           }),
           py::arg("n"))
      .def("quantile_at", py::vectorize([](const Distribution* d, double q) {
             return ValueOrThrow(d->Quantile(q));
           }),
           py::arg("q"))
      .def_property_readonly("support_min", &Distribution::support_min)
      .def_property_readonly("support_max", &Distribution::support_max)
      .def_property_readonly("tail", &Distribution::tail)
      .def_property_readonly("mean", &Distribution::mean)
      .def_property_readonly("variance", &Distribution::variance)
      .def_property_readonly("skewness", &Distribution::skewness)
      .def_property_readonly("excess_kurtosis", &Distribution::excess_kurtosis);
  module.def(
      "follow_plan",
      [](std::int64_t budget,
         const std::vector<std::tuple<std::shared_ptr<Distribution>,
                                      std::int64_t, std::int64_t>>& list) {
        std::vector<PlanStage> stages;
        for (const auto& [pulls, price, income] : list) {
          stages.push_back(
              {.pulls = pulls.get(), .price = price, .income = income});
        }
        const py::gil_scoped_release unlocked;
        const PlanOdds odds = ValueOrThrow(FollowPlan(budget, stages));
        return std::make_tuple(odds.met, odds.left, odds.unit);
      },
      py::arg("budget"), py::arg("stages"));
  module.def(
      "then_as_many_as_possible",
      [](const Distribution& first, const Banner& banner,
         const std::string& goal, std::int64_t pulls,
         const CounterValues& state, std::optional<std::uint32_t> batch) {
        const py::gil_scoped_release unlocked;
        return ValueOrThrow(ThenAsManyAsPossible(
            first, banner, ValueOrThrow(Goal::Parse(banner, goal)), pulls,
            OptionsOf(banner, 1, state, batch)));
      },
      py::arg("first"), py::arg("banner"), py::arg("goal"), py::arg("pulls"),
      py::arg("state"), py::arg("batch"));
  module.def(
      "affordable_pulls",
      [](const Banner& banner, const CounterValues& wallet) {
        std::vector<std::pair<CurrencyId, std::int64_t>> balances;
        for (const auto& [currency, balance] : wallet) {
          balances.emplace_back(CurrencyId::Trusted(currency), balance);
        }
        return ValueOrThrow(AffordablePulls(banner, balances));
      },
      py::arg("banner"), py::arg("wallet"));
  module.def(
      "lint",
      [](const Banner& banner) {
        const py::gil_scoped_release unlocked;
        std::vector<std::tuple<std::string, std::string, std::string, bool>>
            list;
        for (const Finding& finding : Lint(banner)) {
          list.emplace_back(finding.kind, finding.pointer, finding.message,
                            finding.severity == Finding::Severity::kWarning);
        }
        return list;
      },
      py::arg("banner"));
  module.def("pulls_to", &PullsToGoal, py::arg("banner"), py::arg("goal"),
             py::arg("copies"), py::arg("state"), py::arg("batch"));
  module.def("hits_in", &HitsInPulls, py::arg("banner"), py::arg("goal"),
             py::arg("pulls"), py::arg("state"), py::arg("batch"));
}

}  // namespace fairpull::python
