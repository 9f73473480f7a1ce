#pragma once

// What one session has been sent, and what it is sent next: pending messages first, then missed changes, then missed
// receipts, then live traffic, with neither a hole nor a repeat. Pure rules: no I/O, no clock.
//
// A live event is sent only when it is the next one of its conversation and nothing is pending; anything else is
// remembered as "there is more" and read from the store. So events may be lost, early or repeated. Messages that come
// while something is read are kept, as far as there is room: otherwise a session would read for ever where a
// conversation is faster than the store.

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "domain/conversation.h"
#include "domain/ids.h"

namespace c4a {

class DeliveryTrack {
 public:
  enum class Verdict { kSend, kLater, kDrop };
  using Frame = std::shared_ptr<const std::string>;

  // What to read next from the store.
  struct Fetch {
    enum class Kind { kMessages, kChanges, kReceipts };
    Kind kind = Kind::kMessages;
    ConversationId conversation;
    Seq after;  // kMessages: after < seq <= until
    Seq until;
    Version after_version;
    Version until_version;
  };

  // The snapshot taken when the session opened, one call for each conversation, then `opened`. `start` is what the
  // device has acknowledged, the other two what there is. Live events may come before.
  void begin(const ConversationId& conversation, const DeviceCursor& start, Seq last_seq, Version version);
  void opened();
  // Events may have been lost, and this is what there is now. Nothing that was sent is sent again; the receipts are
  // read once more. `start` counts where the conversation was not known.
  void look_again(const ConversationId& conversation, const DeviceCursor& start, Seq last_seq, Version version);
  void look_for_receipts() { receipts_due_ = true; }

  // A live event came. kSend: send it now. kLater: a fetch will bring it. kDrop: it was sent already.
  // `frame`: what to send; kept where it is for later.
  Verdict on_message(const ConversationId& conversation, Seq seq, Frame frame = nullptr);
  Verdict on_change(const ConversationId& conversation, Version version);
  // The session's own message was answered with this seq: that is its delivery.
  void on_sent(const ConversationId& conversation, Seq seq);

  // Messages that were kept and whose turn has come, to be sent now. While no fetch is under way, before `next_fetch`.
  std::vector<Frame> take_kept();
  // Nothing: the session is live, or not opened yet.
  std::optional<Fetch> next_fetch() const;
  // A fetch was answered: everything up to there has been sent. Short of `until` only if more is to be fetched.
  void fetched_messages(const ConversationId& conversation, Seq up_to);
  void fetched_changes(const ConversationId& conversation, Version up_to);
  void fetched_receipts();

  bool live() const { return opened_ && due_ == nullptr && !receipts_due_; }

 private:
  // One counter of a conversation, seqs or versions: 0 is before the first.
  struct Line {
    std::optional<std::uint64_t> sent;  // nothing: no snapshot told where to begin
    std::uint64_t first_heard = 0;      // the first live event, until `sent` is known
    std::uint64_t known = 0;            // the newest known to exist
    bool queued = false;

    bool behind() const { return sent && *sent < known; }
    void begin(std::uint64_t start, std::uint64_t last);
    // `opened`: from now on the first event heard of is the first for this session.
    void begin_at_first_heard();
    Verdict hear(std::uint64_t position, bool opened, bool live);
    void reached(std::uint64_t position);
  };
  // A message that came early. Without a frame it is the session's own, which its answer has delivered.
  struct Kept {
    std::uint64_t seq;
    Frame frame;
  };
  struct Track {
    Line seqs;
    Line versions;
    // Each the successor of the one before, the newest known is the last; null where nothing is kept.
    std::unique_ptr<std::deque<Kept>> kept;
  };
  static constexpr std::size_t kKeptBytes = 256 * 1024;  // of a session; beyond it the store is read
  static constexpr std::size_t kKeptOverhead = 64;

  // Conversations with something to fetch.
  struct Due {
    std::vector<ConversationId> messages;
    std::vector<ConversationId> changes;
  };

  void keep(Track& track, std::uint64_t seq, Frame frame);
  void forget_first_kept(Track& track);
  void queue_if_behind(const ConversationId& conversation, Track& track);
  void reached(const ConversationId& conversation, Line& line, std::uint64_t up_to,
               std::vector<ConversationId> Due::* list);

  std::unordered_map<ConversationId, Track> tracks_;
  std::unique_ptr<Due> due_;  // null where nothing is: most sessions are live
  std::size_t kept_bytes_ = 0;
  bool receipts_due_ = true;
  bool opened_ = false;
};

}  // namespace c4a
