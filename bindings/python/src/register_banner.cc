// Banners, their odds, and pulls by a generator that Python holds.

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "fairpull/analysis/long_run.h"
#include "fairpull/banner/banner.h"
#include "fairpull/banner/catalog.h"
#include "fairpull/engine/pull.h"
#include "fairpull/random/pcg_source.h"
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

Columns PullMany(const Banner& banner, const CounterValues& state,
                 const PcgTuple& generator, std::size_t count) {
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
    for (std::size_t i = 0; i < count; ++i) {
      if (i % kPullsBetweenSignals == 0) CheckSignals();
      const PityState before = pity;
      const Outcome outcome = Pull(banner, pity, bits);
      items[i] = outcome.item;
      rarities[i] = outcome.rarity;
      featureds[i] = banner.groups()[outcome.group].pool == Pool::kFeatured;
      waits[i] =
          static_cast<std::uint16_t>(PullsWaited(banner, before, outcome));
    }
  }
  CounterValues after;
  for (std::size_t i = 0; i < banner.counters().size(); ++i) {
    after.emplace_back(banner.counters()[i].name, pity.value[i]);
  }
  return {item, rarity, featured, wait, after, TupleOf(bits.state())};
}

Fraction BaseOdds(const Banner& banner, std::uint32_t group) {
  return {banner.wheels().Weight(banner.Row(PityState{}), group),
          banner.wheels().size()};
}

// The base odds of each item: those of its group in a clean state, times its
// share of the group.
std::vector<Fraction> ItemBaseOdds(const Banner& banner) {
  std::vector<Fraction> odds(banner.items().size());
  for (std::uint32_t g = 0; g < banner.groups().size(); ++g) {
    const Group& group = banner.groups()[g];
    std::uint64_t weights = 0;
    for (const std::uint16_t i : group.items) {
      weights += banner.items()[i].weight;
    }
    const auto [numerator, denominator] = BaseOdds(banner, g);
    for (const std::uint16_t i : group.items) {
      odds[i] = {numerator * banner.items()[i].weight, denominator * weights};
    }
  }
  return odds;
}

std::vector<std::uint16_t> FeaturedItems(const Banner& banner) {
  std::vector<std::uint16_t> items;
  for (const Group& group : banner.groups()) {
    if (group.pool != Pool::kFeatured) continue;
    items.insert(items.end(), group.items.begin(), group.items.end());
  }
  return items;
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
    const Banner& banner) {
  const py::gil_scoped_release unlocked;
  LongRunOdds odds = ValueOrThrow(ComputeLongRunOdds(banner));
  return {std::move(odds.rarity), std::move(odds.item)};
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
      .def_property_readonly("batches",
                             [](const Banner& b) { return b.spec().batches; })
      .def_property_readonly("odds_version", &Banner::odds_version)
      .def_property_readonly("canonical_json", &Banner::canonical_json)
      .def_property_readonly("rarities", &Banner::rarities)
      .def_property_readonly("items", &Banner::items)
      .def_property_readonly("featured_items", &FeaturedItems)
      .def_property_readonly(
          "counters",
          [](const Banner& b) {
            CounterValues counters;
            for (std::size_t i = 0; i < b.counters().size(); ++i) {
              counters.emplace_back(b.counters()[i].name, b.counters()[i].cap);
            }
            return counters;
          })
      .def("item_base_odds", &ItemBaseOdds)
      .def("long_run_odds", &LongRun)
      .def("pull_many", &PullMany, py::arg("state"), py::arg("generator"),
           py::arg("count"));
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
