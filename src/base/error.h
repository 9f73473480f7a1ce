#pragma once

// The errors that Chat4All can answer with, and the one table that turns them into problem documents.
//
// A code is stable: integrators switch on its name. Adding one means one line in the enum and one in the table
// (error.cpp); the OpenAPI file lists the same names.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace c4a {

enum class ErrorCode : std::uint8_t {
  // 400
  kBadRequest,
  kMalformedJson,
  kDuplicateKey,
  kTooDeep,
  kUnsupportedGrantType,
  kInvalidRequest,
  // 401
  kUnauthorized,
  kInvalidToken,
  kInvalidGrant,
  // 403
  kForbidden,
  kInsufficientScope,
  kActAsNotAllowed,
  // 404, 405, 408
  kNotFound,
  kConversationNotFound,
  kMessageNotFound,
  kUserNotFound,
  kMethodNotAllowed,
  kRequestTimeout,
  // 409
  kConflict,
  kMessageIdConflict,
  kUserExists,
  kAlreadyMember,
  kLastOwner,
  kMessageDeleted,
  kRequestInProgress,
  // 411, 413, 414, 415, 431
  kBodyTooLarge,
  kUriTooLong,
  kUnsupportedMediaType,
  kHeadersTooLarge,
  // 422
  kValidationFailed,
  kActAsRequired,
  kUnknownUser,
  kUnknownChannel,
  kInvalidCursor,
  kIdempotencyKeyReused,
  kMembersFixed,
  // 429
  kRateLimited,
  // 500, 501, 503
  kInternal,
  kNotImplemented,
  kUnavailable,
  kOverloaded,
  // Never answered to a client: what an operator must look at.
  kCorrupt,
  // No problem: the change is safe in the log and will happen, but what became of it is not known yet. Answered as 202.
  kUndecided,
};

struct FieldError {
  std::string pointer;  // RFC 6901 into the request body, or "?limit" for a query parameter
  std::string detail;
  bool operator==(const FieldError&) const = default;
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string detail;                // one sentence for whoever must act on it, with the way out
  std::vector<FieldError> fields{};  // for 422: what is wrong where
  std::optional<int> retry_after_s{};
};

struct ErrorInfo {
  ErrorCode code;
  std::string_view name;  // the `code` member of a problem document
  int http_status;
  std::string_view title;
};

// The table's row for a code.
const ErrorInfo& info(ErrorCode code);

// Every row, in the order of the enum: for the OpenAPI check and the reference pages.
const std::vector<ErrorInfo>& all_errors();

// Whether sending the same request again, unchanged, may succeed.
bool retryable(ErrorCode code);

}  // namespace c4a
