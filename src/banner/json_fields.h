// Strict reading of JSON: every key is asked for by name and the rest are
// problems, every problem is told with its JSON pointer, reading goes on after
// one. Private to the banner layer.

#ifndef FAIRPULL_SRC_BANNER_JSON_FIELDS_H_
#define FAIRPULL_SRC_BANNER_JSON_FIELDS_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "fairpull/banner/problem.h"
#include "fairpull/odds/odds.h"
#include "nlohmann/json.hpp"

namespace fairpull::internal {

using Json = nlohmann::json;

// The document of `text`. A syntax error (with line and column), a repeated
// key and nesting deeper than 32 are problems; then nothing is given back.
std::optional<Json> ReadJson(absl::string_view text, Problems& problems);

// `pointer` with one more reference token, escaped as RFC 6901 says.
std::string Below(absl::string_view pointer, absl::string_view key);
std::string Below(absl::string_view pointer, std::size_t index);

// "a string", "an object", … as a reader would call it.
absl::string_view KindOf(const Json& value);

enum class Need : std::uint8_t { kRequired, kOptional };

// The members of one object. Each reader marks its key as known, and gives
// nothing back if the key is missing (a problem if it is required) or its
// value is of another kind (a problem).
class Fields {
 public:
  Fields(const Json& value, std::string pointer, Problems& problems);

  const Json* Any(const std::string& key, Need need);
  std::optional<std::string> Text(const std::string& key, Need need);
  std::optional<std::int64_t> Integer(const std::string& key, Need need,
                                      std::int64_t lowest,
                                      std::int64_t highest);
  std::optional<fairpull::Odds> ReadOdds(const std::string& key, Need need);
  // One of `choices`, as its index.
  std::optional<std::size_t> Choice(const std::string& key, Need need,
                                    const std::vector<std::string>& choices);
  std::optional<std::int64_t> TimeMs(const std::string& key, Need need);
  std::optional<bool> Flag(const std::string& key, Need need);
  // The elements of an array of at least one; empty if missing or not that.
  std::vector<const Json*> Elements(const std::string& key, Need need);
  // The same, each read by `read(element, pointer, problems)`.
  template <class T, class Read>
  std::vector<T> List(const std::string& key, Need need, const Read& read) {
    std::vector<T> list;
    std::size_t index = 0;
    for (const Json* element : Elements(key, need)) {
      list.push_back(read(*element, Below(At(key), index++), problems_));
    }
    return list;
  }
  // The same, each a string of at least one character.
  std::vector<std::string> Texts(const std::string& key, Need need);
  // Whether the key is there, whatever its value; does not mark it.
  [[nodiscard]] bool Has(const std::string& key) const {
    return value_ != nullptr && value_->contains(key);
  }

  // Every key that was not asked for is a problem.
  void RefuseOthers();

  [[nodiscard]] std::string At(absl::string_view key) const {
    return Below(pointer_, key);
  }
  void Add(absl::string_view key, absl::string_view message) {
    problems_.Add(At(key), message);
  }

 private:
  const Json* value_ = nullptr;  // null: not an object, already told
  std::string pointer_;
  Problems& problems_;
  std::set<std::string> known_;
};

// An id at `key`, or nothing and a problem.
template <class IdType>
std::optional<IdType> ReadId(Fields& fields, const std::string& key,
                             Need need) {
  const std::optional<std::string> text = fields.Text(key, need);
  if (!text.has_value()) return std::nullopt;
  absl::StatusOr<IdType> id = IdType::Parse(*text);
  if (!id.ok()) {
    fields.Add(key, id.status().message());
    return std::nullopt;
  }
  return *std::move(id);
}

// Odds written as text at `pointer`, or a problem.
std::optional<fairpull::Odds> OddsAt(const Json& value,
                                     const std::string& pointer,
                                     Problems& problems);

}  // namespace fairpull::internal

#endif  // FAIRPULL_SRC_BANNER_JSON_FIELDS_H_
