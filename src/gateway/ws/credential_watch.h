#pragma once

// Looks after the credentials of one event loop's WebSockets: one timer for all of them, so that an idle one holds no
// timer of its own and wakes nobody. Loop thread only.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "net/event_loop.h"

namespace c4a {

class ClientConnection;

class CredentialWatch {
 public:
  static constexpr std::int64_t kLookMs = 1000;  // how late the end of a token may be noticed
  // Whether a credential was taken back is looked up for a part of the connections at a time: for each of them once in
  // so many looks, and so within the 15 s that docs/guarantees.md promises.
  static constexpr std::uint8_t kRevocationTurns = 14;

  explicit CredentialWatch(net::EventLoop& loop) : loop_(loop) {}
  CredentialWatch(const CredentialWatch&) = delete;
  CredentialWatch& operator=(const CredentialWatch&) = delete;

  // From now on `ClientConnection::check_credential` is called. It may close the connection's socket.
  void add(ClientConnection& connection);
  // Does nothing for one that was not added.
  void remove(ClientConnection& connection);

 private:
  void arm();
  void look();

  net::EventLoop& loop_;
  std::vector<ClientConnection*> watched_;  // each knows its place
  std::uint8_t turn_ = 0;
  bool armed_ = false;
};

}  // namespace c4a
