#pragma once

// One live client: a socket, whose user and device are known, and what it is sent. Loop thread only.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/server.h"
#include "presence/live_bus.h"
#include "presence/presence.h"
#include "sessions/delivery_track.h"
#include "sessions/fetch_page.h"
#include "sessions/open_session.h"

namespace c4a {

class SessionHub;

class Session {
 public:
  Session(SessionHub& hub, net::WebSocket& socket, SessionNumber number, UserId user, DeviceId device);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const UserId& user() const { return user_; }
  const DeviceId& device() const { return record_.id; }
  SessionNumber number() const { return number_; }

  void send(net::SharedFrame frame) { socket_.send(std::move(frame)); }
  void close(std::uint16_t code, std::string_view reason) { socket_.close(code, reason); }

  // Something came from the client that counts as activity.
  void active(TimestampMs now);

  // From the bus.
  void deliver(const LiveEvent& event);
  // The answer to this session's own send: `frame` goes out, and it was the message's delivery.
  void sent(const ConversationId& conversation, Seq seq, net::SharedFrame frame);

  // Results of what the hub ran for it.
  void opened(Result<SessionStart> start);
  void fetched(Result<FetchedPage> page);
  // Events may have been lost: this is what there is.
  void looked_again(const std::vector<SessionStart::Conversation>& found);
  // Reads on with what is pending, as fast as the client reads.
  void catch_up();

  // Whose presence the client watches.
  const std::vector<UserId>& watched() const { return watched_; }

 private:
  friend class SessionHub;
  // What has no place in a conversation's order: it waits while the session catches up.
  void deliver_status(const LiveEvent& event);
  struct LaterStatus {
    std::optional<ReceiptPlace> receipt;
    net::SharedFrame frame;
  };
  void send_status(LaterStatus status);
  void release_statuses();
  // After half a minute: what a head told of does not come.
  bool gives_up() const { return incomplete_pages_ >= 30; }

  SessionHub& hub_;
  net::WebSocket& socket_;
  const SessionNumber number_;
  const UserId user_;
  Session* next_of_user_ = nullptr;  // the hub's: its sessions of one user are a chain
  std::shared_ptr<Presence::LiveUser> presence_;
  DeliveryTrack track_;
  Device record_;       // of the device, as stored
  bool known_ = false;  // record_ is filled; before, it has the id alone
  bool fetching_ = false;
  std::uint8_t incomplete_pages_ = 0;                // in a row
  std::unique_ptr<std::vector<LaterStatus>> later_;  // came while catching up
  std::vector<UserId> watched_;
};

}  // namespace c4a
