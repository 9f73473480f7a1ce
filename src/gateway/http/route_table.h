#pragma once

// Which handler answers which method and path, and what it asks of the caller: routes as data.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/scope_set.h"
#include "base/result.h"
#include "gateway/http/call.h"
#include "net/http_message.h"

namespace c4a {

enum class Access : std::uint8_t {
  kOpen,      // no credentials
  kOptional,  // credentials are read if they are there
  kUser,      // a user, or a key that acts for one and has the route's scope
  kCaller,    // a user, or a key with the route's scope, acting for nobody
  kKey,       // a key with the route's scope
};

// Runs on a worker thread; may block.
using Handler = std::function<Result<net::HttpResponse>(Call&)>;
// Runs on the event loop; must not block. It answers itself, now or later, on any thread.
class FastReply;  // fast_reply.h
using FastHandler = std::function<void(Call&, FastReply)>;

struct Route {
  std::string method;
  std::string pattern;  // "/v1/users/{user_id}"
  Access access = Access::kUser;
  Scope scope = Scope::kMessages;  // what a key needs
  bool creates = false;            // a POST that honours Idempotency-Key
  Handler handler;
  FastHandler fast;  // instead of `handler`
};

class RouteTable {
 public:
  void add(Route route);

  struct Match {
    const Route* route = nullptr;     // null: see `allowed`
    std::vector<std::string> params;  // decoded
    std::string allowed;              // methods of the path; empty: there is no such path
  };
  // HEAD is answered by GET's route.
  Match match(std::string_view method, std::string_view path) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
  std::vector<std::vector<std::string>> segments_;  // of each route's pattern
};

}  // namespace c4a
