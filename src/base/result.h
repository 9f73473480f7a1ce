#pragma once

// Result<T>: the one way in which something that can go wrong at run time answers.

#include <expected>
#include <string>
#include <utility>

#include "base/error.h"

namespace c4a {

template <class T = void>
using Result = std::expected<T, Error>;

// `return fail(ErrorCode::kNotFound, "…")` in any function that returns a Result.
inline std::unexpected<Error> fail(ErrorCode code, std::string detail = {}) {
  return std::unexpected(Error{code, std::move(detail), {}, {}});
}

// A 422 that names one field.
inline std::unexpected<Error> fail_field(std::string pointer, std::string detail,
                                         ErrorCode code = ErrorCode::kValidationFailed) {
  Error error{code, detail, {}, {}};
  error.fields.push_back({std::move(pointer), std::move(detail)});
  return std::unexpected(std::move(error));
}

inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }

}  // namespace c4a

#define C4A_CONCAT_INNER(a, b) a##b
#define C4A_CONCAT(a, b) C4A_CONCAT_INNER(a, b)

// C4A_TRY(auto x, expression): binds the value, or returns the error to the caller.
#define C4A_TRY(declaration, expression)                                          \
  auto C4A_CONCAT(c4a_result_, __LINE__) = (expression);                          \
  if (!C4A_CONCAT(c4a_result_, __LINE__))                                         \
    return std::unexpected(std::move(C4A_CONCAT(c4a_result_, __LINE__).error())); \
  declaration = std::move(*C4A_CONCAT(c4a_result_, __LINE__))

// C4A_CHECK(expression): the same for a Result<void>.
#define C4A_CHECK(expression) \
  if (auto c4a_status = (expression); !c4a_status) return std::unexpected(std::move(c4a_status.error()))
