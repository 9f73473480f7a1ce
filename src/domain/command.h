#pragma once

// Everything that changes a conversation is a command in its partition of the log. Time and ids come in with it, so
// that deciding it again gives the same result.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "domain/conversation.h"
#include "domain/ids.h"
#include "domain/message.h"

namespace c4a {

struct CreateConversation {
  ConversationType type = ConversationType::kPrivate;
  std::vector<UserId> members;  // with the creator, each once, all existing
  std::string metadata = "{}";
};

struct SendMessage {
  Message message;              // all but seq and routed_at
  bool id_from_client = false;  // only such an id can have been used long before
};

struct EditMessage {
  MessageId message_id;
  PayloadType payload_type = PayloadType::kText;
  std::string payload;
};

struct DeleteMessage {
  MessageId message_id;
};

struct ReactToMessage {
  MessageId message_id;
  std::string emoji;
  bool add = true;
};

struct Acknowledge {
  DeviceId device;
  Seq up_to_seq;
  Version up_to_version;
  bool read = false;  // reading counts as delivered
};

// A device is seen for the first time: it starts after what the user has had delivered on any other.
struct OpenDevice {
  DeviceId device;
  std::vector<DeviceId> retired;  // devices that were dropped to make room
};

struct AddMember {
  UserId user_id;
  Role role = Role::kMember;
  bool sees_history = true;
};

struct UpdateMember {
  UserId user_id;
  Role role = Role::kMember;
};

struct RemoveMember {
  UserId user_id;
  bool user_deleted = false;  // the account is gone: no role is asked, a last owner hands over to the eldest member
};

struct UpdateConversation {
  std::string metadata_patch;  // RFC 7396
};

struct DeleteConversation {};

// Ephemeral: decided in order like the rest, but leaves nothing behind.
struct Typing {};

using Request =
    std::variant<CreateConversation, SendMessage, EditMessage, DeleteMessage, ReactToMessage, Acknowledge, OpenDevice,
                 AddMember, UpdateMember, RemoveMember, UpdateConversation, DeleteConversation, Typing>;

// Whether it alters nothing when it is decided a second time, whatever was decided between. Of sends only those are
// found again for certain that are looked up in the store, too (id_from_client).
bool repeatable(const Request& request);

struct Command {
  ConversationId conversation_id;
  UserId actor;
  TimestampMs at = 0;  // when the gateway took it
  SessionNumber session = 0;
  Request request;
};

}  // namespace c4a
