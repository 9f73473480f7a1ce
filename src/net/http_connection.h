#pragma once

// One HTTP/1.x connection: reads requests, hands them over one at a time, writes the answers in order.

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/connection.h"
#include "net/request_parser.h"
#include "net/server.h"

namespace c4a::net {

class HttpConnection final : public Connection {
 public:
  HttpConnection(ServerLoop& home, Transport transport, std::string peer_ip, bool local);
  ~HttpConnection() override;

  // Begins to read. Once.
  void start();
  // The answer to the request that was handed over last.
  void answer(HttpResponse response);

  void on_ready(std::uint32_t epoll_events) override;
  void on_turn_end() override;
  void on_deadline() override;
  void on_drain() override;

 private:
  enum class Phase : std::uint8_t {
    kHandshake,  // of TLS
    kWaiting,    // for a request's first byte
    kHead,       // a request has begun
    kBody,
    kAnswering,  // the Service has the request
    kLingering,  // our side is closed: what comes is thrown away, so that the last answer is not lost to a reset
  };

  void on_end() override;
  void shake_hands();
  void read();
  void discard();
  void keep_pending(std::span<const char> bytes);
  void drop_pending();
  // Gives bytes to the parser, as far as requests may be handed over now. How many were used.
  std::size_t process(std::span<char> bytes);
  void parsed(std::span<char> rest);
  void handle_request(std::span<char> rest);
  void upgrade(std::span<char> rest);
  void refuse(const Error& error);
  void refuse_version();
  void write_response(const HttpResponse& response, bool keep);
  void write(std::string_view head, std::string_view body);
  void write_leftover();
  void output_gone();
  void linger();
  // Goes on with what came while a request was being answered.
  void resume();
  void update_interest();
  bool may_parse() const { return phase_ >= Phase::kWaiting && phase_ <= Phase::kBody && unsent_.empty() && !ended(); }

  std::unique_ptr<RequestParser> parser_;  // only while a request is incomplete
  std::shared_ptr<HttpReply::Target> target_;
  std::string peer_ip_;
  std::string pending_;  // received, not parsed yet; bounded, see kPendingBytes
  std::size_t pending_used_ = 0;
  std::string unsent_;
  std::size_t unsent_used_ = 0;
  Phase phase_ = Phase::kWaiting;
  bool local_;
  bool fresh_ = true;  // no request was answered yet
  bool processing_ = false;
  bool ended_input_ = false;  // the peer sends no more
  bool paused_ = false;       // `pending_` is full
  bool keep_alive_ = false;   // of the request in hand; so are the next two
  bool head_only_ = false;
  bool http_1_0_ = false;
  bool last_answer_ = false;  // linger when `unsent_` is gone
};

// Where an answer goes. `connection` belongs to the loop's thread.
struct HttpReply::Target {
  EventLoop& loop;
  HttpConnection* connection;
  std::atomic<bool> answered = false;
};

}  // namespace c4a::net
