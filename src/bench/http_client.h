#pragma once

// HTTP/1.1 as the generator needs it: kept-alive connections, answers in order.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "bench/poller.h"

namespace c4a::bench {

class HttpConnection;

class HttpListener {
 public:
  virtual ~HttpListener() = default;
  // One answer, in the order of the requests. Views end with the call.
  virtual void on_answer(HttpConnection& connection, int status, std::string_view body, std::int64_t now) = 0;
  // The connection is gone, though nobody called close(). Once.
  virtual void on_http_lost(HttpConnection& connection, const std::string& reason) = 0;
};

class HttpConnection final : public Pollable {
 public:
  // Both must outlive the connection.
  HttpConnection(Poller& poller, HttpListener& listener) : poller_(poller), listener_(listener) {}
  ~HttpConnection() override { close(); }
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  // Starts to connect; requests may be written at once. Fails with: kUnavailable.
  Result<void> connect(const Endpoint& server);
  // Where the caller appends whole requests. They leave at the end of the turn.
  std::string& new_request();
  void close();

  std::size_t index = 0;  // the caller's own mark

  void on_ready(std::uint32_t epoll_events) override;
  void on_turn_end() override;

 private:
  void read();
  void lose(std::string reason);

  Poller& poller_;
  HttpListener& listener_;
  int fd_ = -1;
  bool dirty_ = false;
  bool blocked_ = true;
  std::string carry_;
  std::string pending_;
  std::size_t pending_at_ = 0;
};

struct HttpHeader {
  std::string_view name;
  std::string_view value;
};

// One request with a JSON body (none for GET).
void append_request(std::string& out, std::string_view method, std::string_view path, std::string_view token,
                    std::string_view body, HttpHeader extra = {});

// Makes `count` requests over many connections at once and returns when all are answered. `write(i, out)` appends the
// request i; `read(i, status, body)` judges its answer, and its failure ends the run.
// Fails with: kUnavailable, and what `read` fails with.
Result<void> run_requests(Poller& poller, const Endpoint& server, std::size_t count,
                          const std::function<void(std::size_t, std::string&)>& write,
                          const std::function<Result<void>(std::size_t, int, std::string_view)>& read);

}  // namespace c4a::bench
