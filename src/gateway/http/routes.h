#pragma once

// The routes, by subject. Each class takes only what its handlers need; add() puts them into the table.

#include <functional>

#include "auth/signing_keys.h"
#include "auth/token_service.h"
#include "gateway/http/health.h"
#include "gateway/http/route_table.h"
#include "gateway/rate_limiter.h"
#include "message_log/message_log.h"
#include "operations/audit_trail.h"
#include "operations/conversations.h"
#include "operations/history.h"
#include "operations/search.h"
#include "operations/users.h"
#include "presence/presence.h"

namespace c4a {

// /auth/…, /v1/keys, /v1/users/{id}/tokens, /.well-known/jwks.json
struct AuthRoutes {
  TokenService& tokens;
  SigningKeys& signing_keys;
  MetadataStore& metadata;
  AuditTrail& audit;
  RateLimiter& logins;
  const Clock& clock;
  std::int64_t logins_per_minute = 30;
  void add(RouteTable& table);
};

// /v1/users, presence
struct UserRoutes {
  Users& users;
  Presence& presence;
  MetadataStore& metadata;
  MessageStore& store;
  const Clock& clock;
  void add(RouteTable& table);
};

// /v1/conversations…
struct ConversationRoutes {
  Conversations& conversations;
  History& history;
  AuditTrail& audit;
  void add(RouteTable& table);
};

// /v1/messages…, /v1/search
struct MessageRoutes {
  MessageLog& log;
  MessageStore& store;
  History& history;
  Search& search;
  RateLimiter& sends;
  const Clock& clock;
  std::int64_t sends_per_second = 50;
  void add(RouteTable& table);
};

// /health…, /metrics, /openapi.json, /v1/channels, /v1/limits, /v1/audit
struct OperatingRoutes {
  AuditTrail& audit;
  RateLimiter& sends;
  const Clock& clock;
  struct Limit {
    std::string name;
    std::int64_t limit = 0;
    std::string unit;
    std::int64_t window_seconds = 0;
  };
  std::vector<Limit> limits;
  Health& health;
  std::function<bool()> draining;
  void add(RouteTable& table);
};

}  // namespace c4a
