// post: POST /v1/messages on kept-alive connections, each user on a connection of their own.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>

#include "bench/cost_window.h"
#include "bench/floor_process.h"
#include "bench/frame_scan.h"
#include "bench/histogram.h"
#include "bench/http_client.h"
#include "bench/message_text.h"
#include "bench/pacer.h"
#include "bench/workloads.h"

namespace c4a::bench {
namespace {

constexpr int kAccepted = 202;
constexpr std::int64_t kDrainUs = 30'000'000;

struct PostOptions {
  std::size_t connections = 64;
  double rate = 0;
  std::size_t text_bytes = 300;
  std::int64_t warm_up_us = 0;
  std::int64_t window_us = 0;
};

// Every connection sends into a conversation of its own, one request at a time, so that the n-th must take the seq n.
class PostFlow final : public HttpListener {
 public:
  PostFlow(Poller& poller, const PostOptions& options)
      : poller_(poller), options_(options), writer_(options.text_bytes, false) {}

  Result<void> set_up(const Target& target) {
    C4A_TRY(users_, make_users(poller_, target, "post", options_.connections, true));
    C4A_TRY(const auto peers, make_users(poller_, target, "peer", options_.connections, false));
    std::vector<Members> members;
    for (std::size_t i = 0; i < users_.size(); ++i) members.push_back({users_[i].id, peers[i].id});
    C4A_TRY(conversations_, make_private_conversations(poller_, target, members));
    lines_.resize(users_.size());
    for (std::size_t i = 0; i < users_.size(); ++i) {
      lines_[i].connection = std::make_unique<HttpConnection>(poller_, *this);
      lines_[i].connection->index = i;
      C4A_CHECK(lines_[i].connection->connect(target.server));
    }
    return {};
  }

  void start() {
    sending_ = true;
    const auto now = now_us();
    if (options_.rate > 0) pacer_ = Pacer(now, options_.rate);
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      if (options_.rate > 0) {
        free_.push_back(i);
      } else {
        post(i, now);
      }
    }
  }

  void run(std::int64_t until_us) {
    auto now = now_us();
    while (now < until_us && !broken_) {
      poller_.turn(std::min(pump(now), until_us));
      now = now_us();
    }
  }

  // Waits for the last answers, then compares what the server holds with what it accepted.
  Result<void> finish(const Target& target) {
    sending_ = false;
    const auto deadline = now_us() + kDrainUs;
    const auto busy = [](const Line& line) { return line.due_us != 0; };
    while (std::ranges::any_of(lines_, busy) && !broken_ && now_us() < deadline) poller_.turn(now_us() + 10'000);
    const auto unanswered = std::ranges::count_if(lines_, busy);
    if (unanswered > 0) violations_.add(fmt::format("{} requests were never answered", unanswered));
    if (broken_) return {};
    C4A_TRY(const auto seqs, read_last_seqs(poller_, target, conversations_, users_));
    for (std::size_t i = 0; i < seqs.size(); ++i) {
      if (seqs[i] == lines_[i].accepted) continue;
      violations_.add(
          fmt::format("{} holds {} messages, {} were accepted", conversations_[i], seqs[i], lines_[i].accepted));
    }
    return {};
  }

  void on_answer(HttpConnection& connection, int status, std::string_view body, std::int64_t now) override {
    Line& line = lines_[connection.index];
    ++statuses_[status];
    if (status == kAccepted) {
      ++line.accepted;
      if (const auto seq = seq_.number(body); seq != line.accepted) {
        violations_.add(fmt::format("message {} of {} took seq {}", line.accepted, conversations_[connection.index],
                                    seq.value_or(0)));
      }
      latency_.record(now - line.due_us);
    } else {
      violations_.add(fmt::format("POST /v1/messages was answered {}: {}", status, body.substr(0, 300)));
    }
    line.due_us = 0;
    if (!sending_) return;
    if (options_.rate <= 0) return post(connection.index, now);
    free_.push_back(connection.index);
    pump(now);
  }

  void on_http_lost(HttpConnection&, const std::string& reason) override {
    broken_ = true;
    violations_.add(fmt::format("a connection was lost: {}", reason));
  }

  void reset() {
    statuses_.clear();
    latency_.reset();
  }
  const std::map<int, std::uint64_t>& statuses() const { return statuses_; }
  const Histogram& latency() const { return latency_; }
  const Violations& violations() const { return violations_; }

 private:
  struct Line {
    std::unique_ptr<HttpConnection> connection;
    std::int64_t due_us = 0;  // of the request under way; 0: none
    std::uint64_t sent = 0;
    std::uint64_t accepted = 0;
  };

  // Open loop: what is due leaves on a connection that is free; what finds none waits, and its latency counts.
  std::int64_t pump(std::int64_t now) {
    if (options_.rate <= 0 || !sending_) return now + 100'000;
    while (!free_.empty() && pacer_.due(now)) {
      const auto line = free_.back();
      free_.pop_back();
      post(line, pacer_.take());
    }
    return free_.empty() ? now + 100'000 : pacer_.next_due_us();
  }

  void post(std::size_t index, std::int64_t due_us) {
    Line& line = lines_[index];
    line.due_us = due_us;
    body_.clear();
    writer_.append_body(body_, ++line.sent, conversations_[index]);
    append_request(line.connection->new_request(), "POST", "/v1/messages", users_[index].token, body_);
  }

  Poller& poller_;
  PostOptions options_;
  MessageWriter writer_;
  std::vector<BenchUser> users_;
  std::vector<std::string> conversations_;
  std::vector<Line> lines_;
  std::vector<std::size_t> free_;
  Pacer pacer_;
  bool sending_ = false;
  bool broken_ = false;
  std::string body_;
  std::map<int, std::uint64_t> statuses_;
  Histogram latency_;
  Violations violations_;
  KeyFinder seq_{R"("seq":)"};
};

Result<Report> measure(const Target& target, const PostOptions& options) {
  Report report("post");
  Poller poller;
  PostFlow flow(poller, options);
  C4A_CHECK(flow.set_up(target));
  flow.start();
  flow.run(now_us() + options.warm_up_us);
  flow.reset();
  C4A_TRY(auto window, CostWindow::open(target.server_pid));
  flow.run(now_us() + options.window_us);
  C4A_CHECK(window.close());
  const auto statuses = flow.statuses();
  const auto latency = flow.latency();
  C4A_CHECK(flow.finish(target));
  const auto messages = static_cast<double>(latency.count());
  report.metric("rate", messages / window.seconds(), "msg/s");
  report.cost("message", window.server(), window.own_us(), messages);
  report.latency("ack", latency);
  for (const auto& [status, count] : statuses) {
    report.metric(fmt::format("status_{}", status), static_cast<double>(count), "answers");
  }
  report.violations(flow.violations());
  return report;
}

}  // namespace

Result<Report> run_post(Flags& flags) {
  PostOptions options;
  options.connections =
      flags.number("connections", 64, 1, 20'000, "kept-alive connections, one request under way each");
  options.rate = static_cast<double>(flags.number("rate", 0, 0, 10'000'000, "open loop: requests/s in all; 0: closed"));
  options.text_bytes = flags.number("bytes", 300, kMinTextBytes, kMaxTextBytes, "length of a text");
  options.window_us =
      static_cast<std::int64_t>(flags.number("seconds", 10, 1, 86'400, "length of the measurement")) * 1'000'000;
  options.warm_up_us = static_cast<std::int64_t>(flags.number("warm-up", 2, 0, 3'600, "seconds before it")) * 1'000'000;
  const bool floor = flags.on("floor", "measure the floor of this machine in the same run, and the efficiency");
  const bool floor_only = flags.on("floor-only", "measure the floor alone; no server is needed");
  const auto data = flags.text("floor-data", ".", "folder for the floor's log: on the disk of the server's data");
  auto target = target_from(flags);
  C4A_CHECK(flags.check());

  Report report(floor_only ? "post on the floor server" : "post");
  report.parameter("connections", options.connections);
  if (options.rate > 0) report.parameter("rate", static_cast<std::uint64_t>(options.rate));
  report.parameter("bytes", options.text_bytes);
  Report floor_report("floor");
  if (floor || floor_only) {
    C4A_TRY(const auto process, FloorProcess::start(data));
    C4A_TRY(floor_report, measure(process->target(), options));
  }
  if (floor_only) {
    report.include("", floor_report);
    return report;
  }
  C4A_CHECK(find_server(target));
  C4A_TRY(const auto server_report, measure(target, options));
  report.include("", server_report);
  if (!floor) return report;
  report.include("floor_", floor_report);
  report.metric("efficiency_rate", report.find("rate")->value / report.find("floor_rate")->value, "of the floor");
  return report;
}

}  // namespace c4a::bench
