#include "fairpull/random/fair_source.h"

namespace fairpull {
namespace {

void AppendBigEndian(std::uint64_t value, int bytes, std::string& out) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((value >> shift) & 0xff));
  }
}

void AppendField(absl::string_view field, std::string& out) {
  AppendBigEndian(field.size(), 4, out);
  out.append(field.data(), field.size());
}

}  // namespace

FairSource::FairSource(const ServerSeed& seed, const DrawName& draw)
    : key_(seed.key()) {
  message_ = "fairpull-draw-v1";
  AppendField(draw.player, message_);
  AppendField(draw.scope, message_);
  AppendBigEndian(draw.sequence, 8, message_);
  AppendBigEndian(0, 4, message_);
}

void FairSource::NextBlock() {
  message_.resize(message_.size() - 4);
  AppendBigEndian(block_++, 4, message_);
  const std::array<std::uint8_t, 32> block = key_.CodeOf(message_);
  for (std::size_t i = 0; i < words_.size(); ++i) {
    words_[i] = Word{block[4 * i]} << 24 | Word{block[4 * i + 1]} << 16 |
                Word{block[4 * i + 2]} << 8 | Word{block[4 * i + 3]};
  }
  next_ = 0;
}

}  // namespace fairpull
