#pragma once

// One run: clients, sessions, the log, the store and one router (or two at once), all stepped by one random source.

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "checker.h"
#include "command_log.h"
#include "presence/status_order.h"
#include "random.h"
#include "router/router.h"
#include "simulated_session.h"
#include "versioned_store.h"

namespace c4a::simulation {

enum class Mode {
  kEmbedded,     // one process; a crash takes the log's uncommitted end and every socket; commits are atomic
  kDistributed,  // the log stays and is read again after a crash; a former owner may go on for a while
  kPlainRows,    // distributed, on a store where a crash may leave any of a commit's rows: an experiment that breaks
};

std::string_view mode_name(Mode mode);
std::optional<Mode> parse_mode(std::string_view name);

struct Options {
  std::uint64_t seed = 1;
  std::size_t steps = 1400;
  Mode mode = Mode::kEmbedded;
  bool trace = false;
};

struct Outcome {
  std::optional<std::string> violation;
  std::size_t commands = 0;
  std::size_t acknowledged_sends = 0;
  std::size_t replayed = 0;  // commands that a router read again
  std::size_t crashes = 0;
};

// Thrown where the process of a router ends.
struct Crash {};

class World final : private LiveBus {
 public:
  explicit World(const Options& options);
  Outcome run();

 private:
  struct Client {
    UserId user;
    DeviceId device;
    std::unique_ptr<SimulatedSession> session;
    std::vector<std::size_t> outgoing;  // asked, not yet in the log; first in, first out
    bool seen = false;                  // has been connected before
  };
  // A router with its place in the log. Only one is the owner; another may still believe it is.
  struct Process {
    Process(World& world, LogPosition after, std::size_t generation);
    const std::uint64_t name;
    LogReader reader;
    Router router;
    bool dead = false;
  };
  // What open_session appends is decided before it goes on.
  class DirectLog final : public MessageLog {
   public:
    explicit DirectLog(World& world) : world_(world) {}
    Result<> append(Command command, Completion done) override;
    void stop() override {}
    std::size_t waiting() const override { return 0; }
    Result<> check() override { return {}; }

   private:
    World& world_;
  };

  // world.cpp: the scheduler
  void step();
  void come_to_rest();
  void compare_with_replay();
  void route(Process& process, std::size_t commands);
  void route_all();
  // Once the owner's generation is closed and drained, another begins with the next one.
  void next_generation();
  // The checker sees what the store holds now.
  void look();
  void arrive(Client& client);
  void pump(Client& client);
  void connect(Client& client);
  void disconnect(Client& client);
  void open(Client& client);
  void publish(LiveEvent event) override;
  void answer(std::size_t request, Result<Decision> decision);
  void told(SessionNumber session, const UserId& user, const std::string& frame);
  Client* client_of(SessionNumber session);
  void trace(const std::string& line) const;
  bool distributed() const { return options_.mode != Mode::kEmbedded; }

  // world_faults.cpp
  void fault();
  void danger();
  Result<> at_store(VersionedStore::Point point);
  void crash();
  void let_the_other_run();
  void sessions_look();
  LogPosition somewhere_before(LogPosition committed);

  // world_clients.cpp: what clients ask for
  void act();
  void ask(Client& client, const ConversationId& id, Request request);
  void ask_create(Client& client);
  void ask_send(Client& client, const ConversationId& id);
  void ask_send_again(Client& client);
  void ask_acknowledge(Client& client, const ConversationId& id);
  void ask_of_message(Client& client);
  void ask_of_members(Client& client, const ConversationId& id);
  void ask_of_conversation(Client& client, const ConversationId& id);
  UserId any_user() { return users_[random_.below(users_.size())]; }

  const Options options_;
  Random random_;
  ManualClock clock_;
  VersionedStore store_;
  CommandLog log_;
  DirectLog direct_log_;
  RouterOptions router_options_;
  Checker checker_;
  StatusOrder statuses_;        // of the gateway
  std::size_t generation_ = 0;  // of the owner
  std::uint64_t last_process_ = 0;
  std::unique_ptr<Process> owner_;
  std::unique_ptr<Process> zombie_;
  Process* running_ = nullptr;
  std::vector<UserId> users_;
  std::vector<Client> clients_;
  std::vector<ConversationId> known_;  // conversations that somebody asked to create
  std::vector<std::size_t> sends_;     // requests
  std::set<std::size_t> in_flight_;    // requests without an answer
  SessionNumber last_session_ = 0;
  std::uint64_t last_name_ = 0;
  // Faults that were set up.
  std::optional<std::size_t> crash_in_;  // this many dangerous points from now
  bool fail_commit_ = false;
  bool fail_read_ = false;
  bool resting_ = false;
  std::size_t fault_percent_ = 0;  // some runs are calm, so that conversations grow long
  Outcome outcome_;
};

}  // namespace c4a::simulation
