#include "gateway/http/idempotency.h"

#include <algorithm>

#include "auth/api_key.h"

namespace c4a {
namespace {

constexpr std::size_t kMaxKeyCharacters = 255;

IdempotencyId id_of(const Call& call) {
  std::string caller = call.identity ? call.identity->actor() : "anyone";
  if (call.identity && call.identity->user_id) caller += " for " + call.identity->user_id->text;
  return {std::move(caller), call.method + " " + call.path, call.idempotency_key};
}

}  // namespace

Result<net::HttpResponse> run_idempotent(MetadataStore& metadata, Call& call, TimestampMs now, const Handler& handler) {
  const bool printable = std::ranges::all_of(call.idempotency_key, [](char c) { return c >= 0x20 && c <= 0x7E; });
  if (!printable || call.idempotency_key.size() > kMaxKeyCharacters) {
    return fail_field("Idempotency-Key", "must have at most 255 printable ASCII characters");
  }
  const IdempotencyId id = id_of(call);
  C4A_TRY(auto begun, metadata.begin_idempotent(id, secret_hash(call.body), now));
  switch (begun.kind) {
    case IdempotencyBegin::Kind::kReplay: {
      net::HttpResponse response;
      response.status = begun.response.status;
      response.content_type = std::move(begun.response.headers);
      response.body = std::move(begun.response.body);
      return response;
    }
    case IdempotencyBegin::Kind::kRunning:
      return fail(Error{ErrorCode::kRequestInProgress,
                        "The first request with this Idempotency-Key is still running; "
                        "send it again in a second.",
                        {},
                        1});
    case IdempotencyBegin::Kind::kOtherBody:
      return fail_field("Idempotency-Key", "was used with another body; take a new key for another request",
                        ErrorCode::kIdempotencyKeyReused);
    case IdempotencyBegin::Kind::kStarted:
      break;
  }
  auto result = handler(call);
  if (result && result->status < 300) {
    C4A_CHECK(metadata.finish_idempotent(id, {result->status, result->content_type, result->body}));
  } else {
    C4A_CHECK(metadata.abandon_idempotent(id));
  }
  return result;
}

}  // namespace c4a
