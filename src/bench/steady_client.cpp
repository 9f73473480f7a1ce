#include "bench/steady_client.h"

#include <algorithm>
#include <utility>

namespace c4a::bench {
namespace {

constexpr std::int64_t kFirstRetryUs = 50'000;
constexpr std::int64_t kMostRetryUs = 2'000'000;
constexpr std::int64_t kUpgradeUs = 3'000'000;
constexpr std::int64_t kReadyUs = 15'000'000;  // a device that is new has to be introduced, which takes a decision
constexpr std::int64_t kPingAfterUs = 2'000'000;
constexpr std::int64_t kSilentUs = 5'000'000;
constexpr int kMostDoublings = 10;

}  // namespace

std::int64_t Backoff::next_us(std::mt19937_64& random) {
  const auto full = std::min(first_us_ << std::min(failures_, kMostDoublings), most_us_);
  ++failures_;
  return std::uniform_int_distribution<std::int64_t>(full / 2, full * 3 / 2)(random);
}

SteadyClient::SteadyClient(Setting setting, SteadyListener& listener, WsLogin login, std::size_t first)
    : setting_(setting),
      listener_(listener),
      login_(std::move(login)),
      server_(first % setting.servers.size()),
      backoff_(kFirstRetryUs, kMostRetryUs) {}

void SteadyClient::tick(std::int64_t now) {
  if (closed_) return;
  if (socket_ != nullptr && socket_->lost()) {
    socket_.reset();
    connect_at_us_ = now + backoff_.next_us(setting_.random);
  }
  if (socket_ == nullptr) {
    if (now >= connect_at_us_) connect(now);
    return;
  }
  if (!ready_) {
    if (now - heard_us_ > (socket_->upgraded() ? kReadyUs : kUpgradeUs)) give_up();
    return;
  }
  if (now - heard_us_ > kSilentUs) return give_up();
  if (now - heard_us_ > kPingAfterUs && !pinged_) {
    pinged_ = true;
    socket_->send(R"({"type":"ping"})");
  }
}

void SteadyClient::connect(std::int64_t now) {
  socket_ = std::make_unique<WsClient>(setting_.poller, *this);
  heard_us_ = now;
  pinged_ = false;
  const auto& server = setting_.servers[server_];
  server_ = (server_ + 1) % setting_.servers.size();
  listener_.on_connecting();
  if (socket_->connect(server, login_)) return;
  ++setting_.figures.attempts_failed;
  socket_.reset();
  connect_at_us_ = now + backoff_.next_us(setting_.random);
}

void SteadyClient::give_up() {
  if (socket_ == nullptr) return;
  if (ready_) ++setting_.figures.given_up;
  broke();
  socket_.reset();
  connect_at_us_ = now_us() + backoff_.next_us(setting_.random);
}

void SteadyClient::close() {
  closed_ = true;
  ready_ = false;
  socket_.reset();
}

void SteadyClient::on_frame(std::string_view frame, std::int64_t now) {
  became_ready(now);
  listener_.on_frame(frame, now);
}

void SteadyClient::on_read_done(std::int64_t now) {
  became_ready(now);
  heard_us_ = now;
  pinged_ = false;
  listener_.on_read_done(now);
}

void SteadyClient::on_lost(const std::string& /*reason*/) { broke(); }

void SteadyClient::became_ready(std::int64_t now) {
  if (ready_ || !socket_->ready()) return;
  ready_ = true;
  backoff_.reset();
  if (broke_us_ != 0) setting_.figures.back.record(now - broke_us_);
  broke_us_ = 0;
  listener_.on_connected(now);
}

void SteadyClient::broke() {
  if (!ready_) {
    ++setting_.figures.attempts_failed;
    return;
  }
  ready_ = false;
  ++setting_.figures.reconnects;
  broke_us_ = now_us();
  listener_.on_disconnected();
}

}  // namespace c4a::bench
