#include "telemetry/metrics.h"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cassert>
#include <map>
#include <mutex>
#include <utility>
#include <variant>

#include "telemetry/process_metrics.h"

namespace c4a {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

struct Callback {
  std::uint64_t id = 0;
  std::function<double()> read;
};

// Pointers, because callers keep references.
using Metric = std::variant<std::unique_ptr<Counter>, std::unique_ptr<Gauge>, std::unique_ptr<Histogram>, Callback>;

struct Family {
  std::string help;
  MetricType type = MetricType::Untyped;
  std::map<MetricLabels, Metric> metrics;
};

ClientMetric::Histogram read_histogram(const Histogram& histogram) {
  const auto snapshot = histogram.snapshot();
  ClientMetric::Histogram out;
  for (std::size_t i = 0; i < snapshot.counts.size(); ++i) {
    out.sample_count += snapshot.counts[i];
    // The serializer adds the endless bucket itself.
    if (i < histogram.bounds().size()) out.bucket.push_back({out.sample_count, histogram.bounds()[i]});
  }
  out.sample_sum = snapshot.sum;
  return out;
}

ClientMetric read_metric(const Metric& metric, MetricType type) {
  ClientMetric out;
  if (const auto* histogram = std::get_if<std::unique_ptr<Histogram>>(&metric)) {
    out.histogram = read_histogram(**histogram);
    return out;
  }
  double value = 0;
  if (const auto* counter = std::get_if<std::unique_ptr<Counter>>(&metric)) {
    value = static_cast<double>((*counter)->value());
  } else if (const auto* gauge = std::get_if<std::unique_ptr<Gauge>>(&metric)) {
    value = static_cast<double>((*gauge)->value());
  } else {
    value = std::get<Callback>(metric).read();
  }
  if (type == MetricType::Counter) {
    out.counter.value = value;
  } else {
    out.gauge.value = value;
  }
  return out;
}

}  // namespace

class MetricRegistry::Families final : public prometheus::Collectable {
 public:
  template <class T>
  T& find_or_make(std::string_view name, std::string_view help, MetricType type, MetricLabels labels, auto&&... args) {
    const std::lock_guard lock(mutex_);
    std::ranges::sort(labels);
    Family& family = find_family(name, help, type);
    auto place = family.metrics.find(labels);
    if (place == family.metrics.end()) {
      place = family.metrics.emplace(std::move(labels), std::make_unique<T>(args...)).first;
    }
    return *std::get<std::unique_ptr<T>>(place->second);
  }

  std::uint64_t add_callback(std::string_view name, std::string_view help, MetricType type, MetricLabels labels,
                             std::function<double()> read) {
    const std::lock_guard lock(mutex_);
    std::ranges::sort(labels);
    Family& family = find_family(name, help, type);
    const auto id = ++last_callback_;
    [[maybe_unused]] const auto [place, added] =
        family.metrics.emplace(std::move(labels), Callback{id, std::move(read)});
    assert(added && "two callbacks for one metric");
    return id;
  }

  void remove(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    for (auto& [name, family] : families_) {
      std::erase_if(family.metrics, [id](const auto& entry) {
        const auto* callback = std::get_if<Callback>(&entry.second);
        return callback && callback->id == id;
      });
    }
  }

  std::vector<MetricFamily> Collect() const override {
    const std::lock_guard lock(mutex_);
    std::vector<MetricFamily> out;
    for (const auto& [name, family] : families_) {
      if (family.metrics.empty()) continue;
      MetricFamily& collected = out.emplace_back(MetricFamily{name, family.help, family.type, {}});
      for (const auto& [labels, metric] : family.metrics) {
        auto& one = collected.metric.emplace_back(read_metric(metric, family.type));
        for (const auto& [label, value] : labels) one.label.push_back({label, value});
      }
    }
    return out;
  }

 private:
  Family& find_family(std::string_view name, std::string_view help, MetricType type) {
    const auto [place, added] = families_.try_emplace(std::string(name), Family{std::string(help), type, {}});
    assert(place->second.help == help && place->second.type == type && "one name, one help text, one type");
    return place->second;
  }

  mutable std::mutex mutex_;  // held while callbacks run, which is what lets a destructor wait for them
  std::map<std::string, Family, std::less<>> families_;
  std::uint64_t last_callback_ = 0;
};

MetricRegistry::MetricRegistry() : families_(std::make_unique<Families>()) {}
MetricRegistry::~MetricRegistry() = default;

Counter& MetricRegistry::counter(std::string_view name, std::string_view help, MetricLabels labels) {
  return families_->find_or_make<Counter>(name, help, MetricType::Counter, std::move(labels));
}

Gauge& MetricRegistry::gauge(std::string_view name, std::string_view help, MetricLabels labels) {
  return families_->find_or_make<Gauge>(name, help, MetricType::Gauge, std::move(labels));
}

Histogram& MetricRegistry::histogram(std::string_view name, std::string_view help, std::span<const double> bounds,
                                     MetricLabels labels) {
  return families_->find_or_make<Histogram>(name, help, MetricType::Histogram, std::move(labels), bounds);
}

CallbackMetric MetricRegistry::callback_gauge(std::string_view name, std::string_view help,
                                              std::function<double()> read, MetricLabels labels) {
  return {this, families_->add_callback(name, help, MetricType::Gauge, std::move(labels), std::move(read))};
}

CallbackMetric MetricRegistry::callback_counter(std::string_view name, std::string_view help,
                                                std::function<double()> read, MetricLabels labels) {
  return {this, families_->add_callback(name, help, MetricType::Counter, std::move(labels), std::move(read))};
}

void MetricRegistry::remove(std::uint64_t callback_id) { families_->remove(callback_id); }

std::string MetricRegistry::render() const { return prometheus::TextSerializer().Serialize(families_->Collect()); }

CallbackMetric& CallbackMetric::operator=(CallbackMetric&& other) noexcept {
  if (this != &other) {
    if (registry_) registry_->remove(id_);
    registry_ = std::exchange(other.registry_, nullptr);
    id_ = other.id_;
  }
  return *this;
}

CallbackMetric::~CallbackMetric() {
  if (registry_) registry_->remove(id_);
}

MetricRegistry& metrics() {
  // Never destroyed: threads and static objects may count until the very end.
  static MetricRegistry& only = [] -> MetricRegistry& {
    static MetricRegistry* const kRegistry = new MetricRegistry;
    static auto* const kProcess = new std::vector<CallbackMetric>(add_process_metrics(*kRegistry));
    (void)kProcess;
    return *kRegistry;
  }();
  return only;
}

}  // namespace c4a
