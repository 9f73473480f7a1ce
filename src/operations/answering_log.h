#pragma once

// Between the gateway and a log whose router is another process. When a command had to be answered without its
// router's decision, this looks whether something certain can be said all the same: a sender who is no member, a
// message_id that was used before, a conversation that is there by now.
//
// A send whose id came from the client is noted in the metadata store before it is answered undecided. So a repeat is
// known as one, through whichever gateway, also before the router has come to the first. Without the note such a send
// is answered kUnavailable: the client repeats it with the same id. Where the first was answered with its seq there is
// no note, and the message store tells; where that cannot answer, any copy of it that can still be read.
//
// A decision that comes before the look has ended is the answer. Looks are few at a time: what makes decisions late is
// mostly a store that is slow, and many looks would make it slower.

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>

#include "base/clock.h"
#include "base/worker_pool.h"
#include "message_log/message_log.h"
#include "message_store/message_store.h"
#include "metadata_store/metadata_store.h"

namespace c4a {

class AnsweringLog final : public MessageLog {
 public:
  // How long a repeat is known by its note alone. The router has long stored the first by then.
  static constexpr TimestampMs kNoteMs = 24LL * 3600 * 1000;

  // Of looks after sends at once.
  static constexpr std::size_t kMostLooks = 8;
  // Where more sends wait for a look than this, or one has waited for longer, it is answered kUnavailable without.
  static constexpr std::size_t kMostQueued = 10'000;
  static constexpr std::int64_t kMostWaitUs = 3'000'000;

  AnsweringLog(MessageLog& log, MessageStore& store, MetadataStore& metadata, WorkerPool& workers,
               const Clock& clock = system_clock())
      : log_(log), store_(store), metadata_(metadata), workers_(workers), clock_(clock) {}
  ~AnsweringLog() override;  // waits for looks after sends

  Result<> append(Command command, Completion done) override;
  Result<> admits_send() override { return log_.admits_send(); }
  void stop() override { log_.stop(); }
  std::size_t waiting() const override { return log_.waiting(); }
  Result<> check() override { return log_.check(); }

  // Sends that the log has and that were answered kUnavailable.
  std::uint64_t left_open() const { return left_open_.load(std::memory_order_relaxed); }

 private:
  // What is needed to look for the command's effects.
  struct Question {
    enum class Kind : std::uint8_t { kSend, kCreate, kOpenDevice, kOther };
    Kind kind = Kind::kOther;
    ConversationId conversation;
    UserId actor;
    TimestampMs at = 0;
    MessageId message;
    ContentDigest digest{};
    std::array<std::uint8_t, 16> trace_id{};  // with `at`: tells this command from a repeat
    bool id_from_client = false;
    DeviceId device;
    std::size_t members = 0;  // with how many a conversation begins

    // Of a send and the message that has its id.
    bool differs_from(const Message& first) const;
    // Otherwise it is this very command's.
    bool repeats(const Message& first) const;
  };
  // What the caller is told: once, whoever comes first.
  class Answer {
   public:
    explicit Answer(Completion done) : done_(std::move(done)) {}
    bool given() const { return given_; }
    void give(Result<Decision> decision) {
      if (!given_.exchange(true)) done_(std::move(decision));
    }

   private:
    std::atomic<bool> given_{false};
    Completion done_;
  };
  struct Look {
    Question question;
    Decision undecided;
    std::shared_ptr<Answer> answer;
    std::int64_t asked_us = 0;
  };

  static Question question_of(const Command& command);
  std::unexpected<Error> not_known();
  void look_after_send(Look look);
  // Until none waits.
  void look_after_sends();
  void end_looking();  // with the lock
  void look_after_send_now(Look look);
  void look_until_there(const Look& look);
  Result<Decision> answer_send(const Question& question, Decision undecided);
  // What the message store knows of a send: that its sender may not, or the message itself, where its id came from the
  // client. Nothing where it does not have it.
  Result<std::optional<Decision>> look_for_message(const Question& question, const Decision& undecided);
  // What one copy of the store tells of a repeat, where the store does not answer.
  Result<std::optional<Decision>> look_in_one_copy(const Question& question, const Decision& undecided);
  Result<Decision> compare_with_note(const Question& question, Decision undecided);
  // One look; nothing while the effects are not there.
  std::optional<Result<Decision>> look_for_effects(const Question& question);
  // Whether the conversation is there with all its members, and in the lists of the first and the last of them.
  bool is_complete(const Question& question);

  // That wait for effects at once; for others there is one look. Threads must be left to those who wait for decisions.
  static constexpr int kMostWaiting = WorkerPool::kSpare / 2;

  MessageLog& log_;
  MessageStore& store_;
  MetadataStore& metadata_;
  WorkerPool& workers_;
  const Clock& clock_;
  std::mutex mutex_;
  std::deque<Look> looks_;   // of sends, that wait
  std::size_t looking_ = 0;  // tasks that take from them
  std::condition_variable nobody_looks_;
  std::atomic<int> waiting_{0};
  std::atomic<std::uint64_t> left_open_{0};
};

}  // namespace c4a
