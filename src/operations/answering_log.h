#pragma once

// Between the gateway and a log whose router is another process. When a command had to be answered without its
// router's decision, this looks whether something certain can be said all the same: a sender who is no member, a
// message_id that was used before, a conversation that is there by now.

#include "base/worker_pool.h"
#include "message_log/message_log.h"
#include "message_store/message_store.h"

namespace c4a {

class AnsweringLog final : public MessageLog {
 public:
  AnsweringLog(MessageLog& log, MessageStore& store, WorkerPool& workers)
      : log_(log), store_(store), workers_(workers) {}

  Result<> append(Command command, Completion done) override;
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
    DeviceId device;
    std::size_t members = 0;  // with how many a conversation begins
  };
  static Question question_of(const Command& command);
  Result<Decision> answer(const Question& question, Decision undecided);
  Result<Decision> answer_send(const Question& question, Decision undecided);
  // One look; nothing while the effects are not there.
  std::optional<Result<Decision>> look_for_effects(const Question& question);
  // Whether the conversation is there with all its members, and in the lists of the first and the last of them.
  bool is_complete(const Question& question);

  MessageLog& log_;
  MessageStore& store_;
  WorkerPool& workers_;
};

}  // namespace c4a
