#include "base/error.h"

#include <cassert>

namespace c4a {
namespace {

using enum ErrorCode;

const std::vector<ErrorInfo>& table() {
  static const std::vector<ErrorInfo> rows = {
      {kBadRequest, "bad_request", 400, "The request is malformed"},
      {kMalformedJson, "malformed_json", 400, "The body is not valid JSON"},
      {kDuplicateKey, "duplicate_key", 400, "A JSON object holds the same key twice"},
      {kTooDeep, "too_deep", 400, "The JSON is nested too deeply"},
      {kUnsupportedGrantType, "unsupported_grant_type", 400, "The grant type is not supported"},
      {kInvalidRequest, "invalid_request", 400, "A required parameter is missing"},
      {kUnauthorized, "unauthorized", 401, "Credentials are needed"},
      {kInvalidToken, "invalid_token", 401, "The token is not valid"},
      {kInvalidGrant, "invalid_grant", 401, "The credentials are wrong"},
      {kForbidden, "forbidden", 403, "The role does not allow this"},
      {kInsufficientScope, "insufficient_scope", 403, "The key lacks a scope"},
      {kActAsNotAllowed, "act_as_not_allowed", 403, "Only API keys may act for a user"},
      {kNotFound, "not_found", 404, "Not found"},
      {kConversationNotFound, "conversation_not_found", 404, "Conversation not found"},
      {kMessageNotFound, "message_not_found", 404, "Message not found"},
      {kUserNotFound, "user_not_found", 404, "User not found"},
      {kMethodNotAllowed, "method_not_allowed", 405, "Method not allowed"},
      {kRequestTimeout, "request_timeout", 408, "The request did not arrive in time"},
      {kConflict, "conflict", 409, "The request conflicts with the present state"},
      {kMessageIdConflict, "message_id_conflict", 409, "The message id is taken by another message"},
      {kUserExists, "user_exists", 409, "The user id is taken"},
      {kAlreadyMember, "already_member", 409, "The user is already a member"},
      {kLastOwner, "last_owner", 409, "A group needs an owner"},
      {kMessageDeleted, "message_deleted", 409, "The message is deleted"},
      {kRequestInProgress, "request_in_progress", 409, "The first request with this key is still running"},
      {kBodyTooLarge, "body_too_large", 413, "The body is too large"},
      {kUriTooLong, "uri_too_long", 414, "The URI is too long"},
      {kUnsupportedMediaType, "unsupported_media_type", 415, "The media type is not supported"},
      {kHeadersTooLarge, "headers_too_large", 431, "The header fields are too large"},
      {kValidationFailed, "validation_failed", 422, "The request breaks a rule"},
      {kActAsRequired, "act_as_required", 422, "A key must say for whom it acts"},
      {kUnknownUser, "unknown_user", 422, "A user does not exist"},
      {kUnknownChannel, "unknown_channel", 422, "A channel does not exist"},
      {kInvalidCursor, "invalid_cursor", 422, "The cursor is not one of this list"},
      {kIdempotencyKeyReused, "idempotency_key_reused", 422, "The idempotency key was used for another request"},
      {kMembersFixed, "members_fixed", 422, "A private conversation's members cannot change"},
      {kRateLimited, "rate_limited", 429, "Too many requests"},
      {kInternal, "internal", 500, "The server failed"},
      {kNotImplemented, "not_implemented", 501, "Not available in this build"},
      {kUnavailable, "unavailable", 503, "A dependency is down"},
      {kOverloaded, "overloaded", 503, "The server is overloaded"},
      {kCorrupt, "corrupt", 500, "Stored data is damaged"},
      {kUndecided, "undecided", 202, "Accepted, and not decided yet"},
  };
  return rows;
}

}  // namespace

const ErrorInfo& info(ErrorCode code) {
  const auto& row = table()[static_cast<std::size_t>(code)];
  assert(row.code == code && "the error table must follow the enum's order");
  return row;
}

const std::vector<ErrorInfo>& all_errors() { return table(); }

bool retryable(ErrorCode code) {
  const int status = info(code).http_status;
  return status == 429 || status == 503 || status == 408 || code == kRequestInProgress;
}

}  // namespace c4a
