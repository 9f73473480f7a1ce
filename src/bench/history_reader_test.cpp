#include "bench/history_reader.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <utility>

#include "bench/frame_scan.h"

namespace c4a::bench {
namespace {

// Answers each GET by what `answer` makes of its path; hangs up where that is nothing.
class SmallServer final : public Pollable {
 public:
  using Answer = std::function<std::string(std::string_view path)>;

  SmallServer(Poller& poller, Answer answer) : poller_(poller), answer_(std::move(answer)) {
    fd_ = listen_on({"127.0.0.1", 0}, endpoint_.port).value();
    poller_.watch(fd_, EPOLLIN, this);
  }
  ~SmallServer() override { close(fd_); }
  SmallServer(const SmallServer&) = delete;
  SmallServer& operator=(const SmallServer&) = delete;

  const Endpoint& endpoint() const { return endpoint_; }
  void on_ready(std::uint32_t /*epoll_events*/) override {
    const int fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK);
    if (fd >= 0) callers_.push_back(std::make_unique<Caller>(*this, fd));
  }

 private:
  struct Caller final : Pollable {
    Caller(SmallServer& owner, int socket) : server(owner), fd(socket) { server.poller_.watch(fd, EPOLLIN, this); }
    ~Caller() override { hang_up(); }
    void hang_up() {
      if (fd >= 0) close(std::exchange(fd, -1));
    }
    void on_ready(std::uint32_t /*epoll_events*/) override {
      char buffer[4096];
      const auto got = fd < 0 ? 0 : recv(fd, buffer, sizeof buffer, 0);
      if (got <= 0) return hang_up();
      const std::string_view request(buffer, static_cast<std::size_t>(got));
      const auto path = request.substr(4, request.find(' ', 4) - 4);
      const auto answer = server.answer_(path);
      if (answer.empty()) return hang_up();
      EXPECT_EQ(send(fd, answer.data(), answer.size(), MSG_NOSIGNAL), static_cast<ssize_t>(answer.size()));
    }
    SmallServer& server;
    int fd;
  };

  Poller& poller_;
  Answer answer_;
  Endpoint endpoint_{"127.0.0.1", 0};
  int fd_ = -1;
  std::vector<std::unique_ptr<Caller>> callers_;
};

std::string http(int status, std::string_view body) {
  return fmt::format("HTTP/1.1 {} X\r\nContent-Length: {}\r\n\r\n{}", status, body.size(), body);
}

// The page of a history of so many messages.
std::string page(std::string_view path, std::uint64_t last) {
  const auto after = leading_number(path.substr(path.find("after_seq=") + 10)).value();
  std::string items;
  for (auto seq = after + 1; seq <= std::min(last, after + 200); ++seq) {
    items += fmt::format(R"({}{{"seq":{}}})", items.empty() ? "" : ",", seq);
  }
  return http(200, fmt::format(R"({{"items":[{}],"next_cursor":null}})", items));
}

class HistoryReaderTest : public testing::Test {
 protected:
  // Reads the histories, and answers how many items each had; every one in order.
  std::vector<std::uint64_t> read(const SmallServer& server, const std::vector<std::string>& conversations) {
    std::vector<std::uint64_t> counts(conversations.size());
    std::vector<HistoryJob> jobs;
    for (std::size_t i = 0; i < conversations.size(); ++i) {
      const auto item = [&counts, i](std::string_view text) {
        const auto seq = KeyFinder(R"("seq":)").number(text).value();
        EXPECT_EQ(seq, ++counts[i]);
        return seq;
      };
      jobs.push_back({conversations[i], "token", item, [this](std::string_view) { return ++looks_ > 1; }});
    }
    const std::vector<Endpoint> servers{server.endpoint()};
    HistoryReader reader(poller_, servers, jobs);
    const auto deadline = now_us() + 20'000'000;
    while (!reader.done() && now_us() < deadline) {
      reader.tick(now_us());
      poller_.turn(now_us() + 1'000);
    }
    EXPECT_TRUE(reader.done()) << reader.last_failure();
    return counts;
  }

  Poller poller_;
  int looks_ = 0;
};

TEST_F(HistoryReaderTest, EveryPageOfEveryHistoryIsReadOnceThenTheConversationUntilItIsGoodEnough) {
  SmallServer server(poller_, [](std::string_view path) {
    if (path.find("after_seq") == std::string_view::npos) return http(200, "{}");
    return page(path, path.starts_with("/v1/conversations/a/") ? 401 : 400);
  });
  EXPECT_EQ(read(server, {"a", "b"}), (std::vector<std::uint64_t>{401, 400}));
  EXPECT_EQ(looks_, 3);
}

TEST_F(HistoryReaderTest, WhatIsRefusedOrBreaksIsReadAgain) {
  int asked = 0;
  SmallServer server(poller_, [&](std::string_view path) {
    if (++asked == 2) return http(503, "{}");
    if (asked == 4) return std::string();
    return path.find("after_seq") == std::string_view::npos ? http(200, "{}") : page(path, 500);
  });
  EXPECT_EQ(read(server, {"a"}), (std::vector<std::uint64_t>{500}));
}

}  // namespace
}  // namespace c4a::bench
