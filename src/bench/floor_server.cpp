#include "bench/floor_server.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "bench/frame_scan.h"
#include "bench/message_text.h"
#include "bench/wire.h"

namespace c4a::bench {
namespace {

constexpr std::size_t kIdBytes = 36;
constexpr std::uint64_t kLieEvery = 20;
constexpr std::string_view kTokenPrefix = "floor.";
constexpr std::string_view kTime = "2026-11-22T12:00:00.123Z";
constexpr std::string_view kDeliveredStart = R"({"type":"delivered","conversation_id":")";
constexpr std::string_view kUpToSeq = R"(","up_to_seq":)";

void append_response(std::string& out, int status, std::string_view body) {
  fmt::format_to(std::back_inserter(out),
                 "HTTP/1.1 {} Fine\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}", status,
                 body.size(), body);
}

void append_decimal(std::string& out, std::uint64_t number) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

// A message's id: nobody looks at it, it only has its length.
void append_id(std::string& out, std::uint64_t seq) {
  out += "00000000-0000-8000-9000-00";
  append_number(out, seq);
}

std::string_view path_of(std::string_view head) {
  const auto start = head.find(' ') + 1;
  return head.substr(start, head.find(' ', start) - start);
}

// The fields of a `send` frame or POST body after its conversation_id key, by their places.
struct SendFields {
  std::string_view conversation;
  std::string_view payload;
};

// `at`: where the message's first key stands; `tail`: how many brackets follow the payload.
SendFields send_fields(std::string_view text, std::size_t at, std::size_t tail) {
  if (text.substr(at).starts_with(kMessageIdKey)) at += kMessageIdKey.size() + kIdBytes + 2;
  at += kConversationKey.size();
  SendFields fields;
  if (text.size() < at + kIdBytes + tail) return fields;
  fields.conversation = text.substr(at, kIdBytes);
  constexpr std::size_t kBeforePayload = kPayloadStart.find('{');
  fields.payload = text.substr(at + kIdBytes + kBeforePayload);
  fields.payload.remove_suffix(tail);
  return fields;
}

void append_sent(std::string& out, std::string_view ref, std::string_view conversation, std::uint64_t seq) {
  out += '{';
  if (!ref.empty()) {
    out += R"("type":"sent","ref":")";
    out += ref;
    out += R"(",)";
  }
  out += R"("message_id":")";
  append_id(out, seq);
  out += R"(","conversation_id":")";
  out += conversation;
  out += R"(","seq":)";
  append_decimal(out, seq);
  out += R"(,"status":"SENT","created_at":")";
  out += kTime;
  out += R"(","duplicate":false})";
}

}  // namespace

Result<std::unique_ptr<FloorServer>> FloorServer::open(const Endpoint& listen, const std::string& data_folder,
                                                       std::size_t log_bytes) {
  std::uint16_t port = 0;
  C4A_TRY(auto log, FloorLog::open(data_folder, log_bytes));
  C4A_TRY(const int listener, listen_on(listen, port));
  return std::unique_ptr<FloorServer>(new FloorServer(listener, port, std::move(log)));
}

FloorServer::FloorServer(int listener, std::uint16_t port, FloorLog log)
    : listener_(listener), port_(port), log_(std::move(log)) {
  poller_.watch(listener_, EPOLLIN, this);
}

FloorServer::~FloorServer() { close(listener_); }

void FloorServer::run(const std::atomic<bool>& stop) {
  while (!stop) {
    poller_.turn(now_us() + 100'000);
    for (auto* connection : gone_) connections_.erase(connection);
    gone_.clear();
  }
}

void FloorServer::on_ready(std::uint32_t) {
  for (int i = 0; i < 256; ++i) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    auto connection = std::make_unique<FloorConnection>(poller_, *this, fd);
    auto* key = connection.get();
    connections_.emplace(key, std::move(connection));
  }
}

void FloorServer::on_turn_end() {
  ending_asked_ = false;
  if (!log_.empty()) log_.sync();
  for (auto* connection : holding_) connection->release();
  holding_.clear();
}

void FloorServer::on_gone(FloorConnection& connection) {
  if (!users_.empty()) std::erase(users_[connection.user].online, &connection);
  gone_.push_back(&connection);
}

std::string& FloorServer::hold(FloorConnection& connection) {
  if (!connection.holds()) holding_.push_back(&connection);
  ask_turn_end();
  return connection.held();
}

void FloorServer::ask_turn_end() {
  if (ending_asked_) return;
  ending_asked_ = true;
  poller_.at_turn_end(this);
}

void FloorServer::on_request(FloorConnection& connection, std::string_view head, std::string_view body) {
  const auto path = path_of(head);
  std::string out;
  if (path == "/v1/messages") return on_post(connection, body);
  if (path == "/ws") return open_socket(connection, head);
  if (path.ends_with("/tokens")) {
    const auto id = path.substr(10, path.size() - 10 - 7);  // /v1/users/{user_id}/tokens
    append_response(out, 201, fmt::format(R"({{"access_token":"{}{}","token_type":"bearer"}})", kTokenPrefix, id));
  } else if (path == "/v1/users") {
    append_response(out, 201, body);
  } else if (path == "/v1/conversations") {
    append_response(out, 201, make_conversation(head, body));
  } else if (const auto* conversation = conversation_at(path.substr(path.rfind('/') + 1)); conversation != nullptr) {
    append_response(out, 200, fmt::format(R"({{"last_seq":{}}})", conversation->last_seq));
  } else {
    append_response(out, path.starts_with("/health") ? 200 : 404, "{}");
  }
  connection.answer_now(out);
}

void FloorServer::open_socket(FloorConnection& connection, std::string_view head) {
  auto id = header_value(head, "authorization");
  id.remove_prefix(std::min(id.size(), std::string_view("Bearer ").size() + kTokenPrefix.size()));
  connection.user = user_named(id);
  users_[connection.user].online.push_back(&connection);
  connection.answer_now(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat4all.v1\r\n\r\n");
  connection.upgrade();
  hold(connection) += R"({"type":"ready","user_id":")" + std::string(id) + R"(","heartbeat_seconds":30})";
}

std::string FloorServer::make_conversation(std::string_view head, std::string_view body) {
  Conversation made;
  made.id = fmt::format("00000000-0000-8000-8000-{:012x}", conversations_.size());
  made.members.push_back(user_named(header_value(head, "x-act-as")));
  auto names = body.substr(std::min(body.find('['), body.size()));
  while (true) {
    const auto start = names.find('"');
    if (start == std::string_view::npos) break;
    const auto end = names.find('"', start + 1);
    const auto member = user_named(names.substr(start + 1, end - start - 1));
    if (member != made.members.front()) made.members.push_back(member);
    names.remove_prefix(end + 1);
  }
  conversations_.push_back(made);
  return fmt::format(R"({{"conversation_id":"{}"}})", made.id);
}

void FloorServer::on_frame(FloorConnection& connection, std::string_view frame) {
  if (frame.starts_with(kSendStart)) {
    on_send(connection, frame);
  } else if (frame.starts_with(kDeliveredStart)) {
    on_delivered(connection, frame);
  }
}

void FloorServer::on_send(FloorConnection& connection, std::string_view frame) {
  const auto fields = send_fields(frame, kSendStart.size() + kNumberDigits + kAfterRef.size(), 2);
  auto* conversation = conversation_at(fields.conversation);
  if (conversation == nullptr) return;
  ++conversation->last_seq;
  log_.append(frame);
  if (!lies(FloorFault::kForgetAck)) {
    append_sent(hold(connection), frame.substr(kSendStart.size(), kNumberDigits), conversation->id,
                conversation->last_seq);
  }
  push_message(*conversation, connection, fields.payload);
}

void FloorServer::push_message(Conversation& conversation, const FloorConnection& from, std::string_view payload) {
  frame_ = R"({"type":"message","message":{"message_id":")";
  append_id(frame_, conversation.last_seq);
  frame_ += R"(","conversation_id":")";
  frame_ += conversation.id;
  frame_ += R"(","seq":)";
  append_decimal(frame_, conversation.last_seq);
  frame_ += R"(,"from":")";
  frame_ += users_[from.user].id;
  frame_ += R"(","payload":)";
  frame_ += payload;
  frame_ += R"(,"channel":"in_app","created_at":")";
  frame_ += kTime;
  frame_ += R"(","metadata":{}}})";
  if (lies(FloorFault::kLoseMessage)) return;
  if (!conversation.delayed.empty()) {
    frame_ += '\n';
    frame_ += std::exchange(conversation.delayed, {});
  } else if (lies(FloorFault::kDelayMessage)) {
    conversation.delayed = frame_;
    return;
  }
  push(conversation, from, lies(FloorFault::kRepeatMessage) ? 2 : 1);
}

// frame_ to everyone but the connection that caused it.
void FloorServer::push(const Conversation& conversation, const FloorConnection& from, int copies) {
  for (const auto member : conversation.members) {
    for (auto* online : users_[member].online) {
      for (int copy = 0; online != &from && copy < copies; ++copy) hold(*online) += frame_;
    }
  }
}

bool FloorServer::lies(FloorFault fault) { return fault == fault_ && ++chances_ % kLieEvery == 0; }

void FloorServer::on_delivered(FloorConnection& connection, std::string_view frame) {
  const auto* conversation = conversation_at(frame.substr(kDeliveredStart.size(), kIdBytes));
  const auto seq_at = kDeliveredStart.size() + kIdBytes + kUpToSeq.size();
  if (conversation == nullptr || frame.size() <= seq_at) return;
  log_.append(frame);
  ask_turn_end();
  if (conversation->members.size() != 2) return;  // in a group nobody is told
  const auto seq = leading_number(frame.substr(seq_at)).value_or(0);
  frame_ = R"({"type":"status","conversation_id":")";
  frame_ += conversation->id;
  frame_ += R"(","message_id":")";
  append_id(frame_, seq);
  frame_ += R"(","seq":)";
  append_decimal(frame_, seq);
  frame_ += R"(,"status":"DELIVERED","user_id":")";
  frame_ += users_[connection.user].id;
  frame_ += R"(","channel":"in_app","timestamp":")";
  frame_ += kTime;
  frame_ += R"("})";
  push(*conversation, connection, lies(FloorFault::kRepeatStatus) ? 2 : 1);
}

void FloorServer::on_post(FloorConnection& connection, std::string_view body) {
  const auto fields = send_fields(body, 1, 1);
  auto* conversation = conversation_at(fields.conversation);
  if (conversation == nullptr) return;
  ++conversation->last_seq;
  log_.append(body);
  frame_.clear();
  append_sent(frame_, {}, conversation->id, conversation->last_seq);
  append_response(hold(connection), 202, frame_);
}

std::uint32_t FloorServer::user_named(std::string_view id) {
  const auto [at, added] = user_index_.try_emplace(std::string(id), static_cast<std::uint32_t>(users_.size()));
  if (added) users_.push_back({std::string(id), {}});
  return at->second;
}

FloorServer::Conversation* FloorServer::conversation_at(std::string_view id) {
  if (id.size() != kIdBytes) return nullptr;
  std::size_t index = 0;
  const auto digits = id.substr(24);
  if (std::from_chars(digits.data(), digits.data() + digits.size(), index, 16).ec != std::errc()) return nullptr;
  return index < conversations_.size() ? &conversations_[index] : nullptr;
}

}  // namespace c4a::bench
