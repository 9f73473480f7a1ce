#include "file_store/file_store.h"

#include <fmt/format.h>

namespace c4a {

Result<> validate(const NewUpload& upload) {
  if (upload.size > kMaxFileBytes) {
    return fail(ErrorCode::kBodyTooLarge, fmt::format("A file has at most {} bytes.", kMaxFileBytes));
  }
  if (upload.chunk_size == 0 || chunk_count(upload.size, upload.chunk_size) > kMaxFileChunks) {
    return fail(
        ErrorCode::kValidationFailed,
        fmt::format("The chunk size must be at least 1, and so that the file has at most {} chunks.", kMaxFileChunks));
  }
  return {};
}

}  // namespace c4a
