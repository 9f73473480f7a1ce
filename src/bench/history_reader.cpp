#include "bench/history_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bench/frame_scan.h"

namespace c4a::bench {
namespace {

constexpr std::size_t kLanes = 6;
constexpr std::size_t kPage = 200;
constexpr std::int64_t kAnswerUs = 20'000'000;
constexpr std::int64_t kPauseUs = 300'000;

}  // namespace

HistoryReader::HistoryReader(Poller& poller, std::span<const Endpoint> servers, std::span<const HistoryJob> jobs)
    : poller_(poller), servers_(servers), jobs_(jobs), last_progress_us_(now_us()) {
  lanes_.resize(std::min(kLanes, jobs.size()));
  for (std::size_t i = 0; i < lanes_.size(); ++i) lanes_[i].server = i;
}

HistoryReader::~HistoryReader() = default;

void HistoryReader::tick(std::int64_t now) {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    Lane& lane = lanes_[i];
    if (lane.job == nullptr && next_ < jobs_.size()) {
      lane.job = &jobs_[next_++];
      lane.after = 0;
      lane.pages_done = false;
    }
    if (lane.job == nullptr || now < lane.ask_at_us) continue;
    if (lane.asked_us != 0 && now - lane.asked_us > kAnswerUs) {
      again(lane, now, "no answer");
      lane.lost = true;
    }
    if (lane.asked_us != 0) continue;
    if (lane.connection == nullptr || std::exchange(lane.lost, false)) {
      lane.connection = std::make_unique<HttpConnection>(poller_, *this);
      lane.connection->index = i;
      if (auto connected = lane.connection->connect(servers_[lane.server++ % servers_.size()]); !connected) {
        again(lane, now, connected.error().detail);
        lane.lost = true;
        continue;
      }
    }
    ask(lane, now);
  }
}

void HistoryReader::ask(Lane& lane, std::int64_t now) {
  const auto path = lane.pages_done ? fmt::format("/v1/conversations/{}", lane.job->conversation)
                                    : fmt::format("/v1/conversations/{}/messages?after_seq={}&limit={}",
                                                  lane.job->conversation, lane.after, kPage);
  append_request(lane.connection->new_request(), "GET", path, lane.job->token, {});
  lane.asked_us = now;
}

void HistoryReader::on_answer(HttpConnection& connection, int status, std::string_view body, std::int64_t now) {
  Lane& lane = lanes_[connection.index];
  if (lane.job == nullptr || lane.asked_us == 0) return;
  if (status != 200) return again(lane, now, fmt::format("{}: {}", status, body.substr(0, 300)));
  lane.asked_us = 0;
  if (!lane.pages_done) {
    last_progress_us_ = now;
    take(lane, body);
    return ask(lane, now);
  }
  if (!lane.job->conversation_read(body)) return again(lane, now, "the last acknowledgement is not there");
  last_progress_us_ = now;
  lane.job = nullptr;
  ++done_;
}

void HistoryReader::take(Lane& lane, std::string_view body) {
  std::size_t items = 0;
  const auto before = lane.after;
  for_each_item(body, [&](std::string_view item) {
    ++items;
    lane.after = std::max(lane.after, lane.job->item(item));
  });
  lane.pages_done = items < kPage || lane.after == before;
}

void HistoryReader::on_http_lost(HttpConnection& connection, const std::string& reason) {
  Lane& lane = lanes_[connection.index];
  lane.lost = true;
  again(lane, now_us(), reason);
}

void HistoryReader::again(Lane& lane, std::int64_t now, std::string reason) {
  last_failure_ = std::move(reason);
  lane.asked_us = 0;
  lane.ask_at_us = now + kPauseUs;
}

}  // namespace c4a::bench
