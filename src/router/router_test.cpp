#include "router/router.h"

#include <gmock/gmock.h>

#include "message_log/queue_message_log.h"
#include "message_store/fake_message_store.h"

namespace c4a {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class RouterTest : public testing::Test, protected LiveBus {
 protected:
  // A router with a log of its own, as one process has.
  struct Owner {
    explicit Owner(RouterTest& test) : log({}), router(log, test.store, test, test.clock, test.options) {}
    QueueMessageLog log;
    Router router;
  };

  static UserId user(const std::string& name) { return {name}; }
  static MessageId id(const std::string& name) { return {Uuid::from_name(name)}; }
  static std::string payload(const std::string& text) { return R"({"type":"text","text":")" + text + "\"}"; }

  // Appends; what becomes of it is noted in `happened` under `name`.
  void append_to(MessageLog& log, const std::string& name, const std::string& actor, Request request) {
    Command command{conversation, user(actor), clock.now_ms(), 0, std::move(request)};
    const auto done = [this, name](Result<Decision> decision) {
      happened.push_back(name + (decision ? " seq " + std::to_string(decision->seq.value) + " version " +
                                                std::to_string(decision->version.value)
                                          : " " + std::string(info(decision.error().code).name)));
      if (decision && decision->duplicate) happened.back() += " duplicate";
    };
    ASSERT_TRUE(log.append(std::move(command), done));
  }
  void append(Owner& owner, const std::string& name, const std::string& actor, Request request) {
    append_to(owner.log, name, actor, std::move(request));
  }
  void append(const std::string& name, const std::string& actor, Request request) {
    append(owner(), name, actor, std::move(request));
  }
  void append_send_to(MessageLog& log, const std::string& name, const std::string& text = "hello") {
    SendMessage send;
    send.id_from_client = true;
    send.message.message_id = id(name);
    send.message.from = user("ana");
    send.message.payload = payload(text);
    send.message.digest = Uuid::from_name(text).bytes;
    append_to(log, name, "ana", std::move(send));
  }
  void append_send(Owner& to, const std::string& name, const std::string& text = "hello") {
    append_send_to(to.log, name, text);
  }
  void append_send(const std::string& name, const std::string& text = "hello") { append_send(owner(), name, text); }
  void append_create(Owner& to) {
    append(to, "create", "ana", CreateConversation{ConversationType::kGroup, {user("ana"), user("bia")}, "{}"});
  }
  EditMessage edit(const std::string& name, const std::string& text) {
    return {id(name), PayloadType::kText, payload(text)};
  }

  void create() {
    append_create(owner());
    run();
    happened.clear();
  }
  // One batch.
  void run() { ASSERT_TRUE(owner().router.run_once()); }
  Owner& owner() {
    if (!owner_) owner_ = std::make_unique<Owner>(*this);
    return *owner_;
  }
  void publish(LiveEvent event) override {
    static constexpr const char* kKinds[] = {"message", "change", "status", "typing"};
    happened.push_back(std::string("event ") + kKinds[static_cast<int>(event.kind)] + " after " +
                       std::to_string(store.commits()) + " commits");
  }
  std::uint64_t history_size() { return store.messages_after(conversation, {}, Seq{1000}, 1000).value().size(); }

  ConversationId conversation{Uuid::from_name("conversation")};
  FakeMessageStore store;
  ManualClock clock;
  RouterOptions options;
  std::vector<std::string> happened;

 private:
  std::unique_ptr<Owner> owner_;
};

TEST_F(RouterTest, ABatchIsOneCommitThenEachCommandsEventsAndItsAnswer) {
  create();
  append_send("m1");
  append_send("m2");
  run();
  EXPECT_THAT(happened, ElementsAre("event message after 2 commits", "m1 seq 1 version 0",
                                    "event message after 2 commits", "m2 seq 2 version 0"));
  EXPECT_EQ(store.committed_position().value(), LogPosition{3});
  EXPECT_EQ(owner().log.waiting(), 0u);
}

TEST_F(RouterTest, AFailedCommitAnswersUnavailableAndNothingOfItHappened) {
  create();
  append_send("m1");
  append_send("m2");
  store.fail_next_commits(1);
  run();
  EXPECT_THAT(happened, ElementsAre("m1 unavailable", "m2 unavailable"));
  EXPECT_EQ(history_size(), 0u);
  happened.clear();
  append_send("m2");
  run();
  EXPECT_THAT(happened, testing::Contains("m2 seq 1 version 0"));
}

TEST_F(RouterTest, AConversationWhoseCreationFailedDoesNotExist) {
  store.fail_next_commits(1);
  append_create(owner());
  run();
  append_send("m1");
  run();
  EXPECT_THAT(happened, ElementsAre("create unavailable", "m1 conversation_not_found"));
}

TEST_F(RouterTest, OneEditAfterAnotherInABatchSeesTheFirst) {
  create();
  append_send("m1");
  append("edit 1", "ana", edit("m1", "one"));
  append("edit 2", "ana", edit("m1", "two"));
  append("edit 3", "ana", edit("m1", "two"));
  run();
  std::erase_if(happened, [](const std::string& line) { return line.starts_with("event"); });
  EXPECT_THAT(happened, ElementsAre("m1 seq 1 version 0", "edit 1 seq 1 version 1", "edit 2 seq 1 version 2",
                                    "edit 3 seq 1 version 2"));
  EXPECT_EQ(store.message(conversation, Seq{1}).value()->payload, payload("two"));
}

TEST_F(RouterTest, AnEditAfterADeletionInABatchIsRefused) {
  create();
  append_send("m1");
  append("delete", "ana", DeleteMessage{id("m1")});
  append("edit", "ana", edit("m1", "one"));
  append("react", "bia", ReactToMessage{id("m1"), "+", true});
  run();
  EXPECT_THAT(happened, testing::Contains("edit message_deleted"));
  EXPECT_THAT(happened, testing::Contains("react message_deleted"));
  EXPECT_TRUE(store.message(conversation, Seq{1}).value()->payload.empty());
}

TEST_F(RouterTest, WhenTheCommitBeforeAnEditFailsTheEditIsDecidedOnWhatIsStored) {
  create();
  append_send("m1");
  append("edit", "ana", edit("m1", "one"));
  store.fail_next_commits(1);
  run();
  EXPECT_THAT(happened, ElementsAre("m1 unavailable", "edit message_not_found"));
}

TEST_F(RouterTest, ARepeatIsRecognisedInTheSameBatchAndAfterTheStateWasForgotten) {
  options.cached_conversations = 0;
  create();
  append_send("m1");
  append_send("m1");
  run();
  append_send("m1");
  append_send("m1", "other");
  run();
  std::erase_if(happened, [](const std::string& line) { return line.starts_with("event"); });
  EXPECT_THAT(happened, ElementsAre("m1 seq 1 version 0", "m1 seq 1 version 0 duplicate",
                                    "m1 seq 1 version 0 duplicate", "m1 message_id_conflict"));
  EXPECT_EQ(history_size(), 1u);
  EXPECT_GE(owner().router.counters().state_loads.load(), 2u);
}

TEST_F(RouterTest, ManyMessagesInOneBatchAreAllComparedThoughFewIdsStayInMemory) {
  create();
  for (int i = 0; i < 100; ++i) append_send("m" + std::to_string(i));
  append_send("m0");
  run();
  append_send("m1");
  run();
  EXPECT_EQ(history_size(), 100u);
  EXPECT_EQ(owner().router.counters().duplicates.load(), 2u);
}

TEST_F(RouterTest, WhenTheStoreDoesNotAnswerTheCommandIsRefusedAndTheNextOneIsDecided) {
  options.cached_conversations = 0;
  create();
  store.set_available(false);
  append_send("m1");
  run();
  store.set_available(true);
  append_send("m2");
  run();
  EXPECT_THAT(happened, ElementsAre("m1 unavailable", "event message after 2 commits", "m2 seq 1 version 0"));
}

TEST_F(RouterTest, TypingIsToldWithoutACommit) {
  create();
  append("typing", "ana", Typing{});
  run();
  EXPECT_THAT(happened, ElementsAre("event typing after 1 commits", "typing seq 0 version 0"));
}

TEST_F(RouterTest, AcknowledgementsOfABatchAreOneRow) {
  create();
  append_send("m1");
  append_send("m2");
  append("ack 1", "bia", Acknowledge{{"phone"}, Seq{1}, {}, false});
  append("ack 2", "bia", Acknowledge{{"phone"}, Seq{2}, {}, true});
  run();
  const Progress progress = store.progress(conversation, user("bia")).value();
  EXPECT_EQ(progress.delivered, Seq{2});
  EXPECT_EQ(progress.read, Seq{2});
  EXPECT_TRUE(store.first_move(conversation, user("bia"), HorizonMove::Kind::kDelivered, Seq{1}).value());
}

class SharedLogTest : public RouterTest {
 protected:
  SharedLogTest() { options.shared_log = true; }

  // What the store was asked for, and how.
  class CountingStore : public FakeMessageStore {
   public:
    int one_by_one = 0;
    int together = 0;
    bool together_works = true;

    using FakeMessageStore::message;
    Result<std::optional<Message>> message(const ConversationId& id, const MessageId& message_id) override {
      ++one_by_one;
      return FakeMessageStore::message(id, message_id);
    }
    Result<std::vector<std::optional<Message>>> messages_sought(std::span<const MessageSought> sought) override {
      ++together;
      if (!together_works) return fail(ErrorCode::kUnavailable, "told to");
      std::vector<std::optional<Message>> all;
      for (const auto& one : sought) all.push_back(FakeMessageStore::message(one.id, one.message_id).value());
      return all;
    }
    Result<std::optional<ConversationState>> load(const ConversationId& id) override {
      ++one_by_one;
      return FakeMessageStore::load(id);
    }
    Result<std::vector<std::optional<ConversationState>>> load_all(std::span<const ConversationId> ids,
                                                                   std::size_t recent) override {
      if (ids.size() == 1) return FakeMessageStore::load_all(ids, recent);
      ++together;
      const int before = one_by_one;
      auto all = FakeMessageStore::load_all(ids, recent);
      one_by_one = before;
      return all;
    }
  };
};

TEST_F(SharedLogTest, MessagesThatABatchMayRepeatAreReadAtOnce) {
  CountingStore counting;
  QueueMessageLog log({});
  Router router(log, counting, *this, clock, options);
  const auto send = [&](const std::string& name) { append_send_to(log, name); };
  append_to(log, "create", "ana", CreateConversation{ConversationType::kGroup, {user("ana"), user("bia")}, "{}"});
  for (int i = 0; i < 200; ++i) send("m" + std::to_string(i));
  ASSERT_TRUE(router.run_once());
  counting.one_by_one = counting.together = 0;
  happened.clear();
  send("new 1");
  send("m3");
  send("new 1");
  send("new 2");
  send("m199");
  ASSERT_TRUE(router.run_once());
  std::erase_if(happened, [](const std::string& line) { return line.starts_with("event"); });
  EXPECT_THAT(happened, ElementsAre("new 1 seq 201 version 0", "m3 seq 4 version 0 duplicate",
                                    "new 1 seq 201 version 0 duplicate", "new 2 seq 202 version 0",
                                    "m199 seq 200 version 0 duplicate"));
  EXPECT_EQ(counting.together, 1);
  EXPECT_EQ(counting.one_by_one, 0);
}

TEST_F(SharedLogTest, AnIdThatTheBatchItselfPushedOutOfMemoryIsStillRecognised) {
  create();
  for (int i = 0; i < 100; ++i) append_send("m" + std::to_string(i));
  run();
  for (int i = 0; i < 100; ++i) append_send("n" + std::to_string(i));
  append("edit", "ana", edit("n99", "commits what is before, and forgets all but the newest"));
  append_send("n0");
  append_send("m0");
  run();
  EXPECT_EQ(history_size(), 200u);
  EXPECT_EQ(owner().router.counters().duplicates.load(), 2u);
}

TEST_F(SharedLogTest, ConversationsThatABatchNeedsAreLoadedAtOnce) {
  CountingStore counting;
  const auto create_ten = [&](QueueMessageLog& log) {
    for (int i = 0; i < 10; ++i) {
      conversation = {Uuid::from_name("conversation " + std::to_string(i))};
      append_to(log, "create", "ana", CreateConversation{ConversationType::kGroup, {user("ana"), user("bia")}, "{}"});
      append_to(log, "typing", "ana", Typing{});
    }
  };
  QueueMessageLog first_log({});
  Router first(first_log, counting, *this, clock, options);
  create_ten(first_log);
  ASSERT_TRUE(first.run_once());
  counting.one_by_one = counting.together = 0;
  QueueMessageLog log({});
  Router router(log, counting, *this, clock, options);
  create_ten(log);
  ASSERT_TRUE(router.run_once());
  EXPECT_EQ(counting.together, 1);
  EXPECT_EQ(counting.one_by_one, 0);
}

TEST_F(SharedLogTest, WhatCannotBeReadAheadIsReadInItsTurn) {
  CountingStore counting;
  QueueMessageLog log({});
  Router router(log, counting, *this, clock, options);
  append_to(log, "create", "ana", CreateConversation{ConversationType::kGroup, {user("ana"), user("bia")}, "{}"});
  for (int i = 0; i < 200; ++i) append_send_to(log, "m" + std::to_string(i));
  ASSERT_TRUE(router.run_once());
  counting.one_by_one = 0;
  counting.together_works = false;
  append_send_to(log, "m0");
  ASSERT_TRUE(router.run_once());
  EXPECT_EQ(counting.one_by_one, 1);
  EXPECT_EQ(router.counters().duplicates.load(), 1u);
}

TEST_F(SharedLogTest, CommandsThatAFormerOwnerAppliedArePassedOver) {
  const auto append_all = [&](Owner& to) {
    append_create(to);
    append_send(to, "m1");
    append(to, "edit 1", "ana", edit("m1", "one"));
    append(to, "edit 2", "ana", edit("m1", "two"));
  };
  Owner first(*this);
  append_all(first);
  ASSERT_TRUE(first.router.run_once());
  happened.clear();
  Owner second(*this);
  append_all(second);
  append_send(second, "m2");
  ASSERT_TRUE(second.router.run_once());
  EXPECT_THAT(happened, ElementsAre(testing::StartsWith("event message"), "m2 seq 2 version 2"));
}

TEST_F(SharedLogTest, AFormerOwnerThatSeesWhatCameLaterLeavesItToTheOtherOne) {
  Owner former(*this);
  append_create(former);
  append_send(former, "m1");
  ASSERT_TRUE(former.router.run_once());
  Owner present(*this);
  append_create(present);
  append_send(present, "m1");
  append(present, "edit", "ana", edit("m1", "one"));
  append(present, "delete", "ana", DeleteMessage{id("m1")});
  ASSERT_TRUE(present.router.run_once());
  happened.clear();
  append(former, "edit", "ana", edit("m1", "one"));
  ASSERT_TRUE(former.router.run_once());
  EXPECT_THAT(happened, IsEmpty()) << "deciding it on the deleted message would have been an error";
  EXPECT_EQ(store.conversation(conversation).value()->version, Version{2});
}

}  // namespace
}  // namespace c4a
