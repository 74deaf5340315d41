#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "canonical.h"
#include "fairpull/banner/banner.h"
#include "fairpull/banner/reachable.h"
#include "fairpull/base/digest.h"
#include "groups.h"
#include "json_fields.h"
#include "layout.h"
#include "tier_odds.h"
#include "validate.h"

namespace fairpull {
namespace {

using internal::Ratio;

// More wheels than this would be a table of tens of megabytes.
constexpr std::uint64_t kMaxRows = std::uint64_t{1} << 18;

// Following more states than this takes longer than compiling should.
constexpr std::size_t kMaxFollowedStates = 20'000;

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
    // What curves break is told beside all else that is.
    MakeCurves();
    if (fine()) MakeShares();
    if (fine()) MakeItems();
    if (fine()) MakeCounters();
    if (fine()) MakeRarities();
    if (fine()) MakeGroups();
    if (fine()) MakeRows();
    if (fine()) SetFlags();
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

  void MakeCurves() {
    Ratio left = Odds::Certain();
    for (std::size_t i = 0; i < Rarities(); ++i) {
      const RaritySpec& spec = Spec(i);
      Odds base;  // in a box there are no odds to begin with
      if (!banner_.spec_.box.has_value()) {
        base = spec.odds.has_value()
                   ? *spec.odds
                   : Odds::FromFraction(
                         left.numerator(),
                         std::max<std::uint64_t>(left.denominator(), 1))
                         .value_or(Odds::Never());
      }
      // Odds that pass 1 together are a problem that is told already.
      left = left < base ? Ratio() : left - base;
      absl::StatusOr<Curve> curve = CurveOf(spec, base);
      if (!curve.ok()) {
        problems_.Add(RarityAt(i, spec.knots.empty() ? "soft_pity" : "knots"),
                      curve.status().message());
        continue;
      }
      base_.push_back(base);
      curves_.push_back(*std::move(curve));
    }
  }

  static absl::StatusOr<Curve> CurveOf(const RaritySpec& spec, Odds base) {
    if (!spec.curve.empty()) return Curve::List(spec.curve);
    if (!spec.knots.empty()) {
      return Curve::Through(base, spec.knots, spec.hard_pity);
    }
    if (!spec.soft_pity.empty()) {
      return Curve::Ramp(base, spec.soft_pity, spec.hard_pity);
    }
    // A hard pity in batches is no curve: it decides a batch's last draw.
    if (spec.pity_counts == PityCounts::kBatches) return Curve::Constant(base);
    return Curve::Constant(base, spec.hard_pity);
  }

  // A rate-up that names its odds has the share that they are of the rarity's.
  void MakeShares() {
    for (std::size_t i = 0; i < Rarities(); ++i) {
      std::optional<RateUpSpec>& rate_up = banner_.spec_.rarities[i].rate_up;
      if (!rate_up.has_value() || !rate_up->odds.has_value()) continue;
      const std::string at = RarityAt(i, "rate_up/odds");
      if (rate_up->odds->never()) {
        problems_.Add(at, "is 0; the featured items must have odds above 0");
        continue;
      }
      if (base_[i] < *rate_up->odds) {
        problems_.Add(at, absl::StrCat("is ", rate_up->odds->ToString(),
                                       ", above the odds of the whole rarity, ",
                                       base_[i].ToString(),
                                       "; the featured items are part of it"));
        continue;
      }
      const Ratio share = Ratio(*rate_up->odds) / Ratio(base_[i]);
      const absl::StatusOr<Odds> exact =
          share.too_fine()
              ? absl::InvalidArgumentError("is too fine a part of the rarity")
              : Odds::FromFraction(share.numerator(), share.denominator());
      if (!exact.ok()) {
        problems_.Add(at, exact.status().message());
        continue;
      }
      if (!exact->certain() && !HasOthers(i)) {
        problems_.Add(
            at, absl::StrCat("is ", rate_up->odds->ToString(),
                             ", but every item of this rarity is featured, so "
                             "nothing is left for the rest: make it the "
                             "rarity's odds, ",
                             base_[i].ToString(),
                             ", or add items that are not featured"));
        continue;
      }
      rate_up->rule.share = *exact;
    }
  }

  [[nodiscard]] bool HasOthers(std::size_t rarity) const {
    const std::vector<std::string>& featured = Spec(rarity).rate_up->featured;
    return std::any_of(banner_.spec_.items.begin(), banner_.spec_.items.end(),
                       [&](const ItemSpec& item) {
                         return item.rarity == Spec(rarity).id &&
                                std::count(featured.begin(), featured.end(),
                                           item.id.value()) == 0;
                       });
  }

  void MakeItems() {
    for (const ItemSpec& item : banner_.spec_.items) {
      const std::uint8_t rarity =
          internal::RarityIndex(banner_.spec_, item.rarity);
      const std::optional<RateUpSpec>& rate_up = Spec(rarity).rate_up;
      banner_.items_.push_back(
          {.id = item.id,
           .name = item.name,
           .type = item.type,
           .rarity = rarity,
           .weight = item.weight,
           .featured =
               rate_up.has_value() &&
               std::count(rate_up->featured.begin(), rate_up->featured.end(),
                          item.id.value()) != 0,
           .pool_counter = std::nullopt,
           .stock = item.stock.value_or(std::int16_t{1})});
    }
  }

  void MakeCounters() {
    layout_ =
        internal::MakeLayout(banner_.spec_, curves_, banner_.items_, problems_);
    absl::StatusOr<CounterSet> set = CounterSet::Make(
        layout_.counters, layout_.pool, banner_.spec_.id.value());
    if (!set.ok()) {
      problems_.Add("/rarities", set.status().message());
      return;
    }
    banner_.counters_ = *std::move(set);
    banner_.batch_plan_ = layout_.plan;
    banner_.milestones_ = layout_.milestones;
    banner_.spark_counter_ = layout_.spark;
    banner_.discount_counters_ = layout_.discounts;
  }

  void MakeRarities() {
    for (std::size_t i = 0; i < Rarities(); ++i) {
      Rarity rarity{.id = Spec(i).id, .name = Spec(i).name, .base = base_[i]};
      for (std::uint32_t pull = 1; pull <= curves_[i].length(); ++pull) {
        rarity.curve.push_back(curves_[i].At(pull));
      }
      rarity.certain_at = curves_[i].certain_at();
      rarity.counters = layout_.rarities[i];
      banner_.rarities_.push_back(std::move(rarity));
    }
  }

  void MakeGroups() {
    internal::GroupMaker maker(banner_, layout_);
    for (internal::GroupPlan& plan : maker.Plans()) {
      std::vector<std::uint32_t> weights;
      for (const std::uint16_t item : plan.group.items) {
        weights.push_back(banner_.items_[item].weight);
      }
      absl::StatusOr<AliasTable> table =
          AliasTable::Make(weights, plan.group.items);
      if (!table.ok()) {
        problems_.Add("/items",
                      absl::StrCat("rarity \"", Spec(plan.group.rarity).id,
                                   "\": ", table.status().message()));
        continue;
      }
      plan.group.table = *std::move(table);
      plan.group.step = maker.StepOf(plan.group);
      banner_.groups_.push_back(plan.group);
      plans_.push_back(std::move(plan));
    }
    constexpr std::size_t kMaxGroups = 64;
    if (banner_.groups_.size() > kMaxGroups) {
      problems_.Add("/rarities",
                    absl::StrCat("the rarities have ", banner_.groups_.size(),
                                 " pools together; at most ", kMaxGroups,
                                 " are possible"));
    }
  }

  // The highest value of each counter up to which all wheels are alike.
  [[nodiscard]] std::vector<std::int16_t> Runs() const {
    const CounterSet& counters = banner_.counters_;
    std::vector<std::int16_t> runs;
    for (std::size_t i = 0; i < counters.size(); ++i) {
      runs.push_back(counters[i].cap);  // steers no wheel, unless said below
    }
    const auto set = [&runs](std::optional<std::size_t> counter, int run) {
      if (counter.has_value()) runs[*counter] = static_cast<std::int16_t>(run);
    };
    for (std::size_t i = 0; i < Rarities(); ++i) {
      const RarityCounters& places = layout_.rarities[i];
      if (Spec(i).pity_counts == PityCounts::kPulls &&
          layout_.plan.frozen.empty()) {
        set(places.pity, FirstRun(i));
      }
      for (const BatchPlan::Frozen& frozen : layout_.plan.frozen) {
        if (places.pity == frozen.pity) set(frozen.copy, FirstRun(i));
      }
      set(places.guarantee, 0);
      set(places.left, 0);
      set(places.chosen, 0);
      set(places.featured_spent, 0);
      if (Spec(i).protect_duplicates == AllOwned::kLowerRarity) {
        set(places.missing, 0);
      }
      if (!Spec(i).rate_up.has_value()) continue;
      const RateUp& rule = Spec(i).rate_up->rule;
      if (rule.loss_streak.has_value()) {
        set(places.losses, rule.loss_streak->certain_at - 1);
      }
      if (rule.fate_points.has_value()) {
        set(places.fate, rule.fate_points->certain_at - 1);
      }
      if (rule.featured_within.has_value()) {
        set(places.featured_pity,
            std::max(0, counters[*places.featured_pity].cap - 1));
      }
    }
    const BatchPlan& plan = layout_.plan;
    if (plan.step.has_value() && plan.left.has_value()) {
      set(plan.step->counter, 1);
    }
    set(plan.left, 0);
    set(plan.mixed, 0);
    for (const BatchPlan::Need& need : plan.needs) set(need.counter, 0);
    const BatchSpec* ruled = banner_.spec_.FindBatch(plan.size);
    if (ruled != nullptr && ruled->at_most.has_value()) {
      for (const BatchPlan::Had& had : plan.had) {
        if (Spec(had.rarity).id == ruled->at_most->rarity) set(had.counter, 0);
      }
    }
    return runs;
  }

  // The last place of a curve whose odds are still those of the first.
  [[nodiscard]] int FirstRun(std::size_t rarity) const {
    const Curve& curve = curves_[rarity];
    std::uint32_t pull = 1;
    while (pull < curve.length() && curve.At(pull + 1) == curve.At(1)) ++pull;
    return static_cast<int>(pull) - 1;
  }

  void MakeRows() {
    const std::vector<std::int16_t> runs = Runs();
    const auto values = [&](std::size_t i) {
      return static_cast<std::uint64_t>(banner_.counters_[i].cap - runs[i]) + 1;
    };
    // The one with the most values last: its stride may be as large as any.
    std::vector<std::size_t> order(runs.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(
        order.begin(), order.end(),
        [&](std::size_t a, std::size_t b) { return values(a) < values(b); });
    std::uint64_t rows = 1;
    for (const std::size_t i : order) {
      banner_.row_start_[i] = runs[i];
      if (values(i) == 1) continue;
      const std::uint64_t stride = rows * banner_.groups_.size();
      if (stride > static_cast<std::uint64_t>(kMaxCounterValue)) {
        return AddTooManyRows();
      }
      banner_.row_stride_[i] = static_cast<std::int16_t>(stride);
      rows *= values(i);
      if (rows > kMaxRows) return AddTooManyRows();
    }
    states_.resize(rows);
    for (std::uint64_t row = 0; row < rows; ++row) {
      std::uint64_t rest = row;
      for (const std::size_t i : order) {
        states_[row][i] = static_cast<std::int16_t>(
            static_cast<std::uint64_t>(runs[i]) + rest % values(i));
        rest /= values(i);
      }
    }
    FillRows();
  }

  void AddTooManyRows() {
    problems_.Add("/rarities",
                  absl::StrCat("the counters make too many different wheels "
                               "(more than ",
                               kMaxRows, ", or more than ",
                               kMaxCounterValue / banner_.groups_.size(),
                               " without the longest counter); use fewer or "
                               "shorter curves"));
  }

  void FillRows() {
    const internal::TierOdds tiers(banner_.spec_, layout_, curves_);
    // Which group has a part in some state, and the shares of them all.
    std::vector<bool> used(plans_.size(), false);
    std::uint64_t shares = 1;
    for (const LaneArray& state : states_) {
      for (std::size_t g = 0; g < plans_.size(); ++g) {
        const Ratio part = PartOf(tiers, g, state);
        used[g] = used[g] || !part.zero();
        shares = std::lcm(shares, part.denominator());
        if (part.too_fine() || shares > kMaxWheelSize) {
          return AddTooFine(plans_[g].group.rarity);
        }
      }
    }
    DropUnused(used);
    banner_.shares_ = static_cast<std::uint32_t>(shares);
    const bool own_sizes = banner_.spec_.overflow != Overflow::kTruncate ||
                           banner_.spec_.box.has_value();
    std::uint64_t common = 1;
    for (const auto& [rarity, odds] : tiers.Entries()) {
      if (own_sizes) break;
      common = std::lcm(common, std::uint64_t{odds.denominator()});
      if (common * shares > kMaxWheelSize) return AddTooFine(rarity);
    }
    banner_.wheels_ =
        WheelTable(static_cast<std::uint32_t>(banner_.groups_.size()));
    for (const LaneArray& state : states_) {
      const std::vector<Ratio> odds = tiers.In(state);
      std::uint64_t size = own_sizes ? 1 : common;
      for (std::size_t i = 0; i < odds.size(); ++i) {
        if (own_sizes) size = std::lcm(size, odds[i].denominator());
        if (odds[i].too_fine() || size > kMaxWheelSize ||
            size * shares > kMaxWheelSize) {
          return AddTooFine(i);
        }
      }
      AddRow(tiers, state, odds, size * shares);
    }
  }

  [[nodiscard]] Ratio PartOf(const internal::TierOdds& tiers, std::size_t g,
                             const LaneArray& state) const {
    return plans_[g].PartIn(banner_,
                            tiers.RateUpIn(plans_[g].group.rarity, state));
  }

  void AddRow(const internal::TierOdds& tiers, const LaneArray& state,
              const std::vector<Ratio>& odds, std::uint64_t size) {
    std::vector<std::uint32_t> weights;
    for (std::size_t g = 0; g < plans_.size(); ++g) {
      const Ratio part = odds[plans_[g].group.rarity] * PartOf(tiers, g, state);
      weights.push_back(static_cast<std::uint32_t>(size / part.denominator() *
                                                   part.numerator()));
    }
    // The last group takes what is left; there must be nothing to take.
    const std::uint64_t sum =
        std::accumulate(weights.begin(), weights.end(), std::uint64_t{0});
    if (sum != size) {
      problems_.Add("", absl::StrCat("internal: a wheel of ", size,
                                     " parts is filled with ", sum,
                                     "; please report this file"));
    }
    banner_.wheels_.AddRow(static_cast<std::uint32_t>(size), weights);
  }

  void DropUnused(const std::vector<bool>& used) {
    if (std::count(used.begin(), used.end(), false) == 0) return;
    std::vector<internal::GroupPlan> plans;
    std::vector<Group> groups;
    for (std::size_t g = 0; g < used.size(); ++g) {
      if (!used[g]) continue;
      plans.push_back(std::move(plans_[g]));
      groups.push_back(std::move(banner_.groups_[g]));
    }
    const std::size_t before = banner_.groups_.size();
    plans_ = std::move(plans);
    banner_.groups_ = std::move(groups);
    for (std::int16_t& stride : banner_.row_stride_) {
      stride = static_cast<std::int16_t>(static_cast<std::size_t>(stride) /
                                         before * plans_.size());
    }
  }

  void AddTooFine(std::size_t rarity) {
    problems_.Add(
        RarityAt(rarity),
        absl::StrCat("with this rarity the odds need a wheel of "
                     "more than ",
                     kMaxWheelSize, " parts: use odds with fewer digits"));
  }

  void SetFlags() {
    banner_.draws_are_plain_ =
        banner_.wheels_.one_size() && !banner_.spec_.box.has_value() &&
        banner_.spec_.frozen_odds != FrozenOdds::kHardPityUntilHit &&
        std::none_of(banner_.groups_.begin(), banner_.groups_.end(),
                     [](const Group& group) { return group.remembers; }) &&
        std::none_of(banner_.milestones_.begin(), banner_.milestones_.end(),
                     [](const Milestone& m) { return m.repeat; }) &&
        std::none_of(banner_.rarities_.begin(), banner_.rarities_.end(),
                     [](const Rarity& rarity) {
                       return rarity.counters.featured_spent.has_value();
                     });
    banner_.pulls_are_plain_ =
        banner_.draws_are_plain_ && !banner_.batch_plan_.touches_single_pulls();
  }

  // An item that no pull can give, from a clean state on, is a mistake in the
  // file. Where there are too many states to follow, all wheels are looked at.
  void CheckReachable() {
    std::vector<std::uint32_t> rows;
    const absl::StatusOr<std::vector<LaneArray>> states =
        ReachableStates(banner_, kMaxFollowedStates);
    if (states.ok()) {
      for (const LaneArray& state : *states) rows.push_back(banner_.Row(state));
    } else {
      for (std::uint32_t n = 0; n < banner_.wheels_.rows(); ++n) {
        rows.push_back(banner_.wheels_.RowAt(n));
      }
    }
    std::vector<bool> drops(banner_.items_.size(), false);
    for (std::uint32_t g = 0; g < banner_.groups_.size(); ++g) {
      if (std::none_of(rows.begin(), rows.end(), [&](std::uint32_t row) {
            return banner_.wheels_.Weight(row, g) > 0;
          })) {
        continue;
      }
      for (const std::uint16_t i : banner_.groups_[g].items) drops[i] = true;
    }
    for (std::size_t i = 0; i < drops.size(); ++i) {
      if (!drops[i]) AddNeverDrops(i);
    }
  }

  void AddNeverDrops(std::size_t i) {
    const Item& item = banner_.items_[i];
    const std::optional<RateUpSpec>& rate_up = Spec(item.rarity).rate_up;
    problems_.Add(
        absl::StrCat("/items/", i),
        absl::StrCat("item \"", item.id.value(), "\" can never drop: ",
                     rate_up.has_value() && !item.featured
                         ? "the featured items of its rarity take all of its "
                           "odds"
                         : "its rarity never has odds when it is drawn",
                     "; remove it or give it odds"));
  }

  Problems& problems_;
  Banner banner_;
  std::vector<Odds> base_;
  std::vector<Curve> curves_;
  internal::Layout layout_;
  std::vector<internal::GroupPlan> plans_;
  std::vector<LaneArray> states_;  // one for each row
};

std::optional<Banner> CompileBanner(BannerSpec spec, Problems& problems) {
  return Compiler(std::move(spec), problems).Run();
}

}  // namespace fairpull
