#include "fairpull/analysis/pulls_to.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "by_hits.h"
#include "draw_chain.h"
#include "fairpull/analysis/convolution.h"
#include "fairpull/analysis/moments.h"
#include "fairpull/base/status.h"
#include "first_passage.h"
#include "observers.h"

namespace fairpull {
namespace {

using internal::ByHits;
using internal::DrawChain;
using internal::GoalObserver;
using internal::Passage;

// A wait with what is known of it beyond its list.
struct Wait {
  std::vector<double> pmf;
  Moments moments;
  double tail = 0;
  bool bounded = true;
  std::int64_t lowest = 0;  // the smallest count that is possible
};

// The place of the first entry above 0.
std::int64_t LowestOf(absl::Span<const double> pmf) {
  return std::find_if(pmf.begin(), pmf.end(), [](double p) { return p > 0; }) -
         pmf.begin();
}

Wait ToWait(Passage passage) {
  Wait wait{.moments = MomentsOf(passage.pmf),
            .tail = passage.tail,
            .bounded = passage.bounded,
            .lowest = LowestOf(passage.pmf)};
  wait.pmf = std::move(passage.pmf);
  return wait;
}

absl::StatusOr<Distribution> ToDistribution(Wait wait) {
  DistributionOptions options{
      .support = wait.bounded ? Support::kBounded : Support::kUnbounded,
      .tail = wait.tail,
      .support_min = wait.lowest,
      .moments = wait.moments};
  return Distribution::Make(std::move(wait.pmf), options);
}

// A goal on a banner, ready to be asked.
class Question {
 public:
  static absl::StatusOr<Question> Make(const Banner& banner, const Goal& goal,
                                       const AnalysisOptions& options) {
    FAIRPULL_ASSIGN_OR_RETURN(const std::uint32_t batch,
                              AnalysisBatch(banner, options.batch));
    FAIRPULL_ASSIGN_OR_RETURN(std::unique_ptr<GoalObserver> observer,
                              internal::Watch(banner, goal));
    const PityState& state =
        options.state.has_value() ? *options.state : banner.counters().Start();
    return Question(banner, batch, std::move(observer), state);
  }

  absl::StatusOr<Wait> PullsTo(std::uint64_t copies) {
    if (begin_.hits >= copies) {
      return Wait{.pmf = {1}, .moments = Constant(0)};
    }
    const std::uint64_t hits = copies - begin_.hits;
    if (parts_.has_value()) return ByParts(hits);
    DrawChain chain(banner_, batch_, *observer_);
    const auto begins = chain.Begin(begin_.value, begin_.memory);
    if (hits > 1) {
      FAIRPULL_ASSIGN_OR_RETURN(std::optional<Wait> renewed,
                                ByRenewal(chain, begins, hits));
      if (renewed.has_value()) return *std::move(renewed);
    }
    FAIRPULL_ASSIGN_OR_RETURN(Passage passage,
                              internal::FirstPassage(chain, begins, hits));
    return ToWait(std::move(passage));
  }

  absl::StatusOr<std::vector<double>> HitsIn(std::uint64_t pulls) {
    std::vector<double> hits;
    if (parts_.has_value()) {
      FAIRPULL_ASSIGN_OR_RETURN(hits, HitsByParts(pulls));
    } else {
      DrawChain chain(banner_, batch_, *observer_);
      FAIRPULL_ASSIGN_OR_RETURN(
          hits, internal::HitsByRecursion(
                    chain, chain.Begin(begin_.value, begin_.memory), pulls));
    }
    hits.insert(hits.begin(), begin_.hits, 0.0);
    return hits;
  }

 private:
  Question(const Banner& banner, std::uint32_t batch,
           std::unique_ptr<GoalObserver> observer, const PityState& state)
      : banner_(banner),
        batch_(batch),
        observer_(std::move(observer)),
        begin_(observer_->BeginIn(state)),
        parts_(internal::TakeApart(banner, batch, *observer_)) {}

  // The wait for the next hit of the rarity that decides: from the beginning,
  // and from the hit before.
  absl::StatusOr<std::pair<Wait, Wait>> Waits() {
    // Any hit of the rarity, whatever it is.
    FAIRPULL_ASSIGN_OR_RETURN(
        const Goal any,
        Goal::Parse(
            banner_,
            absl::StrCat("rarity:", banner_.rarities()[parts_->rarity].id)));
    FAIRPULL_ASSIGN_OR_RETURN(const std::unique_ptr<GoalObserver> observer,
                              internal::Watch(banner_, any));
    DrawChain chain(banner_, batch_, *observer);
    FAIRPULL_ASSIGN_OR_RETURN(
        Passage first,
        internal::FirstPassage(chain, chain.Begin(begin_.value, 0), 1));
    FAIRPULL_ASSIGN_OR_RETURN(
        Passage wait,
        internal::FirstPassage(chain, chain.Begin(parts_->after_hit, 0), 1));
    return std::make_pair(ToWait(std::move(first)), ToWait(std::move(wait)));
  }

  // The chain of hits alone.
  DrawChain Hits() const {
    return DrawChain(banner_, *observer_, parts_->rarity,
                     parts_->moved_by_hits);
  }

  absl::StatusOr<Wait> ByParts(std::uint64_t copies) {
    FAIRPULL_ASSIGN_OR_RETURN(const auto waits, Waits());
    const auto& [first, wait] = waits;
    DrawChain hits = Hits();
    const auto begins = hits.Begin(begin_.value, begin_.memory);
    if (copies > 1) {
      FAIRPULL_ASSIGN_OR_RETURN(const std::optional<std::uint32_t> again,
                                StateAfterEveryHit(hits, begins));
      if (again.has_value()) {
        FAIRPULL_ASSIGN_OR_RETURN(const Wait one,
                                  Summed(hits, begins, 1, first, wait));
        FAIRPULL_ASSIGN_OR_RETURN(const Wait others,
                                  Summed(hits, {{*again, 1.0}}, 1, wait, wait));
        return Power(one, others, copies);
      }
    }
    return Summed(hits, begins, copies, first, wait);
  }

  // As many waits as there are hits of the rarity until `copies` of them met
  // the goal.
  static absl::StatusOr<Wait> Summed(DrawChain& hits,
                                     const internal::ChainBegin& begins,
                                     std::uint64_t copies, const Wait& first,
                                     const Wait& wait) {
    FAIRPULL_ASSIGN_OR_RETURN(Passage number,
                              internal::FirstPassage(hits, begins, copies));
    const Moments count = MomentsOf(number.pmf);
    // From one hit on; the list begins with none.
    const absl::Span<const double> weights =
        absl::MakeConstSpan(number.pmf).subspan(1);
    Wait sum{.moments =
                 first.moments + RandomSum(count + Constant(-1), wait.moments),
             .tail = number.tail,
             .bounded = first.bounded && wait.bounded && number.bounded,
             .lowest = first.lowest + LowestOf(weights) * wait.lowest};
    if (weights.size() == 1) {
      sum.pmf = first.pmf;
    } else {
      FAIRPULL_ASSIGN_OR_RETURN(sum.pmf,
                                Compound(first.pmf, wait.pmf, weights));
    }
    Trim(sum);
    return sum;
  }

  // One wait and `copies` - 1 others after it.
  static absl::StatusOr<Wait> Power(const Wait& one, const Wait& others,
                                    std::uint64_t copies) {
    FAIRPULL_ASSIGN_OR_RETURN(const std::vector<double> power,
                              ConvolvePower(others.pmf, copies - 1));
    Wait sum{.pmf = Convolve(one.pmf, power),
             .moments = one.moments +
                        Repeat(others.moments, static_cast<double>(copies - 1)),
             .tail = one.tail + others.tail * static_cast<double>(copies - 1),
             .bounded = one.bounded && others.bounded,
             .lowest = one.lowest +
                       others.lowest * static_cast<std::int64_t>(copies - 1)};
    Trim(sum);
    return sum;
  }

  // Takes the rounding of fast convolutions from counts that are not possible,
  // and cuts a list without a last count where its tail is small enough.
  static void Trim(Wait& wait) {
    std::fill(wait.pmf.begin(), wait.pmf.begin() + wait.lowest, 0.0);
    if (wait.bounded) return;
    ExtendPastNoise(wait.pmf);
    double tail = wait.tail;
    std::size_t size = wait.pmf.size();
    while (size > 1 && tail + wait.pmf[size - 1] < kLargestTail) {
      tail += wait.pmf[--size];
    }
    wait.pmf.resize(size);
    wait.tail = tail;
  }

  // Fast convolutions have a floor of noise near 1e-19. Where a list without a
  // last count ends in it, what lies below is replaced by the geometric decay
  // that such lists come to, so that tails are those of the distribution.
  static void ExtendPastNoise(std::vector<double>& pmf) {
    constexpr double kClear = 1e-14;  // noise is a hundred-thousandth of it
    const std::size_t tenth = pmf.size() / 10;
    if (std::all_of(pmf.end() - static_cast<std::ptrdiff_t>(tenth), pmf.end(),
                    [](double p) { return p < kLargestTail; })) {
      return;
    }
    std::size_t last = pmf.size() - 1;
    while (last > 0 && pmf[last] < kClear) --last;
    std::size_t before = last;
    while (before > 0 && pmf[before] < 1e3 * kClear) --before;
    if (before == last || before == 0) return;
    const double ratio = std::pow(pmf[last] / pmf[before],
                                  1 / static_cast<double>(last - before));
    for (std::size_t n = last + 1; n < pmf.size(); ++n) {
      pmf[n] = pmf[n - 1] * ratio;
    }
  }

  // The state that follows every draw that meets the goal, if it is always the
  // same and each meets it once.
  static absl::StatusOr<std::optional<std::uint32_t>> StateAfterEveryHit(
      DrawChain& chain, const internal::ChainBegin& begins) {
    std::vector<bool> seen;
    std::vector<std::uint32_t> open;
    const auto visit = [&](std::uint32_t state) {
      if (state >= seen.size()) seen.resize(state + std::size_t{1}, false);
      if (seen[state]) return;
      seen[state] = true;
      open.push_back(state);
    };
    for (const auto& [state, odds] : begins) visit(state);
    std::optional<std::uint32_t> again;
    while (!open.empty()) {
      const std::uint32_t state = open.back();
      open.pop_back();
      for (const internal::ChainEdge& edge : chain.Edges(state)) {
        if (edge.label > 1) return std::optional<std::uint32_t>();
        if (edge.label == 1) {
          if (again.value_or(edge.to) != edge.to) {
            return std::optional<std::uint32_t>();
          }
          again = edge.to;
        }
        visit(edge.to);
      }
      if (chain.size() > kMaxAnalysisStates) {
        return absl::ResourceExhaustedError(absl::StrCat(
            "the analysis needs ", chain.size(), " states or more; at most ",
            kMaxAnalysisStates, " are followed"));
      }
    }
    return again;
  }

  // Where the player is in one state after each hit, waits are independent.
  static absl::StatusOr<std::optional<Wait>> ByRenewal(
      DrawChain& chain, const internal::ChainBegin& begins,
      std::uint64_t hits) {
    FAIRPULL_ASSIGN_OR_RETURN(const std::optional<std::uint32_t> again,
                              StateAfterEveryHit(chain, begins));
    if (!again.has_value()) return std::optional<Wait>();
    FAIRPULL_ASSIGN_OR_RETURN(Passage first,
                              internal::FirstPassage(chain, begins, 1));
    FAIRPULL_ASSIGN_OR_RETURN(
        Passage wait, internal::FirstPassage(chain, {{*again, 1.0}}, 1));
    FAIRPULL_ASSIGN_OR_RETURN(Wait sum, Power(ToWait(std::move(first)),
                                              ToWait(std::move(wait)), hits));
    return std::optional<Wait>(std::move(sum));
  }

  absl::StatusOr<std::vector<double>> HitsByParts(std::uint64_t pulls) {
    FAIRPULL_ASSIGN_OR_RETURN(const auto waits, Waits());
    FAIRPULL_ASSIGN_OR_RETURN(const std::vector<double> number,
                              HitsWithin(waits.first.pmf, waits.second.pmf,
                                         static_cast<std::size_t>(pulls)));
    // What the hits of the rarity were, one after the other.
    DrawChain hits = Hits();
    std::vector<long double> met(pulls + 1, 0);
    using Row = std::vector<long double>;
    std::vector<Row> now;  // by state, by hits of the goal
    const auto at = [&](std::uint32_t state) -> Row& {
      if (state >= now.size()) now.resize(state + std::size_t{1});
      return now[state];
    };
    for (const auto& [state, odds] : hits.Begin(begin_.value, begin_.memory)) {
      at(state) = {odds};
    }
    std::size_t most = number.size() - 1;
    while (most > 0 && number[most] == 0) --most;
    for (std::size_t n = 0; n <= most; ++n) {
      for (const Row& row : now) {
        for (std::size_t h = 0; h < row.size(); ++h) {
          met[h] += row[h] * number[n];
        }
      }
      if (n == most) break;
      std::vector<Row> before = std::move(now);
      now.clear();
      for (std::uint32_t state = 0; state < before.size(); ++state) {
        if (before[state].empty()) continue;
        for (const internal::ChainEdge& edge : hits.Edges(state)) {
          Row& row = at(edge.to);
          const auto label = static_cast<std::size_t>(edge.label);
          row.resize(std::max(row.size(), before[state].size() + label), 0);
          for (std::size_t h = 0; h < before[state].size(); ++h) {
            row[h + label] += before[state][h] * edge.odds;
          }
        }
      }
    }
    return std::vector<double>(met.begin(), met.end());
  }

  const Banner& banner_;
  std::uint32_t batch_;
  std::unique_ptr<GoalObserver> observer_;
  GoalObserver::Beginning begin_;
  std::optional<ByHits> parts_;
};

}  // namespace

absl::StatusOr<std::uint32_t> AnalysisBatch(
    const Banner& banner, std::optional<std::uint32_t> batch) {
  const std::vector<BatchSpec>& batches = banner.spec().batches;
  std::uint32_t smallest = batches[0].size;
  for (const BatchSpec& sold : batches) {
    smallest = std::min(smallest, sold.size);
  }
  if (!batch.has_value()) return smallest;
  if (banner.spec().FindBatch(*batch) != nullptr) return *batch;
  return absl::InvalidArgumentError(absl::StrCat(
      "batches of ", *batch, " are not sold on banner \"", banner.id().value(),
      "\"; it sells ",
      absl::StrJoin(batches, ", ", [](std::string* out, const BatchSpec& sold) {
        absl::StrAppend(out, sold.size);
      })));
}

absl::StatusOr<Distribution> PullsTo(const Banner& banner, const Goal& goal,
                                     const AnalysisOptions& options) {
  constexpr std::uint64_t kMaxCopies = 100'000;
  const bool once = goal.kind() == Goal::Kind::kCollection;
  if (options.copies == 0 || options.copies > kMaxCopies ||
      (once && options.copies != 1)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "copies is ", options.copies, "; it must be ",
        once ? "1 for a collection" : absl::StrCat("from 1 to ", kMaxCopies)));
  }
  FAIRPULL_ASSIGN_OR_RETURN(Question question,
                            Question::Make(banner, goal, options));
  FAIRPULL_ASSIGN_OR_RETURN(Wait wait, question.PullsTo(options.copies));
  return ToDistribution(std::move(wait));
}

absl::StatusOr<Distribution> HitsIn(const Banner& banner, const Goal& goal,
                                    std::uint64_t pulls,
                                    const AnalysisOptions& options) {
  constexpr std::uint64_t kMaxPulls = 10'000'000;
  if (goal.kind() == Goal::Kind::kCollection) {
    return absl::InvalidArgumentError(
        "a collection is met once; ask how many pulls it takes");
  }
  if (pulls > kMaxPulls) {
    return absl::InvalidArgumentError(
        absl::StrCat("pulls is ", pulls, "; it must be from 0 to ", kMaxPulls));
  }
  FAIRPULL_ASSIGN_OR_RETURN(Question question,
                            Question::Make(banner, goal, options));
  FAIRPULL_ASSIGN_OR_RETURN(std::vector<double> hits, question.HitsIn(pulls));
  return Distribution::Make(std::move(hits));
}

}  // namespace fairpull
