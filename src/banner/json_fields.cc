#include "json_fields.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"

namespace fairpull::internal {
namespace {

constexpr std::size_t kMaxDepth = 32;

// Where the parser is, so that a repeated key can be told with its pointer;
// nlohmann/json itself keeps the last of two equal keys without a word.
class Watcher {
 public:
  explicit Watcher(Problems& problems) : problems_(problems) {}

  bool operator()(int /*depth*/, Json::parse_event_t event,
                  const Json& parsed) {
    if (too_deep_) return false;  // nothing below matters any more
    switch (event) {
      case Json::parse_event_t::object_start:
      case Json::parse_event_t::array_start:
        Open(event == Json::parse_event_t::array_start);
        break;
      case Json::parse_event_t::key:
        Key(parsed.get_ref<const std::string&>());
        break;
      case Json::parse_event_t::object_end:
      case Json::parse_event_t::array_end:
        frames_.pop_back();
        Passed();
        break;
      case Json::parse_event_t::value:
        Passed();
        break;
    }
    return !too_deep_;
  }

  [[nodiscard]] bool too_deep() const { return too_deep_; }

 private:
  struct Frame {
    bool is_array = false;
    std::size_t index = 0;
    std::string key;
    std::set<std::string> keys;
  };

  void Open(bool is_array) {
    frames_.push_back({.is_array = is_array});
    if (frames_.size() > kMaxDepth) too_deep_ = true;
  }

  void Key(const std::string& key) {
    Frame& frame = frames_.back();
    frame.key = key;
    if (!frame.keys.insert(key).second) {
      problems_.Add(Pointer(), absl::StrCat("the key \"", key,
                                            "\" is given twice; keep one"));
    }
  }

  void Passed() {
    if (!frames_.empty()) ++frames_.back().index;
  }

  [[nodiscard]] std::string Pointer() const {
    std::string pointer;
    for (const Frame& frame : frames_) {
      pointer = frame.is_array ? Below(pointer, frame.index)
                               : Below(pointer, frame.key);
    }
    return pointer;
  }

  Problems& problems_;
  std::vector<Frame> frames_;
  bool too_deep_ = false;
};

// The place of a byte as "line 3, column 7", both from 1.
std::string Place(absl::string_view text, std::size_t byte) {
  const absl::string_view before = text.substr(0, byte == 0 ? 0 : byte - 1);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t newline = before.rfind('\n');
  const std::size_t column =
      before.size() - (newline == absl::string_view::npos ? 0 : newline + 1);
  return absl::StrCat("line ", line, ", column ", column + 1);
}

// "2026-03-01T04:00:00Z", with a fraction and "+09:00" as they may be.
bool LooksLikeRfc3339(absl::string_view text) {
  constexpr absl::string_view kShape = "dddd-dd-ddTdd:dd:dd";
  const auto fits = [](absl::string_view part, absl::string_view shape) {
    if (part.size() != shape.size()) return false;
    for (std::size_t i = 0; i < shape.size(); ++i) {
      const bool digit =
          absl::ascii_isdigit(static_cast<unsigned char>(part[i]));
      if (shape[i] == 'd' ? !digit : part[i] != shape[i]) return false;
    }
    return true;
  };
  if (!fits(text.substr(0, kShape.size()), kShape)) return false;
  absl::string_view rest = text.substr(kShape.size());
  if (absl::ConsumePrefix(&rest, ".")) {
    const std::size_t digits = rest.find_first_not_of("0123456789");
    if (digits == 0 || digits == absl::string_view::npos) return false;
    rest.remove_prefix(digits);
  }
  return rest == "Z" || fits(rest, "+dd:dd") || fits(rest, "-dd:dd");
}

std::string Listed(const std::vector<std::string>& words) {
  return absl::StrJoin(words, ", ", [](std::string* out, const auto& word) {
    absl::StrAppend(out, "\"", word, "\"");
  });
}

}  // namespace

std::optional<Json> ReadJson(absl::string_view text, Problems& problems) {
  const std::size_t before = problems.list().size();
  // The parser would take it for the end of the text.
  const std::size_t nul = text.find('\0');
  if (nul != absl::string_view::npos) {
    problems.Add("", absl::StrCat("not JSON (RFC 8259): a NUL byte at ",
                                  Place(text, nul + 1)));
    return std::nullopt;
  }
  Watcher watcher(problems);
  try {
    Json document = Json::parse(
        text.begin(), text.end(),
        [&watcher](int depth, Json::parse_event_t event, Json& parsed) {
          return watcher(depth, event, parsed);
        });
    if (watcher.too_deep()) {
      problems.Add("", absl::StrCat("nested deeper than ", kMaxDepth,
                                    " levels; a banner needs five"));
    }
    if (problems.list().size() != before) return std::nullopt;
    return document;
  } catch (const Json::parse_error& error) {
    problems.Add("", absl::StrCat("not JSON (RFC 8259): syntax error at ",
                                  Place(text, error.byte)));
    return std::nullopt;
  } catch (const Json::exception& error) {
    // What is left is a number that no double can hold.
    problems.Add("", absl::StrCat("holds a number that is out of range: ",
                                  error.what()));
    return std::nullopt;
  }
}

std::string Below(absl::string_view pointer, absl::string_view key) {
  return absl::StrCat(pointer, "/",
                      absl::StrReplaceAll(key, {{"~", "~0"}, {"/", "~1"}}));
}

std::string Below(absl::string_view pointer, std::size_t index) {
  return absl::StrCat(pointer, "/", index);
}

absl::string_view KindOf(const Json& value) {
  switch (value.type()) {
    case Json::value_t::object:
      return "an object";
    case Json::value_t::array:
      return "an array";
    case Json::value_t::string:
      return "a string";
    case Json::value_t::boolean:
      return "true or false";
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return "an integer";
    case Json::value_t::number_float:
      return "a number with a fraction";
    default:
      return "null";
  }
}

Fields::Fields(const Json& value, std::string pointer, Problems& problems)
    : pointer_(std::move(pointer)), problems_(problems) {
  if (value.is_object()) {
    value_ = &value;
  } else {
    problems_.Add(pointer_,
                  absl::StrCat("is ", KindOf(value), "; it must be an object"));
  }
}

const Json* Fields::Any(const std::string& key, Need need) {
  known_.insert(key);
  if (value_ == nullptr) return nullptr;
  const auto found = value_->find(key);
  if (found != value_->end()) return &*found;
  if (need == Need::kRequired) {
    problems_.Add(pointer_, absl::StrCat("the key \"", key, "\" is missing"));
  }
  return nullptr;
}

std::optional<std::string> Fields::Text(const std::string& key, Need need) {
  const Json* value = Any(key, need);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string() || value->get_ref<const std::string&>().empty()) {
    Add(key,
        value->is_string()
            ? "is empty; it must be a string of at least one character"
            : absl::StrCat("is ", KindOf(*value), "; it must be a string"));
    return std::nullopt;
  }
  return value->get<std::string>();
}

std::optional<std::int64_t> Fields::Integer(const std::string& key, Need need,
                                            std::int64_t lowest,
                                            std::int64_t highest) {
  const Json* value = Any(key, need);
  if (value == nullptr) return std::nullopt;
  const std::string range =
      absl::StrCat("; it must be an integer from ", lowest, " to ", highest);
  if (!value->is_number_integer()) {
    Add(key, absl::StrCat("is ", KindOf(*value), range));
    return std::nullopt;
  }
  const bool too_large =
      value->is_number_unsigned() &&
      value->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX);
  if (too_large || value->get<std::int64_t>() < lowest ||
      value->get<std::int64_t>() > highest) {
    Add(key, absl::StrCat("is ", value->dump(), range));
    return std::nullopt;
  }
  return value->get<std::int64_t>();
}

std::optional<fairpull::Odds> OddsAt(const Json& value,
                                     const std::string& pointer,
                                     Problems& problems) {
  if (!value.is_string()) {
    problems.Add(pointer,
                 absl::StrCat("is ", KindOf(value),
                              "; odds are text, so that they are exact: "
                              "\"0.6%\", \"0.006\" or \"3/500\""));
    return std::nullopt;
  }
  absl::StatusOr<fairpull::Odds> odds =
      fairpull::Odds::Parse(value.get_ref<const std::string&>());
  if (!odds.ok()) {
    problems.Add(pointer, odds.status().message());
    return std::nullopt;
  }
  return *odds;
}

std::optional<fairpull::Odds> Fields::ReadOdds(const std::string& key,
                                               Need need) {
  const Json* value = Any(key, need);
  if (value == nullptr) return std::nullopt;
  return OddsAt(*value, At(key), problems_);
}

std::optional<std::size_t> Fields::Choice(
    const std::string& key, Need need,
    const std::vector<std::string>& choices) {
  const std::optional<std::string> text = Text(key, need);
  if (!text.has_value()) return std::nullopt;
  const auto found = std::find(choices.begin(), choices.end(), *text);
  if (found == choices.end()) {
    Add(key, absl::StrCat("is \"", *text, "\"; it must be one of ",
                          Listed(choices)));
    return std::nullopt;
  }
  return static_cast<std::size_t>(found - choices.begin());
}

std::optional<bool> Fields::Flag(const std::string& key, Need need) {
  const Json* value = Any(key, need);
  if (value == nullptr) return std::nullopt;
  if (!value->is_boolean()) {
    Add(key, absl::StrCat("is ", KindOf(*value), "; it must be true or false"));
    return std::nullopt;
  }
  return value->get<bool>();
}

std::vector<std::string> Fields::Texts(const std::string& key, Need need) {
  return List<std::string>(
      key, need,
      [](const Json& element, const std::string& at, Problems& problems) {
        if (element.is_string() &&
            !element.get_ref<const std::string&>().empty()) {
          return element.get<std::string>();
        }
        problems.Add(
            at,
            absl::StrCat("is ", element.is_string() ? "empty" : KindOf(element),
                         "; it must be the id of an item"));
        return std::string();
      });
}

std::optional<std::int64_t> Fields::TimeMs(const std::string& key, Need need) {
  const std::optional<std::string> text = Text(key, need);
  if (!text.has_value()) return std::nullopt;
  absl::Time time;
  std::string why;
  // Abseil is lenient about spaces, padding, years and offsets.
  if (!LooksLikeRfc3339(*text) ||
      !absl::ParseTime(absl::RFC3339_full, *text, &time, &why)) {
    Add(key, absl::StrCat("is \"", *text,
                          "\"; it must be a time with its offset, as "
                          "\"2026-03-01T04:00:00Z\" (RFC 3339)"));
    return std::nullopt;
  }
  return absl::ToUnixMillis(time);
}

std::vector<const Json*> Fields::Elements(const std::string& key, Need need) {
  const Json* value = Any(key, need);
  std::vector<const Json*> elements;
  if (value == nullptr) return elements;
  if (!value->is_array() || value->empty()) {
    Add(key, value->is_array() ? "is empty; it must have at least one element"
                               : absl::StrCat("is ", KindOf(*value),
                                              "; it must be an array"));
    return elements;
  }
  for (const Json& element : *value) elements.push_back(&element);
  return elements;
}

void Fields::RefuseOthers() {
  if (value_ == nullptr) return;
  for (const auto& [key, value] : value_->items()) {
    if (known_.count(key) != 0) continue;
    Add(key, absl::StrCat("unknown key; known here are ",
                          Listed({known_.begin(), known_.end()})));
  }
}

}  // namespace fairpull::internal
