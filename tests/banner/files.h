// Banner files for tests: those that ship, and small ones made by editing.

#ifndef FAIRPULL_TESTS_BANNER_FILES_H_
#define FAIRPULL_TESTS_BANNER_FILES_H_

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "fairpull/banner/banner.h"
#include "source_dir.h"

namespace fairpull::testing {

inline std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

inline std::filesystem::path ShippedFolder() {
  return SourceDir() / "examples" / "banners";
}

// The names of the banners that ship, sorted.
inline std::vector<std::string> ShippedNames() {
  std::vector<std::string> names;
  for (const auto& file :
       std::filesystem::directory_iterator(ShippedFolder())) {
    names.push_back(file.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

inline Banner LoadShipped(const std::string& name) {
  const std::string file = name + ".json";
  return Banner::FromJson(ReadFile(ShippedFolder() / file), file).value();
}

// A banner of three rarities in which every kind of field is used.
inline constexpr char kSmallBanner[] = R"({
  "id": "small",
  "price": {"currency": "gem", "amount": 100},
  "rarities": [
    {"id": "gold", "odds": "1%",
     "soft_pity": {"from": 5, "step": "20%"}, "hard_pity": 8,
     "rate_up": {"featured": ["g1"], "share": "75%",
                 "after_loss": "guarantee"}},
    {"id": "silver", "odds": "10%", "hard_pity": 4, "on_higher_hit": "reset"},
    {"id": "tin", "odds": "rest"}
  ],
  "items": [
    {"id": "g1", "type": "hero", "rarity": "gold"},
    {"id": "g2", "type": "hero", "rarity": "gold"},
    {"id": "s1", "type": "hero", "rarity": "silver", "weight": 2},
    {"id": "s2", "type": "hero", "rarity": "silver"},
    {"id": "t1", "type": "item", "rarity": "tin"}
  ]
})";

// kSmallBanner with every `from` replaced by `to`; `from` must be in it.
inline std::string Edited(const std::string& from, const std::string& to) {
  std::string text = kSmallBanner;
  std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::logic_error("no \"" + from + "\"");
  for (; at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

}  // namespace fairpull::testing

#endif  // FAIRPULL_TESTS_BANNER_FILES_H_
