// One process: a queue, one router, and memory.

#include <thread>

#include "app/messaging.h"
#include "base/memory_limit.h"
#include "base/thread_name.h"
#include "message_log/queue_message_log.h"
#include "presence/memory_presence.h"
#include "telemetry/metrics.h"

namespace c4a {
namespace {

class EmbeddedMessaging final : public Messaging {
 public:
  EmbeddedMessaging(MessagingParts& parts, LogPosition position, RouterOptions options)
      : queue_({position}), router_(queue_, parts.store, parts.sessions, system_clock(), options) {}
  ~EmbeddedMessaging() override { stop(); }

  MessageLog& log() override { return queue_; }
  Presence& presence() override { return presence_; }
  const RouterCounters& router() const override { return router_.counters(); }
  std::uint32_t gateway() const override { return 0; }

  Result<> start() override {
    thread_ = std::jthread([this] {
      name_thread("router");
      router_.run();
    });
    return {};
  }
  void stop() override {
    queue_.stop();
    if (thread_.joinable()) thread_.join();
  }
  std::map<std::string, HealthCheck> dependencies() override { return {}; }
  std::vector<CallbackMetric> metrics() override {
    std::vector<CallbackMetric> all;
    all.push_back(c4a::metrics().callback_counter(
        "chat4all_log_shed_total",
        "Sends refused at once because the router is behind: more is asked than can be done.",
        [this] { return static_cast<double>(queue_.shed()); }));
    return all;
  }

 private:
  MemoryPresence presence_;
  QueueMessageLog queue_;
  Router router_;
  std::jthread thread_;
};

}  // namespace

Roles Roles::of(const Config& config) {
  Roles roles;
  for (const auto& role : config.server.roles) {
    roles.gateway |= role == "all" || role == "gateway";
    roles.router |= role == "all" || role == "router";
  }
  return roles;
}

std::size_t state_bytes(const Config& config) {
  constexpr std::uint64_t kShare = 8;
  if (config.messages.state_bytes > 0) return static_cast<std::size_t>(config.messages.state_bytes);
  return static_cast<std::size_t>(memory_limit() / kShare);
}

Result<std::unique_ptr<Messaging>> make_embedded_messaging(MessagingParts parts) {
  C4A_TRY(const auto position, parts.store.committed_position());
  RouterOptions options;
  options.rules.receipt_members = static_cast<std::size_t>(parts.config.limits.receipt_members);
  options.cached_bytes = state_bytes(parts.config);
  return std::make_unique<EmbeddedMessaging>(parts, position, options);
}

}  // namespace c4a
