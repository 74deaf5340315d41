#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "canonical.h"
#include "fairpull/banner/banner.h"
#include "fairpull/banner/reachable.h"
#include "fairpull/base/digest.h"
#include "json_fields.h"
#include "validate.h"

namespace fairpull {
namespace {

// More wheels than this would be a table of tens of megabytes.
constexpr std::uint64_t kMaxRows = std::uint64_t{1} << 20;

// Following more states than this takes longer than compiling should.
constexpr std::size_t kMaxFollowedStates = 200'000;

std::string RarityAt(std::size_t index, absl::string_view key = "") {
  return absl::StrCat("/rarities/", index, key.empty() ? "" : "/", key);
}

}  // namespace

// Builds one banner, step by step; stops at the first step with a problem.
class Compiler {
 public:
  Compiler(BannerSpec spec, Problems& problems) : problems_(problems) {
    banner_.spec_ = std::move(spec);
  }

  std::optional<Banner> Run() {
    const std::size_t before = problems_.list().size();
    const auto fine = [&] { return problems_.list().size() == before; };
    internal::ValidateSpec(banner_.spec_, problems_);
    if (fine()) MakeCurves();
    if (fine()) ChooseWheelSize();
    if (fine()) MakeItemsAndRarities();
    if (fine()) MakeGroups();
    if (fine()) MakeCounters();
    if (fine()) MakeSteps();
    if (fine()) MakeRows();
    if (fine()) CheckReachable();
    if (!fine()) return std::nullopt;
    banner_.canonical_json_ = internal::CanonicalJson(banner_);
    banner_.odds_version_ = HexSha256(banner_.canonical_json_);
    return std::move(banner_);
  }

 private:
  [[nodiscard]] const RaritySpec& Spec(std::size_t rarity) const {
    return banner_.spec_.rarities[rarity];
  }
  [[nodiscard]] std::size_t Rarities() const {
    return banner_.spec_.rarities.size();
  }
  [[nodiscard]] bool IsGuaranteed(std::size_t rarity) const {
    const std::optional<RateUpSpec>& rate_up = Spec(rarity).rate_up;
    return rate_up.has_value() &&
           rate_up->rule.after_loss == AfterLoss::kGuaranteed &&
           !rate_up->rule.share.certain();
  }

  void MakeCurves() {
    Odds left = Odds::Certain();
    for (std::size_t i = 0; i < Rarities(); ++i) {
      const RaritySpec& spec = Spec(i);
      const Odds base = spec.odds.value_or(left);
      left = Minus(left, base);
      absl::StatusOr<Curve> curve =
          !spec.curve.empty() ? Curve::List(spec.curve)
          : spec.soft_pity.has_value()
              ? Curve::Ramp(base, *spec.soft_pity, spec.hard_pity)
              : Curve::Constant(base, spec.hard_pity);
      if (!curve.ok()) {
        problems_.Add(RarityAt(i), curve.status().message());
        continue;
      }
      base_.push_back(base);
      curves_.push_back(*std::move(curve));
    }
  }

  // a - b on the common wheel; both come from odds that were checked to sum
  // to at most 1. A denominator past the limit is told by ChooseWheelSize.
  static Odds Minus(Odds a, Odds b) {
    const std::uint64_t size = std::lcm(std::uint64_t{a.denominator()},
                                        std::uint64_t{b.denominator()});
    const std::uint64_t parts = size / a.denominator() * a.numerator() -
                                size / b.denominator() * b.numerator();
    return Odds::FromFraction(parts, size).value_or(Odds::Never());
  }

  // W is the least common multiple of the odds' denominators, times that of
  // the shares', so that every share of every rarity is an integer.
  void ChooseWheelSize() {
    std::uint64_t odds = 1;
    std::uint64_t shares = 1;
    for (std::size_t i = 0; i < Rarities(); ++i) {
      for (std::uint32_t pull = 1; pull <= curves_[i].length(); ++pull) {
        odds = std::lcm(odds, std::uint64_t{curves_[i].At(pull).denominator()});
        if (odds > kMaxWheelSize) return AddTooFine(i, odds);
      }
      if (Spec(i).rate_up.has_value()) {
        shares = std::lcm(
            shares, std::uint64_t{Spec(i).rate_up->rule.share.denominator()});
      }
      if (odds * shares > kMaxWheelSize) return AddTooFine(i, odds * shares);
    }
    wheel_size_ = static_cast<std::uint32_t>(odds * shares);
  }

  void AddTooFine(std::size_t rarity, std::uint64_t size) {
    problems_.Add(RarityAt(rarity),
                  absl::StrCat("with this rarity the odds need a wheel of ",
                               size, " parts or more; at most ", kMaxWheelSize,
                               " are possible: use odds with fewer digits"));
  }

  void MakeItemsAndRarities() {
    for (std::size_t i = 0; i < Rarities(); ++i) {
      Rarity rarity{.id = Spec(i).id, .name = Spec(i).name, .base = base_[i]};
      for (std::uint32_t pull = 1; pull <= curves_[i].length(); ++pull) {
        rarity.curve.push_back(curves_[i].At(pull).WeightOf(wheel_size_));
      }
      rarity.certain_at = curves_[i].certain_at();
      banner_.rarities_.push_back(std::move(rarity));
    }
    for (const ItemSpec& item : banner_.spec_.items) {
      const auto rarity = std::find_if(
          banner_.rarities_.begin(), banner_.rarities_.end(),
          [&](const Rarity& candidate) { return candidate.id == item.rarity; });
      banner_.items_.push_back({.id = item.id,
                                .name = item.name,
                                .type = item.type,
                                .rarity = static_cast<std::uint8_t>(
                                    rarity - banner_.rarities_.begin()),
                                .weight = item.weight});
    }
  }

  void MakeGroups() {
    for (std::size_t i = 0; i < Rarities(); ++i) {
      if (!Spec(i).rate_up.has_value()) {
        AddGroup(i, Pool::kAll);
        continue;
      }
      AddGroup(i, Pool::kFeatured);
      AddGroup(i, Pool::kOthers);
    }
  }

  void AddGroup(std::size_t rarity, Pool pool) {
    std::vector<std::uint16_t> items;
    std::vector<std::uint32_t> weights;
    for (std::size_t i = 0; i < banner_.items_.size(); ++i) {
      const Item& item = banner_.items_[i];
      if (item.rarity != rarity) continue;
      if (pool != Pool::kAll) {
        const std::vector<std::string>& featured =
            Spec(rarity).rate_up->featured;
        const bool is_featured =
            std::count(featured.begin(), featured.end(), item.id.value()) != 0;
        if (is_featured != (pool == Pool::kFeatured)) continue;
      }
      items.push_back(static_cast<std::uint16_t>(i));
      weights.push_back(item.weight);
    }
    if (items.empty()) return;  // all are featured, with a share of 100%
    absl::StatusOr<AliasTable> table = AliasTable::Make(weights, items);
    if (!table.ok()) {
      problems_.Add("/items", absl::StrCat("rarity \"", Spec(rarity).id,
                                           "\": ", table.status().message()));
      return;
    }
    banner_.groups_.push_back({.rarity = static_cast<std::uint8_t>(rarity),
                               .pool = pool,
                               .items = std::move(items),
                               .table = *std::move(table),
                               .step = {}});
  }

  void MakeCounters() {
    std::vector<Counter> counters;
    for (std::size_t i = 0; i < Rarities(); ++i) {
      if (curves_[i].length() > 1) {
        banner_.rarities_[i].pity_counter = counters.size();
        counters.push_back(
            {.name = absl::StrCat("pity:", Spec(i).id),
             .cap = static_cast<std::int16_t>(curves_[i].length() - 1)});
      }
      guarantee_counter_.push_back(std::nullopt);
      if (IsGuaranteed(i)) {
        guarantee_counter_[i] = counters.size();
        counters.push_back(
            {.name = absl::StrCat("guarantee:", Spec(i).id), .cap = 1});
      }
    }
    absl::StatusOr<CounterSet> set = CounterSet::Make(std::move(counters));
    if (!set.ok()) {
      problems_.Add("/rarities", set.status().message());
      return;
    }
    banner_.counters_ = *std::move(set);
  }

  void MakeSteps() {
    for (Group& group : banner_.groups_) {
      group.step = banner_.counters_.FrozenStep();
      for (std::size_t i = 0; i < Rarities(); ++i) {
        const std::optional<std::size_t> pity =
            banner_.rarities_[i].pity_counter;
        if (pity.has_value()) StepPity(group, i, *pity);
      }
      const std::optional<std::size_t> guarantee =
          guarantee_counter_[group.rarity];
      if (guarantee.has_value()) {
        group.step.Assign(*guarantee, group.pool == Pool::kOthers ? 1 : 0);
      }
    }
  }

  // What a hit of the group does to the pity of `rarity`.
  void StepPity(Group& group, std::size_t rarity, std::size_t counter) {
    if (group.rarity == rarity) return group.step.Assign(counter, 0);
    if (group.rarity > rarity) return group.step.Advance(counter);
    switch (Spec(rarity).higher_hit.value_or(HigherHit::kKeep)) {
      case HigherHit::kKeep:
        return group.step.Advance(counter);
      case HigherHit::kReset:
        return group.step.Assign(counter, 0);
      case HigherHit::kFreeze:
        return group.step.Freeze(counter);
    }
  }

  // The last value of each counter whose odds are still those of 0.
  std::vector<std::int16_t> FirstRuns() const {
    std::vector<std::int16_t> runs(banner_.counters_.size(), 0);
    for (const Rarity& rarity : banner_.rarities_) {
      if (!rarity.pity_counter.has_value()) continue;
      const auto grown =
          std::find_if(rarity.curve.begin(), rarity.curve.end(),
                       [&](std::uint32_t w) { return w != rarity.curve[0]; });
      runs[*rarity.pity_counter] =
          static_cast<std::int16_t>(grown - rarity.curve.begin() - 1);
    }
    return runs;
  }

  void MakeRows() {
    const std::vector<std::int16_t> runs = FirstRuns();
    std::uint64_t rows = 1;
    for (std::size_t i = 0; i < runs.size(); ++i) {
      const std::uint64_t stride = rows * banner_.groups_.size();
      if (stride > kMaxCounterValue) return AddTooManyRows();
      banner_.row_start_[i] = runs[i];
      banner_.row_stride_[i] = static_cast<std::int16_t>(stride);
      rows *=
          static_cast<std::uint64_t>(banner_.counters_[i].cap - runs[i]) + 1;
    }
    if (rows > kMaxRows) return AddTooManyRows();
    banner_.wheels_ = WheelTable(
        wheel_size_, static_cast<std::uint32_t>(banner_.groups_.size()));
    for (std::uint64_t row = 0; row < rows; ++row) {
      PityState state;
      std::uint64_t rest = row;
      for (std::size_t i = 0; i < runs.size(); ++i) {
        const auto values =
            static_cast<std::uint64_t>(banner_.counters_[i].cap - runs[i]) + 1;
        state.value[i] = static_cast<std::int16_t>(runs[i] + rest % values);
        rest /= values;
      }
      banner_.wheels_.AddRow(Weights(state));
    }
  }

  void AddTooManyRows() {
    problems_.Add("/rarities",
                  absl::StrCat("the counters make too many different wheels "
                               "(more than ",
                               kMaxRows, ", or more than ",
                               kMaxCounterValue / banner_.groups_.size(),
                               " without the last counter); use fewer or "
                               "shorter curves"));
  }

  // The weight of each group in a counter state: the rarities on one wheel,
  // highest first, then each one's part for its featured items.
  std::vector<std::uint32_t> Weights(const PityState& state) const {
    std::vector<std::uint32_t> tiers;
    for (const Rarity& rarity : banner_.rarities_) {
      const std::size_t place = rarity.pity_counter.has_value()
                                    ? state.value[*rarity.pity_counter]
                                    : 0;
      tiers.push_back(rarity.curve[place]);
    }
    tiers = ClampWeights(wheel_size_, tiers);
    std::vector<std::uint32_t> weights;
    for (const Group& group : banner_.groups_) {
      const std::uint32_t tier = tiers[group.rarity];
      if (group.pool == Pool::kAll) {
        weights.push_back(tier);
        continue;
      }
      const std::optional<std::size_t> counter =
          guarantee_counter_[group.rarity];
      const std::uint32_t featured =
          Spec(group.rarity)
              .rate_up->rule.FeaturedWeight(tier, counter.has_value()
                                                      ? state.value[*counter]
                                                      : std::int16_t{0});
      weights.push_back(group.pool == Pool::kFeatured ? featured
                                                      : tier - featured);
    }
    return weights;
  }

  // An item that no pull can give, from a clean state on, is a mistake in the
  // file. Where there are too many states to follow, all wheels are looked at.
  void CheckReachable() {
    std::vector<std::uint32_t> rows;
    const absl::StatusOr<std::vector<PityState>> states =
        ReachableStates(banner_, kMaxFollowedStates);
    if (states.ok()) {
      for (const PityState& state : *states) rows.push_back(banner_.Row(state));
    } else {
      for (std::uint32_t n = 0; n < banner_.wheels_.rows(); ++n) {
        rows.push_back(banner_.wheels_.RowAt(n));
      }
    }
    for (std::uint32_t g = 0; g < banner_.groups_.size(); ++g) {
      const bool reachable =
          std::any_of(rows.begin(), rows.end(), [&](std::uint32_t row) {
            return banner_.wheels_.Weight(row, g) > 0;
          });
      if (reachable) continue;
      const Group& group = banner_.groups_[g];
      for (const std::uint16_t item : group.items) {
        problems_.Add(
            absl::StrCat("/items/", item),
            absl::StrCat("item \"", banner_.items_[item].id.value(),
                         "\" can never drop: ",
                         group.pool == Pool::kOthers
                             ? "the featured items of its rarity take all of "
                               "its odds"
                             : "its rarity never has odds when it is drawn",
                         "; remove it or give it odds"));
      }
    }
  }

  Problems& problems_;
  Banner banner_;
  std::vector<Odds> base_;
  std::vector<Curve> curves_;
  std::uint32_t wheel_size_ = 1;
  std::vector<std::optional<std::size_t>> guarantee_counter_;
};

std::optional<Banner> CompileBanner(BannerSpec spec, Problems& problems) {
  return Compiler(std::move(spec), problems).Run();
}

}  // namespace fairpull
