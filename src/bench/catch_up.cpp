// catch-up: a device far behind gets all it missed; then many devices at once, beside live traffic.

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "bench/bulk_load.h"
#include "bench/cost_window.h"
#include "bench/pair_flow.h"
#include "bench/workloads.h"

namespace c4a::bench {
namespace {

constexpr std::int64_t kTimeoutUs = 120'000'000;
constexpr std::size_t kHubs = 16;
constexpr int kDrainSeconds = 30;

double ms(std::int64_t us) { return static_cast<double>(us) / 1000; }

// A device that was away. It acknowledges after each read the newest it got.
class Latecomer final : public WsListener {
 public:
  Latecomer(Poller& poller, std::string conversation, std::uint64_t expected, Violations& violations)
      : socket(poller, *this), conversation_(std::move(conversation)), expected_(expected), violations_(violations) {}

  void on_frame(std::string_view frame, std::int64_t) override {
    const auto kind = frame_kind(frame);
    if (kind == FrameKind::kStatus || kind == FrameKind::kOther) return;
    const auto seq = kind == FrameKind::kMessage ? seq_.number(frame).value_or(0) : 0;
    const auto before = order_.last();
    if (seq == 0 || order_.see(seq) != DeliveryOrder::Verdict::kNext) {
      violations_.add(fmt::format("a late device got seq {} after {}: {}", seq, before, frame.substr(0, 200)));
    }
  }

  void on_read_done(std::int64_t) override {
    if (order_.last() == acknowledged_) return;
    acknowledged_ = order_.last();
    append_delivered_frame(socket.new_frame(), conversation_, acknowledged_);
  }

  void on_lost(const std::string& reason) override { violations_.add("a late device lost its connection: " + reason); }
  bool complete() const { return order_.last() >= expected_; }
  std::uint64_t got() const { return order_.last(); }

  WsClient socket;

 private:
  std::string conversation_;
  std::uint64_t expected_;
  Violations& violations_;
  DeliveryOrder order_;
  std::uint64_t acknowledged_ = 0;
  KeyFinder seq_{R"("seq":)"};
};

Result<void> one_device(Poller& poller, const Target& target, std::uint64_t behind, Report& report) {
  C4A_TRY(const auto users, make_users(poller, target, "behind", 2, true));
  const Members pair{users[0].id, users[1].id};
  C4A_TRY(const auto ids, make_private_conversations(poller, target, {&pair, 1}));
  BulkConversation conversation{ids[0]};
  C4A_TRY(const auto load, BulkLoad::open(poller, target, {users.data(), 1}, {.window = 1024}));
  const auto filling = now_us();
  C4A_CHECK(load->send(behind, [&](std::size_t) -> BulkConversation& { return conversation; }));
  const auto fill_s = static_cast<double>(now_us() - filling) / 1e6;
  report.violations(load->violations());
  report.metric("one_conversation_rate", static_cast<double>(behind) / fill_s, "msg/s");

  Violations violations;
  Latecomer device(poller, ids[0], behind, violations);
  C4A_TRY(auto window, CostWindow::open(target.server_pid));
  C4A_CHECK(device.socket.connect(target.server, {users[1].token, "phone", {}}));
  const auto deadline = now_us() + kTimeoutUs;
  while (!device.complete() && !device.socket.lost() && now_us() < deadline) poller.turn(now_us() + 100'000);
  C4A_CHECK(window.close());
  if (!device.complete()) violations.add(fmt::format("the device got {} of {} messages", device.got(), behind));
  report.metric("caught_up_after", window.seconds(), "s");
  report.metric("catch_up_rate", static_cast<double>(behind) / window.seconds(), "msg/s");
  report.cost("message", window.server(), window.own_us(), static_cast<double>(behind));
  report.violations(violations);
  return {};
}

struct CrowdPlan {
  std::size_t devices = 0;
  std::uint64_t behind_each = 10;
  double live_rate = 1000;
  std::int64_t before_us = 5'000'000;
  std::size_t at_once = 256;
};

// Every device gets its messages from one of a few senders, in a private conversation of its own.
Result<std::vector<BulkConversation>> fill_crowd(Poller& poller, const Target& target, const CrowdPlan& plan,
                                                 std::span<const BenchUser> users, Report& report) {
  const auto hub_count = std::min(kHubs, users.size());
  C4A_TRY(const auto hubs, make_users(poller, target, "hub", hub_count, true));
  std::vector<Members> members;
  for (std::size_t i = 0; i < users.size(); ++i) members.push_back({hubs[i % hub_count].id, users[i].id});
  C4A_TRY(const auto ids, make_private_conversations(poller, target, members));
  std::vector<BulkConversation> conversations;
  for (const auto& id : ids) conversations.push_back({id});
  C4A_TRY(const auto load, BulkLoad::open(poller, target, hubs, {}));
  // Each sender goes round its own conversations.
  std::vector<std::size_t> next(hub_count);
  const auto choose = [&](std::size_t hub) -> BulkConversation& {
    const auto own = (conversations.size() - hub + hub_count - 1) / hub_count;
    return conversations[hub + next[hub]++ % own * hub_count];
  };
  C4A_CHECK(load->send(conversations.size() * plan.behind_each, choose));
  report.violations(load->violations());
  return conversations;
}

Result<void> crowd(Poller& poller, const Target& target, const CrowdPlan& plan, Report& report) {
  C4A_TRY(const auto users, make_users(poller, target, "crowd", plan.devices, true));
  C4A_TRY(const auto conversations, fill_crowd(poller, target, plan, users, report));
  // Made before anything is measured: ten thousand of them take longer than a live message may.
  Violations violations;
  std::vector<std::unique_ptr<Latecomer>> devices;
  std::vector<WsClient*> sockets;
  std::uint64_t expected = 0;
  for (const auto& conversation : conversations) {
    devices.push_back(std::make_unique<Latecomer>(poller, conversation.id, conversation.sent, violations));
    sockets.push_back(&devices.back()->socket);
    expected += conversation.sent;
  }
  PairOptions live;
  live.pairs = 20;
  live.rate = plan.live_rate;
  Poller live_poller;
  C4A_TRY(const auto flow, PairFlow::open(live_poller, target, live));
  flow->start();
  flow->run(now_us() + 1'000'000);
  flow->reset_figures();
  flow->run(now_us() + plan.before_us);
  report.latency("live_before", flow->figures().delivery);
  report.metric("live_before_own_lag_p99", ms(flow->figures().own_lag.quantile_us(0.99)), "ms");

  C4A_TRY(auto window, CostWindow::open(target.server_pid));
  flow->reset_figures();
  // A thread of its own: what the crowd costs this program must not count as the server's delay.
  std::jthread live_thread([&flow](const std::stop_token& stop) {
    while (!stop.stop_requested() && !flow->broken()) flow->run(now_us() + 5'000);
  });
  const auto login = [&](std::size_t i) { return WsLogin{users[i].token, "phone", source_for(target.server, i)}; };
  C4A_CHECK(connect_all(poller, target.server, sockets, {.login = login, .at_once = plan.at_once, .timeout_s = 300}));
  const auto deadline = now_us() + kTimeoutUs;
  const auto complete = [](const auto& device) { return device->complete(); };
  while (!std::ranges::all_of(devices, complete) && now_us() < deadline) poller.turn(now_us() + 5'000);
  C4A_CHECK(window.close());
  live_thread.request_stop();
  live_thread.join();
  report.latency("live_during", flow->figures().delivery);
  report.metric("live_during_own_lag_p99", ms(flow->figures().own_lag.quantile_us(0.99)), "ms");
  report.metric("crowd_seconds", window.seconds(), "s");
  report.metric("crowd_devices", static_cast<double>(plan.devices) / window.seconds(), "devices/s");
  report.metric("crowd_server_cpu", window.server().total_us / static_cast<double>(plan.devices), "µs/device");
  report.metric("live_p99_ratio", report.find("live_during_p99")->value / report.find("live_before_p99")->value, "x");
  const auto late = std::ranges::count_if(devices, [&](const auto& device) { return !complete(device); });
  if (late > 0)
    violations.add(fmt::format("{} of {} devices never got all of {} messages", late, plan.devices, expected));
  flow->stop();
  flow->drain(kDrainSeconds);
  report.violations(flow->violations());
  report.violations(violations);
  return {};
}

}  // namespace

Result<Report> run_catch_up(Flags& flags) {
  const auto behind = flags.number("messages", 100'000, 0, 100'000'000, "how far the one device is behind; 0: skip it");
  CrowdPlan plan;
  plan.devices = flags.number("devices", 0, 0, 200'000, "devices that then come back at once, beside live traffic");
  plan.behind_each = flags.number("behind-each", 10, 1, 100'000, "messages each of them has missed");
  plan.live_rate =
      static_cast<double>(flags.number("live-rate", 1000, 1, 1'000'000, "live 1:1 messages/s beside them"));
  plan.at_once = flags.number("at-once", 256, 1, 10'000, "connections being opened at the same time");
  auto target = target_from(flags);
  C4A_CHECK(flags.check());
  C4A_CHECK(find_server(target));
  Report report("catch-up");
  report.parameter("messages", behind);
  report.parameter("devices", plan.devices);
  Poller poller;
  if (behind > 0) C4A_CHECK(one_device(poller, target, behind, report));
  if (plan.devices > 0) C4A_CHECK(crowd(poller, target, plan, report));
  return report;
}

}  // namespace c4a::bench
