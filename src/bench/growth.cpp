// growth: what a message costs when little is stored, and when much is.

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "bench/bulk_load.h"
#include "bench/cost_window.h"
#include "bench/pair_flow.h"
#include "bench/workloads.h"

namespace c4a::bench {
namespace {

constexpr std::size_t kFirstConversations = 1000;
constexpr std::uint64_t kFirstMessages = 10'000;
constexpr int kDrainSeconds = 30;

struct GrowthPlan {
  std::size_t conversations = 0;
  std::uint64_t messages = 0;
  std::size_t senders = 0;
  std::uint64_t probe_messages = 0;
  std::int64_t probe_us = 0;
};

class Growth {
 public:
  Growth(Poller& poller, const Target& target, const GrowthPlan& plan, Report& report)
      : poller_(poller), target_(target), plan_(plan), report_(report) {}

  Result<void> run() {
    C4A_TRY(senders_, make_users(poller_, target_, "grow", plan_.senders, true));
    // Conversation c belongs to sender c mod S and peer c div S, so every sender has a fair share.
    C4A_TRY(peers_,
            make_users(poller_, target_, "peer", (plan_.conversations + plan_.senders - 1) / plan_.senders, false));
    conversations_.reserve(plan_.conversations);
    C4A_CHECK(create_until(std::min(kFirstConversations, plan_.conversations)));
    const auto first = conversations_.size();
    C4A_TRY(load_, BulkLoad::open(poller_, target_, senders_, {.window = 32, .progress = "growth"}));
    C4A_CHECK(send(kFirstMessages, first));
    C4A_CHECK(probe_pairs("small_pairs"));
    C4A_CHECK(probe_bulk("small_stored", first));

    const auto started = now_us();
    C4A_CHECK(create_until(plan_.conversations));
    rate("conversations_created", static_cast<double>(plan_.conversations - first), started);
    const auto filling = now_us();
    const auto rest = plan_.messages > sent_ ? plan_.messages - sent_ : 0;
    C4A_CHECK(send(rest, conversations_.size()));
    rate("filled", static_cast<double>(rest), filling);

    C4A_CHECK(probe_pairs("large_pairs"));
    C4A_CHECK(probe_bulk("large_stored", first));
    C4A_CHECK(probe_bulk("large_spread", conversations_.size()));
    report_.violations(load_->violations());
    ratio("growth_pairs", "large_pairs", "small_pairs");
    ratio("growth_stored", "large_stored", "small_stored");
    ratio("growth_spread", "large_spread", "small_stored");
    C4A_TRY(const auto memory, memory_of(target_.server_pid));
    report_.metric("server_rss", static_cast<double>(memory.resident) / 1048576, "MiB");
    return {};
  }

 private:
  Result<void> create_until(std::size_t count) {
    while (conversations_.size() < count) {
      const auto start = conversations_.size();
      const auto end = std::min(count, start + 100'000);
      std::vector<Members> members;
      for (auto c = start; c < end; ++c) {
        members.push_back({senders_[c % plan_.senders].id, peers_[c / plan_.senders].id});
      }
      C4A_TRY(auto ids, make_private_conversations(poller_, target_, members));
      for (auto& id : ids) conversations_.push_back({std::move(id)});
      if (count > kFirstConversations) fmt::print(stderr, "growth: {} of {} conversations\n", end, count);
    }
    return {};
  }

  // Sends into conversations chosen at random among the first `among`.
  Result<void> send(std::uint64_t count, std::size_t among) {
    sent_ += count;
    return load_->send(count, [&, among](std::size_t sender) -> BulkConversation& {
      random_ ^= random_ << 13U;
      random_ ^= random_ >> 7U;
      random_ ^= random_ << 17U;
      const auto share = std::max<std::size_t>(among / plan_.senders, 1);
      return conversations_[sender + random_ % share * plan_.senders];
    });
  }

  // Messages to people who are away, into the first `among` conversations.
  Result<void> probe_bulk(const std::string& name, std::size_t among) {
    C4A_TRY(auto window, CostWindow::open(target_.server_pid));
    C4A_CHECK(send(plan_.probe_messages, among));
    C4A_CHECK(window.close());
    const auto n = static_cast<double>(plan_.probe_messages);
    report_.metric(name + "_rate", n / window.seconds(), "msg/s");
    report_.metric(name + "_server_cpu", window.server().total_us / n, "µs/message");
    return {};
  }

  // Live pairs in conversations of their own.
  Result<void> probe_pairs(const std::string& name) {
    C4A_TRY(const auto flow, PairFlow::open(poller_, target_, {}));
    flow->start();
    flow->run(now_us() + 1'000'000);
    flow->reset_figures();
    C4A_TRY(auto window, CostWindow::open(target_.server_pid));
    flow->run(now_us() + plan_.probe_us);
    C4A_CHECK(window.close());
    const auto n = static_cast<double>(flow->figures().deliveries);
    report_.metric(name + "_rate", n / window.seconds(), "msg/s");
    report_.metric(name + "_server_cpu", window.server().total_us / n, "µs/message");
    flow->stop();
    flow->drain(kDrainSeconds);
    report_.violations(flow->violations());
    return {};
  }

  void rate(const std::string& name, double count, std::int64_t since_us) {
    report_.metric(name, count / (static_cast<double>(now_us() - since_us) / 1e6), "/s");
  }

  void ratio(const std::string& name, const std::string& large, const std::string& small) {
    const auto cost = [&](const std::string& probe) { return report_.find(probe + "_server_cpu")->value; };
    report_.metric(name, cost(large) / cost(small), "x the cost when small");
  }

  Poller& poller_;
  const Target& target_;
  const GrowthPlan& plan_;
  Report& report_;
  std::vector<BenchUser> senders_;
  std::vector<BenchUser> peers_;
  std::vector<BulkConversation> conversations_;
  std::unique_ptr<BulkLoad> load_;
  std::uint64_t sent_ = 0;
  std::uint64_t random_ = 88172645463325252ULL;
};

}  // namespace

Result<Report> run_growth(Flags& flags) {
  GrowthPlan plan;
  plan.conversations = flags.number("conversations", 1'000'000, 1, 100'000'000, "conversations at the end");
  plan.messages = flags.number("messages", 10'000'000, 1, 10'000'000'000, "messages stored before the last probes");
  plan.senders = flags.number("senders", 256, 1, 1000, "users who send, a WebSocket each");
  plan.probe_messages = flags.number("probe-messages", 200'000, 1000, 100'000'000, "messages of a probe");
  plan.probe_us =
      static_cast<std::int64_t>(flags.number("probe-seconds", 5, 1, 600, "length of a probe with pairs")) * 1'000'000;
  auto target = target_from(flags);
  C4A_CHECK(flags.check());
  C4A_CHECK(find_server(target));
  plan.senders = std::min({plan.senders, plan.conversations, kFirstConversations});
  Report report("growth");
  report.parameter("conversations", plan.conversations);
  report.parameter("messages", plan.messages);
  report.parameter("senders", plan.senders);
  Poller poller;
  C4A_CHECK(Growth(poller, target, plan, report).run());
  return report;
}

}  // namespace c4a::bench
