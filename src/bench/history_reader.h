#pragma once

// Reads whole histories over REST, page by page, over a few connections at once, and goes on where one breaks or is
// refused.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/http_client.h"
#include "bench/poller.h"

namespace c4a::bench {

struct HistoryJob {
  std::string conversation;
  std::string token;
  std::function<std::uint64_t(std::string_view)> item;  // one message, ascending: its seq
  // The conversation itself, after all its pages. False: it is to be read again in a moment.
  std::function<bool(std::string_view)> conversation_read;
};

class HistoryReader final : public HttpListener {
 public:
  // All must outlive the reader.
  HistoryReader(Poller& poller, std::span<const Endpoint> servers, std::span<const HistoryJob> jobs);
  ~HistoryReader() override;

  // Between turns, every few milliseconds.
  void tick(std::int64_t now);
  bool done() const { return done_ == jobs_.size(); }
  std::size_t jobs_done() const { return done_; }
  // When something was last read, and why the last attempt failed that did.
  std::int64_t last_progress_us() const { return last_progress_us_; }
  const std::string& last_failure() const { return last_failure_; }

  void on_answer(HttpConnection& connection, int status, std::string_view body, std::int64_t now) override;
  void on_http_lost(HttpConnection& connection, const std::string& reason) override;

 private:
  struct Lane {
    std::unique_ptr<HttpConnection> connection;
    std::size_t server = 0;
    const HistoryJob* job = nullptr;
    std::uint64_t after = 0;  // the seq up to which its history was read
    bool pages_done = false;
    bool lost = false;
    std::int64_t asked_us = 0;  // 0: nothing is under way
    std::int64_t ask_at_us = 0;
  };

  void ask(Lane& lane, std::int64_t now);
  void take(Lane& lane, std::string_view body);
  void again(Lane& lane, std::int64_t now, std::string reason);

  Poller& poller_;
  std::span<const Endpoint> servers_;
  std::span<const HistoryJob> jobs_;
  std::vector<Lane> lanes_;
  std::size_t next_ = 0;
  std::size_t done_ = 0;
  std::int64_t last_progress_us_;
  std::string last_failure_;
};

}  // namespace c4a::bench
