#include "bench/pair_flow.h"

#include <fmt/format.h>

#include <algorithm>

namespace c4a::bench {

// The end that sends.
class PairFlow::Sender final : public WsListener {
 public:
  Sender(PairFlow& flow, Pair& pair) : flow_(flow), pair_(pair) {}
  void on_frame(std::string_view frame, std::int64_t now) override;
  void on_read_done(std::int64_t now) override { flow_.top_up(pair_, now); }
  void on_lost(const std::string& reason) override { flow_.on_lost(pair_, "sender", reason); }

 private:
  PairFlow& flow_;
  Pair& pair_;
};

// The end that receives, and acknowledges after each read the newest that it got, as an SDK does.
class PairFlow::Recipient final : public WsListener {
 public:
  Recipient(PairFlow& flow, Pair& pair) : flow_(flow), pair_(pair) {}
  void on_frame(std::string_view frame, std::int64_t now) override;
  void on_read_done(std::int64_t now) override;
  void on_lost(const std::string& reason) override { flow_.on_lost(pair_, "recipient", reason); }

 private:
  PairFlow& flow_;
  Pair& pair_;
};

struct PairFlow::Pair {
  Pair(PairFlow& flow, std::string id)
      : conversation(std::move(id)),
        sender(flow, *this),
        recipient(flow, *this),
        sender_socket(flow.poller_, sender),
        recipient_socket(flow.poller_, recipient) {}

  std::string conversation;
  FlightWindow flight{true};
  DeliveryOrder order;
  StatusHorizon horizon;
  std::uint64_t acknowledged_up_to = 0;
  Sender sender;
  Recipient recipient;
  WsClient sender_socket;
  WsClient recipient_socket;
};

void PairFlow::Sender::on_frame(std::string_view frame, std::int64_t now) {
  switch (frame_kind(frame)) {
    case FrameKind::kSent:
      return flow_.on_sent(pair_, frame, now);
    case FrameKind::kStatus:
      return flow_.on_status(pair_, frame);
    case FrameKind::kMessage:
    case FrameKind::kGap:
    case FrameKind::kError:
      return flow_.violations_.add(fmt::format("a sender got {}", frame.substr(0, 300)));
    default:
      return;
  }
}

void PairFlow::Recipient::on_frame(std::string_view frame, std::int64_t now) {
  switch (frame_kind(frame)) {
    case FrameKind::kMessage:
      return flow_.on_message(pair_, frame, now);
    case FrameKind::kSent:
    case FrameKind::kGap:
    case FrameKind::kError:
      return flow_.violations_.add(fmt::format("a recipient got {}", frame.substr(0, 300)));
    default:
      return;
  }
}

void PairFlow::Recipient::on_read_done(std::int64_t now) {
  if (pair_.order.last() > pair_.acknowledged_up_to) {
    pair_.acknowledged_up_to = pair_.order.last();
    append_delivered_frame(pair_.recipient_socket.new_frame(), pair_.conversation, pair_.acknowledged_up_to);
  }
  flow_.top_up(pair_, now);
}

PairFlow::PairFlow(Poller& poller, const PairOptions& options)
    : poller_(poller), options_(options), writer_(options.text_bytes, options.message_ids) {}

PairFlow::~PairFlow() = default;

Result<std::unique_ptr<PairFlow>> PairFlow::open(Poller& poller, const Target& target, const PairOptions& options) {
  std::unique_ptr<PairFlow> flow(new PairFlow(poller, options));
  C4A_CHECK(flow->set_up(target));
  return flow;
}

Result<void> PairFlow::set_up(const Target& target) {
  C4A_TRY(const auto made, make_pairs(poller_, target, "pair", options_.pairs));
  std::vector<WsClient*> sockets;
  for (const auto& users : made) {
    pairs_.push_back(std::make_unique<Pair>(*this, users.conversation));
    sockets.push_back(&pairs_.back()->sender_socket);
    sockets.push_back(&pairs_.back()->recipient_socket);
  }
  const auto login = [&](std::size_t i) {
    const UserPair& users = made[i / 2];
    return WsLogin{(i % 2 == 0 ? users.first : users.second).token, "phone", {}};
  };
  return connect_all(poller_, target.server, sockets, {.login = login});
}

void PairFlow::start() {
  sending_ = true;
  const auto now = now_us();
  if (options_.rate > 0) {
    pacer_ = Pacer(now, options_.rate);
  } else {
    for (auto& pair : pairs_) top_up(*pair, now);
  }
}

void PairFlow::stop() { sending_ = false; }

void PairFlow::reset_figures() {
  figures_.acks = figures_.deliveries = figures_.statuses = figures_.undecided = 0;
  figures_.ack.reset();
  figures_.delivery.reset();
  figures_.own_lag.reset();
}

void PairFlow::run(std::int64_t until_us) {
  auto now = now_us();
  while (now < until_us && !broken_) {
    poller_.turn(std::min(pump(now), until_us));
    now = now_us();
  }
}

std::int64_t PairFlow::pump(std::int64_t now) {
  if (!sending_ || options_.rate <= 0) return now + 100'000;
  while (pacer_.due(now)) {
    auto& pair = *pairs_[pacer_.taken() % pairs_.size()];
    const auto due = pacer_.take();
    figures_.own_lag.record(now - due);
    send(pair, due);
  }
  return pacer_.next_due_us();
}

void PairFlow::drain(int timeout_s) {
  const auto deadline = now_us() + std::int64_t{timeout_s} * 1'000'000;
  while (!drained() && !broken_ && now_us() < deadline) poller_.turn(now_us() + 10'000);
  for (const auto& pair : pairs_) {
    const auto acks = pair->flight.missing_acks();
    const auto deliveries = pair->flight.missing_deliveries();
    if (acks + deliveries > 0) {
      violations_.add(fmt::format("{}: of {} messages {} were never acknowledged, {} never delivered",
                                  pair->conversation, pair->flight.sent(), acks, deliveries));
    } else if (pair->horizon.delivered_up_to() != pair->flight.sent()) {
      violations_.add(fmt::format("{}: the sender was told DELIVERED up to {} of {}", pair->conversation,
                                  pair->horizon.delivered_up_to(), pair->flight.sent()));
    }
  }
}

bool PairFlow::drained() const {
  return std::ranges::all_of(pairs_, [](const auto& pair) {
    return pair->flight.in_flight() == 0 && pair->horizon.delivered_up_to() == pair->flight.sent();
  });
}

void PairFlow::send(Pair& pair, std::int64_t due_us) {
  const auto number = pair.flight.push(due_us);
  writer_.append_frame(pair.sender_socket.new_frame(), number, pair.conversation);
}

void PairFlow::top_up(Pair& pair, std::int64_t now) {
  if (!sending_ || options_.rate > 0) return;
  while (pair.flight.in_flight() < options_.in_flight) send(pair, now);
}

void PairFlow::on_sent(Pair& pair, std::string_view frame, std::int64_t now) {
  const auto ref = ref_.text(frame);
  const auto number = ref ? leading_number(*ref).value_or(0) : 0;
  const auto seq = sent_seq_.number(frame).value_or(0);
  const auto sighting = pair.flight.acknowledged(number, seq);
  if (sighting.what != FlightWindow::Seen::kOnce) return judge(pair, sighting.what, "sent", number);
  if (seq == 0) {
    ++figures_.undecided;
  } else if (seq != number) {  // a new conversation with one sender: its n-th message has the seq n
    violations_.add(fmt::format("{}: message {} took seq {}", pair.conversation, number, seq));
  }
  ++figures_.acks;
  figures_.ack.record(now - sighting.due_us);
}

void PairFlow::on_message(Pair& pair, std::string_view frame, std::int64_t now) {
  const auto seq = message_seq_.number(frame).value_or(0);
  const auto number = leading_number(text_.after(frame).substr(0, kNumberDigits)).value_or(0);
  const auto sighting = pair.flight.delivered(number, seq);
  if (sighting.what != FlightWindow::Seen::kOnce) return judge(pair, sighting.what, "message", number);
  if (const auto before = pair.order.last(); pair.order.see(seq) != DeliveryOrder::Verdict::kNext) {
    violations_.add(fmt::format("{}: seq {} came after seq {}", pair.conversation, seq, before));
  }
  ++figures_.deliveries;
  figures_.delivery.record(now - sighting.due_us);
}

void PairFlow::on_status(Pair& pair, std::string_view frame) {
  const auto seq = status_seq_.number(frame).value_or(0);
  const auto status = status_.text(frame).value_or("");
  ++figures_.statuses;
  if (pair.horizon.report(status, seq, pair.acknowledged_up_to) != StatusHorizon::Verdict::kForward) {
    violations_.add(fmt::format("{}: status {} for seq {} after {}, when {} were acknowledged", pair.conversation,
                                status, seq, pair.horizon.delivered_up_to(), pair.acknowledged_up_to));
  }
}

void PairFlow::on_lost(const Pair& pair, std::string_view end, const std::string& reason) {
  broken_ = true;
  violations_.add(fmt::format("{}: the {} lost its connection: {}", pair.conversation, end, reason));
}

void PairFlow::judge(const Pair& pair, FlightWindow::Seen seen, std::string_view what, std::uint64_t number) {
  const auto problem = seen == FlightWindow::Seen::kAgain     ? "came twice"
                       : seen == FlightWindow::Seen::kUnknown ? "was never sent"
                                                              : "has another seq for its recipient";
  violations_.add(fmt::format("{}: `{}` for message {} {}", pair.conversation, what, number, problem));
}

}  // namespace c4a::bench
