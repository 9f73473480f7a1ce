#include "sessions/session_hub.h"

#include <algorithm>

#include "base/json_writer.h"

namespace c4a {
namespace {

// A full worker queue delays a session's reads; nothing is lost by waiting.
constexpr std::int64_t kRetryMs = 50;

}  // namespace

SessionHub::SessionHub(net::EventLoop& loop, std::size_t index, SessionServices services)
    : loop_(loop), index_(index), services_(services) {}

SessionNumber SessionHub::next_number() {
  constexpr std::uint64_t kCounted = (std::uint64_t{1} << 32) - 1;
  const SessionNumber place = (SessionNumber{services_.gateway} << 8) | (index_ + 1);
  return (place << 32) | (++last_number_ & kCounted);
}

Session* SessionHub::find(SessionNumber number) {
  const auto found = by_number_.find(number);
  return found == by_number_.end() ? nullptr : found->second;
}

void SessionHub::add(Session& session) {
  by_number_.emplace(session.number(), &session);
  // First the bus, then (in open) the snapshot: what happens between is in both, and sent once.
  add_to_user(session);
  count_.fetch_add(1, std::memory_order_relaxed);
  session.presence_ = services_.presence.connected(session.user(), services_.clock.now_ms());
}

void SessionHub::add_to_user(Session& session) {
  const auto [first, alone] = by_user_.insert(&session);
  if (alone) return services_.bus.attach(session.user(), index_);
  session.next_of_user_ = std::exchange((*first)->next_of_user_, &session);
}

void SessionHub::remove_from_user(Session& session) {
  const auto first = by_user_.find(&session);
  if (*first != &session) {
    Session* before = *first;
    while (before->next_of_user_ != &session) before = before->next_of_user_;
    before->next_of_user_ = session.next_of_user_;
    return;
  }
  auto node = by_user_.extract(first);
  if (session.next_of_user_ == nullptr) return services_.bus.detach(session.user(), index_);
  node.value() = session.next_of_user_;
  by_user_.insert(std::move(node));
}

void SessionHub::remove(Session& session) {
  remove_from_user(session);
  services_.presence.disconnected(session.user(), services_.clock.now_ms());
  for (const auto& user : session.watched_) {
    const auto found = watched_.find(user);
    if (found == watched_.end()) continue;
    std::erase(found->second.sessions, &session);
    if (found->second.sessions.empty()) watched_.erase(found);
  }
  by_number_.erase(session.number());
  count_.fetch_sub(1, std::memory_order_relaxed);
  if (!session.known_) return;
  Device record = session.record_;
  record.last_seen = services_.clock.now_ms();
  services_.workers.post_always([&store = services_.store, user = session.user(), record] {
    (void)store.put_device(user, record);  // the next connect writes it again
  });
}

void SessionHub::close_user(UserId user, std::uint16_t code, std::string reason) {
  loop_.post([this, user = std::move(user), code, reason = std::move(reason)] {
    const auto found = by_user_.find(user);
    if (found == by_user_.end()) return;
    for (Session* session = *found; session != nullptr; session = session->next_of_user_) session->close(code, reason);
  });
}

void SessionHub::tell_presence(UserId user, PresenceState state) {
  loop_.post([this, user = std::move(user), state] {
    const auto found = watched_.find(user);
    if (found == watched_.end()) return;
    ++found->second.told;
    const auto frame = net::make_frame(presence_frame(user, state));
    for (Session* session : found->second.sessions) session->send(frame);
  });
}

void SessionHub::watch(Session& session, std::vector<UserId> users) {
  // First the changes, then the present states: what happens between is told, and the older state is not.
  std::vector<StateRead> reads;
  reads.reserve(users.size());
  for (auto& user : users) {
    Watched& watched = watched_[user];
    if (std::ranges::find(session.watched_, user) == session.watched_.end()) {
      watched.sessions.push_back(&session);
      session.watched_.push_back(user);
    }
    reads.push_back({std::move(user), watched.told});
  }
  run(session.number(), [this, number = session.number(), reads = std::move(reads)]() mutable {
    for (auto& read : reads) read.state = services_.presence.get(read.user, services_.clock.now_ms());
    loop_.post([this, number, reads = std::move(reads)] {
      if (Session* found = find(number)) show_states(*found, reads);
    });
  });
}

void SessionHub::show_states(Session& session, const std::vector<StateRead>& reads) {
  for (const auto& read : reads) {
    if (watched_[read.user].told == read.told) session.send(net::make_frame(presence_frame(read.user, read.state)));
  }
}

void SessionHub::deliver(SharedEvent event) {
  loop_.post([this, event = std::move(event)] { fan_out(*event); });
}

void SessionHub::fan_out(const LiveEvent& event) {
  if (event.audience) {
    for (const auto& user : *event.audience) to_user(user, event);
  }
  if (!event.also.text.empty()) to_user(event.also, event);
}

void SessionHub::to_user(const UserId& user, const LiveEvent& event) {
  const auto found = by_user_.find(user);
  if (found == by_user_.end()) return;
  for (Session* session = *found; session != nullptr; session = session->next_of_user_) session->deliver(event);
}

void SessionHub::run(SessionNumber number, WorkerPool::Task task) {
  auto shared = std::make_shared<WorkerPool::Task>(std::move(task));
  if (services_.workers.post([shared] { (*shared)(); })) return;
  loop_.after_ms(kRetryMs, [this, number, shared] {
    if (find(number) != nullptr) run(number, [shared] { (*shared)(); });
  });
}

void SessionHub::open(Session& session, std::function<void()> begun) {
  // The time at which the client came, and not a worker's: it orders a user's devices.
  const TimestampMs now = services_.clock.now_ms();
  run(session.number(), [this, number = session.number(), user = session.user(), device = session.device(), now,
                         begun = std::move(begun)]() mutable {
    auto start = open_session(services_.store, services_.log, user, device, now, services_.rules);
    loop_.post([this, number, start = std::move(start), begun = std::move(begun)]() mutable {
      Session* found = find(number);
      if (found == nullptr) return;
      if (start) begun();
      found->opened(std::move(start));
    });
  });
}

void SessionHub::fetch(Session& session, const DeliveryTrack::Fetch& fetch) {
  run(session.number(),
      [this, number = session.number(), user = session.user(), device = session.device(), fetch,
       seen = session.record_.receipts_seen, patience = FetchPatience{.give_up = session.gives_up()}] {
        auto page = fetch_page(services_.store, user, device, fetch, seen, patience, services_.page_bytes);
        loop_.post([this, number, page = std::move(page)]() mutable {
          if (Session* found = find(number)) found->fetched(std::move(page));
        });
      });
}

void SessionHub::look_again() {
  loop_.post([this] {
    // Who is still to come in a round under way looks late enough; the others look again after it. A round that began
    // anew each time would never come to the last sessions where it takes longer than the next loss.
    another_round_ = true;
    if (!std::exchange(looking_, true)) look_for_next();
  });
}

Session* SessionHub::next_to_look() {
  for (;;) {
    while (!to_look_.empty()) {
      Session* session = find(to_look_.back());
      to_look_.pop_back();
      if (session != nullptr) return session;
    }
    if (!std::exchange(another_round_, false)) return nullptr;
    for (const auto& [number, session] : by_number_) to_look_.push_back(number);
  }
}

// One session at a time: it is a fallback, and must not take the store from what is live.
void SessionHub::look_for_next() {
  Session* session = next_to_look();
  looking_ = session != nullptr;
  if (session == nullptr) return;
  auto task = [this, number = session->number(), user = session->user(), device = session->device()] {
    auto found = c4a::look_again(services_.store, user, device);
    loop_.post([this, number, found = std::move(found)] {
      Session* there = find(number);
      if (there != nullptr && found) there->looked_again(*found);
      look_for_next();
    });
  };
  if (services_.workers.post(std::move(task))) return;
  loop_.after_ms(kRetryMs, [this] { look_for_next(); });
}

std::string presence_frame(const UserId& user, const PresenceState& state) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("type", "presence").member("user_id", user.text).member("status", to_text(state.status));
  json.key("last_seen");
  if (state.last_seen)
    json.time(*state.last_seen);
  else
    json.null();
  json.end_object();
  return out;
}

}  // namespace c4a
