#include "presence/redis/redis_gateway_bus.h"

#include "base/clock.h"
#include "presence/bus_frame.h"

namespace c4a {
namespace {

constexpr int kWaitMs = 100;
constexpr std::int64_t kAnnounceEveryMs = 1000;
constexpr std::int64_t kLookEveryMs = 1000;
constexpr std::int64_t kGoneAfterMs = 60'000;

std::int64_t steady_ms() { return system_clock().monotonic_us() / 1000; }

}  // namespace

RedisGatewayBus::RedisGatewayBus(RedisOptions options, std::uint64_t gateway, GatewayInbox& inbox)
    : options_(options), gateway_(gateway), inbox_(inbox), frames_(options), says_(std::move(options)) {}

RedisGatewayBus::~RedisGatewayBus() { stop(); }

void RedisGatewayBus::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void RedisGatewayBus::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
}

bool RedisGatewayBus::subscribe() {
  if (!frames_.connect()) return false;
  if (!frames_.ask({"SUBSCRIBE", options_.prefix + "gateway:" + std::to_string(gateway_)})) return false;
  // What was sent while nobody listened is not known.
  order_.forget();
  announce();
  return true;
}

void RedisGatewayBus::announce() {
  if (!says_.connect()) return;
  const std::string key = options_.prefix + "gateways";
  const TimestampMs now = system_clock().now_ms();
  const std::string score = std::to_string(now);
  const std::string name = std::to_string(gateway_);
  const std::string gone = std::to_string(now - kGoneAfterMs);
  (void)says_.send_all({{"ZADD", key, score, name}, {"ZREMRANGEBYSCORE", key, "-inf", gone}});
}

void RedisGatewayBus::lost() {
  losses_.fetch_add(1, std::memory_order_relaxed);
  inbox_.lost();
}

void RedisGatewayBus::serve(const std::stop_token& stop) {
  std::int64_t announced_ms = 0;
  std::int64_t looked_ms = 0;
  while (!stop.stop_requested()) {
    const std::int64_t now = steady_ms();
    if (!frames_.connected()) up_ = subscribe();
    if (!up_) {
      // Until frames arrive again, sessions look into the store themselves.
      if (now - looked_ms >= kLookEveryMs) {
        looked_ms = now;
        lost();
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(kWaitMs));
      continue;
    }
    if (now - announced_ms >= kAnnounceEveryMs) {
      announced_ms = now;
      announce();
    }
    // A router that died may have decided what it never told.
    if (order_.somebody_fell_silent(now)) lost();
    auto message = frames_.next_message(kWaitMs);
    if (!message) {
      up_ = false;
      continue;
    }
    if (!*message || (**message)->type != REDIS_REPLY_ARRAY || (**message)->elements != 3) continue;
    const redisReply& payload = *(**message)->element[2];
    if (payload.type == REDIS_REPLY_STRING) take({payload.str, payload.len});
  }
  if (says_.connect()) (void)says_.ask({"ZREM", options_.prefix + "gateways", std::to_string(gateway_)});
}

void RedisGatewayBus::take(std::string_view frame) {
  const auto read = read_bus_frame(
      frame,
      [this](const BusFrameHead& head) {
        if (order_.gap_before(head.router, head.counter, steady_ms())) lost();
      },
      inbox_);
  if (!read) lost();
}

Result<> RedisGatewayBus::check() const {
  if (up_) return {};
  return fail(Error{
      ErrorCode::kUnavailable, "Redis does not answer: live messages come from the store, a second later.", {}, 1});
}

}  // namespace c4a
