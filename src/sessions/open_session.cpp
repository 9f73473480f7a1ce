#include "sessions/open_session.h"

#include <algorithm>

#include "base/json_writer.h"
#include "router/submit.h"

namespace c4a {
namespace {

// Whom to drop so that there is room for one more: the longest unused.
std::vector<DeviceId> devices_to_retire(std::vector<Device> devices) {
  std::vector<DeviceId> retired;
  std::ranges::sort(devices, {}, &Device::last_seen);
  for (std::size_t i = 0; i + kMaxDevices <= devices.size(); ++i) retired.push_back(devices[i].id);
  return retired;
}

// A device that was never seen starts, in every conversation, after what the user has had delivered on any other.
Result<Device> introduce(MessageStore& store, MessageLog& log, const UserId& user, const DeviceId& id, TimestampMs now,
                         const std::vector<Device>& known, const std::vector<ConversationRef>& conversations) {
  const auto retired = devices_to_retire(known);
  std::vector<Command> commands;
  for (const auto& ref : conversations) commands.push_back({ref.id, user, now, 0, OpenDevice{id, retired}});
  for (const auto& opened : submit_all(log, std::move(commands))) {
    // One that was left or deleted meanwhile needs no cursor.
    if (!opened && opened.error().code != ErrorCode::kConversationNotFound) return std::unexpected(opened.error());
  }
  for (const auto& gone : retired) C4A_CHECK(store.drop_device(user, gone));
  Device device{id, now, now, {}};
  for (const auto& other : known) {
    for (const auto& place : other.receipts_seen.places()) device.receipts_seen.add(place);
  }
  return device;
}

// The first pending message that is young enough to be delivered.
Result<Seq> first_young(MessageStore& store, const ConversationId& id, Seq after, Seq until, TimestampMs cutoff) {
  // Times grow with seq: halve the range until one page shows the border.
  std::uint64_t low = after.value + 1;
  std::uint64_t high = until.value + 1;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    C4A_TRY(const auto page, store.messages_after(id, Seq{middle - 1}, until, 1));
    if (page.empty() || page.front().created_at >= cutoff)
      high = middle;
    else
      low = page.front().seq.value + 1;
  }
  return Seq{low};
}

// Without those that the user never was in, and deleted ones.
Result<std::vector<SessionStart::Conversation>> standings(MessageStore& store, const UserId& user,
                                                          const DeviceId& device,
                                                          const std::vector<ConversationRef>& conversations) {
  std::vector<ConversationId> ids;
  ids.reserve(conversations.size());
  for (const auto& ref : conversations) ids.push_back(ref.id);
  std::vector<SessionStart::Conversation> found;
  C4A_TRY(const auto all, store.standings(ids, user));
  for (const auto& one : all) {
    if (!one || one->head.deleted) continue;
    const auto& [head, member, progress] = *one;
    found.push_back({head.id, catch_up_start(member, progress, device), member.readable_until(head.last_seq),
                     member.active() ? head.version : member.left_at_version});
  }
  return found;
}

}  // namespace

Result<std::vector<SessionStart::Conversation>> look_again(MessageStore& store, const UserId& user,
                                                           const DeviceId& device) {
  C4A_TRY(const auto conversations, store.conversations_of(user));
  return standings(store, user, device, conversations);
}

Result<SessionStart> open_session(MessageStore& store, MessageLog& log, const UserId& user, const DeviceId& device,
                                  TimestampMs now, const OpenSessionRules& rules) {
  SessionStart start;
  C4A_TRY(const auto known, store.devices(user));
  C4A_TRY(const auto conversations, store.conversations_of(user));
  const auto found = std::ranges::find(known, device, &Device::id);
  bool long_gone = false;
  if (found == known.end()) {
    C4A_TRY(start.device, introduce(store, log, user, device, now, known, conversations));
    C4A_CHECK(store.add_device(user, start.device));
  } else {
    start.device = *found;
    start.device.last_seen = now;
    long_gone = now - found->last_seen > rules.retention_ms;
    C4A_CHECK(store.put_device(user, start.device));
  }

  C4A_TRY(start.conversations, standings(store, user, device, conversations));
  if (!long_gone) return start;
  for (auto& conversation : start.conversations) {
    if (conversation.start.seq >= conversation.last_seq) continue;
    C4A_TRY(const Seq first, first_young(store, conversation.id, conversation.start.seq, conversation.last_seq,
                                         now - rules.retention_ms));
    if (first <= conversation.start.seq.next()) continue;
    start.gaps.push_back({conversation.id, conversation.start.seq.next(), Seq{first.value - 1}});
    conversation.start.seq = Seq{first.value - 1};
  }
  return start;
}

std::string gap_frame(const SessionStart::Gap& gap) {
  std::string out;
  JsonWriter json(out);
  json.begin_object()
      .member("type", "gap")
      .member("conversation_id", gap.id.uuid)
      .member("from_seq", gap.from.value)
      .member("to_seq", gap.to.value)
      .end_object();
  return out;
}

}  // namespace c4a
