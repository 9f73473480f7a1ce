#include "sessions/fetch_page.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/planted_bug.h"
#include "base/worker_pool.h"
#include "domain/frames.h"
#include "telemetry/metrics.h"

namespace c4a {
namespace {

constexpr std::size_t kPageItems = 500;
constexpr std::chrono::milliseconds kPause{50};

class JoinedFrames {
 public:
  explicit JoinedFrames(std::size_t page_bytes) : page_bytes_(page_bytes) {}

  void add(const std::string& frame) {
    if (!text_.empty()) text_ += '\n';
    text_ += frame;
  }
  bool full() const { return text_.size() >= page_bytes_; }
  std::shared_ptr<const std::string> take() {
    return text_.empty() ? nullptr : std::make_shared<const std::string>(std::move(text_));
  }

 private:
  const std::size_t page_bytes_;
  std::string text_;
};

void count_wait() {
  static Counter& waits =
      counter("chat4all_session_waits_total",
              "Pages that waited for what a conversation's head had told of, and was not there yet.");
  waits.add();
}

bool waits_for_more(const MessageStore& store, FetchPatience patience) {
  return store.heads_may_lead() && !patience.give_up && !planted(PlantedBug::kLateTakenForExpired);
}

// A page of messages or changes. Whether it is whole: full, or with all up to `until`.
template <typename Row, typename Position, typename Read>
Result<bool> read_rows(const MessageStore& store, Position after, Position until, Position Row::* position,
                       std::vector<Row>& rows, int looks, const Read& read) {
  for (int look = 0;; ++look) {
    C4A_TRY(auto more, read(after, kPageItems - rows.size()));
    std::ranges::move(more, std::back_inserter(rows));
    if (!rows.empty()) after = rows.back().*position;
    if (after >= until || rows.size() == kPageItems) return true;
    if (!store.heads_may_lead() || look >= looks) return false;
    if (look == 0) count_wait();
    const WorkerPool::Waiting others_run;
    std::this_thread::sleep_for(kPause);
  }
}

// Since the session learned what there is, the user may have left and come back: what happened between is not theirs.
Result<> fetch_messages(MessageStore& store, const UserId& user, const DeviceId& device, FetchedPage& page,
                        FetchPatience patience, std::size_t page_bytes) {
  const auto& fetch = page.fetch;
  C4A_TRY(const auto member, store.member(fetch.conversation, user));
  page.seq = fetch.until;
  if (!member) return {};
  const Seq after = std::max(fetch.after, member->joined_after);
  const Seq until = member->readable_until(fetch.until);
  std::vector<Message> messages;
  C4A_TRY(const bool whole,
          read_rows(store, after, until, &Message::seq, messages, patience.looks, [&](Seq from, std::size_t limit) {
            return store.messages_after(fetch.conversation, from, until, limit);
          }));
  JoinedFrames frames(page_bytes);
  page.seq = after;
  for (const auto& message : messages) {
    page.seq = message.seq;
    // What this device sent was delivered to it by the answer.
    if (message.from == user && message.from_device == device) continue;
    frames.add(message_frame(message));
    if (frames.full()) break;
  }
  if (messages.size() < kPageItems && (messages.empty() || page.seq == messages.back().seq)) {
    page.incomplete = !whole && waits_for_more(store, patience);
    if (!page.incomplete) page.seq = fetch.until;  // what is missing up to there has expired
  }
  page.frames = frames.take();
  return {};
}

Result<> fetch_changes(MessageStore& store, const UserId& user, FetchedPage& page, FetchPatience patience,
                       std::size_t page_bytes) {
  const auto& fetch = page.fetch;
  C4A_TRY(const auto member, store.member(fetch.conversation, user));
  page.version = fetch.until_version;
  if (!member) return {};
  const Version after = std::max(fetch.after_version, member->joined_version);
  const Version until = member->active() ? fetch.until_version : std::min(fetch.until_version, member->left_at_version);
  std::vector<Change> changes;
  C4A_TRY(const bool whole, read_rows(store, after, until, &Change::version, changes, patience.looks,
                                      [&](Version from, std::size_t limit) {
                                        return store.changes_after(fetch.conversation, from, until, limit);
                                      }));
  JoinedFrames frames(page_bytes);
  page.version = after;
  for (const auto& change : changes) {
    page.version = change.version;
    std::optional<Message> message;
    if (change.type == ChangeType::kMessageUpdated) {
      C4A_TRY(message, store.message(fetch.conversation, change.seq));
      if (message && message->seq <= member->visible_after) message.reset();
    }
    frames.add(change_frame(change, message ? &*message : nullptr));
    if (frames.full()) break;
  }
  if (changes.size() < kPageItems && (changes.empty() || page.version == changes.back().version)) {
    page.incomplete = !whole && waits_for_more(store, patience);
    if (!page.incomplete) page.version = fetch.until_version;
  }
  page.frames = frames.take();
  return {};
}

// What the device lacks: behind its place in each lane, up to the next lane that it knows, and so in those that it does
// not know.
Result<> fetch_receipts(MessageStore& store, const UserId& user, FetchedPage& page, std::size_t page_bytes) {
  std::vector<ReceiptPlace> places = page.receipts.places();
  places.insert(places.begin(), ReceiptPlace{});
  JoinedFrames frames(page_bytes);
  for (std::size_t i = 0; i < places.size() && !page.more; ++i) {
    const bool last = i + 1 == places.size();
    const LogPosition before = last ? kEndOfLog : lane_begin(lane_of(places[i + 1].position));
    if (before <= places[i].position) continue;
    C4A_TRY(const auto receipts, store.receipts_after(user, places[i], before, kPageItems));
    for (const auto& receipt : receipts) {
      frames.add(receipt_frame(receipt));
      page.receipts.add(receipt.place());
      if (frames.full()) break;
    }
    page.more = !receipts.empty() && (receipts.size() == kPageItems || frames.full());
  }
  page.frames = frames.take();
  return {};
}

}  // namespace

Result<FetchedPage> fetch_page(MessageStore& store, const UserId& user, const DeviceId& device,
                               const DeliveryTrack::Fetch& fetch, const ReceiptsSeen& seen, FetchPatience patience,
                               std::size_t page_bytes) {
  FetchedPage page;
  page.fetch = fetch;
  page.receipts = seen;
  switch (fetch.kind) {
    case DeliveryTrack::Fetch::Kind::kMessages:
      C4A_CHECK(fetch_messages(store, user, device, page, patience, page_bytes));
      break;
    case DeliveryTrack::Fetch::Kind::kChanges:
      C4A_CHECK(fetch_changes(store, user, page, patience, page_bytes));
      break;
    case DeliveryTrack::Fetch::Kind::kReceipts:
      C4A_CHECK(fetch_receipts(store, user, page, page_bytes));
      break;
  }
  return page;
}

}  // namespace c4a
