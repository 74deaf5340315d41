// Any bytes as a banner file: no crash, no hang, every refusal in words; and
// what compiles can be drawn from, in every batch that it sells.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "fairpull/banner/banner.h"
#include "fairpull/engine/batch.h"
#include "fairpull/random/pcg_source.h"

namespace fairpull {
namespace {

void Require(bool holds, const char* what) {
  if (holds) return;
  std::cerr << "does not hold: " << what << "\n";
  std::abort();
}

void DrawFromAll(const Banner& banner) {
  const WheelTable& wheels = banner.wheels();
  for (std::uint32_t n = 0; n < wheels.rows(); ++n) {
    std::uint64_t sum = 0;
    for (std::uint32_t g = 0; g < wheels.outcomes(); ++g) {
      sum += wheels.Weight(wheels.RowAt(n), g);
    }
    Require(sum == wheels.size(wheels.RowAt(n)), "every wheel is full");
  }
  PcgSource bits = PcgSource::Seeded(1);
  PityState state = banner.counters().Start();
  for (const BatchSpec& batch : banner.spec().batches) {
    std::vector<Outcome> outcomes(batch.draws());
    for (int round = 0; round < 3; ++round) {
      PullBatch(banner, batch.size, state, bits, absl::MakeSpan(outcomes));
      for (const Outcome& outcome : outcomes) {
        Require(banner.items()[outcome.item].rarity == outcome.rarity,
                "an item is of the rarity that was drawn");
      }
      const absl::StatusOr<PityState> again = banner.counters().Parse(
          banner.counters().Serialize(state),
          banner.counters().Serialize(state, "", CounterRow::kAccount));
      Require(again.ok() && *again == state, "a stored state comes back");
      Require(banner.QuoteOf(batch.size, state).ok(),
              "what is sold has a price");
    }
  }
}

}  // namespace
}  // namespace fairpull

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  fairpull::Problems problems("fuzz.json");
  std::optional<fairpull::BannerSpec> spec =
      fairpull::ParseBanner(text, problems);
  if (spec.has_value()) {
    const std::optional<fairpull::Banner> banner =
        fairpull::CompileBanner(*std::move(spec), problems);
    fairpull::Require(banner.has_value() == problems.empty(),
                      "there is a banner exactly if there is no problem");
    if (banner.has_value()) fairpull::DrawFromAll(*banner);
  } else {
    fairpull::Require(!problems.empty(), "a refusal says why");
  }
  for (const fairpull::Problem& problem : problems.list()) {
    fairpull::Require(!problem.message.empty(), "a problem says what is wrong");
  }
  return 0;
}
