// Banners, their odds, and pulls by a generator that Python holds.

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "fairpull/analysis/long_run.h"
#include "fairpull/analysis/wait_odds.h"
#include "fairpull/banner/banner.h"
#include "fairpull/banner/catalog.h"
#include "fairpull/banner/rules_text.h"
#include "fairpull/engine/actions.h"
#include "fairpull/engine/batch.h"
#include "fairpull/engine/pull.h"
#include "fairpull/random/pcg_source.h"
#include "fairpull/service/pull_request.h"
#include "register.h"

namespace fairpull::python {
namespace {

namespace py = pybind11;

using Fraction = std::pair<std::uint64_t, std::uint64_t>;
using CounterValues = std::vector<std::pair<std::string, std::int64_t>>;
// (state high, state low, increment high, increment low, has_uint32, uinteger)
using PcgTuple = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t,
                            std::uint64_t, bool, std::uint32_t>;

PcgSource SourceOf(const PcgTuple& t) {
  return PcgSource({.state_high = std::get<0>(t),
                    .state_low = std::get<1>(t),
                    .increment_high = std::get<2>(t),
                    .increment_low = std::get<3>(t),
                    .has_uint32 = std::get<4>(t),
                    .uinteger = std::get<5>(t)});
}

PcgTuple TupleOf(const PcgState& s) {
  return {s.state_high,    s.state_low,  s.increment_high,
          s.increment_low, s.has_uint32, s.uinteger};
}

// About ten milliseconds of pulls.
constexpr std::size_t kPullsBetweenSignals = std::size_t{1} << 20;

// Raises KeyboardInterrupt if Ctrl-C was pressed; called without the lock.
void CheckSignals() {
  const py::gil_scoped_acquire locked;
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

// (item, rarity, featured, wait) by pull, the counters after the last one, and
// the generator's state.
using Columns = std::tuple<py::array_t<std::uint16_t>,
                           py::array_t<std::uint8_t>, py::array_t<bool>,
                           py::array_t<std::uint16_t>, CounterValues, PcgTuple>;

// `count` draws in batches of `batch`, each shown in its order.
Columns PullMany(const Banner& banner, const CounterValues& state,
                 const PcgTuple& generator, std::size_t count,
                 std::uint32_t batch) {
  PityState pity = ValueOrThrow(banner.counters().FromValues(state));
  PcgSource bits = SourceOf(generator);
  py::array_t<std::uint16_t> item(static_cast<py::ssize_t>(count));
  py::array_t<std::uint8_t> rarity(static_cast<py::ssize_t>(count));
  py::array_t<bool> featured(static_cast<py::ssize_t>(count));
  py::array_t<std::uint16_t> wait(static_cast<py::ssize_t>(count));
  {
    std::uint16_t* items = item.mutable_data();
    std::uint8_t* rarities = rarity.mutable_data();
    bool* featureds = featured.mutable_data();
    std::uint16_t* waits = wait.mutable_data();
    const py::gil_scoped_release unlocked;
    std::vector<WaitedOutcome> shown(banner.DrawsOf(batch));
    std::size_t checked = 0;
    for (std::size_t i = 0; i < count; i += shown.size()) {
      if (i >= checked) {
        CheckSignals();
        checked = i + kPullsBetweenSignals;
      }
      PullBatch(banner, batch, pity, bits, absl::MakeSpan(shown));
      for (std::size_t j = 0; j < shown.size(); ++j) {
        const Outcome& outcome = shown[j].outcome;
        items[i + j] = outcome.item;
        rarities[i + j] = outcome.rarity;
        featureds[i + j] = banner.items()[outcome.item].featured;
        waits[i + j] = shown[j].waited;
      }
    }
  }
  return {item,
          rarity,
          featured,
          wait,
          banner.counters().Values(pity),
          TupleOf(bits.state())};
}

// The base odds of each item: those of its groups in a clean state, times its
// share of the group.
std::vector<Fraction> ItemBaseOdds(const Banner& banner) {
  std::vector<Fraction> odds(banner.items().size(), {0, 1});
  const std::uint32_t row = banner.Row(banner.counters().Start().value);
  for (std::uint32_t g = 0; g < banner.groups().size(); ++g) {
    const Group& group = banner.groups()[g];
    const auto weight = [&](std::uint16_t i) -> std::uint64_t {
      const Item& item = banner.items()[i];
      return group.remembers ? static_cast<std::uint64_t>(item.stock)
                             : item.weight;
    };
    std::uint64_t weights = 0;
    for (const std::uint16_t i : group.items) weights += weight(i);
    for (const std::uint16_t i : group.items) {
      const std::uint64_t numerator =
          banner.wheels().Weight(row, g) * weight(i);
      const std::uint64_t denominator = banner.wheels().size(row) * weights;
      auto& [sum, common] = odds[i];
      const std::uint64_t divisor = std::gcd(common, denominator);
      sum = sum * (denominator / divisor) + numerator * (common / divisor);
      common = common / divisor * denominator;
      const std::uint64_t both = std::gcd(sum, common);
      sum /= both;
      common /= both;
    }
  }
  return odds;
}

std::vector<std::uint16_t> FeaturedItems(const Banner& banner) {
  std::vector<std::uint16_t> items;
  for (std::size_t i = 0; i < banner.items().size(); ++i) {
    if (banner.items()[i].featured) {
      items.push_back(static_cast<std::uint16_t>(i));
    }
  }
  return items;
}

const char* NameOf(CounterScope scope) {
  switch (scope) {
    case CounterScope::kFamily:
      return "family";
    case CounterScope::kBanner:
      return "banner";
    case CounterScope::kAccount:
      return "account";
  }
  return "";
}

// (name, lowest, highest, start, who shares it) of each stored counter.
std::vector<std::tuple<std::string, int, int, int, std::string>> CounterRanges(
    const CounterSet& counters) {
  std::vector<std::tuple<std::string, int, int, int, std::string>> ranges;
  const auto add = [&ranges](const Counter& counter) {
    if (counter.life != CounterLife::kStored) return;
    ranges.emplace_back(counter.name, counter.lowest, counter.cap,
                        counter.start, NameOf(counter.scope));
  };
  for (std::size_t i = 0; i < counters.size(); ++i) add(counters[i]);
  for (const Counter& counter : counters.pool()) add(counter);
  return ranges;
}

void RegisterRecords(py::module_& module) {
  py::class_<Item>(module, "Item", "An item of a compiled banner.")
      .def_property_readonly("id", [](const Item& i) { return i.id.value(); })
      .def_readonly("name", &Item::name)
      .def_readonly("type", &Item::type)
      .def_readonly("rarity_index", &Item::rarity)
      .def_readonly("weight", &Item::weight);
  py::class_<Rarity>(module, "Rarity", "A rarity of a compiled banner.")
      .def_readonly("id", &Rarity::id)
      .def_readonly("name", &Rarity::name)
      .def_property_readonly("base",
                             [](const Rarity& r) -> Fraction {
                               return {r.base.numerator(),
                                       r.base.denominator()};
                             })
      .def_readonly("hard_pity", &Rarity::certain_at);
  py::class_<SourceSpec>(
      module, "Source",
      "Where figures of a banner come from: covers, official, reference.")
      .def_readonly("covers", &SourceSpec::covers)
      .def_property_readonly("official",
                             [](const SourceSpec& s) {
                               return s.status == SourceStatus::kOfficial;
                             })
      .def_readonly("reference", &SourceSpec::reference);
}

std::pair<std::vector<double>, std::vector<double>> LongRun(
    const Banner& banner, std::optional<std::uint32_t> batch) {
  const py::gil_scoped_release unlocked;
  LongRunOdds odds = ValueOrThrow(ComputeLongRunOdds(banner, batch));
  return {std::move(odds.rarity), std::move(odds.item)};
}

using Lists = std::vector<std::vector<double>>;

std::pair<Lists, Lists> Early(const Banner& banner, std::size_t draws,
                              std::optional<std::uint32_t> batch) {
  const py::gil_scoped_release unlocked;
  EarlyOdds odds = ValueOrThrow(ComputeEarlyOdds(banner, draws, batch));
  return {std::move(odds.rarity), std::move(odds.featured)};
}

// (rarities that begin a wait anew, share of waits, hazard, by wait alone)
std::tuple<std::vector<int>, std::vector<double>, std::vector<double>, bool>
Waits(const Banner& banner, std::size_t rarity,
      std::optional<std::uint32_t> batch) {
  const py::gil_scoped_release unlocked;
  WaitOdds odds = ValueOrThrow(ComputeWaitOdds(banner, rarity, batch));
  return {std::vector<int>(odds.begun_by.begin(), odds.begun_by.end()),
          std::move(odds.reached), std::move(odds.hazard), odds.by_wait_alone};
}

using ProblemTuple = std::tuple<std::string, std::string, std::string>;

// The banner, None if there was a problem; (file, pointer, message) of each.
std::pair<std::shared_ptr<Banner>, std::vector<ProblemTuple>> CheckText(
    const std::string& text, const std::string& file) {
  const py::gil_scoped_release unlocked;
  Problems problems(file);
  std::optional<BannerSpec> spec = ParseBanner(text, problems);
  std::shared_ptr<Banner> banner;
  if (spec.has_value()) {
    if (std::optional<Banner> compiled =
            CompileBanner(*std::move(spec), problems)) {
      banner = std::make_shared<Banner>(*std::move(compiled));
    }
  }
  std::vector<ProblemTuple> list;
  for (const Problem& problem : problems.list()) {
    list.emplace_back(problem.file, problem.pointer, problem.message);
  }
  return {banner, list};
}

}  // namespace

void RegisterBanner(py::module_& module) {
  RegisterRecords(module);
  py::class_<Banner, std::shared_ptr<Banner>>(module, "Banner",
                                              "A compiled banner.")
      .def_property_readonly("id",
                             [](const Banner& b) { return b.id().value(); })
      .def_property_readonly("name",
                             [](const Banner& b) { return b.spec().name; })
      .def_property_readonly(
          "description", [](const Banner& b) { return b.spec().description; })
      .def_property_readonly("sources",
                             [](const Banner& b) { return b.spec().sources; })
      .def_property_readonly("scope",
                             [](const Banner& b) { return b.scope().value(); })
      .def_property_readonly(
          "opens_at_ms", [](const Banner& b) { return b.spec().opens_at_ms; })
      .def_property_readonly(
          "closes_at_ms", [](const Banner& b) { return b.spec().closes_at_ms; })
      .def_property_readonly(
          "price_currency",
          [](const Banner& b) { return b.spec().price().currency.value(); })
      .def_property_readonly(
          "price_amount",
          [](const Banner& b) { return b.spec().price().amount; })
      .def_property_readonly(
          "prices",
          [](const Banner& b) {
            std::vector<std::pair<std::string, std::int64_t>> prices;
            for (const PriceSpec& p : b.spec().prices) {
              prices.emplace_back(p.currency.value(), p.amount);
            }
            return prices;
          })
      .def_property_readonly(
          "rules",
          [](const Banner& b) {
            std::vector<std::pair<std::string, std::string>> rules;
            for (const RuleText& rule : DescribeRules(b.spec())) {
              rules.emplace_back(rule.pointer, rule.text);
            }
            return rules;
          })
      .def_property_readonly("batches",
                             [](const Banner& b) {
                               std::vector<std::uint32_t> sizes;
                               for (const BatchSpec& batch : b.spec().batches) {
                                 sizes.push_back(batch.size);
                               }
                               return sizes;
                             })
      .def("check_servable",
           [](const Banner& b) { ThrowIfError(CheckServable(b)); })
      .def("draws_of", &Banner::DrawsOf, py::arg("size"))
      .def(
          "quote",
          [](const Banner& b, std::uint32_t count, const CounterValues& state,
             const std::string& currency) {
            const Quote quote = ValueOrThrow(
                b.QuoteOf(count, ValueOrThrow(b.counters().FromValues(state)),
                          CurrencyId::Trusted(currency)));
            return std::make_pair(quote.currency.value(), quote.amount);
          },
          py::arg("count"), py::arg("state"), py::arg("currency"))
      .def(
          "choose",
          [](const Banner& b, const CounterValues& state,
             const std::string& item) {
            return b.counters().Values(ValueOrThrow(ChooseItem(
                b, ValueOrThrow(b.counters().FromValues(state)), item)));
          },
          py::arg("state"), py::arg("item"))
      .def(
          "exchange",
          [](const Banner& b, const CounterValues& state,
             const std::string& item) {
            return b.counters().Values(ValueOrThrow(ExchangeSpark(
                b, ValueOrThrow(b.counters().FromValues(state)), item)));
          },
          py::arg("state"), py::arg("item"))
      .def(
          "end",
          [](const Banner& b, const CounterValues& state) {
            const BannerEnd end =
                EndBanner(b, ValueOrThrow(b.counters().FromValues(state)));
            std::vector<std::pair<std::string, std::int64_t>> gives;
            for (const CurrencyAmount& give : end.gives) {
              gives.emplace_back(give.currency.value(), give.amount);
            }
            return std::make_pair(b.counters().Values(end.state), gives);
          },
          py::arg("state"))
      .def_property_readonly("odds_version", &Banner::odds_version)
      .def_property_readonly("canonical_json", &Banner::canonical_json)
      .def_property_readonly("rarities", &Banner::rarities)
      .def_property_readonly("items", &Banner::items)
      .def_property_readonly("featured_items", &FeaturedItems)
      .def_property_readonly(
          "counters",
          [](const Banner& b) { return CounterRanges(b.counters()); })
      .def("item_base_odds", &ItemBaseOdds)
      .def("long_run_odds", &LongRun, py::arg("batch"))
      .def("early_odds", &Early, py::arg("draws"), py::arg("batch"))
      .def("wait_odds", &Waits, py::arg("rarity"), py::arg("batch"))
      .def("pull_many", &PullMany, py::arg("state"), py::arg("generator"),
           py::arg("count"), py::arg("batch"));
  module.def("check_text", &CheckText, py::arg("text"), py::arg("file"));

  py::class_<Catalog, std::shared_ptr<Catalog>>(module, "Catalog",
                                                "Banners in every version.")
      .def(py::init([](const std::vector<std::shared_ptr<Banner>>& banners) {
        std::vector<Banner> copies;
        for (const std::shared_ptr<Banner>& banner : banners) {
          copies.push_back(*banner);
        }
        return std::make_shared<Catalog>(
            ValueOrThrow(Catalog::Make(std::move(copies))));
      }))
      .def(
          "current",
          [](const Catalog& catalog, const std::string& id,
             std::int64_t now_ms) {
            return std::const_pointer_cast<Banner>(ValueOrThrow(
                catalog.Current(ValueOrThrow(BannerId::Parse(id)), now_ms)));
          },
          py::arg("id"), py::arg("now_ms"))
      .def_property_readonly("banners", [](const Catalog& catalog) {
        std::vector<std::shared_ptr<Banner>> banners;
        for (const std::shared_ptr<const Banner>& banner : catalog.banners()) {
          banners.push_back(std::const_pointer_cast<Banner>(banner));
        }
        return banners;
      });
}

}  // namespace fairpull::python
