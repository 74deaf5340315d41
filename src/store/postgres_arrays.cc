#include "postgres_arrays.h"

namespace fairpull {
namespace {

// The type numbers of int8 and text, and of their arrays.
constexpr std::uint32_t kInt8 = 20;
constexpr std::uint32_t kText = 25;
constexpr unsigned kInt8Array = 1016;
constexpr unsigned kTextArray = 1009;

// Where the header has the elements' type and their number.
constexpr std::size_t kTypeAt = 8;
constexpr std::size_t kSizeAt = 12;

}  // namespace

PostgresArray::PostgresArray() {
  Append(1);  // dimensions
  Append(0);  // no nulls
  Append(0);  // the elements' type
  Append(0);  // their number
  Append(1);  // the first one's index
}

void PostgresArray::Put(std::size_t place, std::uint32_t value) {
  for (std::size_t i = 4; i-- > 0; value >>= 8) {
    bytes_[place + i] = static_cast<char>(value & 0xff);
  }
}

void PostgresArray::Append(std::uint32_t value) {
  bytes_.resize(bytes_.size() + 4);
  Put(bytes_.size() - 4, value);
}

void PostgresArray::Begin(std::uint32_t type, std::size_t size) {
  type_ = type;
  Put(kTypeAt, type);
  Put(kSizeAt, ++size_);
  Append(static_cast<std::uint32_t>(size));
}

void PostgresArray::Add(std::int64_t value) {
  Begin(kInt8, sizeof value);
  const auto bits = static_cast<std::uint64_t>(value);
  Append(static_cast<std::uint32_t>(bits >> 32));
  Append(static_cast<std::uint32_t>(bits));
}

void PostgresArray::Add(const std::string& text) {
  Begin(kText, text.size());
  bytes_ += text;
}

unsigned PostgresArray::type() const {
  return type_ == kInt8 ? kInt8Array : kTextArray;
}

}  // namespace fairpull
