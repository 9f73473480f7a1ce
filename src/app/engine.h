#pragma once

// The parts of a running server, made in the order in which they need each other. This folder is the only one that
// names implementations: another database is one line in engine.cpp.

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "app/config.h"
#include "app/data_directory.h"
#include "app/messaging.h"
#include "auth/authenticator.h"
#include "auth/token_service.h"
#include "base/worker_pool.h"
#include "gateway/http/api.h"
#include "gateway/http/routes.h"
#include "gateway/ws/web_socket_gateway.h"
#include "message_store/message_store.h"
#include "metadata_store/metadata_store.h"
#include "net/server.h"
#include "net/tls.h"
#include "presence/memory_live_bus.h"
#include "sessions/session_hub.h"
#include "telemetry/metrics.h"

namespace c4a {

// What the engines keep: stores, and the tokens that depend on them.
struct Storage {
  std::unique_ptr<DataDirectory> directory;
  std::unique_ptr<MessageStore> messages;
  std::unique_ptr<MetadataStore> metadata;
  static Result<Storage> open(const Config& config);
};

// The users, keys and tokens of an installation, its schema up to date. Also for what the command line changes.
Result<std::unique_ptr<MetadataStore>> open_metadata(const Config& config);

// Tokens and keys over a MetadataStore: also what the commands on the command line need.
struct Credentials {
  std::unique_ptr<SigningKeys> signing_keys;
  RevocationSet revocations;
  std::unique_ptr<AccessTokens> access_tokens;
  std::unique_ptr<TokenService> tokens;
  std::unique_ptr<OutsideIssuer> outside;
  static Result<std::unique_ptr<Credentials>> make(MetadataStore& metadata, const Config& config);
};

// Makes sure that there is an admin key. Answers a new one, to be shown once; nothing where one was there, or where the
// environment gave it.
Result<std::optional<std::string>> ensure_admin_key(MetadataStore& metadata, TokenService& tokens,
                                                    const std::optional<std::string>& from_environment);

class Engine {
 public:
  static Result<std::unique_ptr<Engine>> make(const Config& config, Storage storage,
                                              std::unique_ptr<Credentials> credentials);
  ~Engine();

  // Listens and serves, on threads of its own.
  Result<> start();
  // Example users and conversations (demo.h). After `start`, on a gateway.
  Result<> make_demo();
  // Takes nothing new, finishes what runs, closes sockets with 1012; at most `timeout_ms`.
  void drain(std::int64_t timeout_ms);
  // Certificate and key are read again (SIGHUP).
  void reload_tls();

  std::uint16_t port() const { return server_->port(); }
  bool secure() const { return tls_ != nullptr; }

 private:
  Engine(const Config& config, Storage storage, std::unique_ptr<Credentials> credentials);
  void make_loops();
  void add_routes();
  void add_client_routes();
  void add_operating_routes();
  void add_metrics();
  void keep_house(const std::stop_token& stop);
  void stop_threads();

  const Config config_;
  Storage storage_;
  std::unique_ptr<Credentials> credentials_;
  std::unique_ptr<WorkerPool> workers_;
  std::unique_ptr<MemoryLiveBus> bus_;
  std::unique_ptr<Messaging> messaging_;
  std::unique_ptr<Authenticator> authenticator_;
  RateLimiter sends_;
  RateLimiter logins_;
  std::unique_ptr<WebSocketGateway> sockets_;
  std::vector<std::unique_ptr<net::EventLoop>> loops_;
  std::vector<std::unique_ptr<SessionHub>> hubs_;
  std::unique_ptr<AuditTrail> audit_;
  std::unique_ptr<Conversations> conversations_;
  std::unique_ptr<History> history_;
  std::unique_ptr<Search> search_;
  std::unique_ptr<Users> users_;
  std::unique_ptr<Health> health_;
  std::unique_ptr<Api> api_;
  std::shared_ptr<net::TlsContext> tls_;
  std::unique_ptr<net::Server> server_;
  std::vector<CallbackMetric> metrics_;
  std::atomic<bool> draining_{false};
  std::vector<std::jthread> loop_threads_;
  std::jthread house_thread_;
};

}  // namespace c4a
