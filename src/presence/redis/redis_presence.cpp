#include "presence/redis/redis_presence.h"

#include <charconv>

#include "base/thread_name.h"

namespace c4a {
namespace {

constexpr std::int64_t kHoldsMs = 15'000;  // what a gateway wrote counts for so long; it writes again well before
constexpr std::int64_t kWriteAgainMs = 5000;
constexpr std::string_view kKeptMs = "2592000000";  // last_seen of those who are offline: 30 days
constexpr std::size_t kMostDirty = 1'000'000;
constexpr std::size_t kWritesAtOnce = 500;
constexpr auto kIdle = std::chrono::milliseconds(200);
constexpr int kWaitMs = 200;

// One field a gateway: "status last_seen until". Of those that count, the one that was active last decides. Tells all
// gateways when the user's status is another one than before.
// `told`: the status of which gateways were told last. KEYS: the hash. ARGV: gateway, field, now, kept, channel, user.
constexpr std::string_view kWriteScript = R"lua(
local function sum(now)
  local status, seen, newest = 0, 0, -1
  local all = redis.call('HGETALL', KEYS[1])
  for i = 2, #all, 2 do
    local s, l, u = string.match(all[i], '(%d+) (%d+) (%d+)')
    if s then
      s, l, u = tonumber(s), tonumber(l), tonumber(u)
      if l > seen then seen = l end
      if s > 0 and u > now and l > newest then newest = l; status = s end
    end
  end
  return status, seen
end
local now = tonumber(ARGV[3])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
local after, seen = sum(now)
if tostring(after) ~= (redis.call('HGET', KEYS[1], 'told') or '0') then
  redis.call('HSET', KEYS[1], 'told', tostring(after))
  redis.call('PUBLISH', ARGV[5], ARGV[6] .. ' ' .. after .. ' ' .. string.format('%.0f', seen))
end
return after
)lua";

struct Field {
  PresenceStatus status = PresenceStatus::kOffline;
  TimestampMs last_seen = 0;
  TimestampMs until = 0;
};

// Three numbers; zeros where the text is none of ours.
Field parse_field(std::string_view text) {
  Field field;
  std::int64_t numbers[3] = {};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (auto& number : numbers) {
    const auto parsed = std::from_chars(at, end, number);
    at = parsed.ptr == end ? end : parsed.ptr + 1;
  }
  field.status = static_cast<PresenceStatus>(std::clamp<std::int64_t>(numbers[0], 0, 2));
  field.last_seen = numbers[1];
  field.until = numbers[2];
  return field;
}

}  // namespace

RedisPresence::RedisPresence(RedisOptions options, std::uint64_t gateway)
    : options_(options), gateway_(std::to_string(gateway)), asks_(options), writes_(options), changes_(options) {
  local_.listen([this](const UserId& user, const PresenceState& state) {
    // Without Redis this gateway's own sockets are all that is known.
    if (!up_ && listener_) listener_(user, state);
    write(user, newest_call_);
  });
}

RedisPresence::~RedisPresence() {
  for (auto* thread : {&writer_, &hearer_}) {
    thread->request_stop();
    if (thread->joinable()) thread->join();
  }
}

void RedisPresence::listen(Listener listener) {
  listener_ = std::move(listener);
  writer_ = std::jthread([this](const std::stop_token& stop) { serve_writes(stop); });
  hearer_ = std::jthread([this](const std::stop_token& stop) { serve_changes(stop); });
  for (int i = 0; i < 100 && !hears_; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

void RedisPresence::at(TimestampMs now) {
  TimestampMs before = newest_call_;
  while (before < now && !newest_call_.compare_exchange_weak(before, now)) {
  }
}

std::shared_ptr<Presence::LiveUser> RedisPresence::connected(const UserId& user, TimestampMs now) {
  at(now);
  return local_.connected(user, now);
}

void RedisPresence::disconnected(const UserId& user, TimestampMs now) {
  at(now);
  local_.disconnected(user, now);
  write(user, now);
}

void RedisPresence::active(const UserId& user, TimestampMs now) {
  at(now);
  local_.active(user, now);
  write(user, now);
}

void RedisPresence::heartbeat(const UserId& user, bool away, TimestampMs now) {
  at(now);
  local_.heartbeat(user, away, now);
  write(user, now);
}

void RedisPresence::expire(TimestampMs now) {
  at(now);
  local_.expire(now);
  // Frames on sockets are activity without a call; and what was written before must not run out.
  const bool again = now / kWriteAgainMs != (now - 1000) / kWriteAgainMs;
  std::vector<UserId> due;
  local_.each_online(now, [&](const UserId& user, const PresenceState& state) {
    if (again || state.last_seen.value_or(0) >= now - 1000) due.push_back(user);
  });
  for (const auto& user : due) write(user, now);
}

void RedisPresence::forget(const UserId& user) {
  local_.forget(user);
  const std::lock_guard lock(asks_mutex_);
  if (asks_.connect()) (void)asks_.ask({"DEL", key_of(user)});
}

PresenceState RedisPresence::get(const UserId& user, TimestampMs now) {
  PresenceState state = local_.get(user, now);
  RedisConnection::Reply all;
  {
    const std::lock_guard lock(asks_mutex_);
    if (!asks_.connect()) return state;
    auto answer = asks_.ask({"HGETALL", key_of(user)});
    if (!answer || (*answer)->type != REDIS_REPLY_ARRAY) return state;
    all = std::move(*answer);
  }
  TimestampMs newest = state.status == PresenceStatus::kOffline ? -1 : state.last_seen.value_or(0);
  for (std::size_t i = 0; i + 1 < all->elements; i += 2) {
    const std::string_view gateway(all->element[i]->str, all->element[i]->len);
    if (gateway == gateway_) continue;
    const Field field = parse_field({all->element[i + 1]->str, all->element[i + 1]->len});
    if (field.last_seen > state.last_seen.value_or(0)) state.last_seen = field.last_seen;
    if (field.status == PresenceStatus::kOffline || field.until <= now || field.last_seen <= newest) continue;
    newest = field.last_seen;
    state.status = field.status;
  }
  return state;
}

void RedisPresence::write(const UserId& user, TimestampMs now) {
  {
    const std::lock_guard lock(mutex_);
    if (dirty_.size() >= kMostDirty) return;  // the next round writes everybody again
    auto& at = dirty_[user];
    at = std::max(at, now);
  }
  arrived_.notify_one();
}

void RedisPresence::serve_writes(const std::stop_token& stop) {
  name_thread("presence-out");
  while (!stop.stop_requested()) {
    std::vector<std::pair<UserId, TimestampMs>> users;
    {
      std::unique_lock lock(mutex_);
      arrived_.wait_for(lock, stop, kIdle, [this] { return !dirty_.empty(); });
      while (!dirty_.empty() && users.size() < kWritesAtOnce) {
        const auto first = dirty_.begin();
        users.emplace_back(first->first, first->second);
        dirty_.erase(first);
      }
    }
    if (!writes_.connected()) script_.clear();
    const bool connected = writes_.connect().has_value();
    up_ = connected && write_all(users);
    if (connected) continue;
    // What could not be written is written by the next round over everybody who is online.
    std::this_thread::sleep_for(kIdle);
  }
}

const std::string& RedisPresence::script() {
  if (!script_.empty()) return script_;
  const auto loaded = writes_.ask({"SCRIPT", "LOAD", kWriteScript});
  if (loaded && (*loaded)->type == REDIS_REPLY_STRING) script_.assign((*loaded)->str, (*loaded)->len);
  return script_;
}

bool RedisPresence::write_all(const std::vector<std::pair<UserId, TimestampMs>>& users) {
  if (users.empty()) return true;
  if (script().empty()) return false;
  std::vector<std::string> keep;
  keep.reserve(users.size() * 3);
  std::vector<RedisConnection::Arguments> commands;
  const std::string channel = options_.prefix + "presence";
  for (const auto& [user, at] : users) {
    const PresenceState state = local_.get(user, at);
    const std::string_view key = keep.emplace_back(key_of(user));
    const std::string_view field =
        keep.emplace_back(std::to_string(static_cast<int>(state.status)) + ' ' +
                          std::to_string(state.last_seen.value_or(0)) + ' ' + std::to_string(at + kHoldsMs));
    const std::string_view now = keep.emplace_back(std::to_string(at));
    commands.push_back({"EVALSHA", script_, "1", key, gateway_, field, now, kKeptMs, channel, user.text});
  }
  if (writes_.send_all(commands)) return true;
  script_.clear();  // Redis may have forgotten it
  return false;
}

void RedisPresence::serve_changes(const std::stop_token& stop) {
  name_thread("presence-in");
  while (!stop.stop_requested()) {
    if (!changes_.connected()) {
      if (!changes_.connect() || !changes_.ask({"SUBSCRIBE", options_.prefix + "presence"})) {
        std::this_thread::sleep_for(kIdle);
        continue;
      }
      hears_ = true;
    }
    const auto message = changes_.next_message(kWaitMs);
    if (!message || !*message || (**message)->type != REDIS_REPLY_ARRAY || (**message)->elements != 3) continue;
    const redisReply& payload = *(**message)->element[2];
    if (payload.type == REDIS_REPLY_STRING) told({payload.str, payload.len});
  }
}

// "user status last_seen"
void RedisPresence::told(std::string_view change) {
  const auto space = change.find(' ');
  if (space == std::string_view::npos || !listener_) return;
  const auto user = UserId::parse(change.substr(0, space));
  if (!user) return;
  const Field field = parse_field(change.substr(space + 1));
  PresenceState state;
  state.status = field.status;
  if (field.last_seen != 0) state.last_seen = field.last_seen;
  listener_(*user, state);
}

}  // namespace c4a
