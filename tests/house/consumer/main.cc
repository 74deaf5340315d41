#include <fairpull/fairpull.h>

#include <fstream>
#include <iostream>
#include <sstream>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::ifstream in(argv[1]);
  std::stringstream text;
  text << in.rdbuf();
  const auto banner = fairpull::Banner::FromJson(text.str(), argv[1]);
  if (!banner.ok()) {
    std::cerr << banner.status().message() << "\n";
    return 1;
  }
  const auto store = fairpull::Store::Open("memory:");
  if (!store.ok()) return 1;
  fairpull::PcgSource bits = fairpull::PcgSource::Seeded(7);
  fairpull::PityState state = banner->counters().Start();
  const fairpull::Outcome outcome = Pull(*banner, state, bits);
  std::cout << "pulled " << banner->items()[outcome.item].name << "\n";
  return 0;
}
