#pragma once

// What the two profiles do differently: how commands reach the router and what it decides reaches the sessions, and who
// knows who is online. Everything else of the program is the same on both.

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "app/config.h"
#include "base/worker_pool.h"
#include "message_log/message_log.h"
#include "message_store/message_store.h"
#include "metadata_store/metadata_store.h"
#include "presence/memory_live_bus.h"
#include "presence/presence.h"
#include "router/router.h"
#include "telemetry/metrics.h"

namespace c4a {

// What a process does.
struct Roles {
  bool gateway = false;
  bool router = false;
  static Roles of(const Config& config);
};

// What it is made of. All of it outlives the Messaging.
struct MessagingParts {
  const Config& config;
  Roles roles;
  MessageStore& store;
  MetadataStore& metadata;
  WorkerPool& workers;
  MemoryLiveBus& sessions;           // this process's own
  std::function<void()> look_again;  // every session looks into the store
};

// What the conversations that this process's routers have in memory may take.
std::size_t state_bytes(const Config& config);

class Messaging {
 public:
  virtual ~Messaging() = default;

  virtual MessageLog& log() = 0;
  virtual Presence& presence() = 0;
  virtual const RouterCounters& router() const = 0;
  // Tells this process's sessions from those of others; 24 bits.
  virtual std::uint32_t gateway() const = 0;

  virtual Result<> start() = 0;
  // Nothing new is taken, what runs is finished.
  virtual void stop() = 0;

  using HealthCheck = std::function<Result<>()>;
  virtual std::map<std::string, HealthCheck> dependencies() = 0;
  virtual std::vector<CallbackMetric> metrics() = 0;
};

Result<std::unique_ptr<Messaging>> make_embedded_messaging(MessagingParts parts);
Result<std::unique_ptr<Messaging>> make_distributed_messaging(MessagingParts parts);

// The stores of the distributed profile, and what `chat4all migrate` prepares for them.
bool is_distributed(const Config& config);
Result<std::unique_ptr<MessageStore>> open_distributed_messages(const Config& config);
Result<> prepare_distributed(const Config& config);
// Another number of partitions for the commands, while everything runs. `say` hears sentences for people. Answers the
// generation that is in use then. Fails with: what repartition_kafka and a start fail with.
Result<std::uint64_t> repartition_distributed(const Config& config, int partitions,
                                              const std::function<void(const std::string&)>& say);

}  // namespace c4a
