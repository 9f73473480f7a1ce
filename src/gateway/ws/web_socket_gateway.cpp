#include "gateway/ws/web_socket_gateway.h"

#include <algorithm>

#include "gateway/ws/client_connection.h"

namespace c4a {

bool WebSocketGateway::allows_origin(const net::HttpRequest& request) const {
  const auto origin = request.header("origin");
  if (!origin) return true;
  const auto& allowed = options_.allowed_origins;
  if (std::ranges::find(allowed, *origin) != allowed.end() || std::ranges::find(allowed, "*") != allowed.end()) {
    return true;
  }
  const std::string host(request.header("host").value_or(""));
  return *origin == "http://" + host || *origin == "https://" + host;
}

std::unique_ptr<net::WebSocketListener> WebSocketGateway::accept(const net::HttpRequest& request,
                                                                 net::WebSocket& socket) {
  auto connection = std::make_unique<ClientConnection>(*this, socket);
  if (!allows_origin(request)) {
    socket.close(kCloseOrigin, "this origin is not allowed");
    return connection;
  }
  const auto authorization = request.header("authorization");
  const auto device = DeviceId::parse(request.header("x-device-id").value_or(""));
  if (!device) {
    socket.close(kCloseAuth, "X-Device-Id must have at most 128 printable characters");
  } else if (authorization) {
    connection->authenticate(std::string(*authorization), std::string(request.header("x-act-as").value_or("")),
                             *device);
  } else {
    connection->wait_for_auth();
  }
  return connection;
}

}  // namespace c4a
