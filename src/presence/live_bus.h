#pragma once

// LiveBus carries what the router decided to the sessions that are online. It may lose events: sessions notice by seq
// and version and read the store. Implementations: MemoryLiveBus (embedded, the default; loses nothing),
// RedisRouterBus (between processes).

#include <memory>
#include <optional>
#include <string>

#include "domain/effects.h"
#include "domain/ids.h"

namespace c4a {

enum class LiveKind : std::uint8_t { kMessage, kChange, kStatus, kTyping };

struct LiveEvent {
  LiveKind kind = LiveKind::kMessage;
  ConversationId conversation;
  Seq seq;                                   // kMessage
  Version version;                           // kChange
  Audience audience;                         // to every session of these…
  UserId also;                               // …and of this one, where set
  UserId not_to;                             // kTyping: whoever types
  SessionNumber except = 0;                  // kMessage: the session that has the answer to its send instead
  LogPosition position;                      // kStatus: of the acknowledgement that it follows from
  std::optional<std::uint32_t> receipt;      // kStatus: its index, where it is a durable receipt
  std::shared_ptr<const std::string> frame;  // serialised once, shared by all who get it
};

using SharedEvent = std::shared_ptr<const LiveEvent>;

class LiveBus {
 public:
  virtual ~LiveBus() = default;
  // Router thread. Events reach a session in the order published. Never blocks.
  virtual void publish(LiveEvent event) = 0;
  // What was published goes out now: called after each batch. Never blocks.
  virtual void flush() {}
};

}  // namespace c4a
