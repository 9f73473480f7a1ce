#include "bench/overload_flow.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bench/pacer.h"

namespace c4a::bench {

class OverloadFlow::Pair {
 public:
  Pair(OverloadFlow& flow, std::string id)
      : flow_(flow),
        conversation_(std::move(id)),
        sender_(*this),
        recipient_(*this),
        sender_socket_(flow.poller_, sender_),
        recipient_socket_(flow.poller_, recipient_) {}

  WsClient* sender_socket() { return &sender_socket_; }
  WsClient* recipient_socket() { return &recipient_socket_; }

  void send(std::int64_t due_us) {
    due_us_.push_back(due_us);
    ++waiting_;
    flow_.writer_.append_frame(sender_socket_.new_frame(), due_us_.size(), conversation_);
  }

  bool drained() const { return lost_ || (waiting_ == 0 && undelivered_ == 0); }

  void judge_end() const {
    if (drained()) return;
    flow_.violations_.add(
        fmt::format("{}: of {} messages {} were never answered, and {} were accepted and never delivered",
                    conversation_, due_us_.size(), waiting_, undelivered_));
  }

 private:
  class Sender final : public WsListener {
   public:
    explicit Sender(Pair& pair) : pair_(pair) {}
    void on_frame(std::string_view frame, std::int64_t now) override {
      const auto kind = frame_kind(frame);
      if (kind == FrameKind::kSent) pair_.on_sent(frame, now);
      if (kind == FrameKind::kError) pair_.on_error(frame, now);
    }
    void on_lost(const std::string& reason) override { pair_.on_lost("sender", reason); }

   private:
    Pair& pair_;
  };
  class Recipient final : public WsListener {
   public:
    explicit Recipient(Pair& pair) : pair_(pair) {}
    void on_frame(std::string_view frame, std::int64_t now) override {
      if (frame_kind(frame) == FrameKind::kMessage) pair_.on_message(frame, now);
    }
    void on_read_done(std::int64_t /*now*/) override { pair_.acknowledge(); }
    void on_lost(const std::string& reason) override { pair_.on_lost("recipient", reason); }

   private:
    Pair& pair_;
  };

  // When a message was due; 0 where there is no such message.
  std::int64_t due_of(std::uint64_t number) const {
    return number == 0 || number > due_us_.size() ? 0 : due_us_[number - 1];
  }

  void on_sent(std::string_view frame, std::int64_t now) {
    auto& figures = flow_.figures_;
    const auto number = leading_number(flow_.ref_.text(frame).value_or("")).value_or(0);
    const auto due_us = due_of(number);
    if (due_us == 0 || !answered_.add(number)) return wrong("an answer that nobody waits for", frame);
    --waiting_;
    ++figures.acknowledged;
    if (flow_.sent_seq_.number(frame).value_or(0) == 0) ++figures.undecided;
    if (now - due_us <= flow_.options_.good_us) ++figures.acknowledged_in_time;
    figures.ack.record(now - due_us);
    accepted_.add(number);
    if (!delivered_.has(number)) ++undelivered_;
  }

  void on_error(std::string_view frame, std::int64_t now) {
    const auto status = flow_.error_status_.number(frame).value_or(0);
    if (status != 429 && status != 503) return wrong("an error", frame);
    const auto number = leading_number(flow_.ref_.text(frame).value_or("")).value_or(0);
    const auto due_us = due_of(number);
    if (due_us == 0 || !answered_.add(number)) return;  // of an acknowledgement
    --waiting_;
    ++flow_.figures_.refused;
    flow_.figures_.refusal.record(now - due_us);
  }

  void on_message(std::string_view frame, std::int64_t now) {
    auto& figures = flow_.figures_;
    const auto seq = flow_.message_seq_.number(frame).value_or(0);
    const auto number = leading_number(flow_.text_.after(frame).substr(0, kNumberDigits)).value_or(0);
    const auto due_us = due_of(number);
    if (due_us == 0 || !delivered_.add(number)) return wrong("a message twice, or one that nobody sent", frame);
    if (order_.see(seq) != DeliveryOrder::Verdict::kNext) wrong("a message out of order", frame);
    ++figures.delivered;
    if (now - due_us <= flow_.options_.good_us) ++figures.delivered_in_time;
    figures.delivery.record(now - due_us);
    if (accepted_.has(number)) --undelivered_;
  }

  void acknowledge() {
    if (order_.last() == said_) return;
    said_ = order_.last();
    append_delivered_frame(recipient_socket_.new_frame(), conversation_, said_);
  }

  void on_lost(std::string_view end, const std::string& reason) {
    lost_ = true;
    flow_.violations_.add(fmt::format("{}: the {} lost its connection: {}", conversation_, end, reason));
  }

  void wrong(std::string_view what, std::string_view frame) {
    flow_.violations_.add(fmt::format("{}: {}: {}", conversation_, what, frame.substr(0, 300)));
  }

  OverloadFlow& flow_;
  std::string conversation_;
  std::vector<std::int64_t> due_us_;  // by number, from 1
  NumberSet answered_;
  NumberSet accepted_;
  NumberSet delivered_;
  DeliveryOrder order_;
  std::uint64_t said_ = 0;
  std::size_t waiting_ = 0;      // for an answer
  std::size_t undelivered_ = 0;  // of the accepted
  bool lost_ = false;
  Sender sender_;
  Recipient recipient_;
  WsClient sender_socket_;
  WsClient recipient_socket_;
};

OverloadFlow::OverloadFlow(Poller& poller, const OverloadOptions& options)
    : poller_(poller), options_(options), writer_(options.text_bytes, true) {}

OverloadFlow::~OverloadFlow() = default;

Result<std::unique_ptr<OverloadFlow>> OverloadFlow::open(Poller& poller, const Target& target,
                                                         const OverloadOptions& options) {
  std::unique_ptr<OverloadFlow> flow(new OverloadFlow(poller, options));
  C4A_CHECK(flow->set_up(target));
  return flow;
}

Result<void> OverloadFlow::set_up(const Target& target) {
  C4A_TRY(const auto made, make_pairs(poller_, target, "overload", options_.pairs));
  std::vector<WsClient*> sockets;
  for (const auto& users : made) {
    pairs_.push_back(std::make_unique<Pair>(*this, users.conversation));
    sockets.push_back(pairs_.back()->sender_socket());
    sockets.push_back(pairs_.back()->recipient_socket());
  }
  const auto login = [&](std::size_t i) {
    const UserPair& users = made[i / 2];
    return WsLogin{(i % 2 == 0 ? users.first : users.second).token, "phone", {}};
  };
  return connect_all(poller_, target.server, sockets, {.login = login});
}

void OverloadFlow::run(std::int64_t duration_us) {
  auto now = now_us();
  const auto until = now + duration_us;
  Pacer pacer(now, options_.rate);
  for (; now < until; now = now_us()) {
    while (pacer.due(now)) {
      auto& pair = *pairs_[pacer.taken() % pairs_.size()];
      const auto due = pacer.take();
      figures_.own_lag.record(now - due);
      ++figures_.offered;
      pair.send(due);
    }
    poller_.turn(std::min(pacer.next_due_us(), until));
  }
}

void OverloadFlow::drain(int timeout_s) {
  const auto deadline = now_us() + std::int64_t{timeout_s} * 1'000'000;
  while (!drained() && now_us() < deadline) poller_.turn(now_us() + 10'000);
  for (const auto& pair : pairs_) pair->judge_end();
}

bool OverloadFlow::drained() const {
  return std::ranges::all_of(pairs_, [](const auto& pair) { return pair->drained(); });
}

}  // namespace c4a::bench
