#include "bench/soak_pair.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace c4a::bench {
namespace {

constexpr std::int64_t kFirstRetryUs = 200'000;
constexpr std::int64_t kMostRetryUs = 2'000'000;
// An acknowledgement has no answer: without a status in this time it is said again.
constexpr std::int64_t kAcknowledgeAgainUs = 3'000'000;
constexpr std::int64_t kAfterRefusalUs = 500'000;
constexpr std::uint64_t kAskAgainEvery = 64;  // messages
constexpr std::uint64_t kReadEvery = 8;       // acknowledgements
constexpr int kTooMany = 429;
constexpr int kUnavailable = 503;

void append_ack_frame(std::string& out, std::string_view kind, std::string_view conversation, std::uint64_t up_to) {
  fmt::format_to(std::back_inserter(out), R"({{"type":"{}","conversation_id":"{}","up_to_seq":{}}})", kind,
                 conversation, up_to);
}

}  // namespace

SoakPair::SoakPair(SoakShared& shared, std::size_t index, BenchUser sender, BenchUser recipient,
                   std::string conversation)
    : shared_(shared),
      index_(index),
      from_(std::move(sender)),
      conversation_(std::move(conversation)),
      to_(std::move(recipient.id)),
      places_(conversation_, shared.findings),
      sender_rules_(places_, shared.findings),
      status_rules_(conversation_, shared.findings),
      recipient_rules_(places_, shared.findings),
      history_(places_, shared.findings),
      refusals_(kFirstRetryUs, kMostRetryUs),
      sender_end_(*this),
      recipient_end_(*this),
      sender_({shared.poller, shared.servers, shared.random, shared.figures.connections}, sender_end_,
              {from_.token, "phone", {}}, index),
      recipient_({shared.poller, shared.servers, shared.random, shared.figures.connections}, recipient_end_,
                 {recipient.token, "phone", {}}, index + 1) {}

Uuid SoakPair::id_of(std::uint64_t number) const {
  Uuid id = shared_.run;
  id.bytes[9] = static_cast<std::uint8_t>(index_ >> 8U);
  id.bytes[10] = static_cast<std::uint8_t>(index_);
  for (std::size_t i = 15; i > 10; --i, number >>= 8U) id.bytes[i] = static_cast<std::uint8_t>(number);
  return id;
}

void SoakPair::tick(std::int64_t now) {
  sender_.tick(now);
  recipient_.tick(now);
  const auto is_late = [&](const Flight& flight) {
    return flight.sent_us != 0 && now - flight.sent_us > shared_.options.answer_us;
  };
  if (sender_.ready() && std::ranges::any_of(flights_, is_late)) {
    ++shared_.figures.late;
    sender_.give_up();
  }
  if (retry_at_us_ != 0 && now >= retry_at_us_ && sender_.ready()) send_waiting(now);
  if (recipient_.ready() && status_rules_.confirmed() < recipient_rules_.has_up_to() && now >= acknowledge_at_us_) {
    acknowledge(now);
  }
}

void SoakPair::message_due(std::int64_t due_us, std::int64_t now) {
  if (flights_.size() >= shared_.options.window) {
    ++shared_.figures.withheld;
    return;
  }
  flights_.push_back({.number = next_number_++, .due_us = due_us});
  if (sender_.ready()) send(flights_.back(), now);
}

void SoakPair::send(Flight& flight, std::int64_t now) {
  if (flight.tries++ == 0) {
    flight.session = session_;
  } else {
    ++shared_.figures.repeated;
  }
  flight.sent_us = now;
  shared_.writer.append_frame(sender_.new_frame(), flight.number, conversation_, id_of(flight.number));
}

void SoakPair::send_waiting(std::int64_t now) {
  retry_at_us_ = 0;
  for (auto& flight : flights_) {
    if (flight.sent_us == 0) send(flight, now);
  }
}

void SoakPair::on_sent(std::string_view frame, std::int64_t now) {
  const auto number = leading_number(shared_.ref.text(frame).value_or("")).value_or(0);
  const auto found = std::ranges::find_if(
      flights_, [&](const Flight& flight) { return flight.number == number && flight.sent_us != 0; });
  if (found == flights_.end()) {
    const auto text = fmt::format("message {} of {} was answered though nobody waits", number, conversation_);
    return shared_.findings.add(Wrong::kTwice, text);
  }
  const Flight flight = std::move(*found);
  flights_.erase(found);
  if (shared_.sent_id.text(frame) != id_of(number).str()) {
    shared_.findings.add(Wrong::kChanged, fmt::format("message {} of {} was answered by {}", number, conversation_,
                                                      frame.substr(0, 300)));
  }
  const auto seq = shared_.sent_seq.number(frame).value_or(0);
  const bool duplicate = shared_.duplicate.after(frame).starts_with("true");
  const auto created_at = shared_.sent_at.text(frame).value_or("");
  if (duplicate) ++shared_.figures.duplicates;
  if (seq == 0) ++shared_.figures.undecided;
  if (flight.again && !flight.created_at.empty() && created_at != flight.created_at) {
    shared_.findings.add(Wrong::kChanged, fmt::format("message {} of {} was answered with created_at {}, then with {}",
                                                      number, conversation_, flight.created_at, created_at));
  }
  sender_rules_.answered({number, seq, duplicate, flight.again ? flight.tries + 1 : flight.tries,
                          flight.session == session_ && !flight.again, flight.refused});
  refusals_.reset();
  if (flight.again) return;
  ++shared_.figures.acknowledged;
  shared_.figures.latency.record(now - flight.due_us);
  shared_.timeline.acknowledged(now, now - flight.due_us);
  if (number % kAskAgainEvery == 0 && shared_.sending) {
    // Without a seq it is not known which of the tries will be the message.
    ask_again(flight, seq == 0 ? std::string_view{} : created_at, now);
  }
}

void SoakPair::ask_again(const Flight& flight, std::string_view created_at, std::int64_t now) {
  ++shared_.figures.asked_again;
  ++shared_.figures.repeated;
  flights_.push_back({.number = flight.number, .due_us = now, .again = true, .created_at = std::string(created_at)});
  send(flights_.back(), now);
}

void SoakPair::on_refused(std::string_view frame, std::int64_t now) {
  const auto status = static_cast<int>(shared_.error_status.number(frame).value_or(0));
  const bool expected = status == kTooMany || status == kUnavailable;
  if (!expected) unexpected("a sender", frame);
  const auto ref = shared_.ref.text(frame);
  if (!ref) return;  // of an acknowledgement: nobody was promised anything
  const auto number = leading_number(*ref).value_or(0);
  const auto found = std::ranges::find_if(
      flights_, [&](const Flight& flight) { return flight.number == number && flight.sent_us != 0; });
  if (found == flights_.end()) return unexpected("a sender that does not wait for it", frame);
  if (!expected) {  // another try would be answered the same
    flights_.erase(found);
    return;
  }
  ++shared_.figures.refused;
  shared_.timeline.refused(now);
  found->refused = true;
  found->sent_us = 0;
  if (retry_at_us_ == 0) retry_at_us_ = now + refusals_.next_us(shared_.random);
}

std::uint64_t SoakPair::number_in(MessageScan& scan, std::string_view json) {
  const auto text = scan.text.text(json).value_or("");
  const auto number = leading_number(text.substr(0, kNumberDigits)).value_or(0);
  if (number != 0 && number < next_number_ && shared_.writer.is_text_of(text, number) &&
      scan.id.text(json) == id_of(number).str() && scan.from.text(json) == from_.id) {
    return number;
  }
  shared_.findings.add(Wrong::kChanged,
                       fmt::format("{} has a message that nobody sent: {}", conversation_, json.substr(0, 400)));
  return 0;
}

void SoakPair::acknowledge(std::int64_t now) {
  const auto up_to = recipient_rules_.has_up_to();
  if (up_to == 0) return;
  acknowledge_at_us_ = now + kAcknowledgeAgainUs;
  recipient_rules_.says(up_to);
  append_ack_frame(recipient_.new_frame(), ++acknowledgements_ % kReadEvery == 0 ? "read" : "delivered", conversation_,
                   up_to);
}

void SoakPair::unexpected(std::string_view who, std::string_view frame) {
  shared_.findings.add(Wrong::kUnexpected, fmt::format("{} of {} got {}", who, conversation_, frame.substr(0, 400)));
}

void SoakPair::close() {
  sender_rules_.session_ended(next_number_);
  if (!flights_.empty()) {
    shared_.findings.add(Wrong::kLost, fmt::format("{}: {} messages were never answered, the first is {}",
                                                   conversation_, flights_.size(), flights_.front().number));
  }
  if (const auto has = recipient_rules_.has_up_to(); has < sent()) {
    shared_.findings.add(Wrong::kLost,
                         fmt::format("{}: the recipient has {} of {} messages", conversation_, has, sent()));
  }
  sender_.close();
  recipient_.close();
}

std::uint64_t SoakPair::judge_item(std::string_view item) {
  const auto seq = shared_.item.seq.number(item).value_or(0);
  const auto number = number_in(shared_.item, item);
  if (number != 0 && seq != 0) history_.item(number, seq);
  return seq;
}

bool SoakPair::judge_receipts(std::string_view body, bool last_time) {
  const auto at = body.find(fmt::format(R"({{"user_id":"{}","delivered_up_to_seq":)", to_));
  const auto receipt = at == std::string_view::npos ? std::string_view{} : body.substr(at);
  const auto delivered = KeyFinder(R"("delivered_up_to_seq":)").number(receipt).value_or(0);
  const auto read = KeyFinder(R"("read_up_to_seq":)").number(receipt).value_or(0);
  if (delivered < recipient_rules_.said() && !last_time) return false;
  status_rules_.read(delivered, read);
  if (delivered < recipient_rules_.said()) {
    shared_.findings.add(Wrong::kLost, fmt::format("{}: the recipient has acknowledged {} again and again, and the "
                                                   "receipts say {}",
                                                   conversation_, recipient_rules_.said(), delivered));
  }
  return true;
}

void SoakPair::SenderEnd::on_connected(std::int64_t now) {
  ++pair_.session_;
  const auto unsent = std::ranges::find(pair_.flights_, 0U, &Flight::tries);
  pair_.sender_rules_.session_began(unsent == pair_.flights_.end() ? pair_.next_number_ : unsent->number);
  pair_.status_rules_.session_began();
  touched_ = true;  // says again what it has
  pair_.send_waiting(now);
}

void SoakPair::SenderEnd::on_frame(std::string_view frame, std::int64_t now) {
  switch (frame_kind(frame)) {
    case FrameKind::kSent:
      return pair_.on_sent(frame, now);
    case FrameKind::kError:
      return pair_.on_refused(frame, now);
    case FrameKind::kStatus:
      return pair_.status_rules_.told(pair_.shared_.status.text(frame).value_or(""),
                                      pair_.shared_.status_seq.number(frame).value_or(0),
                                      pair_.recipient_rules_.said());
    case FrameKind::kMessage: {
      const auto number = pair_.number_in(pair_.shared_.frame, frame);
      if (number != 0) pair_.sender_rules_.got(number, pair_.shared_.frame.seq.number(frame).value_or(0));
      touched_ = true;
      return;
    }
    case FrameKind::kGap:
      return pair_.unexpected("a sender", frame);
    default:
      return;
  }
}

void SoakPair::SenderEnd::on_read_done(std::int64_t /*now*/) {
  const auto up_to = pair_.sender_rules_.has_up_to();
  if (!std::exchange(touched_, false) || up_to == 0) return;
  append_ack_frame(pair_.sender_.new_frame(), "delivered", pair_.conversation_, up_to);
}

void SoakPair::SenderEnd::on_disconnected() {
  pair_.sender_rules_.session_ended(pair_.next_number_);
  for (auto& flight : pair_.flights_) flight.sent_us = 0;
}

void SoakPair::RecipientEnd::on_connecting() {
  pair_.recipient_rules_.session_asked_for(pair_.status_rules_.confirmed());
}

void SoakPair::RecipientEnd::on_connected(std::int64_t now) { pair_.acknowledge(now); }

void SoakPair::RecipientEnd::on_frame(std::string_view frame, std::int64_t now) {
  switch (frame_kind(frame)) {
    case FrameKind::kMessage: {
      ++pair_.shared_.figures.delivered;
      const auto number = pair_.number_in(pair_.shared_.frame, frame);
      if (number != 0) pair_.recipient_rules_.got(number, pair_.shared_.frame.seq.number(frame).value_or(0));
      return;
    }
    case FrameKind::kError: {
      const auto status = static_cast<int>(pair_.shared_.error_status.number(frame).value_or(0));
      if (status != kTooMany && status != kUnavailable) return pair_.unexpected("a recipient", frame);
      pair_.acknowledge_at_us_ = now + kAfterRefusalUs;
      return;
    }
    case FrameKind::kSent:
    case FrameKind::kGap:
      return pair_.unexpected("a recipient", frame);
    default:
      return;
  }
}

void SoakPair::RecipientEnd::on_read_done(std::int64_t now) {
  if (pair_.recipient_rules_.has_up_to() > pair_.recipient_rules_.said()) pair_.acknowledge(now);
}

}  // namespace c4a::bench
