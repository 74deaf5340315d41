#include "fairpull/pity/counter.h"

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "fairpull/base/status.h"

namespace fairpull {

absl::StatusOr<CounterSet> CounterSet::Make(std::vector<Counter> counters) {
  if (counters.size() > kMaxCounters) {
    return absl::InvalidArgumentError(
        absl::StrCat("the banner needs ", counters.size(),
                     " counters; at most ", kMaxCounters, " are possible"));
  }
  CounterSet set;
  for (Counter& counter : counters) {
    if (set.Find(counter.name).has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("two counters are named \"", counter.name, "\""));
    }
    if (counter.cap < 0 || counter.cap > kMaxCounterValue) {
      return absl::InvalidArgumentError(absl::StrCat(
          "counter \"", counter.name, "\" has the cap ", counter.cap,
          "; it must be from 0 to ", kMaxCounterValue));
    }
    set.counters_.push_back(std::move(counter));
  }
  return set;
}

std::optional<std::size_t> CounterSet::Find(absl::string_view name) const {
  for (std::size_t i = 0; i < counters_.size(); ++i) {
    if (counters_[i].name == name) return i;
  }
  return std::nullopt;
}

CounterStep CounterSet::FrozenStep() const {
  CounterStep step;
  for (std::size_t i = 0; i < counters_.size(); ++i) {
    step.Freeze(i);
    step.cap[i] = counters_[i].cap;
  }
  return step;
}

std::string CounterSet::Serialize(const PityState& state,
                                  absl::string_view carried) const {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < counters_.size(); ++i) {
    parts.push_back(absl::StrCat(counters_[i].name, "=", state.value[i]));
  }
  for (const absl::string_view part :
       absl::StrSplit(carried, ',', absl::SkipEmpty())) {
    if (!Find(part.substr(0, part.rfind('='))).has_value()) {
      parts.emplace_back(part);
    }
  }
  std::sort(parts.begin(), parts.end());
  return absl::StrJoin(parts, ",");
}

absl::StatusOr<PityState> CounterSet::Parse(absl::string_view text) const {
  std::vector<std::pair<std::string, std::int64_t>> values;
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
    const absl::string_view name = part.substr(0, equals);
    const std::optional<std::size_t> counter = Find(name);
    if (!counter.has_value()) continue;
    value = std::min(value, std::uint32_t(counters_[*counter].cap));
    values.emplace_back(std::string(name), value);
  }
  return FromValues(values);
}

absl::StatusOr<PityState> CounterSet::FromValues(
    absl::Span<const std::pair<std::string, std::int64_t>> values) const {
  PityState state;
  std::array<bool, kMaxCounters> given{};
  for (const auto& [name, value] : values) {
    const std::optional<std::size_t> counter = Find(name);
    if (!counter.has_value()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "no counter is named \"", absl::CHexEscape(name),
          "\"; this banner has ",
          counters_.empty()
              ? "none"
              : absl::StrJoin(counters_, ", ",
                              [](std::string* out, const Counter& c) {
                                out->append(c.name);
                              })));
    }
    if (given[*counter]) {
      return absl::InvalidArgumentError(
          absl::StrCat("counter \"", name, "\" is given twice"));
    }
    given[*counter] = true;
    const std::int16_t cap = counters_[*counter].cap;
    if (value < 0 || value > cap) {
      return absl::InvalidArgumentError(
          absl::StrCat("counter \"", name, "\" can't be ", value,
                       "; it is from 0 to ", cap));
    }
    state.value[*counter] = static_cast<std::int16_t>(value);
  }
  return state;
}

}  // namespace fairpull
