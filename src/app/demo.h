#pragma once

// `serve --demo`: three people who have been talking, to look around with.

#include "base/clock.h"
#include "message_log/message_log.h"
#include "operations/conversations.h"
#include "operations/users.h"

namespace c4a {

struct DemoParts {
  Users& users;
  Conversations& conversations;
  MessageLog& log;
  const Clock& clock;
};

// Makes what is missing of the users ana, bruno and carla, a private conversation, a group and some messages; what is
// there already is left as it is. Blocks. Fails as the operations do; what was made until then stays, and the next call
// goes on.
Result<> make_demo(const DemoParts& parts);

}  // namespace c4a
