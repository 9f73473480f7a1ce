#pragma once

#include "gateway/http/route_table.h"
#include "metadata_store/metadata_store.h"

namespace c4a {

// Runs `handler` at most once for the caller, path and Idempotency-Key of `call` within 24 h: the first success is
// replayed whole, an error leaves the key free. Blocks: for worker threads. Fails with: kIdempotencyKeyReused,
// kRequestInProgress, kValidationFailed for a bad key, and as the handler.
Result<net::HttpResponse> run_idempotent(MetadataStore& metadata, Call& call, TimestampMs now, const Handler& handler);

}  // namespace c4a
