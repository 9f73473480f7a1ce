#include "operations/answering_log.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "message_store/fake_message_store.h"
#include "metadata_store/fake_metadata_store.h"

namespace c4a {
namespace {

constexpr TimestampMs kNow = 1'700'000'000'000;

// Has every command, and hears of no router until it is told so.
class UndecidedLog final : public MessageLog {
 public:
  Result<> append_and_hear(Command command, Completion done, Completion late) override {
    late_ = std::move(late);
    return append(std::move(command), std::move(done));
  }
  void decide(const Decision& decision) { late_(decision); }
  Result<> append(Command command, Completion done) override {
    Decision decision;
    decision.created_at = command.at;
    if (const auto* send = std::get_if<SendMessage>(&command.request)) decision.message_id = send->message.message_id;
    decision.decided = false;
    done(std::move(decision));
    return {};
  }
  void stop() override {}
  std::size_t waiting() const override { return 0; }
  Result<> check() override { return {}; }

 private:
  Completion late_;  // of the last command
};

class AnsweringLogTest : public testing::Test {
 protected:
  void SetUp() override {
    Rows rows;
    Conversation head;
    head.id = conversation_;
    head.created_at = kNow;
    head.last_seq = Seq{7};
    rows.conversations.push_back(head);
    for (const char* name : {"ann", "bob"}) rows.members.push_back({conversation_, member(name)});
    ASSERT_TRUE(store_.commit(rows, LogPosition{1}));
  }

  static Member member(const std::string& name) {
    Member made;
    made.user_id = UserId{name};
    return made;
  }
  Command send(const std::string& from, const std::string& text, TimestampMs at) const {
    SendMessage send;
    send.id_from_client = true;
    send.message.message_id = message_;
    send.message.conversation_id = conversation_;
    send.message.from = UserId{from};
    send.message.created_at = at;
    send.message.payload = text;
    send.message.digest = Uuid::from_name(from + text).bytes;
    return {conversation_, UserId{from}, at, 0, std::move(send)};
  }
  // What the router makes of it in the end.
  void store(const Command& command, std::uint64_t seq) {
    Rows rows;
    rows.messages.push_back(std::get<SendMessage>(command.request).message);
    rows.messages.back().seq = Seq{seq};
    ASSERT_TRUE(store_.commit(rows, LogPosition{2}));
  }
  // Through a gateway of its own.
  Result<Decision> answer_to(Command command) {
    AnsweringLog gateway(log_, store_, metadata_, workers_, clock_);
    std::promise<Result<Decision>> promise;
    auto answer = promise.get_future();
    EXPECT_TRUE(gateway.append(std::move(command), [&](Result<Decision> decision) { promise.set_value(decision); }));
    return answer.get();
  }
  ErrorCode refusal_of(Command command) {
    const auto answer = answer_to(std::move(command));
    EXPECT_FALSE(answer);
    return answer ? ErrorCode::kInternal : answer.error().code;
  }

  const ConversationId conversation_{Uuid::from_name("conversation")};
  const MessageId message_{Uuid::from_name("message")};
  UndecidedLog log_;
  FakeMessageStore store_;
  FakeMetadataStore metadata_;
  ManualClock clock_;
  WorkerPool workers_{1, 10};
};

TEST_F(AnsweringLogTest, AStrangerIsToldThatThereIsNoSuchConversation) {
  EXPECT_EQ(refusal_of(send("eve", "hello", kNow)), ErrorCode::kConversationNotFound);
  // Nothing of it stands in the way of a member.
  const auto answer = answer_to(send("ann", "hello", kNow + 1));
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->duplicate);
}

TEST_F(AnsweringLogTest, WhereTooManySendsWaitForALookOneMoreIsAnsweredAtOnce) {
  std::promise<void> go_on;
  workers_.post_always([gone_on = go_on.get_future().share()] { gone_on.wait(); });
  AnsweringLog gateway(log_, store_, metadata_, workers_, clock_);
  std::atomic<std::size_t> waiting = AnsweringLog::kMostQueued;
  for (std::size_t i = 0; i < AnsweringLog::kMostQueued; ++i) {
    ASSERT_TRUE(gateway.append(send("ann", "hello", kNow), [&](const auto&) { --waiting; }));
  }
  std::optional<Result<Decision>> answer;
  ASSERT_TRUE(gateway.append(send("ann", "hello", kNow), [&](auto decision) { answer = std::move(decision); }));
  ASSERT_TRUE(answer);
  ASSERT_FALSE(*answer);
  EXPECT_EQ(answer->error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(gateway.left_open(), 1u);
  go_on.set_value();
  while (waiting > 0) std::this_thread::yield();
  workers_.stop();
}

TEST_F(AnsweringLogTest, ADecisionThatComesBeforeTheLookIsTheAnswer) {
  std::promise<void> go_on;
  workers_.post_always([gone_on = go_on.get_future().share()] { gone_on.wait(); });
  AnsweringLog gateway(log_, store_, metadata_, workers_, clock_);
  std::vector<Result<Decision>> answers;
  ASSERT_TRUE(gateway.append(send("ann", "hello", kNow), [&](auto decision) { answers.push_back(decision); }));
  EXPECT_TRUE(answers.empty());
  Decision decision;
  decision.seq = Seq{8};
  log_.decide(decision);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0]->seq, Seq{8});
  go_on.set_value();
  workers_.stop();
  EXPECT_EQ(answers.size(), 1u);
  const auto repeat = metadata_.note_undecided({conversation_, message_, {}, UserId{"ann"}, kNow, kNow + 1});
  ASSERT_TRUE(repeat);
  EXPECT_TRUE(repeat->first) << "nobody looked, so nothing was noted";
}

TEST_F(AnsweringLogTest, ADecisionThatComesAfterTheLookIsNotToldAgain) {
  AnsweringLog gateway(log_, store_, metadata_, workers_, clock_);
  std::vector<Result<Decision>> answers;
  ASSERT_TRUE(gateway.append(send("ann", "hello", kNow), [&](auto decision) { answers.push_back(decision); }));
  workers_.stop();
  ASSERT_EQ(answers.size(), 1u);
  log_.decide(Decision{});
  EXPECT_EQ(answers.size(), 1u);
}

TEST_F(AnsweringLogTest, ASendThatWaitedTooLongForAWorkerIsNotLookedAfter) {
  std::promise<void> go_on;
  workers_.post_always([gone_on = go_on.get_future().share()] { gone_on.wait(); });
  AnsweringLog gateway(log_, store_, metadata_, workers_, clock_);
  std::promise<Result<Decision>> promise;
  ASSERT_TRUE(gateway.append(send("ann", "hello", kNow), [&](auto decision) { promise.set_value(decision); }));
  clock_.advance_ms(AnsweringLog::kMostWaitUs / 1000 + 1);
  go_on.set_value();
  const auto answer = promise.get_future().get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
}

TEST_F(AnsweringLogTest, AnUnknownConversationIsNotFound) {
  Command command = send("ann", "hello", kNow);
  command.conversation_id = {Uuid::from_name("other")};
  EXPECT_EQ(refusal_of(std::move(command)), ErrorCode::kConversationNotFound);
}

TEST_F(AnsweringLogTest, ARepeatOfAStoredMessageGetsItsSeq) {
  store(send("ann", "hello", kNow), 8);
  const auto answer = answer_to(send("ann", "hello", kNow + 1));
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->decided);
  EXPECT_TRUE(answer->duplicate);
  EXPECT_EQ(answer->seq, Seq{8});
  EXPECT_EQ(answer->created_at, kNow);
}

TEST_F(AnsweringLogTest, ASendThatIsStoredMeanwhileIsNoRepeatOfItself) {
  store(send("ann", "hello", kNow), 8);
  const auto answer = answer_to(send("ann", "hello", kNow));
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->decided);
  EXPECT_FALSE(answer->duplicate);
}

TEST_F(AnsweringLogTest, TheIdOfAStoredMessageIsRefusedForOtherContentAndForAnotherSender) {
  store(send("ann", "hello", kNow), 8);
  EXPECT_EQ(refusal_of(send("ann", "good bye", kNow + 1)), ErrorCode::kMessageIdConflict);
  EXPECT_EQ(refusal_of(send("bob", "hello", kNow + 1)), ErrorCode::kMessageIdConflict);
}

TEST_F(AnsweringLogTest, ARepeatIsKnownBeforeTheFirstIsDecided) {
  const auto first = answer_to(send("ann", "hello", kNow));
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->decided);
  EXPECT_FALSE(first->duplicate);
  EXPECT_EQ(first->created_at, kNow);
  for (const TimestampMs at : {kNow, kNow + 1, kNow + AnsweringLog::kNoteMs - 1}) {
    const auto repeat = answer_to(send("ann", "hello", at));
    ASSERT_TRUE(repeat);
    EXPECT_FALSE(repeat->decided);
    EXPECT_TRUE(repeat->duplicate);
    EXPECT_EQ(repeat->message_id, message_);
    EXPECT_EQ(repeat->created_at, kNow);
  }
}

TEST_F(AnsweringLogTest, OtherContentOrAnotherSenderIsRefusedBeforeTheFirstIsDecided) {
  ASSERT_TRUE(answer_to(send("ann", "hello", kNow)));
  EXPECT_EQ(refusal_of(send("ann", "good bye", kNow + 1)), ErrorCode::kMessageIdConflict);
  EXPECT_EQ(refusal_of(send("bob", "hello", kNow + 1)), ErrorCode::kMessageIdConflict);
  Command same_content = send("ann", "hello", kNow + 1);
  same_content.actor = UserId{"bob"};
  EXPECT_EQ(refusal_of(std::move(same_content)), ErrorCode::kMessageIdConflict);
}

TEST_F(AnsweringLogTest, WithoutTheMessageStoreASendIsUndecidedAndARepeatIsStillKnown) {
  store_.set_available(false);
  const auto first = answer_to(send("ann", "hello", kNow));
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->decided);
  EXPECT_FALSE(first->duplicate);
  const auto repeat = answer_to(send("ann", "hello", kNow + 1));
  ASSERT_TRUE(repeat);
  EXPECT_TRUE(repeat->duplicate);
}

TEST_F(AnsweringLogTest, WithoutTheMessageStoreOneCopyOfItTellsARepeat) {
  store(send("ann", "hello", kNow), 8);
  store_.leave_one_copy();
  const auto repeat = answer_to(send("ann", "hello", kNow + 1));
  ASSERT_TRUE(repeat);
  EXPECT_TRUE(repeat->duplicate);
  EXPECT_FALSE(repeat->decided);
  EXPECT_EQ(repeat->created_at, kNow);
  EXPECT_EQ(refusal_of(send("ann", "good bye", kNow + 1)), ErrorCode::kMessageIdConflict);
  EXPECT_EQ(refusal_of(send("bob", "hello", kNow + 1)), ErrorCode::kMessageIdConflict);
}

TEST_F(AnsweringLogTest, ASendThatOneCopyHasAlreadyIsNoRepeatOfItself) {
  store(send("ann", "hello", kNow), 8);
  store_.leave_one_copy();
  const auto answer = answer_to(send("ann", "hello", kNow));
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->duplicate);
  const auto repeat = answer_to(send("ann", "hello", kNow + 1));
  ASSERT_TRUE(repeat);
  EXPECT_TRUE(repeat->duplicate);
}

TEST_F(AnsweringLogTest, WithoutTheMetadataStoreASendWithAClientsIdIsToBeRepeated) {
  metadata_.set_down(true);
  const auto answer = answer_to(send("ann", "hello", kNow));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(answer.error().retry_after_s, 1);
  metadata_.set_down(false);
  EXPECT_TRUE(answer_to(send("ann", "hello", kNow + 1)));
}

TEST_F(AnsweringLogTest, AnIdThatTheServerMadeNeedsNoNote) {
  metadata_.set_down(true);
  Command command = send("ann", "hello", kNow);
  std::get<SendMessage>(command.request).id_from_client = false;
  const auto answer = answer_to(std::move(command));
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->decided);
  EXPECT_FALSE(answer->duplicate);
}

}  // namespace
}  // namespace c4a
