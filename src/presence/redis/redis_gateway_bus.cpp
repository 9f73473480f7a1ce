#include "presence/redis/redis_gateway_bus.h"

#include "base/clock.h"
#include "base/thread_name.h"
#include "presence/bus_frame.h"

namespace c4a {
namespace {

constexpr int kWaitMs = 100;
constexpr std::int64_t kAnnounceEveryMs = 1000;
constexpr std::int64_t kLookEveryMs = 1000;

// Gateways and routers have clocks of their own, which may differ: the times are all of Redis's clock.
// KEYS: the gateways. ARGV: this gateway, how long one that says nothing is remembered (ms).
constexpr std::string_view kAnnounceScript = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
return now
)lua";
constexpr std::string_view kGoneAfterMs = "60000";

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

Result<> RedisGatewayBus::subscribe() {
  C4A_CHECK(frames_.connect());
  C4A_CHECK(frames_.ask({"SUBSCRIBE", options_.prefix + "gateway:" + std::to_string(gateway_)}));
  // What was sent while nobody listened is not known.
  order_.forget();
  announce();
  return {};
}

void RedisGatewayBus::announce() {
  if (!says_.connect()) return;
  const std::string key = options_.prefix + "gateways";
  (void)says_.send_all({{"EVAL", kAnnounceScript, "1", key, std::to_string(gateway_), kGoneAfterMs}});
}

void RedisGatewayBus::lost() {
  losses_.fetch_add(1, std::memory_order_relaxed);
  inbox_.lost();
}

void RedisGatewayBus::serve(const std::stop_token& stop) {
  name_thread("gateway-bus");
  std::int64_t announced_ms = 0;
  std::int64_t looked_ms = 0;
  while (!stop.stop_requested()) {
    const std::int64_t now = steady_ms();
    if (!frames_.connected()) {
      const auto subscribed = subscribe();
      up_ = subscribed.has_value();
      health_.found(subscribed);
    }
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
    // A router that died may have decided what it never told, and one that is cut off from Redis goes on deciding.
    if (order_.silence_may_hide_frames(now)) lost();
    auto message = frames_.next_message(kWaitMs);
    if (!message) {
      up_ = false;
      health_.found(fail(message.error()));
      continue;
    }
    if (!*message || (**message)->type != REDIS_REPLY_ARRAY || (**message)->elements != 3) continue;
    const redisReply& payload = *(**message)->element[2];
    if (payload.type == REDIS_REPLY_STRING) take({payload.str, payload.len});
  }
  if (says_.connect()) (void)says_.ask({"ZREM", options_.prefix + "gateways", std::to_string(gateway_)});
}

void RedisGatewayBus::leaves(std::uint64_t router) {
  order_.left(router);
  // What it decided last it may not have told.
  lost();
}

void RedisGatewayBus::take(std::string_view frame) {
  const auto read = read_bus_frame(
      frame,
      [this](const BusFrameHead& head) {
        router_ = head.router;
        if (head.counter == BusFrameHead::kLeaves)
          leaves(head.router);
        else if (order_.gap_before(head.router, head.counter, steady_ms()))
          lost();
      },
      *this);
  if (!read) lost();
}

void RedisGatewayBus::live(LiveEvent event) {
  if (event.kind == LiveKind::kStatus && !statuses_.is_news(router_, event.position)) return;
  inbox_.live(std::move(event));
}

void RedisGatewayBus::decided(std::uint64_t request, Result<Decision> decision) {
  inbox_.decided(request, std::move(decision));
}

}  // namespace c4a
