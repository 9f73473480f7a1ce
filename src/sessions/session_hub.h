#pragma once

// The sessions of one event loop: finds them by user for what the bus brings, and runs their reads on worker threads.
// Loop thread only, but for what is marked.

#include <functional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/worker_pool.h"
#include "net/event_loop.h"
#include "presence/memory_live_bus.h"
#include "sessions/session.h"

namespace c4a {

// What all hubs share.
struct SessionServices {
  MessageStore& store;
  MessageLog& log;
  Presence& presence;
  MemoryLiveBus& bus;
  WorkerPool& workers;
  const Clock& clock;
  OpenSessionRules rules;
  std::size_t page_bytes = kDefaultPageBytes;  // of pending frames read at once
  std::uint32_t gateway = 0;                   // tells this process's sessions from those of others; 24 bits
};

class SessionHub final : public LiveSink {
 public:
  // `index` names the hub on the bus.
  SessionHub(net::EventLoop& loop, std::size_t index, SessionServices services);

  net::EventLoop& loop() { return loop_; }
  Presence& presence() { return services_.presence; }

  SessionNumber next_number();
  Session* find(SessionNumber number);
  // Any thread may read it.
  std::size_t size() const { return count_.load(std::memory_order_relaxed); }

  // Any thread: every session of the user ends (the account or the token is gone).
  void close_user(UserId user, std::uint16_t code, std::string reason);
  // Any thread: who watches the user is told.
  void tell_presence(UserId user, PresenceState state);

  // Any thread: events may have been lost, so every session looks into the store, a few at a time.
  void look_again();

  // From the bus: router thread.
  void deliver(SharedEvent event) override;

  // The session begins: its device is made known and its snapshot is read; then `begun` is called, unless that failed
  // or the session is gone, and `Session::opened`.
  void open(Session& session, std::function<void()> begun);
  void fetch(Session& session, const DeliveryTrack::Fetch& fetch);

  // Adds to what the session watches: each change from now on, and the present state of each, as soon as it is read,
  // unless a change was told meanwhile.
  void watch(Session& session, std::vector<UserId> users);

 private:
  friend class Session;
  // Finds the first session of a user by the user.
  struct UserHash {
    using is_transparent = void;
    // That they cannot throw lets the set do without a copy of each hash.
    std::size_t operator()(const UserId& user) const noexcept { return std::hash<UserId>{}(user); }
    std::size_t operator()(const Session* session) const noexcept { return (*this)(session->user()); }
  };
  struct SameUser {
    using is_transparent = void;
    bool operator()(const Session* one, const Session* other) const { return one->user() == other->user(); }
    bool operator()(const UserId& user, const Session* session) const { return user == session->user(); }
    bool operator()(const Session* session, const UserId& user) const { return user == session->user(); }
  };
  struct Watched {
    std::vector<Session*> sessions;
    std::uint64_t told = 0;  // changes
  };
  // A state that is being read; it is news only while `told` stands where it stood.
  struct StateRead {
    UserId user;
    std::uint64_t told = 0;
    PresenceState state{};
  };
  void add(Session& session);
  void remove(Session& session);
  void add_to_user(Session& session);
  void remove_from_user(Session& session);
  void fan_out(const LiveEvent& event);
  void to_user(const UserId& user, const LiveEvent& event);
  void run(SessionNumber number, WorkerPool::Task task);
  void look_for_next();
  Session* next_to_look();
  void show_states(Session& session, const std::vector<StateRead>& reads);

  net::EventLoop& loop_;
  const std::size_t index_;
  SessionServices services_;
  std::uint64_t last_number_ = 0;
  std::vector<SessionNumber> to_look_;  // sessions that look into the store, in this round
  bool looking_ = false;
  bool another_round_ = false;
  std::atomic<std::size_t> count_{0};
  std::unordered_map<SessionNumber, Session*> by_number_;
  std::unordered_set<Session*, UserHash, SameUser> by_user_;  // the first of each; the others follow it in a chain
  std::unordered_map<UserId, Watched> watched_;
};

std::string presence_frame(const UserId& user, const PresenceState& state);

}  // namespace c4a
