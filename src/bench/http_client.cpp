#include "bench/http_client.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "bench/wire.h"

namespace c4a::bench {
namespace {

constexpr std::size_t kConnections = 64;
constexpr std::size_t kPipelined = 4;
constexpr std::int64_t kSilenceUs = 60'000'000;

// run_requests: hands the next request to whichever connection has room.
class RequestRun final : public HttpListener {
 public:
  RequestRun(std::size_t count, const std::function<void(std::size_t, std::string&)>& write,
             const std::function<Result<void>(std::size_t, int, std::string_view)>& read)
      : count_(count), write_(write), read_(read) {}

  Result<void> run(Poller& poller, const Endpoint& server) {
    waiting_.resize(std::min(kConnections, count_));
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      connections_.push_back(std::make_unique<HttpConnection>(poller, *this));
      connections_.back()->index = i;
      C4A_CHECK(connections_.back()->connect(server));
      refill(*connections_.back());
    }
    last_answer_us_ = now_us();
    while (answered_ < count_ && !failure_) {
      poller.turn(now_us() + 1'000'000);
      if (now_us() - last_answer_us_ > kSilenceUs) {
        return fail(ErrorCode::kUnavailable, fmt::format("no answer for 60 s; {} of {} came", answered_, count_));
      }
    }
    if (failure_) return fail(std::move(*failure_));
    return {};
  }

  void on_answer(HttpConnection& connection, int status, std::string_view body, std::int64_t now) override {
    last_answer_us_ = now;
    auto& queue = waiting_[connection.index];
    if (queue.empty()) return;
    const auto request = queue.front();
    queue.pop_front();
    ++answered_;
    if (auto read = read_(request, status, body); !read && !failure_) failure_ = std::move(read.error());
    refill(connection);
  }

  void on_http_lost(HttpConnection& connection, const std::string& reason) override {
    if (waiting_[connection.index].empty() || failure_) return;
    failure_ = Error{ErrorCode::kUnavailable, reason};
  }

 private:
  void refill(HttpConnection& connection) {
    auto& queue = waiting_[connection.index];
    while (queue.size() < kPipelined && next_ < count_ && !failure_) {
      queue.push_back(next_);
      write_(next_++, connection.new_request());
    }
  }

  std::size_t count_;
  const std::function<void(std::size_t, std::string&)>& write_;
  const std::function<Result<void>(std::size_t, int, std::string_view)>& read_;
  std::vector<std::unique_ptr<HttpConnection>> connections_;
  std::vector<std::deque<std::size_t>> waiting_;  // per connection: requests without an answer
  std::size_t next_ = 0;
  std::size_t answered_ = 0;
  std::int64_t last_answer_us_ = 0;
  std::optional<Error> failure_;
};

}  // namespace

Result<void> HttpConnection::connect(const Endpoint& server) {
  C4A_TRY(fd_, start_connect(server, {}));
  poller_.watch(fd_, EPOLLIN | EPOLLOUT, this);
  return {};
}

std::string& HttpConnection::new_request() {
  if (!dirty_) {
    dirty_ = true;
    poller_.at_turn_end(this);
  }
  return pending_;
}

void HttpConnection::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  poller_.forget(this);
  dirty_ = false;
}

void HttpConnection::on_ready(std::uint32_t epoll_events) {
  if (fd_ >= 0 && (epoll_events & EPOLLOUT) != 0) {
    blocked_ = false;
    poller_.change(fd_, EPOLLIN, this);
    on_turn_end();
  }
  if (fd_ >= 0 && (epoll_events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) read();
}

void HttpConnection::read() {
  const auto buffer = poller_.read_buffer();
  const auto got = recv(fd_, buffer.data(), buffer.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return lose(got == 0 ? "the server closed the connection" : strerror(errno));
  const auto now = now_us();
  carry_.append(buffer.data(), static_cast<std::size_t>(got));
  std::string_view data = carry_;
  HttpAnswer answer;
  auto taken = Take::kMore;
  while ((taken = take_http_answer(data, answer)) == Take::kTaken) {
    listener_.on_answer(*this, answer.status, answer.body, now);
  }
  if (taken == Take::kBroken) return lose(fmt::format("an answer cannot be read: {}", data.substr(0, 200)));
  carry_.erase(0, carry_.size() - data.size());
}

void HttpConnection::on_turn_end() {
  dirty_ = false;
  if (fd_ < 0 || blocked_ || pending_at_ == pending_.size()) return;
  const auto put = ::send(fd_, pending_.data() + pending_at_, pending_.size() - pending_at_, MSG_NOSIGNAL);
  if (put < 0 && errno != EAGAIN) return lose(strerror(errno));
  if (put > 0) pending_at_ += static_cast<std::size_t>(put);
  if (pending_at_ == pending_.size()) {
    pending_.clear();
    pending_at_ = 0;
  } else {
    blocked_ = true;
    poller_.change(fd_, EPOLLIN | EPOLLOUT, this);
  }
}

void HttpConnection::lose(std::string reason) {
  if (fd_ < 0) return;
  ::close(std::exchange(fd_, -1));
  listener_.on_http_lost(*this, reason);
}

void append_request(std::string& out, std::string_view method, std::string_view path, std::string_view token,
                    std::string_view body, HttpHeader extra) {
  fmt::format_to(std::back_inserter(out), "{} {} HTTP/1.1\r\nHost: 127.0.0.1\r\n", method, path);
  if (!token.empty()) fmt::format_to(std::back_inserter(out), "Authorization: Bearer {}\r\n", token);
  if (!extra.name.empty()) fmt::format_to(std::back_inserter(out), "{}: {}\r\n", extra.name, extra.value);
  if (method != "GET") {
    fmt::format_to(std::back_inserter(out), "Content-Type: application/json\r\nContent-Length: {}\r\n", body.size());
  }
  out += "\r\n";
  out += body;
}

Result<void> run_requests(Poller& poller, const Endpoint& server, std::size_t count,
                          const std::function<void(std::size_t, std::string&)>& write,
                          const std::function<Result<void>(std::size_t, int, std::string_view)>& read) {
  if (count == 0) return {};
  return RequestRun(count, write, read).run(poller, server);
}

}  // namespace c4a::bench
