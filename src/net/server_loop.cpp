#include "net/server_loop.h"

#include <ctime>
#include <utility>

#include "net/http_connection.h"
#include "net/tls.h"

namespace c4a::net {
namespace {

constexpr std::size_t kInputBytes = 128 * 1024;
constexpr std::size_t kKeptScratchBytes = 1024 * 1024;
// How late a timeout may be noticed. One timer looks at every connection that has a deadline.
constexpr std::int64_t kSweepMs = 500;

RequestLimits request_limits(const ServerLimits& limits) {
  return {limits.header_bytes, limits.target_bytes, limits.body_bytes};
}

}  // namespace

ServerLoop::ServerLoop(EventLoop& loop, std::shared_ptr<ServerShared> shared)
    : loop_(loop), shared_(std::move(shared)), input_(kInputBytes + kReadPadding) {}

ServerLoop::~ServerLoop() { shut(); }

void ServerLoop::adopt(UniqueFd fd, std::string peer_ip, bool local) {
  if (shut_ || draining()) {
    shared_->open_connections.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  const auto& tls = options().tls;
  SslPtr ssl = tls && !local ? tls->accept(fd.get()) : nullptr;
  const bool secure = ssl != nullptr;
  auto* connection = new HttpConnection(*this, Transport(std::move(fd), std::move(ssl)), std::move(peer_ip), local);
  // Out of memory: never plain where TLS was asked for.
  if (tls && !local && !secure) return connection->end();
  connection->start();
}

void ServerLoop::drain() {
  timed_.visit([](Connection& connection) { connection.on_drain(); });
  std::vector<Connection*> sockets;  // gathered first: closing moves them to the other list
  untimed_.visit([&](Connection& connection) { sockets.push_back(&connection); });
  for (Connection* socket : sockets) {
    if (!socket->ended()) socket->on_drain();
  }
}

void ServerLoop::shut() {
  shut_ = true;
  // One by one: a listener that is told may close others, which moves them between the lists.
  for (;;) {
    Connection* const connection = timed_.first() != nullptr ? timed_.first() : untimed_.first();
    if (connection == nullptr) break;
    connection->end();
  }
  bury();
}

std::string_view ServerLoop::date() {
  const std::int64_t second = loop_.now_ms() / 1000;
  if (second != date_second_) {
    date_second_ = second;
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    char text[40];  // no locale is ever set, so the names are English
    date_.assign(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc));
  }
  return date_;
}

std::unique_ptr<RequestParser> ServerLoop::take_parser() {
  if (spare_parser_) return std::move(spare_parser_);
  return std::make_unique<RequestParser>(request_limits(limits()));
}

void ServerLoop::return_parser(std::unique_ptr<RequestParser> parser) {
  if (!spare_parser_) spare_parser_ = std::move(parser);
}

void ServerLoop::at_turn_end(Connection& connection) {
  if (connection.at_turn_end_ || connection.ended()) return;
  connection.at_turn_end_ = true;
  due_.push_back(&connection);
  // While the ends are served, the rest waits for the next turn: a listener that sends whenever its output has drained
  // must not keep the loop from the other descriptors.
  if (!in_turn_end_) arm_turn_end();
}

void ServerLoop::arm_turn_end() {
  if (shut_ || std::exchange(turn_end_armed_, true)) return;
  loop_.at_turn_end([this] { end_turn(); });
}

void ServerLoop::end_turn() {
  turn_end_armed_ = false;
  in_turn_end_ = true;
  std::swap(serving_, due_);
  for (Connection* connection : serving_) {
    connection->at_turn_end_ = false;
    if (!connection->ended()) connection->on_turn_end();
  }
  serving_.clear();
  bury();
  in_turn_end_ = false;
  if (!due_.empty()) loop_.post([self = shared_from_this()] { self->arm_turn_end(); });
  if (scratch_.capacity() > kKeptScratchBytes) std::string().swap(scratch_);
}

void ServerLoop::bury() {
  // A connection that ended while it was due is still in `due_`.
  while (!ended_.empty()) {
    const auto gone = std::exchange(ended_, {});
    std::erase_if(due_, [](const Connection* connection) { return connection->ended(); });
  }
}

void ServerLoop::arm_sweep() {
  if (shut_ || std::exchange(sweep_armed_, true)) return;
  loop_.after_ms(kSweepMs, [this] { sweep(); });
}

void ServerLoop::sweep() {
  sweep_armed_ = false;
  timed_.visit([this](Connection& connection) {
    if (connection.deadline_ms_ <= loop_.now_ms()) late_.push_back(&connection);
  });
  for (Connection* connection : late_) {
    if (!connection->ended()) connection->on_deadline();
  }
  late_.clear();
  if (timed_.first() != nullptr) arm_sweep();
}

}  // namespace c4a::net
