#pragma once

// One request as a handler sees it: owned, authenticated, its path parameters taken out.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/identity.h"
#include "base/json_reader.h"
#include "domain/ids.h"
#include "net/http_message.h"
#include "operations/cursor.h"
#include "telemetry/trace_context.h"

namespace c4a {

struct Call {
  std::string method;
  std::string path;
  std::string query;
  std::string body;
  std::string content_type;
  std::string authorization;
  std::string act_as;
  std::string device_id;
  std::string idempotency_key;
  std::string origin;
  std::string host;
  std::string client_address;  // behind trusted proxies, the client's own
  bool local = false;
  bool secure = false;
  std::vector<std::string> params;  // of the path, decoded, in order
  std::optional<Identity> identity;
  TraceContext trace;
  std::string request_id;

  // Whoever the request acts for. Fails with: kActAsRequired.
  Result<UserId> user() const { return acting_user(*identity); }
  const Identity& caller() const { return *identity; }
  Result<DeviceId> device() const;

  // The body as a JSON object. Fails with: kUnsupportedMediaType, and as parse_json_object.
  Result<JsonObject> json() const;
  // The same where a body may be left out: an empty object then.
  Result<JsonObject> json_or_empty() const;

  // The decoded query parameter, if it is there. Fails with: kBadRequest for broken encoding.
  Result<std::optional<std::string>> parameter(std::string_view name) const;
  // ?name= as a whole number. Fails with: kValidationFailed.
  Result<std::optional<std::uint64_t>> number(std::string_view name) const;
  // ?limit= and ?cursor=. Fails with: kValidationFailed.
  Result<PageRequest> page() const;

  // Path parameters as ids; one of a wrong form answers like what does not exist.
  Result<ConversationId> conversation_param(std::size_t index) const;
  Result<MessageId> message_param(std::size_t index) const;
  Result<UserId> user_param(std::size_t index) const;
};

Call make_call(const net::HttpRequest& request);

}  // namespace c4a
