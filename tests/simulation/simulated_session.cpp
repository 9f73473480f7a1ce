#include "simulated_session.h"

namespace c4a::simulation {

SimulatedSession::SimulatedSession(SessionNumber session, UserId of, DeviceId on, Client client)
    : number(session), user(std::move(of)), device(std::move(on)), client_(std::move(client)) {}

void SimulatedSession::opened(SessionStart start) {
  opening_ = true;
  inbox_.push_back(std::move(start));
}

void SimulatedSession::take_mail() {
  const Mail mail = std::move(inbox_.front());
  inbox_.pop_front();
  std::visit([this](const auto& one) { handle(one); }, mail);
}

Result<> SimulatedSession::read(MessageStore& store) {
  const auto fetch = *std::exchange(asked_, std::nullopt);
  C4A_TRY(auto page, fetch_page(store, user, device, fetch, record_.receipts_seen, {.looks = 0}));
  reading_ = true;
  inbox_.push_back(std::move(page));
  return {};
}

std::vector<std::size_t> SimulatedSession::unheard_answers() const {
  std::vector<std::size_t> requests;
  for (const auto& mail : inbox_) {
    if (const auto* answer = std::get_if<Answer>(&mail)) requests.push_back(answer->request);
  }
  return requests;
}

void SimulatedSession::handle(const SharedEvent& event) {
  using Verdict = DeliveryTrack::Verdict;
  if (event->kind == LiveKind::kStatus) return deliver_status(*event);
  if (event->kind == LiveKind::kTyping) {
    if (track_.live() && event->not_to != user) send(*event->frame);
    return;
  }
  if (event->kind == LiveKind::kMessage && event->except == number) return;
  const Verdict verdict = event->kind == LiveKind::kMessage
                              ? track_.on_message(event->conversation, event->seq, event->frame)
                              : track_.on_change(event->conversation, event->version);
  if (verdict == Verdict::kSend) send(*event->frame);
  if (verdict == Verdict::kLater) catch_up();
}

void SimulatedSession::deliver_status(const LiveEvent& event) {
  if (!track_.live() || !later_statuses_.empty()) {
    later_statuses_.push_back(std::make_shared<const LiveEvent>(event));
    return catch_up();
  }
  if (event.receipt) {
    const ReceiptPlace place{event.position, *event.receipt};
    if (record_.receipts_seen.has(place)) return;  // the page of receipts had it
    record_.receipts_seen.add(place);
  }
  send(*event.frame);
}

void SimulatedSession::handle(const Answer& answer) {
  if (answer.sent_in && answer.decision) track_.on_sent(*answer.sent_in, answer.decision->seq);
  client_.answered(answer);
  if (!track_.live()) catch_up();
}

void SimulatedSession::handle(const SessionStart& start) {
  record_ = start.device;
  known_ = true;
  for (const auto& one : start.conversations) track_.begin(one.id, one.start, one.last_seq, one.version);
  track_.opened();
  catch_up();
}

void SimulatedSession::handle(const FetchedPage& page) {
  reading_ = false;
  if (page.frames) send(*page.frames);
  switch (page.fetch.kind) {
    case DeliveryTrack::Fetch::Kind::kMessages:
      track_.fetched_messages(page.fetch.conversation, page.seq);
      break;
    case DeliveryTrack::Fetch::Kind::kChanges:
      track_.fetched_changes(page.fetch.conversation, page.version);
      break;
    case DeliveryTrack::Fetch::Kind::kReceipts:
      record_.receipts_seen = page.receipts;
      if (!page.more) track_.fetched_receipts();
      break;
  }
  catch_up();
}

void SimulatedSession::send(const std::string& frames) {
  std::size_t from = 0;
  while (from < frames.size()) {
    const std::size_t end = std::min(frames.find('\n', from), frames.size());
    client_.told(frames.substr(from, end - from));
    from = end + 1;
  }
}

void SimulatedSession::catch_up() {
  if (asked_ || reading_) return;
  for (const auto& frame : track_.take_kept()) send(*frame);
  if (const auto fetch = track_.next_fetch()) {
    asked_ = fetch;
  } else if (track_.live()) {
    const auto waiting = std::exchange(later_statuses_, {});
    for (const auto& event : waiting) deliver_status(*event);
  }
}

}  // namespace c4a::simulation
