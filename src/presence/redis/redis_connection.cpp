#include "presence/redis/redis_connection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>

#include <charconv>
#include <random>

#include "base/clock.h"

namespace c4a {
namespace {

constexpr timeval kConnectWithin{0, 800'000};
constexpr timeval kAnswerWithin{1, 0};
constexpr std::int64_t kFirstRetryMs = 20;
constexpr std::int64_t kMaxRetryMs = 1000;

std::int64_t steady_ms() { return system_clock().monotonic_us() / 1000; }

std::int64_t with_jitter(std::int64_t ms) {
  static thread_local std::minstd_rand random(std::random_device{}());
  return ms / 2 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(ms / 2 + 1));
}

std::pair<std::string, int> host_and_port(const std::string& address) {
  const auto colon = address.rfind(':');
  int port = 6379;
  if (colon == std::string::npos) return {address, port};
  std::from_chars(address.data() + colon + 1, address.data() + address.size(), port);
  return {address.substr(0, colon), port};
}

}  // namespace

void RedisConnection::close() { context_.reset(); }

Result<> RedisConnection::closed(std::string_view reason) {
  context_.reset();
  retry_at_ms_ = steady_ms() + with_jitter(std::min(kFirstRetryMs << std::min(failures_++, 10), kMaxRetryMs));
  const std::string where = options_.sentinels.empty() ? options_.address
                                                       : fmt::format("{} by the Sentinels {}", options_.master,
                                                                     fmt::join(options_.sentinels, ","));
  return fail(Error{ErrorCode::kUnavailable,
                    fmt::format("Redis at {} does not answer as needed ({}); start it, or set redis.address, "
                                "redis.password or redis.sentinels.",
                                where, reason),
                    {},
                    1});
}

Result<> RedisConnection::open(const std::string& address, const std::string& password) {
  const auto [host, port] = host_and_port(address);
  context_.reset(redisConnectWithTimeout(host.c_str(), port, kConnectWithin));
  if (!context_ || context_->err != 0) {
    return closed(context_ ? std::string(context_->errstr) : std::string("no memory"));
  }
  redisSetTimeout(context_.get(), kAnswerWithin);
  redisEnableKeepAlive(context_.get());
  if (password.empty()) return {};
  Arguments auth = {"AUTH", password};
  if (!options_.username.empty()) auth.insert(auth.begin() + 1, options_.username);
  if (const auto answer = ask(auth); !answer) return closed("the password is not accepted");
  return {};
}

Result<std::string> RedisConnection::master_address() {
  std::string reason = "no Sentinel answers";
  for (const auto& sentinel : options_.sentinels) {
    if (!open(sentinel, options_.sentinel_password)) continue;
    const auto answer = ask({"SENTINEL", "get-master-addr-by-name", options_.master});
    if (!answer || (*answer)->type != REDIS_REPLY_ARRAY || (*answer)->elements != 2) {
      reason = fmt::format("the Sentinel {} does not know {}", sentinel, options_.master);
      continue;
    }
    return fmt::format("{}:{}", (*answer)->element[0]->str, (*answer)->element[1]->str);
  }
  return std::unexpected(closed(reason).error());
}

Result<> RedisConnection::connect() {
  if (context_) return {};
  if (steady_ms() < retry_at_ms_) return fail(Error{ErrorCode::kUnavailable, "Redis does not answer.", {}, 1});
  std::string address = options_.address;
  if (!options_.sentinels.empty()) {
    C4A_TRY(address, master_address());
  }
  C4A_CHECK(open(address, options_.password));
  const auto role = ask({"ROLE"});
  if (!role) return std::unexpected(role.error());
  if ((*role)->type == REDIS_REPLY_ARRAY && (*role)->elements > 0 &&
      std::string_view((*role)->element[0]->str) != "master") {
    return closed("it is a replica, and the master is needed");
  }
  failures_ = 0;
  return {};
}

Result<RedisConnection::Reply> RedisConnection::ask(const Arguments& arguments) {
  if (!context_) return fail(Error{ErrorCode::kUnavailable, "Redis does not answer.", {}, 1});
  std::vector<const char*> texts;
  std::vector<std::size_t> lengths;
  for (const auto& argument : arguments) {
    texts.push_back(argument.data());
    lengths.push_back(argument.size());
  }
  Reply reply(static_cast<redisReply*>(
      redisCommandArgv(context_.get(), static_cast<int>(texts.size()), texts.data(), lengths.data())));
  if (!reply) return std::unexpected(closed(context_->errstr).error());
  if (reply->type == REDIS_REPLY_ERROR) {
    // A master that became a replica refuses writes: the next connection asks who is master.
    if (std::string_view(reply->str, reply->len).starts_with("READONLY")) context_.reset();
    return fail(ErrorCode::kUnavailable, fmt::format("Redis refuses: {}.", std::string_view(reply->str, reply->len)));
  }
  return reply;
}

bool RedisConnection::send_all(const std::vector<Arguments>& commands) {
  if (!context_) return false;
  for (const auto& arguments : commands) {
    std::vector<const char*> texts;
    std::vector<std::size_t> lengths;
    for (const auto& argument : arguments) {
      texts.push_back(argument.data());
      lengths.push_back(argument.size());
    }
    redisAppendCommandArgv(context_.get(), static_cast<int>(texts.size()), texts.data(), lengths.data());
  }
  bool all = true;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    void* raw = nullptr;
    if (redisGetReply(context_.get(), &raw) != REDIS_OK) {
      (void)closed(context_->errstr);
      return false;
    }
    const Reply reply(static_cast<redisReply*>(raw));
    if (reply->type != REDIS_REPLY_ERROR) continue;
    all = false;
    if (std::string_view(reply->str, reply->len).starts_with("READONLY")) {
      context_.reset();
      return false;
    }
  }
  return all;
}

Result<std::optional<RedisConnection::Reply>> RedisConnection::next_message(int wait_ms) {
  if (!context_) return fail(Error{ErrorCode::kUnavailable, "Redis does not answer.", {}, 1});
  for (int round = 0; round < 2; ++round) {
    void* raw = nullptr;
    if (redisReaderGetReply(context_->reader, &raw) != REDIS_OK) {
      return std::unexpected(closed("its answer is no Redis protocol").error());
    }
    if (raw != nullptr) return std::optional(Reply(static_cast<redisReply*>(raw)));
    if (round == 1) break;
    pollfd ready{context_->fd, POLLIN, 0};
    if (::poll(&ready, 1, wait_ms) <= 0) break;
    if (redisBufferRead(context_.get()) != REDIS_OK) return std::unexpected(closed(context_->errstr).error());
  }
  return std::optional<Reply>{};
}

Result<> check_redis(const RedisOptions& options) { return RedisConnection(options).connect(); }

}  // namespace c4a
