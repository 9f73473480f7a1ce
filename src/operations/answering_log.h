#pragma once

// Between the gateway and a log whose router is another process. When a command had to be answered without its
// router's decision, this looks whether something certain can be said all the same: a sender who is no member, a
// message_id that was used before, a conversation that is there by now.
//
// A send whose id came from the client is noted in the metadata store before it is answered undecided. So a repeat is
// known as one, through whichever gateway, also before the router has come to the first. Without the note such a send
// is answered kUnavailable: the client repeats it with the same id.

#include <atomic>

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

  // Looks take reads, and other requests need the same threads. Where the queue for them is longer than this, or a send
  // has waited in it for longer, it is answered kUnavailable without a look.
  static constexpr std::size_t kMostQueued = 1000;
  static constexpr std::int64_t kMostWaitUs = 3'000'000;

  AnsweringLog(MessageLog& log, MessageStore& store, MetadataStore& metadata, WorkerPool& workers,
               const Clock& clock = system_clock())
      : log_(log), store_(store), metadata_(metadata), workers_(workers), clock_(clock) {}

  Result<> append(Command command, Completion done) override;
  Result<> admits_send() override { return log_.admits_send(); }
  void stop() override { log_.stop(); }
  std::size_t waiting() const override { return log_.waiting(); }
  Result<> check() override { return log_.check(); }

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
  };
  static Question question_of(const Command& command);
  Result<Decision> answer(const Question& question, Decision undecided);
  Result<Decision> answer_send(const Question& question, Decision undecided);
  // What the message store knows of a send: that its sender may not, or the message itself, where its id came from the
  // client. Nothing where it does not have it, or does not answer.
  Result<std::optional<Decision>> look_for_message(const Question& question);
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
  std::atomic<int> waiting_{0};
};

}  // namespace c4a
