#include "presence/redis/redis_router_bus.h"

#include <charconv>
#include <deque>

#include "base/clock.h"
#include "base/thread_name.h"
#include "presence/bus_frame.h"

namespace c4a {
namespace {

constexpr std::size_t kMostWaitingBytes = 64U << 20;
constexpr std::int64_t kHeartbeatMs = 1000;
constexpr std::int64_t kFindEveryMs = 500;
// A gateway that has not said that it lives for so long is gone.
constexpr std::string_view kGatewayHoldsMs = "5000";
// By Redis's clock, as the announcements are. KEYS: the gateways. ARGV: how long an announcement holds (ms).
constexpr std::string_view kFindScript = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return redis.call('ZRANGEBYSCORE', KEYS[1], now - ARGV[1], '+inf')
)lua";
constexpr auto kIdle = std::chrono::milliseconds(100);

std::int64_t steady_ms() { return system_clock().monotonic_us() / 1000; }

}  // namespace

// One router thread's: gathers a batch, and hands it over at `flush`.
class RedisRouterBus final : public RouterBus {
 public:
  explicit RedisRouterBus(RedisBusSender& sender) : sender_(sender) {}

  void publish(LiveEvent event) override {
    const std::size_t before = frame_.live.size();
    append_live(frame_.live, event);
    const auto item = std::string_view(frame_.live).substr(before);
    for (auto& [gateway, items] : frame_.for_gateway) items += item;
  }
  void answer(const ReplyAddress& to, const Result<Decision>& decision) override {
    const auto [found, is_new] = frame_.for_gateway.try_emplace(to.gateway);
    // What came before belongs before it.
    if (is_new) found->second = frame_.live;
    append_decision(found->second, to.request, decision);
  }
  void flush() override {
    if (frame_.live.empty() && frame_.for_gateway.empty()) return;
    sender_.put(std::exchange(frame_, {}));
  }

 private:
  RedisBusSender& sender_;
  RedisBusSender::Frame frame_;
};

RedisBusSender::RedisBusSender(RedisOptions options, std::uint64_t router)
    : options_(options), router_(router), connection_(std::move(options)) {
  thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
}

RedisBusSender::~RedisBusSender() { stop(); }

void RedisBusSender::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

std::unique_ptr<RouterBus> RedisBusSender::open_bus() { return std::make_unique<RedisRouterBus>(*this); }

void RedisBusSender::put(Frame frame) {
  std::size_t bytes = frame.live.size();
  for (const auto& [gateway, items] : frame.for_gateway) bytes += items.size();
  {
    const std::lock_guard lock(mutex_);
    if (waiting_bytes_ + bytes > kMostWaitingBytes) {
      counters_.dropped.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    waiting_bytes_ += bytes;
    waiting_.push_back(std::move(frame));
  }
  arrived_.notify_one();
}

void RedisBusSender::serve(const std::stop_token& stop) {
  name_thread("router-bus");
  std::int64_t found_ms = 0;
  std::int64_t beat_ms = 0;
  while (!stop.stop_requested()) {
    std::vector<Frame> frames;
    {
      std::unique_lock lock(mutex_);
      arrived_.wait_for(lock, stop, kIdle, [this] { return !waiting_.empty(); });
      frames.swap(waiting_);
      waiting_bytes_ = 0;
    }
    const auto connected = connection_.connect();
    health_.found(connected);
    const std::int64_t now = steady_ms();
    if (connected && now - found_ms >= kFindEveryMs) {
      found_ms = now;
      find_gateways();
    }
    if (now - beat_ms >= kHeartbeatMs) {
      // An empty frame for everybody: a lost last frame shows by its counter.
      beat_ms = now;
      frames.emplace_back();
    }
    send(frames);
  }
  say_goodbye();
}

void RedisBusSender::say_goodbye() {
  if (!connection_.connected()) return;
  std::deque<std::string> keep;
  std::vector<RedisConnection::Arguments> commands;
  for (const auto& [gateway, counter] : gateways_) {
    const std::string_view channel = keep.emplace_back(options_.prefix + "gateway:" + std::to_string(gateway));
    commands.push_back({"PUBLISH", channel, keep.emplace_back(bus_frame({router_, BusFrameHead::kLeaves}, {}))});
  }
  if (!commands.empty()) (void)connection_.send_all(commands);
}

void RedisBusSender::find_gateways() {
  const std::string key = options_.prefix + "gateways";
  const auto answer = connection_.ask({"EVAL", kFindScript, "1", key, kGatewayHoldsMs});
  if (!answer || (*answer)->type != REDIS_REPLY_ARRAY) return;
  std::map<std::uint64_t, std::uint64_t> found;
  for (std::size_t i = 0; i < (*answer)->elements; ++i) {
    const redisReply& name = *(*answer)->element[i];
    std::uint64_t gateway = 0;
    std::from_chars(name.str, name.str + name.len, gateway);
    const auto known = gateways_.find(gateway);
    found[gateway] = known == gateways_.end() ? 0 : known->second;
  }
  gateways_ = std::move(found);
}

std::string_view RedisBusSender::framed(std::uint64_t gateway, std::string_view items, std::deque<std::string>& keep) {
  return keep.emplace_back(bus_frame({router_, ++gateways_[gateway]}, items));
}

void RedisBusSender::send(const std::vector<Frame>& frames) {
  if (frames.empty()) return;
  std::vector<RedisConnection::Arguments> commands;
  std::deque<std::string> keep;  // the commands are views into it: it must not move them
  const auto publish = [&](std::uint64_t gateway, std::string_view items) {
    const std::string_view channel = keep.emplace_back(options_.prefix + "gateway:" + std::to_string(gateway));
    commands.push_back({"PUBLISH", channel, framed(gateway, items, keep)});
  };
  for (const auto& frame : frames) {
    for (const auto& [gateway, items] : frame.for_gateway) publish(gateway, items);
    for (const auto& [gateway, counter] : gateways_) {
      if (!frame.for_gateway.contains(gateway)) publish(gateway, frame.live);
    }
  }
  if (commands.empty()) return;
  if (connection_.send_all(commands))
    counters_.frames.fetch_add(commands.size(), std::memory_order_relaxed);
  else
    counters_.dropped.fetch_add(commands.size(), std::memory_order_relaxed);
}

}  // namespace c4a
