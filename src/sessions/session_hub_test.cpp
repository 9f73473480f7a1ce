#include "sessions/session_hub.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <thread>

#include "message_store/fake_message_store.h"

namespace c4a {
namespace {

constexpr TimestampMs kNow = 1'700'000'000'000;

// Nothing in these tests appends.
class ClosedLog final : public MessageLog {
 public:
  Result<> append(Command, Completion) override { return fail(ErrorCode::kUnavailable); }
  void stop() override {}
  std::size_t waiting() const override { return 0; }
  Result<> check() override { return {}; }
};

// Everybody is offline; `during_get` runs on the worker after the state was taken and before it is answered.
class SlowPresence final : public Presence {
 public:
  std::function<void(const UserId&)> during_get = [](const UserId&) {};

  std::shared_ptr<LiveUser> connected(const UserId&, TimestampMs) override { return std::make_shared<LiveUser>(); }
  void disconnected(const UserId&, TimestampMs) override {}
  void active(const UserId&, TimestampMs) override {}
  void heartbeat(const UserId&, bool, TimestampMs) override {}
  PresenceState get(const UserId& user, TimestampMs) override {
    during_get(user);
    return {};
  }
  void expire(TimestampMs) override {}
  void forget(const UserId&) override {}
  void listen(Listener) override {}
};

// `during_list` runs on the worker, which is one, while a session looks into the store.
class SlowStore final : public FakeMessageStore {
 public:
  std::function<void()> during_list = [] {};
  std::vector<UserId> listed;

  bool takes_devices = true;

  Result<> add_device(const UserId& user, const Device& device) override {
    if (!takes_devices) return fail(ErrorCode::kUnavailable, "The disk is full.");
    return FakeMessageStore::add_device(user, device);
  }
  Result<std::vector<ConversationRef>> conversations_of(const UserId& user) override {
    listed.push_back(user);
    during_list();
    return FakeMessageStore::conversations_of(user);
  }
};

class RecordingSocket final : public net::WebSocket {
 public:
  void rest_ms(std::int64_t) override {}
  explicit RecordingSocket(net::EventLoop& loop) : loop_(loop) {}
  void send(net::SharedFrame frame) override { frames.push_back(*frame); }
  void close(std::uint16_t, std::string_view) override { closed = true; }
  std::size_t queued_bytes() const override { return 0; }
  net::EventLoop& loop() override { return loop_; }

  // Loop thread, or while nothing runs there.
  std::vector<std::string> frames;
  bool closed = false;

 private:
  net::EventLoop& loop_;
};

class WatchTest : public testing::Test {
 protected:
  void SetUp() override {
    bus_.add_sink(&hub_);
    on_loop(
        [&] { session_ = std::make_unique<Session>(hub_, socket_, hub_.next_number(), UserId{"ann"}, DeviceId{}); });
  }
  void TearDown() override {
    on_loop([&] { session_.reset(); });
    loop_.stop();
  }

  void on_loop(const std::function<void()>& task) {
    std::promise<void> done;
    loop_.post([&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }
  // Until all that was asked for is read and told.
  void settle() {
    std::promise<void> worked;
    ASSERT_TRUE(workers_.post([&] { worked.set_value(); }));
    worked.get_future().wait();
    on_loop([] {});
  }
  void watch(std::vector<UserId> users) {
    on_loop([&] { hub_.watch(*session_, std::move(users)); });
  }
  void tell(const UserId& user, PresenceStatus status) { hub_.tell_presence(user, {status, kNow}); }
  static std::string offline(const UserId& user) { return presence_frame(user, {}); }
  static std::string now(const UserId& user, PresenceStatus status) { return presence_frame(user, {status, kNow}); }

  const UserId bob_{"bob"};
  const UserId carol_{"carol"};
  ManualClock clock_{kNow};
  SlowStore store_;
  ClosedLog log_;
  SlowPresence presence_;
  MemoryLiveBus bus_{{}};
  net::EventLoop loop_;
  WorkerPool workers_{1, 100};
  SessionHub hub_{loop_, 0, {store_, log_, presence_, bus_, workers_, clock_, {}}};
  RecordingSocket socket_{loop_};
  std::unique_ptr<Session> session_;
  std::jthread thread_{[this] { loop_.run(); }};
};

TEST_F(WatchTest, ThePresentStateComesAtOnceAndThenEachChange) {
  watch({bob_, carol_});
  settle();
  tell(bob_, PresenceStatus::kOnline);
  tell(bob_, PresenceStatus::kAway);
  settle();
  EXPECT_EQ(socket_.frames, (std::vector{offline(bob_), offline(carol_), now(bob_, PresenceStatus::kOnline),
                                         now(bob_, PresenceStatus::kAway)}));
}

TEST_F(WatchTest, AChangeWhileTheStateIsReadIsToldAndTheOlderStateIsNot) {
  presence_.during_get = [&](const UserId& user) {
    if (user == bob_) tell(bob_, PresenceStatus::kOnline);
  };
  watch({bob_, carol_});
  settle();
  EXPECT_EQ(socket_.frames, (std::vector{now(bob_, PresenceStatus::kOnline), offline(carol_)}));
}

TEST_F(WatchTest, WatchingAgainTellsTheStateAgainAndEachChangeOnce) {
  watch({bob_});
  settle();
  watch({bob_});
  settle();
  tell(bob_, PresenceStatus::kOnline);
  settle();
  EXPECT_EQ(socket_.frames, (std::vector{offline(bob_), offline(bob_), now(bob_, PresenceStatus::kOnline)}));
}

TEST_F(WatchTest, AStateThatIsAskedForAfterAChangeIsToldAlso) {
  watch({bob_});
  settle();
  tell(bob_, PresenceStatus::kOnline);
  watch({bob_});
  settle();
  EXPECT_EQ(socket_.frames, (std::vector{offline(bob_), now(bob_, PresenceStatus::kOnline), offline(bob_)}));
}

TEST_F(WatchTest, EverySessionOfAUserHearsInWhateverOrderTheyClose) {
  RecordingSocket second_socket(loop_);
  RecordingSocket third_socket(loop_);
  std::unique_ptr<Session> second;
  std::unique_ptr<Session> third;
  const auto say = [&](std::string text) {
    LiveEvent event;
    event.kind = LiveKind::kTyping;
    event.also = UserId{"ann"};
    event.frame = std::make_shared<const std::string>(std::move(text));
    bus_.publish(std::move(event));
    on_loop([] {});
  };
  // Each becomes live: a snapshot without conversations, and a page without receipts.
  on_loop([&] {
    second = std::make_unique<Session>(hub_, second_socket, hub_.next_number(), UserId{"ann"}, DeviceId{"2"});
    third = std::make_unique<Session>(hub_, third_socket, hub_.next_number(), UserId{"ann"}, DeviceId{"3"});
    for (Session* session : {session_.get(), second.get(), third.get()}) session->opened(SessionStart{});
  });
  for (int page = 0; page < 3; ++page) settle();  // each waits for two
  say("to three");
  on_loop([&] { session_.reset(); });  // the first of them
  say("to two");
  on_loop([&] { second.reset(); });
  say("to one");
  on_loop([&] { third.reset(); });
  say("to none");
  EXPECT_EQ(socket_.frames, (std::vector<std::string>{"to three"}));
  EXPECT_EQ(second_socket.frames, (std::vector<std::string>{"to three", "to two"}));
  EXPECT_EQ(third_socket.frames, (std::vector<std::string>{"to three", "to two", "to one"}));
}

TEST_F(WatchTest, ADeviceIsKnownWhenItsSessionBegins) {
  bool known = false;
  on_loop([&] { hub_.open(*session_, [&] { known = !store_.devices(UserId{"ann"})->empty(); }); });
  settle();
  EXPECT_TRUE(known);
}

TEST_F(WatchTest, ASessionWhoseDeviceCannotBeStoredDoesNotBegin) {
  store_.takes_devices = false;
  bool begun = false;
  on_loop([&] { hub_.open(*session_, [&] { begun = true; }); });
  settle();
  EXPECT_FALSE(begun);
  EXPECT_TRUE(socket_.closed);
}

// Positions of different partitions say nothing of what was earlier.
TEST_F(WatchTest, ReceiptsOfEachLaneAreToldOnceWhicheverIsHigher) {
  on_loop([&] { session_->opened(SessionStart{}); });
  settle();
  const auto receipt = [&](std::uint64_t lane, std::uint64_t offset, std::string text) {
    LiveEvent event;
    event.kind = LiveKind::kStatus;
    event.also = UserId{"ann"};
    event.position = {lane_begin(lane).value + offset};
    event.receipt = 0;
    event.frame = std::make_shared<const std::string>(std::move(text));
    bus_.publish(std::move(event));
    on_loop([] {});
  };
  receipt(9, 50, "high");
  receipt(4, 7, "low");
  receipt(9, 50, "high again");
  receipt(4, 8, "next of the low");
  EXPECT_EQ(socket_.frames, (std::vector<std::string>{"high", "low", "next of the low"}));
}

TEST_F(WatchTest, ASessionThatClosesWhileAStateIsReadIsToldNothing) {
  presence_.during_get = [&](const UserId&) { loop_.post([this] { session_.reset(); }); };
  watch({bob_});
  settle();
  tell(bob_, PresenceStatus::kOnline);
  settle();
  EXPECT_TRUE(socket_.frames.empty());
}

TEST_F(WatchTest, EverySessionLooksAgainWhereLossesComeFasterThanAllCanLook) {
  RecordingSocket other_socket(loop_);
  std::unique_ptr<Session> other;
  on_loop([&] { other = std::make_unique<Session>(hub_, other_socket, hub_.next_number(), bob_, DeviceId{}); });
  const auto enough = std::make_shared<std::promise<std::vector<UserId>>>();
  store_.during_list = [this, enough] {
    if (store_.listed.size() < 4) hub_.look_again();
    if (store_.listed.size() == 4) enough->set_value(store_.listed);
  };
  hub_.look_again();
  const auto looked = enough->get_future().get();
  EXPECT_EQ(std::ranges::count(looked, bob_), 2);
  on_loop([&] { other.reset(); });
}

}  // namespace
}  // namespace c4a
