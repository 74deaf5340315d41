#include "fairpull/pity/counter.h"

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "fairpull/base/status.h"

namespace fairpull {
namespace {

absl::Status CheckCounters(const std::vector<Counter>& counters,
                           std::size_t most, absl::string_view what) {
  if (counters.size() > most) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the banner needs ", counters.size(), " ", what, " (",
        absl::StrJoin(
            counters, ", ",
            [](std::string* out, const Counter& c) { out->append(c.name); }),
        "); at most ", most, " are possible"));
  }
  for (const Counter& counter : counters) {
    if (counter.lowest < 0 || counter.cap < counter.lowest ||
        counter.cap > kMaxCounterValue || counter.start < counter.lowest ||
        counter.start > counter.cap) {
      return absl::InvalidArgumentError(absl::StrCat(
          "counter \"", counter.name, "\" goes from ", counter.lowest, " to ",
          counter.cap, " and starts at ", counter.start,
          "; it must be within 0 to ", kMaxCounterValue));
    }
  }
  return absl::OkStatus();
}

std::string Joined(std::vector<std::string> parts) {
  const auto name = [](absl::string_view part) {
    return part.substr(0, part.rfind('='));
  };
  std::sort(parts.begin(), parts.end(),
            [&](const std::string& a, const std::string& b) {
              return name(a) < name(b);
            });
  return absl::StrJoin(parts, ",");
}

}  // namespace

absl::StatusOr<CounterSet> CounterSet::Make(std::vector<Counter> counters,
                                            std::vector<Counter> pool,
                                            absl::string_view banner) {
  FAIRPULL_RETURN_IF_ERROR(CheckCounters(counters, kMaxCounters, "counters"));
  FAIRPULL_RETURN_IF_ERROR(
      CheckCounters(pool, kMaxPoolCounters, "counters of items"));
  CounterSet set;
  set.banner_ = std::string(banner);
  const auto is_known = [&set](const std::string& name) {
    return set.Find(name).has_value() || set.Stored(name, false).has_value();
  };
  for (const bool in_pool : {false, true}) {
    for (Counter& counter : in_pool ? pool : counters) {
      if (is_known(counter.name)) {
        return absl::InvalidArgumentError(
            absl::StrCat("two counters are named \"", counter.name, "\""));
      }
      (in_pool ? set.pool_ : set.counters_).push_back(std::move(counter));
    }
  }
  for (std::size_t i = 0; i < set.counters_.size(); ++i) {
    set.start_.value[i] = set.counters_[i].start;
  }
  return set;
}

std::optional<std::size_t> CounterSet::Find(absl::string_view name) const {
  for (std::size_t i = 0; i < counters_.size(); ++i) {
    if (counters_[i].name == name) return i;
  }
  return std::nullopt;
}

std::optional<CounterSet::Place> CounterSet::Stored(absl::string_view name,
                                                    bool by_key) const {
  for (const bool in_pool : {false, true}) {
    const std::vector<Counter>& list = in_pool ? pool_ : counters_;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (list[i].life == CounterLife::kStored &&
          (by_key ? KeyOf(list[i]) : list[i].name) == name) {
        return Place{in_pool, i};
      }
    }
  }
  return std::nullopt;
}

std::string CounterSet::KeyOf(const Counter& counter) const {
  if (counter.scope != CounterScope::kBanner) return counter.name;
  return absl::StrCat(counter.name, "@", banner_);
}

bool CounterSet::Uses(CounterRow row) const {
  const auto is_used = [row](const Counter& counter) {
    return counter.life == CounterLife::kStored &&
           (counter.scope == CounterScope::kAccount) ==
               (row == CounterRow::kAccount);
  };
  return std::any_of(counters_.begin(), counters_.end(), is_used) ||
         std::any_of(pool_.begin(), pool_.end(), is_used);
}

CounterStep CounterSet::FrozenStep() const {
  CounterStep step;
  for (std::size_t i = 0; i < counters_.size(); ++i) {
    step.Freeze(i);
    step.cap[i] = counters_[i].cap;
  }
  return step;
}

template <class Visit>
void CounterSet::ForEachStored(const PityState& state,
                               const Visit& visit) const {
  for (std::size_t i = 0; i < counters_.size(); ++i) {
    if (counters_[i].life == CounterLife::kStored) {
      visit(counters_[i], state.value[i]);
    }
  }
  for (std::size_t i = 0; i < pool_.size(); ++i) {
    visit(pool_[i], state.taken[i]);
  }
}

std::string CounterSet::Text(const PityState& state) const {
  std::vector<std::string> parts;
  ForEachStored(state, [&](const Counter& counter, std::int16_t value) {
    parts.push_back(absl::StrCat(counter.name, "=", value));
  });
  return Joined(std::move(parts));
}

std::string CounterSet::Serialize(const PityState& state,
                                  absl::string_view carried,
                                  CounterRow row) const {
  std::vector<std::string> parts;
  ForEachStored(state, [&](const Counter& counter, std::int16_t value) {
    if ((counter.scope == CounterScope::kAccount) ==
        (row == CounterRow::kAccount)) {
      parts.push_back(absl::StrCat(KeyOf(counter), "=", value));
    }
  });
  for (const absl::string_view part :
       absl::StrSplit(carried, ',', absl::SkipEmpty())) {
    if (!Stored(part.substr(0, part.rfind('=')), true).has_value()) {
      parts.emplace_back(part);
    }
  }
  return Joined(std::move(parts));
}

absl::Status CounterSet::ReadRow(absl::string_view text,
                                 PityState& state) const {
  for (const absl::string_view part :
       absl::StrSplit(text, ',', absl::SkipEmpty())) {
    const std::size_t equals = part.rfind('=');
    std::uint32_t value = 0;
    if (equals == absl::string_view::npos || equals == 0 ||
        !absl::SimpleAtoi(part.substr(equals + 1), &value)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "\"", absl::CHexEscape(part.substr(0, 80)),
          "\" is no counter value; a state reads \"pity:5-star=12\""));
    }
    const std::optional<Place> place = Stored(part.substr(0, equals), true);
    if (!place.has_value()) continue;
    const Counter& counter = At(*place);
    ValueAt(state, *place) = static_cast<std::int16_t>(
        std::clamp<std::int64_t>(value, counter.lowest, counter.cap));
  }
  return absl::OkStatus();
}

absl::StatusOr<PityState> CounterSet::Parse(absl::string_view family,
                                            absl::string_view account) const {
  PityState state = start_;
  FAIRPULL_RETURN_IF_ERROR(ReadRow(family, state));
  FAIRPULL_RETURN_IF_ERROR(ReadRow(account, state));
  Derive(state);
  return state;
}

absl::StatusOr<PityState> CounterSet::FromValues(
    absl::Span<const std::pair<std::string, std::int64_t>> values) const {
  PityState state = start_;
  std::vector<std::string> given;
  for (const auto& [name, value] : values) {
    const std::optional<Place> place = Stored(name, false);
    if (!place.has_value()) {
      std::vector<std::string> known;
      ForEachStored(state, [&](const Counter& counter, std::int16_t) {
        known.push_back(counter.name);
      });
      return absl::InvalidArgumentError(
          absl::StrCat("no counter is named \"", absl::CHexEscape(name),
                       "\"; this banner has ",
                       known.empty() ? "none" : absl::StrJoin(known, ", ")));
    }
    if (std::count(given.begin(), given.end(), name) != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("counter \"", name, "\" is given twice"));
    }
    given.push_back(name);
    const Counter& counter = At(*place);
    if (value < counter.lowest || value > counter.cap) {
      return absl::InvalidArgumentError(
          absl::StrCat("counter \"", name, "\" can't be ", value,
                       "; it is from ", counter.lowest, " to ", counter.cap));
    }
    ValueAt(state, *place) = static_cast<std::int16_t>(value);
  }
  Derive(state);
  return state;
}

std::vector<std::pair<std::string, std::int64_t>> CounterSet::Values(
    const PityState& state) const {
  std::vector<std::pair<std::string, std::int64_t>> values;
  ForEachStored(state, [&](const Counter& counter, std::int16_t value) {
    values.emplace_back(counter.name, value);
  });
  return values;
}

void CounterSet::Derive(PityState& state) const {
  for (std::size_t i = 0; i < counters_.size(); ++i) {
    const Counter& counter = counters_[i];
    if (counter.life != CounterLife::kDerived) continue;
    std::int16_t left = counter.start;
    for (std::size_t p = 0; p < counter.pool_count; ++p) {
      left =
          static_cast<std::int16_t>(left - state.taken[counter.pool_first + p]);
    }
    state.value[i] = left;
  }
}

}  // namespace fairpull
