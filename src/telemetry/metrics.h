#pragma once

// Metrics, declared beside the code that moves them:
//
//   static Counter& accepted = counter("messages_accepted_total", "Messages that were made durable.", {{"via", "ws"}});
//   accepted.add();
//
// Names follow Prometheus: snake_case, base units last (_seconds, _bytes), _total for counters. Label values come from
// a small fixed set, never from a user. Asking again for the same name and labels answers the same object; one name has
// one help text and one type (asserted). Metrics live as long as the process. Any thread may use anything here.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace c4a {

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

// Threads add to cells of their own, so that cores do not fight for a cache line; a reader sums them up.
inline constexpr std::size_t kMetricCells = 8;
inline constexpr std::size_t kCacheLineBytes = 64;
std::size_t next_metric_cell();
inline std::size_t metric_cell() {
  thread_local const std::size_t cell = next_metric_cell();
  return cell;
}

// Only goes up. About two nanoseconds.
class Counter {
 public:
  void add(std::uint64_t by = 1) noexcept { cells_[metric_cell()].value.fetch_add(by, std::memory_order_relaxed); }
  std::uint64_t value() const noexcept;

 private:
  struct alignas(kCacheLineBytes) Cell {
    std::atomic<std::uint64_t> value{0};
  };
  std::array<Cell, kMetricCells> cells_;
};

// Goes up and down.
class Gauge {
 public:
  void add(std::int64_t by = 1) noexcept { value_.fetch_add(by, std::memory_order_relaxed); }
  void subtract(std::int64_t by = 1) noexcept { value_.fetch_sub(by, std::memory_order_relaxed); }
  void set(std::int64_t to) noexcept { value_.store(to, std::memory_order_relaxed); }
  std::int64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// Counts observations by size. A value equal to a bound falls under it, as in Prometheus.
class Histogram {
 public:
  // Bounds ascend; an endless one is added.
  explicit Histogram(std::span<const double> bounds);

  void observe(double value) noexcept;

  struct Snapshot {
    std::vector<std::uint64_t> counts;  // per bucket, not cumulative; the last is the endless one
    double sum = 0;
  };
  Snapshot snapshot() const;
  const std::vector<double>& bounds() const { return bounds_; }

 private:
  struct alignas(kCacheLineBytes) Cell {
    std::atomic<double> sum{0};
    std::unique_ptr<std::atomic<std::uint64_t>[]> counts;
  };
  std::vector<double> bounds_;
  std::array<Cell, kMetricCells> cells_;
};

// 50 µs to 10 s: for the duration of a request or a commit, in seconds.
std::span<const double> latency_buckets();
// 1 to 4,096 by powers of two: for the size of a batch or a fan-out.
std::span<const double> size_buckets();

class MetricRegistry;

// Keeps a callback on the metrics page while it lives. When the destructor returns the callback no longer runs.
class [[nodiscard]] CallbackMetric {
 public:
  CallbackMetric() = default;
  CallbackMetric(CallbackMetric&& other) noexcept
      : registry_(std::exchange(other.registry_, nullptr)), id_(other.id_) {}
  CallbackMetric& operator=(CallbackMetric&& other) noexcept;
  ~CallbackMetric();

 private:
  friend class MetricRegistry;
  CallbackMetric(MetricRegistry* registry, std::uint64_t id) : registry_(registry), id_(id) {}

  MetricRegistry* registry_ = nullptr;
  std::uint64_t id_ = 0;
};

class MetricRegistry {
 public:
  MetricRegistry();
  ~MetricRegistry();
  MetricRegistry(const MetricRegistry&) = delete;

  Counter& counter(std::string_view name, std::string_view help, MetricLabels labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, MetricLabels labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, std::span<const double> bounds,
                       MetricLabels labels = {});

  // Values that are read when somebody looks. Callbacks run one at a time on the thread that renders; they must be
  // quick and must not touch the registry. At most one per name and labels at a time (asserted).
  CallbackMetric callback_gauge(std::string_view name, std::string_view help, std::function<double()> read,
                                MetricLabels labels = {});
  CallbackMetric callback_counter(std::string_view name, std::string_view help, std::function<double()> read,
                                  MetricLabels labels = {});

  // Everything in the Prometheus text format 0.0.4 (Content-Type: text/plain; version=0.0.4), names in order.
  std::string render() const;

 private:
  friend class CallbackMetric;
  void remove(std::uint64_t callback_id);

  class Families;
  std::unique_ptr<Families> families_;
};

// The process's own registry, with the process_* metrics and chat4all_build_info.
MetricRegistry& metrics();

inline Counter& counter(std::string_view name, std::string_view help, MetricLabels labels = {}) {
  return metrics().counter(name, help, std::move(labels));
}
inline Gauge& gauge(std::string_view name, std::string_view help, MetricLabels labels = {}) {
  return metrics().gauge(name, help, std::move(labels));
}
inline Histogram& histogram(std::string_view name, std::string_view help, std::span<const double> bounds,
                            MetricLabels labels = {}) {
  return metrics().histogram(name, help, bounds, std::move(labels));
}
inline CallbackMetric callback_gauge(std::string_view name, std::string_view help, std::function<double()> read,
                                     MetricLabels labels = {}) {
  return metrics().callback_gauge(name, help, std::move(read), std::move(labels));
}
inline std::string render_metrics() { return metrics().render(); }

}  // namespace c4a
