#include "gateway/ws/credential_watch.h"

#include <utility>

#include "gateway/ws/client_connection.h"

namespace c4a {

void CredentialWatch::add(ClientConnection& connection) {
  connection.watch_place_ = static_cast<std::uint32_t>(watched_.size());
  connection.revocation_turn_ = static_cast<std::uint8_t>(watched_.size() % kRevocationTurns);
  watched_.push_back(&connection);
  arm();
}

void CredentialWatch::remove(ClientConnection& connection) {
  if (connection.watch_place_ == ClientConnection::kNotWatched) return;
  ClientConnection* const last = watched_.back();
  watched_[connection.watch_place_] = last;
  last->watch_place_ = std::exchange(connection.watch_place_, ClientConnection::kNotWatched);
  watched_.pop_back();
}

void CredentialWatch::arm() {
  if (watched_.empty() || std::exchange(armed_, true)) return;
  loop_.after_ms(kLookMs, [this] { look(); });
}

void CredentialWatch::look() {
  armed_ = false;
  turn_ = static_cast<std::uint8_t>((turn_ + 1) % kRevocationTurns);
  // Closing a socket ends its connection in a later turn of the loop, so nobody leaves meanwhile.
  for (ClientConnection* connection : watched_) connection->check_credential(connection->revocation_turn_ == turn_);
  arm();
}

}  // namespace c4a
