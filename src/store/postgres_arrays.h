// Columns of many rows as arrays in PostgreSQL's binary form, so that one
// statement reads or writes the rows of many players.

#ifndef FAIRPULL_SRC_STORE_POSTGRES_ARRAYS_H_
#define FAIRPULL_SRC_STORE_POSTGRES_ARRAYS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <utility>

#include "fairpull/base/id.h"

namespace fairpull {

// An array of whole numbers or of texts.
class PostgresArray {
 public:
  PostgresArray();

  void Add(std::int64_t value);
  void Add(const std::string& text);
  template <class Tag>
  void Add(const Id<Tag>& id) {
    Add(id.value());
  }

  // Its type's number, the same on all servers.
  [[nodiscard]] unsigned type() const;
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  void Put(std::size_t place, std::uint32_t value);
  void Append(std::uint32_t value);
  // One element more, of so many bytes, which follow.
  void Begin(std::uint32_t type, std::size_t size);

  std::string bytes_;
  std::uint32_t type_ = 0;
  std::uint32_t size_ = 0;
};

// The columns of rows whose values come as tuples of one type.
template <std::size_t kColumns>
class PostgresColumns {
 public:
  template <class... Values>
  void AddRow(const std::tuple<Values...>& row) {
    static_assert(sizeof...(Values) == kColumns);
    AddEach(row, std::make_index_sequence<kColumns>());
    ++rows_;
  }

  [[nodiscard]] bool empty() const { return rows_ == 0; }
  [[nodiscard]] const std::array<PostgresArray, kColumns>& arrays() const {
    return arrays_;
  }

 private:
  template <class Row, std::size_t... kPlaces>
  void AddEach(const Row& row, std::index_sequence<kPlaces...>) {
    (arrays_[kPlaces].Add(std::get<kPlaces>(row)), ...);
  }

  std::array<PostgresArray, kColumns> arrays_;
  std::size_t rows_ = 0;
};

}  // namespace fairpull

#endif  // FAIRPULL_SRC_STORE_POSTGRES_ARRAYS_H_
