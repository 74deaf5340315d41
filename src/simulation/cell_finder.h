// Which cell an outcome of the scalar engine is.

#ifndef FAIRPULL_SRC_SIMULATION_CELL_FINDER_H_
#define FAIRPULL_SRC_SIMULATION_CELL_FINDER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "fairpull/banner/banner.h"
#include "fairpull/engine/outcome.h"
#include "fairpull/simulation/simulation.h"

namespace fairpull::internal {

class CellFinder {
 public:
  explicit CellFinder(const Simulation& simulation)
      : items_(simulation.banner().items().size()) {
    const Banner& banner = simulation.banner();
    cells_.resize(banner.groups().size() * items_);
    const std::vector<Cell>& cells = simulation.cells();
    for (std::size_t c = 0; c < cells.size(); ++c) {
      const auto cell = static_cast<std::uint16_t>(c);
      const std::size_t row = cells[c].group * items_;
      if (simulation.options().cells == CellKind::kItem) {
        cells_[row + cells[c].item] = cell;
        continue;
      }
      for (const std::uint16_t item : banner.groups()[cells[c].group].items) {
        cells_[row + item] = cell;
      }
    }
  }

  [[nodiscard]] std::uint16_t Of(const Outcome& outcome) const {
    return cells_[outcome.group * items_ + outcome.item];
  }

 private:
  std::size_t items_;
  std::vector<std::uint16_t> cells_;  // by group and item
};

}  // namespace fairpull::internal

#endif  // FAIRPULL_SRC_SIMULATION_CELL_FINDER_H_
