#include "sessions/session.h"

#include "sessions/session_hub.h"

namespace c4a {
namespace {

// Reading on stops while this much waits for the client.
constexpr std::size_t kEnoughQueued = 256 * 1024;
// Statuses that came while catching up; the rest can be read over REST.
constexpr std::size_t kLaterStatuses = 1000;

constexpr std::uint16_t kCloseRestart = 1012;

}  // namespace

Session::Session(SessionHub& hub, net::WebSocket& socket, SessionNumber number, UserId user, DeviceId device)
    : hub_(hub), socket_(socket), number_(number), user_(std::move(user)) {
  record_.id = std::move(device);
  hub_.add(*this);
}

Session::~Session() { hub_.remove(*this); }

void Session::active(TimestampMs now) {
  presence_->last_activity.store(now, std::memory_order_relaxed);
  if (presence_->away.load(std::memory_order_relaxed)) hub_.presence().active(user_, now);
}

void Session::deliver(const LiveEvent& event) {
  switch (event.kind) {
    case LiveKind::kMessage:
      if (event.except == number_) return;
      if (const auto verdict = track_.on_message(event.conversation, event.seq, event.frame);
          verdict == DeliveryTrack::Verdict::kSend) {
        socket_.send(event.frame);
      } else if (verdict == DeliveryTrack::Verdict::kLater) {
        catch_up();
      }
      return;
    case LiveKind::kChange:
      if (const auto verdict = track_.on_change(event.conversation, event.version);
          verdict == DeliveryTrack::Verdict::kSend) {
        socket_.send(event.frame);
      } else if (verdict == DeliveryTrack::Verdict::kLater) {
        catch_up();
      }
      return;
    case LiveKind::kStatus:
      deliver_status(event);
      return;
    case LiveKind::kTyping:
      if (event.not_to != user_) deliver_status(event);
      return;
  }
}

void Session::deliver_status(const LiveEvent& event) {
  LaterStatus status{{}, event.frame};
  if (event.receipt) status.receipt = {event.position, *event.receipt};
  // While earlier ones wait, later ones wait behind them: READ must not overtake DELIVERED.
  if (track_.live() && !later_) return send_status(std::move(status));
  if (!later_) later_ = std::make_unique<std::vector<LaterStatus>>();
  if (later_->size() < kLaterStatuses) later_->push_back(std::move(status));
}

void Session::release_statuses() {
  if (!later_) return;
  const auto waited = std::exchange(later_, nullptr);
  for (auto& status : *waited) send_status(std::move(status));
}

void Session::send_status(LaterStatus status) {
  if (status.receipt) {
    if (record_.receipts_seen.has(*status.receipt)) return;  // a page from the store had it
    record_.receipts_seen.add(*status.receipt);
  }
  socket_.send(std::move(status.frame));
}

void Session::sent(const ConversationId& conversation, Seq seq, net::SharedFrame frame) {
  track_.on_sent(conversation, seq);
  socket_.send(std::move(frame));
  if (!track_.live()) catch_up();
}

void Session::looked_again(const std::vector<SessionStart::Conversation>& found) {
  if (!known_) return;
  for (const auto& conversation : found) {
    track_.look_again(conversation.id, conversation.start, conversation.last_seq, conversation.version);
  }
  track_.look_for_receipts();
  catch_up();
}

void Session::opened(Result<SessionStart> start) {
  if (!start) {
    // The store does not answer: the client comes again, and nothing is lost.
    close(kCloseRestart, "storage is unavailable, reconnect");
    return;
  }
  record_ = std::move(start->device);
  known_ = true;
  for (const auto& gap : start->gaps) socket_.send(net::make_frame(gap_frame(gap)));
  for (const auto& conversation : start->conversations) {
    track_.begin(conversation.id, conversation.start, conversation.last_seq, conversation.version);
  }
  track_.opened();
  catch_up();
}

void Session::catch_up() {
  if (fetching_ || socket_.queued_bytes() > kEnoughQueued) return;
  for (auto& frame : track_.take_kept()) socket_.send(std::move(frame));
  if (const auto fetch = track_.next_fetch()) {
    fetching_ = true;
    hub_.fetch(*this, *fetch);
  } else if (track_.live()) {
    release_statuses();
  }
}

void Session::fetched(Result<FetchedPage> page) {
  fetching_ = false;
  if (!page) {
    close(kCloseRestart, "storage is unavailable, reconnect");
    return;
  }
  if (page->frames) socket_.send(std::move(page->frames));
  incomplete_pages_ = page->incomplete ? static_cast<std::uint8_t>(incomplete_pages_ + 1) : 0;
  switch (page->fetch.kind) {
    case DeliveryTrack::Fetch::Kind::kMessages:
      track_.fetched_messages(page->fetch.conversation, page->seq);
      break;
    case DeliveryTrack::Fetch::Kind::kChanges:
      track_.fetched_changes(page->fetch.conversation, page->version);
      break;
    case DeliveryTrack::Fetch::Kind::kReceipts:
      record_.receipts_seen = std::move(page->receipts);
      if (!page->more) track_.fetched_receipts();
      break;
  }
  catch_up();
}

}  // namespace c4a
