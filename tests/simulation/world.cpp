#include "world.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "base/planted_bug.h"

namespace c4a::simulation {
namespace {

constexpr std::pair<Mode, std::string_view> kModes[] = {
    {Mode::kEmbedded, "embedded"}, {Mode::kDistributed, "distributed"}, {Mode::kPlainRows, "plain-rows"}};

Atomicity atomicity_of(Mode mode) {
  switch (mode) {
    case Mode::kEmbedded:
      return Atomicity::kCommit;
    case Mode::kDistributed:
      return Atomicity::kConversation;
    case Mode::kPlainRows:
      return Atomicity::kRow;
  }
  return Atomicity::kCommit;
}

RouterOptions some_router_options(Random& random, Mode mode) {
  RouterOptions options;
  options.rules.receipt_members = random.percent(30) ? 2 : 100;
  options.cached_conversations = random.percent(50) ? 1 : 100;
  options.shared_log = mode != Mode::kEmbedded;
  options.first_retry_ms = 0;
  return options;
}

}  // namespace

std::string_view mode_name(Mode mode) { return kModes[static_cast<std::size_t>(mode)].second; }

std::optional<Mode> parse_mode(std::string_view name) {
  for (const auto& [mode, its_name] : kModes) {
    if (its_name == name) return mode;
  }
  return std::nullopt;
}

World::Process::Process(World& world, LogPosition after, std::size_t generation)
    : name(++world.last_process_),
      reader(world.log_, after, generation),
      router(reader, world.store_, world, world.clock_, world.router_options_) {}

Result<> World::DirectLog::append(Command command, Completion done) {
  world_.log_.append(std::move(command), std::move(done));
  world_.route_all();
  return {};
}

World::World(const Options& options)
    : options_(options),
      random_(options.seed),
      store_(atomicity_of(options.mode)),
      direct_log_(*this),
      router_options_(some_router_options(random_, options.mode)),
      checker_(store_, {router_options_.rules.receipt_members, !distributed()}),
      owner_(std::make_unique<Process>(*this, LogPosition{}, 0)) {
  fault_percent_ = random_.percent(30) ? 8 : 60;
  store_.hook = [this](VersionedStore::Point point) { return at_store(point); };
  for (int i = 0; i < 5; ++i) {
    users_.push_back({"u" + std::to_string(i)});
    for (const char* device : {"phone", "desk"}) clients_.push_back({users_.back(), {device}, nullptr, {}, false});
  }
}

Outcome World::run() {
  for (std::size_t i = 0; i < options_.steps && !checker_.violation(); ++i) {
    clock_.advance_ms(static_cast<std::int64_t>(random_.below(20)) + 1);
    try {
      step();
    } catch (const Crash&) {
      crash();
    }
  }
  if (!checker_.violation()) come_to_rest();
  outcome_.violation = checker_.violation();
  if (!outcome_.violation && options_.mode != Mode::kPlainRows) compare_with_replay();
  outcome_.commands = log_.end().value;
  outcome_.acknowledged_sends = checker_.acknowledged_sends();
  return outcome_;
}

void World::step() {
  next_generation();
  const std::size_t roll = random_.below(100);
  Client& client = random_.pick(clients_);
  if (roll < 24) {
    act();
  } else if (roll < 47) {
    arrive(client);
  } else if (roll < 62) {
    route(*owner_, 1 + random_.below(8));
  } else if (roll < 92) {
    for (std::size_t i = random_.below(6) + 1; i > 0; --i) pump(client);
  } else if (roll < 98) {
    if (!client.session)
      connect(client);
    else if (random_.percent(25))
      disconnect(client);
  } else if (random_.percent(fault_percent_)) {
    fault();
  }
}

void World::route(Process& process, std::size_t commands) {
  process.reader.batch_limit = commands;
  Process* const before = std::exchange(running_, &process);
  try {
    process.router.run_once();
  } catch (const Crash&) {
    running_ = before;
    process.dead = true;
    look();
    throw;
  }
  running_ = before;
  look();
}

void World::look() {
  for (const auto& id : std::exchange(store_.touched, {})) checker_.observe(id);
}

void World::route_all() {
  for (;;) {
    next_generation();
    if (owner_->reader.waiting() == 0) return;
    route(*owner_, 1 + random_.below(8));
  }
}

void World::next_generation() {
  if (log_.generations() == generation_ + 1) return;
  if (!owner_->reader.drained() && !planted(PlantedBug::kNextGenerationTooSoon)) return;
  ++generation_;
  trace(fmt::format("generation {} begins at {}", generation_ + 1, log_.start_of(generation_).value));
  zombie_ = std::exchange(owner_, std::make_unique<Process>(*this, log_.start_of(generation_), generation_));
}

// The oldest request of a client enters the log; which client's comes next is chance.
void World::arrive(Client& client) {
  if (client.outgoing.empty()) return;
  const std::size_t number = client.outgoing.front();
  client.outgoing.erase(client.outgoing.begin());
  const Asked& asked = checker_.request(number);
  Command command{asked.conversation, asked.actor, clock_.now_ms(), asked.session, asked.request};
  if (auto* send = std::get_if<SendMessage>(&command.request)) send->message.created_at = clock_.now_ms();
  Command again = command;
  log_.append(std::move(command), [this, number](Result<Decision> decision) { answer(number, std::move(decision)); });
  // A log that is not the process's own may take a command twice.
  if (distributed() && random_.percent(5)) log_.append(std::move(again), nullptr);
}

void World::answer(std::size_t number, Result<Decision> decision) {
  danger();
  const Asked& asked = checker_.request(number);
  if (options_.trace) {
    trace(decision ? fmt::format("  #{} is answered: seq {} version {}{}", number, decision->seq.value,
                                 decision->version.value, decision->duplicate ? " duplicate" : "")
                   : fmt::format("  #{} is refused: {}", number, info(decision.error().code).name));
  }
  Client* client = asked.session == 0 ? nullptr : client_of(asked.session);
  if (client != nullptr) {
    SimulatedSession::Answer mail{number, {}, std::move(decision)};
    if (std::holds_alternative<SendMessage>(asked.request)) mail.sent_in = asked.conversation;
    client->session->hear(std::move(mail));
    return;
  }
  in_flight_.erase(number);
  if (asked.session == 0)
    checker_.answered(number, decision);
  else
    checker_.lost(number);
}

void World::publish(LiveEvent event) {
  danger();
  const bool loses = distributed() && !resting_ && event.kind != LiveKind::kTyping && random_.percent(2);
  if (loses) return;
  if (distributed() && event.kind == LiveKind::kStatus && !statuses_.is_news(running_->name, event.position)) return;
  const auto shared = std::make_shared<const LiveEvent>(std::move(event));
  for (auto& client : clients_) {
    if (!client.session) continue;
    const bool in_audience =
        shared->audience && std::ranges::find(*shared->audience, client.user) != shared->audience->end();
    if (in_audience) client.session->hear(shared);
    if (shared->also == client.user) client.session->hear(shared);
  }
}

World::Client* World::client_of(SessionNumber session) {
  for (auto& client : clients_) {
    if (client.session && client.session->number == session) return &client;
  }
  return nullptr;
}

void World::told(SessionNumber session, const UserId& user, const std::string& frame) {
  if (options_.trace) trace(fmt::format("    {} in session {} is told {}", user.text, session, frame));
  checker_.told(session, read_frame(frame));
}

void World::connect(Client& client) {
  const SessionNumber number = ++last_session_;
  trace(fmt::format("{} {} connects as session {}", client.user.text, client.device.text, number));
  SimulatedSession::Client ears;
  ears.told = [this, number, user = client.user](const std::string& frame) { told(number, user, frame); };
  ears.answered = [this](const SimulatedSession::Answer& answer) {
    in_flight_.erase(answer.request);
    checker_.answered(answer.request, answer.decision);
  };
  client.session = std::make_unique<SimulatedSession>(number, client.user, client.device, std::move(ears));
  client.seen = true;
}

void World::open(Client& client) {
  checker_.session_opening(client.session->number, client.user, client.device);
  auto start = open_session(store_, direct_log_, client.user, client.device, clock_.now_ms(), {});
  if (!start) return disconnect(client);
  checker_.session_opened(client.session->number);
  client.session->opened(std::move(*start));
}

// A commit takes its time, and sessions look into the store meanwhile.
void World::sessions_look() {
  look();
  for (std::size_t i = 1 + random_.below(4); i > 0; --i) {
    Client& client = random_.pick(clients_);
    if (!client.session) continue;
    const auto devices = store_.devices(client.user).value();
    const bool known = std::ranges::find(devices, client.device, &Device::id) != devices.end();
    if (known && client.session->wants_opening()) open(client);
    while (client.session && client.session->has_mail()) client.session->take_mail();
    if (client.session && client.session->wants_reading() && !client.session->read(store_)) disconnect(client);
  }
}

// Something that the session has to do: take its snapshot, read a page, or look into its inbox.
void World::pump(Client& client) {
  if (!client.session) return;
  SimulatedSession& session = *client.session;
  if (session.wants_opening() && (resting_ || random_.percent(40))) return open(client);
  if (session.wants_reading() && (!session.has_mail() || random_.percent(50))) {
    if (!session.read(store_)) disconnect(client);
    return;
  }
  if (session.has_mail()) session.take_mail();
}

void World::disconnect(Client& client) {
  trace(fmt::format("{} {} disconnects", client.user.text, client.device.text));
  if (const auto record = client.session->record()) (void)store_.put_device(client.user, *record);
  for (const std::size_t number : client.session->unheard_answers()) {
    in_flight_.erase(number);
    checker_.lost(number);
  }
  for (const std::size_t number : client.outgoing) in_flight_.erase(number);
  client.outgoing.clear();
  client.session.reset();
}

// Faults end, everything asked is decided, every device hears all it may; then the checker has the last word.
void World::come_to_rest() {
  trace("everything comes to rest");
  resting_ = true;
  crash_in_.reset();
  fail_commit_ = fail_read_ = false;
  zombie_.reset();
  for (auto& client : clients_) {
    while (!client.outgoing.empty()) arrive(client);
  }
  route_all();
  const auto hear_all = [this] {
    for (auto& client : clients_) {
      while (client.session &&
             (client.session->wants_opening() || client.session->wants_reading() || client.session->has_mail())) {
        pump(client);
      }
    }
  };
  hear_all();
  for (const std::size_t number : std::exchange(in_flight_, {})) checker_.lost(number);
  std::vector<SessionNumber> last_sessions;
  for (auto& client : clients_) {
    if (client.session) disconnect(client);
    if (!client.seen) continue;
    connect(client);
    last_sessions.push_back(client.session->number);
  }
  hear_all();
  checker_.finish(last_sessions);
}

// The same log, decided once more by a router that never failed, gives the same conversations.
void World::compare_with_replay() {
  Options calm = options_;
  calm.trace = false;
  World again(calm);
  again.resting_ = true;
  for (LogPosition at{1}; at <= log_.end(); at = at.next()) {
    for (std::size_t next = again.log_.generations(); next < log_.generations() && at > log_.start_of(next); ++next) {
      again.log_.begin_generation();
    }
    // A refused command stays in its place and does nothing there.
    Command command = log_.at(at);
    if (log_.refused().contains(at.value)) command.request = Typing{};
    again.log_.append(std::move(command), nullptr);
  }
  again.route_all();
  for (const auto& id : store_.all_conversations()) {
    const auto differs = store_.difference(again.store_, id);
    if (differs.empty()) continue;
    outcome_.violation = fmt::format("conversation {}: deciding the log again gives other {}", id.str(), differs);
    return;
  }
}

void World::trace(const std::string& line) const {
  if (options_.trace) std::puts(line.c_str());
}

}  // namespace c4a::simulation
