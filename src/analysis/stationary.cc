#include "stationary.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>
#include <tuple>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fairpull/analysis/pulls_to.h"
#include "fairpull/base/status.h"

namespace fairpull::internal {
namespace {

constexpr std::size_t kMaxReturns = 2000;
constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

// The states of the only set that is never left, found by Tarjan's algorithm
// without recursion.
class Recurrent {
 public:
  explicit Recurrent(DrawChain& chain) : chain_(chain) {}

  absl::StatusOr<std::vector<std::uint32_t>> Find(const ChainBegin& begins) {
    for (const auto& [state, odds] : begins) {
      Grow();
      if (index_[state] == kNone) FAIRPULL_RETURN_IF_ERROR(Visit(state));
    }
    if (closed_.size() == 1) return std::move(closed_[0]);
    return absl::FailedPreconditionError(
        absl::StrCat("this banner has no long-run odds: a player comes to stay "
                     "in one of ",
                     closed_.size(), " sets of states, by luck"));
  }

 private:
  struct Frame {
    std::uint32_t state;
    std::size_t edge;
  };

  void Grow() {
    index_.resize(chain_.size(), kNone);
    low_.resize(chain_.size(), kNone);
    on_path_.resize(chain_.size(), false);
    leaves_.resize(chain_.size(), false);
  }

  void Open(std::uint32_t state) {
    index_[state] = low_[state] = next_index_++;
    on_path_[state] = true;
    component_.push_back(state);
    frames_.push_back({state, 0});
  }

  absl::Status Visit(std::uint32_t root) {
    Open(root);
    while (!frames_.empty()) {
      Frame& frame = frames_.back();
      const std::uint32_t state = frame.state;
      const std::vector<ChainEdge>& edges = chain_.Edges(state);
      Grow();
      if (chain_.size() > kMaxAnalysisStates) {
        return absl::ResourceExhaustedError(
            absl::StrCat("the counters have more than ", kMaxAnalysisStates,
                         " states together, which is the limit"));
      }
      if (frame.edge < edges.size()) {
        const std::uint32_t to = edges[frame.edge++].to;
        if (index_[to] == kNone) {
          Open(to);
        } else if (on_path_[to]) {
          low_[state] = std::min(low_[state], index_[to]);
        } else {
          leaves_[state] = true;
        }
        continue;
      }
      frames_.pop_back();
      const bool closes = low_[state] == index_[state];
      if (closes) Close(state);
      if (!frames_.empty()) {
        const std::uint32_t above = frames_.back().state;
        low_[above] = std::min(low_[above], low_[state]);
        if (closes) leaves_[above] = true;
      }
    }
    return absl::OkStatus();
  }

  void Close(std::uint32_t root) {
    std::vector<std::uint32_t> states;
    bool left = false;
    std::uint32_t state = kNone;
    while (state != root) {
      state = component_.back();
      component_.pop_back();
      on_path_[state] = false;
      left = left || leaves_[state];
      states.push_back(state);
    }
    if (!left) closed_.push_back(std::move(states));
  }

  DrawChain& chain_;
  std::vector<std::uint32_t> index_;
  std::vector<std::uint32_t> low_;
  std::vector<bool> on_path_;
  std::vector<bool> leaves_;
  std::vector<std::uint32_t> component_;
  std::vector<Frame> frames_;
  std::uint32_t next_index_ = 0;
  std::vector<std::vector<std::uint32_t>> closed_;
};

// The stationary distribution of a small chain by state reduction (Grassmann,
// Taksar and Heyman, "Regenerative Analysis and Steady State Distributions for
// Markov Chains", 1985), which never subtracts. `p` is square, row by row.
std::vector<double> Reduce(std::vector<double> p, std::size_t n) {
  for (std::size_t k = n - 1; k > 0; --k) {
    double leave = 0;
    for (std::size_t j = 0; j < k; ++j) leave += p[k * n + j];
    for (std::size_t i = 0; i < k; ++i) {
      p[i * n + k] /= leave;
      const double to = p[i * n + k];
      if (to == 0) continue;
      for (std::size_t j = 0; j < k; ++j) p[i * n + j] += to * p[k * n + j];
    }
  }
  std::vector<double> share(n, 0);
  share[0] = 1;
  for (std::size_t k = 1; k < n; ++k) {
    for (std::size_t i = 0; i < k; ++i) share[k] += share[i] * p[i * n + k];
  }
  return share;
}

// A recurrent set in an order in which most draws lead on; the few states that
// draws come back to are where the embedded chain is looked at.
class Embedded {
 public:
  Embedded(DrawChain& chain, std::vector<std::uint32_t> states)
      : chain_(chain), order_(std::move(states)) {
    std::sort(order_.begin(), order_.end(),
              [&](std::uint32_t a, std::uint32_t b) {
                const ChainState& x = chain_.state(a);
                const ChainState& y = chain_.state(b);
                return std::tie(x.value, x.place, x.memory) <
                       std::tie(y.value, y.place, y.memory);
              });
    FindPoints();
    // Counters that count down lead on the other way round.
    if (points_.size() > order_.size() / 2) {
      std::reverse(order_.begin(), order_.end());
      FindPoints();
    }
    if (points_.empty()) {  // one state that is never left
      returns_[0] = 0;
      points_.push_back(0);
    }
  }

  absl::StatusOr<std::vector<double>> Solve() {
    const std::size_t n = points_.size();
    if (n > kMaxReturns) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "draws come back to ", n, " states of the counters; at most ",
          kMaxReturns, " can be solved"));
    }
    std::vector<double> p(n * n, 0);
    std::vector<double> visits(order_.size());
    for (std::size_t b = 0; b < n; ++b) {
      std::fill(visits.begin(), visits.end(), 0.0);
      visits[points_[b]] = 1;
      Spread(points_[b], visits, absl::MakeSpan(p).subspan(b * n, n));
    }
    const std::vector<double> share = Reduce(std::move(p), n);
    std::fill(visits.begin(), visits.end(), 0.0);
    for (std::size_t b = 0; b < n; ++b) visits[points_[b]] = share[b];
    std::vector<double> back(n, 0);
    Spread(0, visits, absl::MakeSpan(back));
    const double all = std::accumulate(visits.begin(), visits.end(), 0.0);
    std::vector<double> result(chain_.size(), 0);
    for (std::size_t i = 0; i < order_.size(); ++i) {
      result[order_[i]] = visits[i] / all;
    }
    return result;
  }

 private:
  // Places every state by the order, and finds those that draws come back to.
  void FindPoints() {
    points_.clear();
    place_.assign(chain_.size(), kNone);
    for (std::uint32_t i = 0; i < order_.size(); ++i) place_[order_[i]] = i;
    returns_.assign(order_.size(), kNone);
    for (std::uint32_t i = 0; i < order_.size(); ++i) {
      for (const ChainEdge& edge : chain_.Edges(order_[i])) {
        const std::uint32_t to = place_[edge.to];
        if (to >= i || returns_[to] != kNone) continue;
        returns_[to] = static_cast<std::uint32_t>(points_.size());
        points_.push_back(to);
      }
    }
  }

  // Follows the mass at places from `first` on until it comes to a point of
  // return, and says there how much did.
  void Spread(std::uint32_t first, std::vector<double>& visits,
              absl::Span<double> back) {
    for (std::uint32_t i = first; i < order_.size(); ++i) {
      if (visits[i] == 0) continue;
      const std::vector<ChainEdge>& edges = chain_.Edges(order_[i]);
      double leave = 0;
      bool stays = false;
      for (const ChainEdge& edge : edges) {
        if (place_[edge.to] == i && returns_[i] == kNone) {
          stays = true;
        } else {
          leave += static_cast<double>(edge.odds);
        }
      }
      if (stays) visits[i] /= leave;
      for (const ChainEdge& edge : edges) {
        const std::uint32_t to = place_[edge.to];
        const double mass = visits[i] * static_cast<double>(edge.odds);
        if (returns_[to] != kNone) {
          back[returns_[to]] += mass;
        } else if (to != i) {
          visits[to] += mass;
        }
      }
    }
  }

  DrawChain& chain_;
  std::vector<std::uint32_t> order_;
  std::vector<std::uint32_t> place_;    // of a state in order_
  std::vector<std::uint32_t> returns_;  // of a place among points_
  std::vector<std::uint32_t> points_;   // places that draws come back to
};

}  // namespace

absl::StatusOr<std::vector<double>> LongRunShares(DrawChain& chain,
                                                  const ChainBegin& begins) {
  FAIRPULL_ASSIGN_OR_RETURN(std::vector<std::uint32_t> states,
                            Recurrent(chain).Find(begins));
  return Embedded(chain, std::move(states)).Solve();
}

}  // namespace fairpull::internal
