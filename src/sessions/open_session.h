#pragma once

// What a session needs from the store before it can begin: which conversations there are, where its device stands in
// each, and what it missed for good.

#include <vector>

#include "base/clock.h"
#include "message_log/message_log.h"
#include "message_store/message_store.h"

namespace c4a {

struct SessionStart {
  struct Conversation {
    ConversationId id;
    DeviceCursor start;
    Seq last_seq;
    Version version;
  };
  // Too old to be pending: {"type":"gap"}; the device reads the history instead.
  struct Gap {
    ConversationId id;
    Seq from;
    Seq to;
  };

  Device device;  // with the receipts it has been sent
  std::vector<Conversation> conversations;
  std::vector<Gap> gaps;
};

struct OpenSessionRules {
  std::int64_t retention_ms = 30LL * 24 * 3600 * 1000;  // a device gone for longer gets gaps
};

// Blocks; for worker threads. Makes the device known, which for a new one fixes where it starts.
Result<SessionStart> open_session(MessageStore& store, MessageLog& log, const UserId& user, const DeviceId& device,
                                  TimestampMs now, const OpenSessionRules& rules);

// What there is now for a session that is open, where events may have been lost. Blocks; for worker threads.
Result<std::vector<SessionStart::Conversation>> look_again(MessageStore& store, const UserId& user,
                                                           const DeviceId& device);

std::string gap_frame(const SessionStart::Gap& gap);

}  // namespace c4a
