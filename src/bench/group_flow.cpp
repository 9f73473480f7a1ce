#include "bench/group_flow.h"

#include <fmt/format.h>

#include <algorithm>

namespace c4a::bench {
namespace {

constexpr std::int64_t kAckEveryUs = 500'000;

}  // namespace

class GroupFlow::Member final : public WsListener {
 public:
  explicit Member(GroupFlow& flow, bool sends) : socket(flow.poller_, *this), sends_(sends), flow_(flow) {}

  void on_frame(std::string_view frame, std::int64_t now) override {
    switch (frame_kind(frame)) {
      case FrameKind::kMessage:
        return flow_.on_message(*this, frame, now);
      case FrameKind::kSent:
        return flow_.on_sent(*this, frame, now);
      case FrameKind::kGap:
      case FrameKind::kError:
        return flow_.violations_.add(fmt::format("a member got {}", frame.substr(0, 300)));
      default:
        return;
    }
  }

  void on_lost(const std::string& reason) override {
    flow_.broken_ = true;
    flow_.violations_.add(fmt::format("a member lost its connection: {}", reason));
  }

  // True where `seq` has its right place. A member that only reads must see the next one; a sender's own messages come
  // as answers in between, so it must only never see one twice or an earlier one after a later one.
  bool take_message(std::uint64_t seq) {
    const auto verdict = order.see(seq);
    if (!sends_) return verdict == DeliveryOrder::Verdict::kNext;
    return verdict != DeliveryOrder::Verdict::kRepeated && own.add(seq);
  }

  std::uint64_t missing(std::uint64_t sent) const {
    return sends_ ? own.missing_up_to(sent) : sent - std::min(order.last(), sent);
  }

  WsClient socket;
  DeliveryOrder order;
  SeqSet own;
  std::uint64_t acknowledged = 0;

 private:
  bool sends_;
  GroupFlow& flow_;
};

GroupFlow::GroupFlow(Poller& poller, const GroupOptions& options)
    : poller_(poller), options_(options), writer_(options.text_bytes, false) {}

GroupFlow::~GroupFlow() = default;

Result<std::unique_ptr<GroupFlow>> GroupFlow::open(Poller& poller, const Target& target, const GroupOptions& options) {
  std::unique_ptr<GroupFlow> flow(new GroupFlow(poller, options));
  C4A_CHECK(flow->set_up(target));
  return flow;
}

Result<void> GroupFlow::set_up(const Target& target) {
  C4A_TRY(const auto users, make_users(poller_, target, "member", options_.members, true));
  C4A_TRY(conversation_, make_group(poller_, target, users));
  std::vector<WsClient*> sockets;
  for (std::size_t i = 0; i < users.size(); ++i) {
    members_.push_back(std::make_unique<Member>(*this, i < options_.senders));
    sockets.push_back(&members_.back()->socket);
  }
  const auto login = [&](std::size_t i) { return WsLogin{users[i].token, "phone", {}}; };
  return connect_all(poller_, target.server, sockets, {.login = login});
}

void GroupFlow::send(std::int64_t due_us) {
  const auto number = due_us_.size();
  due_us_.push_back(due_us);
  writer_.append_frame(members_[number % options_.senders]->socket.new_frame(), number, conversation_);
}

void GroupFlow::run(std::int64_t until_us) {
  auto now = now_us();
  do {
    acknowledge(now);
    poller_.turn(std::min(next_ack_us_, until_us));
    now = now_us();
  } while (now < until_us && !broken_);
}

// Goes round all members once in 500 ms.
void GroupFlow::acknowledge(std::int64_t now) {
  const auto step = std::max<std::int64_t>(kAckEveryUs / static_cast<std::int64_t>(members_.size()), 1);
  if (next_ack_us_ == 0 || now - next_ack_us_ > kAckEveryUs) next_ack_us_ = now;
  for (; next_ack_us_ <= now; next_ack_us_ += step) {
    auto& member = *members_[next_ack_++ % members_.size()];
    const auto last = member.order.last();
    if (last <= member.acknowledged) continue;
    member.acknowledged = last;
    append_delivered_frame(member.socket.new_frame(), conversation_, last);
  }
}

bool GroupFlow::await_all(int timeout_s) {
  const auto deadline = now_us() + std::int64_t{timeout_s} * 1'000'000;
  const auto complete = [this] { return deliveries_ == sent() * deliveries_per_message() && acks_ == sent(); };
  while (!complete() && !broken_ && now_us() < deadline) run(now_us() + 200);
  return complete();
}

void GroupFlow::finish() {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const auto missing = members_[i]->missing(sent());
    if (missing > 0) violations_.add(fmt::format("member {} never got {} of {} messages", i, missing, sent()));
  }
}

void GroupFlow::on_sent(Member& member, std::string_view frame, std::int64_t now) {
  const auto ref = ref_.text(frame);
  const auto number = ref ? leading_number(*ref).value_or(0) : 0;
  const auto seq = sent_seq_.number(frame).value_or(0);
  if (number == 0 || number > sent() || &member != members_[number % options_.senders].get() || !member.own.add(seq)) {
    return violations_.add(fmt::format("an answer came twice or to the wrong member: {}", frame.substr(0, 300)));
  }
  ++acks_;
  ack_.record(now - due_us_[number]);
}

void GroupFlow::on_message(Member& member, std::string_view frame, std::int64_t now) {
  const auto seq = message_seq_.number(frame).value_or(0);
  const auto number = leading_number(text_.after(frame).substr(0, kNumberDigits)).value_or(0);
  const auto before = member.order.last();
  if (number == 0 || number > sent() || !member.take_message(seq)) {
    return violations_.add(fmt::format("a member got seq {} (message {}) after seq {}", seq, number, before));
  }
  ++deliveries_;
  delivery_.record(now - due_us_[number]);
}

}  // namespace c4a::bench
