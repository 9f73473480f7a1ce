#pragma once

// The HTTP side of the gateway: finds the route, authenticates, runs the handler where it may block, answers.

#include <memory>
#include <string>
#include <vector>

#include "auth/authenticator.h"
#include "base/worker_pool.h"
#include "gateway/http/route_table.h"
#include "metadata_store/metadata_store.h"
#include "net/server.h"

namespace c4a {

struct ApiOptions {
  std::vector<std::string> allowed_origins;  // server.allowed_origins, for CORS and WebSockets
  std::vector<std::string> trusted_proxies;  // whose X-Forwarded-For counts
  bool sockets = true;                       // whether clients may open WebSockets
};

class WebSocketGateway;  // gateway/ws/web_socket_gateway.h
class Api final : public net::Service {
 public:
  Api(Authenticator& authenticator, MetadataStore& metadata, WorkerPool& workers, WebSocketGateway& sockets,
      const Clock& clock, ApiOptions options);
  ~Api() override;

  RouteTable& routes() { return routes_; }

  void on_request(const net::HttpRequest& request, net::HttpReply reply) override;
  bool wants_websocket(const net::HttpRequest& request) override;
  std::unique_ptr<net::WebSocketListener> on_websocket(const net::HttpRequest& request,
                                                       net::WebSocket& socket) override;
  net::HttpResponse on_protocol_error(const Error& error) override;

  struct Running;  // a request between its arrival and its answer

 private:
  friend class FastReply;
  // Empty: the store must be asked, on a worker.
  std::optional<Result<>> authenticate_now(Running& running);
  Result<> authenticate(Running& running);
  Result<> admit(const Running& running) const;
  void dispatch(std::shared_ptr<Running> running);
  void run_on_worker(std::shared_ptr<Running> running);
  Result<net::HttpResponse> run_once_per_key(Running& running);
  void answer(const Running& running, Result<net::HttpResponse> result);
  net::HttpResponse preflight(const Call& call, const std::string& allowed) const;
  void add_common_headers(const Call& call, net::HttpResponse& response) const;
  bool allows_origin(const Call& call) const;

  Authenticator& authenticator_;
  MetadataStore& metadata_;
  WorkerPool& workers_;
  WebSocketGateway& sockets_;
  const Clock& clock_;
  const ApiOptions options_;
  RouteTable routes_;
};

}  // namespace c4a
