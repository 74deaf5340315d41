#include "first_passage.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fairpull/analysis/convolution.h"
#include "fairpull/analysis/pulls_to.h"
#include "fairpull/base/status.h"

namespace fairpull::internal {
namespace {

absl::Status TooManyStates(std::uint64_t count) {
  return absl::ResourceExhaustedError(
      absl::StrCat("the analysis needs ", count, " states or more; at most ",
                   kMaxAnalysisStates, " are followed"));
}

absl::Status TooManySteps() {
  return absl::ResourceExhaustedError(
      absl::StrCat("the analysis takes more than ", kMaxAnalysisSteps,
                   " steps through the banner's states, which is the limit"));
}

// Follows the mass that has not come to its hits yet. A node is a state with
// the hits that were seen on the way to it.
class Recursion {
 public:
  Recursion(DrawChain& chain, std::uint64_t hits)
      : chain_(chain), hits_(hits) {}

  absl::StatusOr<Passage> Run(const ChainBegin& begins) {
    Passage passage;
    passage.pmf = {0};
    for (const auto& [state, odds] : begins) Add(Node(state, 0), odds);
    Turn();
    bool known_unbounded = false;
    while (!active_.empty()) {
      if (left_ < kLargestTail && !known_unbounded) {
        FAIRPULL_ASSIGN_OR_RETURN(known_unbounded, ReachesCycle());
      }
      if (known_unbounded && left_ < kLargestTail) {
        passage.tail = static_cast<double>(left_);
        passage.bounded = false;
        break;
      }
      if (passage.pmf.size() >= kMaxDistributionEntries) {
        return absl::ResourceExhaustedError(absl::StrCat(
            "the distribution has more than ", kMaxDistributionEntries,
            " entries, which is the limit"));
      }
      FAIRPULL_ASSIGN_OR_RETURN(const long double met, Step());
      passage.pmf.push_back(static_cast<double>(met));
    }
    return passage;
  }

 private:
  [[nodiscard]] std::uint64_t Node(std::uint32_t state,
                                   std::uint64_t seen) const {
    return state * hits_ + seen;
  }

  void Add(std::uint64_t node, long double mass) {
    if (node >= next_.size()) {
      next_.resize(node + node / 2 + 1, 0);
      is_next_.resize(next_.size(), false);
    }
    if (!is_next_[node]) {
      is_next_[node] = true;
      coming_.push_back(node);
    }
    next_[node] += mass;
  }

  // Makes what was added the present mass.
  void Turn() {
    active_.swap(coming_);
    coming_.clear();
    mass_.clear();
    left_ = 0;
    for (const std::uint64_t node : active_) {
      mass_.push_back(next_[node]);
      left_ += next_[node];
      next_[node] = 0;
      is_next_[node] = false;
    }
  }

  // One draw; how much mass came to its hits by it.
  absl::StatusOr<long double> Step() {
    long double met = 0;
    for (std::size_t i = 0; i < active_.size(); ++i) {
      const auto state = static_cast<std::uint32_t>(active_[i] / hits_);
      const std::uint64_t seen = active_[i] % hits_;
      const long double mass = mass_[i];
      const std::vector<ChainEdge>& edges = chain_.Edges(state);
      steps_ += edges.size();
      for (const ChainEdge& edge : edges) {
        const std::uint64_t now = seen + static_cast<std::uint64_t>(edge.label);
        if (now >= hits_) {
          met += mass * edge.odds;
        } else {
          Add(Node(edge.to, now), mass * edge.odds);
        }
      }
    }
    if (chain_.size() * hits_ > kMaxAnalysisStates) {
      return TooManyStates(chain_.size() * hits_);
    }
    if (steps_ > kMaxAnalysisSteps) return TooManySteps();
    Turn();
    return met;
  }

  // Whether from here a node can be come to again without its hits: then no
  // number of draws is certain.
  absl::StatusOr<bool> ReachesCycle() {
    enum class Mark : std::uint8_t { kOpen, kDone };
    absl::flat_hash_map<std::uint64_t, Mark> marks;
    struct Frame {
      std::uint64_t node;
      std::size_t edge;
    };
    std::vector<Frame> path;
    for (const std::uint64_t root : active_) {
      if (marks.contains(root)) continue;
      marks.emplace(root, Mark::kOpen);
      path.push_back({root, 0});
      while (!path.empty()) {
        Frame& frame = path.back();
        const auto state = static_cast<std::uint32_t>(frame.node / hits_);
        const std::vector<ChainEdge>& edges = chain_.Edges(state);
        if (frame.edge == edges.size()) {
          marks[frame.node] = Mark::kDone;
          path.pop_back();
          continue;
        }
        const ChainEdge edge = edges[frame.edge++];
        const std::uint64_t now =
            frame.node % hits_ + static_cast<std::uint64_t>(edge.label);
        if (now >= hits_) continue;
        const std::uint64_t next = Node(edge.to, now);
        const auto [mark, is_new] = marks.emplace(next, Mark::kOpen);
        if (!is_new) {
          if (mark->second == Mark::kOpen) return true;
          continue;
        }
        if (marks.size() > kMaxAnalysisStates) {
          return TooManyStates(marks.size());
        }
        path.push_back({next, 0});
      }
    }
    return false;
  }

  DrawChain& chain_;
  std::uint64_t hits_;
  std::vector<std::uint64_t> active_;
  std::vector<long double> mass_;  // of the active ones
  std::vector<std::uint64_t> coming_;
  std::vector<long double> next_;
  std::vector<bool> is_next_;
  long double left_ = 0;
  std::uint64_t steps_ = 0;
};

}  // namespace

absl::StatusOr<Passage> FirstPassage(DrawChain& chain, const ChainBegin& begins,
                                     std::uint64_t hits) {
  return Recursion(chain, hits).Run(begins);
}

absl::StatusOr<std::vector<double>> HitsByRecursion(DrawChain& chain,
                                                    const ChainBegin& begins,
                                                    std::uint64_t draws) {
  using Row = std::vector<long double>;  // by hits
  std::vector<Row> now;                  // by state
  const auto at = [](std::vector<Row>& rows, std::uint32_t state) -> Row& {
    if (state >= rows.size()) rows.resize(state + std::size_t{1});
    return rows[state];
  };
  for (const auto& [state, odds] : begins) at(now, state) = {odds};
  std::uint64_t steps = 0;
  for (std::uint64_t n = 0; n < draws; ++n) {
    std::vector<Row> next(chain.size());
    for (std::uint32_t state = 0; state < now.size(); ++state) {
      const Row& row = now[state];
      if (row.empty()) continue;
      for (const ChainEdge& edge : chain.Edges(state)) {
        Row& to = at(next, edge.to);
        const auto label = static_cast<std::size_t>(edge.label);
        if (to.size() < row.size() + label) to.resize(row.size() + label, 0);
        for (std::size_t h = 0; h < row.size(); ++h) {
          to[h + label] += row[h] * edge.odds;
        }
        steps += row.size();
      }
    }
    if (next.size() > kMaxAnalysisStates) return TooManyStates(next.size());
    if (steps > kMaxAnalysisSteps) return TooManySteps();
    now = std::move(next);
  }
  Row hits;
  for (const Row& row : now) {
    if (hits.size() < row.size()) hits.resize(row.size(), 0);
    for (std::size_t h = 0; h < row.size(); ++h) hits[h] += row[h];
  }
  return std::vector<double>(hits.begin(), hits.end());
}

}  // namespace fairpull::internal
