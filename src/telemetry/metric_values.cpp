#include <algorithm>
#include <cassert>

#include "telemetry/metrics.h"

namespace c4a {

std::size_t next_metric_cell() {
  static std::atomic<std::size_t> next{0};
  return next.fetch_add(1, std::memory_order_relaxed) % kMetricCells;
}

std::uint64_t Counter::value() const noexcept {
  std::uint64_t sum = 0;
  for (const Cell& cell : cells_) sum += cell.value.load(std::memory_order_relaxed);
  return sum;
}

Histogram::Histogram(std::span<const double> bounds) : bounds_(bounds.begin(), bounds.end()) {
  assert(std::ranges::adjacent_find(bounds_, std::greater_equal()) == bounds_.end());
  for (Cell& cell : cells_) cell.counts = std::make_unique<std::atomic<std::uint64_t>[]>(bounds_.size() + 1);
}

void Histogram::observe(double value) noexcept {
  const auto bucket = static_cast<std::size_t>(std::ranges::lower_bound(bounds_, value) - bounds_.begin());
  Cell& cell = cells_[metric_cell()];
  cell.counts[bucket].fetch_add(1, std::memory_order_relaxed);
  cell.sum.fetch_add(value, std::memory_order_relaxed);
}

Histogram::Snapshot Histogram::snapshot() const {
  Snapshot total{std::vector<std::uint64_t>(bounds_.size() + 1), 0};
  for (const Cell& cell : cells_) {
    total.sum += cell.sum.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < total.counts.size(); ++i) {
      total.counts[i] += cell.counts[i].load(std::memory_order_relaxed);
    }
  }
  return total;
}

std::span<const double> latency_buckets() {
  static constexpr double kBounds[] = {0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                       0.05,    0.1,    0.25,    0.5,    1,     2.5,    5,     10};
  return kBounds;
}

std::span<const double> size_buckets() {
  static constexpr double kBounds[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096};
  return kBounds;
}

}  // namespace c4a
