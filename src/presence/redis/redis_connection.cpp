#include "presence/redis/redis_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <random>

#include "base/clock.h"

namespace c4a {
namespace {

constexpr std::int64_t kFirstRetryMs = 20;
constexpr std::int64_t kMaxRetryMs = 1000;
// Of a subscribed connection: after so long without a word Redis is asked, after so long it is given up.
constexpr std::int64_t kAskAfterMs = 1000;
constexpr std::int64_t kSilentMs = 2500;

std::int64_t steady_ms() { return system_clock().monotonic_us() / 1000; }

std::int64_t with_jitter(std::int64_t ms) {
  static thread_local std::minstd_rand random(std::random_device{}());
  return ms / 2 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(ms / 2 + 1));
}

void append_command(std::string& out, const RedisConnection::Arguments& arguments) {
  fmt::format_to(std::back_inserter(out), "*{}\r\n", arguments.size());
  for (const auto& argument : arguments) {
    fmt::format_to(std::back_inserter(out), "${}\r\n", argument.size());
    out.append(argument).append("\r\n");
  }
}

// How a subscribed connection is answered a PING.
bool is_pong(const redisReply& reply) {
  return reply.type == REDIS_REPLY_ARRAY && reply.elements == 2 && reply.element[0]->type == REDIS_REPLY_STRING &&
         std::string_view(reply.element[0]->str, reply.element[0]->len) == "pong";
}

}  // namespace

void RedisConnection::close() { stream_.reset(); }

Result<> RedisConnection::closed(const RedisTrouble& trouble) {
  stream_.reset();
  retry_at_ms_ = steady_ms() + with_jitter(std::min(kFirstRetryMs << std::min(failures_++, 10), kMaxRetryMs));
  why_closed_.detail = fmt::format("Redis at {} cannot be used ({}); {}.", where_, trouble.what, trouble.remedy);
  return fail(why_closed_);
}

Result<> RedisConnection::broken() {
  return closed({stream_->reason(), "start it, and see that redis.tls is as this port wants it"});
}

Result<> RedisConnection::open(const std::string& address, const std::string& user, const std::string& password,
                               std::string_view password_option) {
  where_ = address;
  RedisTrouble trouble;
  stream_ = RedisStream::open(address, options_, trouble);
  if (!stream_) return closed(trouble);
  reader_.reset(redisReaderCreate());
  if (password.empty()) return {};
  Arguments auth = {"AUTH", password};
  if (!user.empty()) auth.insert(auth.begin() + 1, user);
  const auto accepted = ask(auth);
  if (accepted || !stream_) return accepted ? Result<>{} : fail(accepted.error());
  return closed({"it does not accept the password", fmt::format("correct {}", password_option)});
}

Result<std::string> RedisConnection::master_address() {
  Error last = why_closed_;
  for (const auto& sentinel : options_.sentinels) {
    auto opened = open(sentinel, {}, options_.sentinel_password, "redis.sentinel_password");
    if (!opened) {
      last = opened.error();
      continue;
    }
    const auto named = ask({"SENTINEL", "get-master-addr-by-name", options_.master});
    if (named && (*named)->type == REDIS_REPLY_ARRAY && (*named)->elements == 2) {
      return fmt::format("{}:{}", (*named)->element[0]->str, (*named)->element[1]->str);
    }
    if (named) {
      last = closed({fmt::format("this Sentinel does not know the master {}", options_.master),
                     "correct redis.master or redis.sentinels"})
                 .error();
    } else if (stream_) {
      last = closed({named.error().detail, "set redis.sentinel_password, or correct redis.sentinels"}).error();
    } else {
      last = named.error();
    }
  }
  why_closed_ = last;
  return fail(std::move(last));
}

Result<> RedisConnection::connect() {
  if (stream_) return {};
  if (steady_ms() < retry_at_ms_) return fail(why_closed_);
  std::string address = options_.address;
  if (!options_.sentinels.empty()) {
    C4A_TRY(address, master_address());
  }
  C4A_CHECK(open(address, options_.username, options_.password, "redis.password and redis.username"));
  const auto role = ask({"ROLE"});
  if (!role && !stream_) return fail(role.error());
  if (!role) return closed({role.error().detail, "set redis.password and redis.username"});
  if ((*role)->type == REDIS_REPLY_ARRAY && (*role)->elements > 0 &&
      std::string_view((*role)->element[0]->str) != "master") {
    return closed({"it is a replica, and the master is needed",
                   "correct redis.address, or name the Sentinels in "
                   "redis.sentinels"});
  }
  failures_ = 0;
  heard_ms_ = asked_ms_ = steady_ms();
  return {};
}

Result<RedisConnection::Reply> RedisConnection::parsed() {
  void* raw = nullptr;
  if (redisReaderGetReply(reader_.get(), &raw) != REDIS_OK) {
    return fail(closed({"what it says is not Redis's protocol", "correct redis.address, or redis.tls"}).error());
  }
  return Reply(static_cast<redisReply*>(raw));
}

Result<RedisConnection::Reply> RedisConnection::answer() {
  while (true) {
    C4A_TRY(Reply reply, parsed());
    if (reply) return reply;
    const auto bytes = stream_->read();
    if (!bytes || bytes->empty()) return fail(broken().error());
    redisReaderFeed(reader_.get(), bytes->data(), bytes->size());
  }
}

Result<RedisConnection::Reply> RedisConnection::ask(const Arguments& arguments) {
  if (!stream_) return fail(why_closed_);
  std::string command;
  append_command(command, arguments);
  if (!stream_->write(command)) return fail(broken().error());
  C4A_TRY(Reply reply, answer());
  if (reply->type == REDIS_REPLY_ERROR) {
    const std::string_view text(reply->str, reply->len);
    // A master that became a replica refuses writes: the next connection asks who is master.
    if (text.starts_with("READONLY")) stream_.reset();
    return fail(ErrorCode::kUnavailable, fmt::format("Redis refuses: {}", text));
  }
  return reply;
}

bool RedisConnection::send_all(const std::vector<Arguments>& commands) {
  if (!stream_) return false;
  std::string bytes;
  for (const auto& arguments : commands) append_command(bytes, arguments);
  if (!stream_->write(bytes)) {
    (void)broken();
    return false;
  }
  bool all = true;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const auto reply = answer();
    if (!reply) return false;
    if ((*reply)->type != REDIS_REPLY_ERROR) continue;
    all = false;
    if (std::string_view((*reply)->str, (*reply)->len).starts_with("READONLY")) {
      stream_.reset();
      return false;
    }
  }
  return all;
}

Result<std::optional<RedisConnection::Reply>> RedisConnection::next_message(int wait_ms) {
  if (!stream_) return fail(why_closed_);
  for (int round = 0; round < 2; ++round) {
    C4A_TRY(Reply reply, parsed());
    if (reply) {
      heard_ms_ = steady_ms();
      if (is_pong(*reply)) return std::optional<Reply>{};
      return std::optional(std::move(reply));
    }
    if (round == 1) break;
    std::optional<std::string_view> bytes = std::string_view();
    if (stream_->readable(wait_ms)) bytes = stream_->read();
    if (!bytes) return fail(broken().error());
    if (bytes->empty()) {
      C4A_CHECK(ask_whether_it_lives());
      break;
    }
    redisReaderFeed(reader_.get(), bytes->data(), bytes->size());
  }
  return std::optional<Reply>{};
}

// A process that hangs keeps its connections open.
Result<> RedisConnection::ask_whether_it_lives() {
  const std::int64_t now = steady_ms();
  if (now - heard_ms_ > kSilentMs) {
    return closed({"it holds the connection and answers nothing", "see why it hangs, or start it anew"});
  }
  if (now - std::max(heard_ms_, asked_ms_) < kAskAfterMs) return {};
  asked_ms_ = now;
  std::string ping;
  append_command(ping, {"PING"});
  return stream_->write(ping) ? Result<>{} : broken();
}

void RedisHealth::found(Result<> state) {
  const std::lock_guard lock(mutex_);
  state_ = std::move(state);
}

Result<> RedisHealth::check() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

}  // namespace c4a
