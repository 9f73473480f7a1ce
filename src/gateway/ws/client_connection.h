#pragma once

// One WebSocket client: its frames in, its answers out. What it is sent besides is the Session's business.
// Loop thread only.

#include <memory>
#include <string>
#include <vector>

#include "gateway/ws/credential_watch.h"
#include "gateway/ws/frames_in.h"
#include "gateway/ws/web_socket_gateway.h"

namespace c4a {

class ClientConnection final : public net::WebSocketListener {
 public:
  ClientConnection(WebSocketGateway& gateway, net::WebSocket& socket);
  ~ClientConnection() override;

  // `authorization`: as in the header. Closes with 4001 when it is no good.
  void authenticate(std::string authorization, std::string act_as, DeviceId device);
  void wait_for_auth();

  void on_text(std::string_view message) override;
  void on_drained() override;
  void on_slow() override;
  void on_ping() override {}
  void on_closed() override;

 private:
  friend class CredentialWatch;
  static constexpr std::uint32_t kNotWatched = 0xffff'ffff;
  // Frames that came before `ready` was sent.
  struct Early {
    std::vector<std::string> frames;
    std::size_t bytes = 0;
  };

  void on_frame(std::string_view text);
  void on_identity(Result<Identity> identity, const DeviceId& device);
  // The device is known, and its session begins: `ready`, then what came early.
  void begin(TimestampMs now);
  // Closes the socket when its token has ended, or (asked only with `revocation`) its credential was taken back.
  void check_credential(bool revocation);

  void handle(AuthFrame& frame);
  void handle(SendFrame& frame);
  void handle(AckFrame& frame);
  void handle(TypingFrame& frame);
  void handle(WatchFrame& frame);
  void handle(PingFrame& frame);

  void append(Command command);
  void send_error(const Error& error, const std::string& ref);
  bool within_rate(const std::string& ref);

  WebSocketGateway& gateway_;
  net::WebSocket& socket_;
  // Answers from other threads find the connection through this; null once it is gone.
  std::shared_ptr<ClientConnection*> self_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<Early> early_;
  std::shared_ptr<const CredentialFacts> facts_;  // of the credential; null until there is one
  TimestampMs expires_at_ = 0;                    // of the token; 0: never
  std::uint32_t refused_sends_ = 0;               // more than were taken
  std::uint32_t watch_place_ = kNotWatched;       // in CredentialWatch, as the next
  std::uint8_t revocation_turn_ = 0;
  bool checking_ = false;
  bool ready_ = false;   // was sent
  bool limited_ = true;  // keys are not
};

}  // namespace c4a
