#pragma once

// The revocations that are in force, in memory, so that every request can be checked without I/O.

#include <atomic>
#include <cstdint>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/result.h"
#include "metadata_store/metadata_store.h"

namespace c4a {

// What a revocation can match of a credential.
struct CredentialFacts {
  std::string jti;        // empty where it has none
  std::string family_id;  // as text; empty where it has none
  std::string subject;    // user_subject() or key_subject()
  TimestampMs issued_at = 0;
};

// Any thread may call any method.
class RevocationSet {
 public:
  // Adds what the store has recorded since the last load. Call at the start; where several processes share a store,
  // call it every second. Also forgets what has expired.
  Result<> load(MetadataStore& store, TimestampMs now);

  // In force when it returns.
  void add(const Revocation& revocation);

  bool refuses(const CredentialFacts& facts) const;
  // Credentials of the subject that were issued until then are refused; -1 where there is nothing.
  TimestampMs not_before(std::string_view subject) const;
  // Grows with every revocation: whether any came during a longer piece of work.
  std::uint64_t changes() const { return changes_.load(); }

 private:
  struct Stored {
    TimestampMs not_before = 0;
    TimestampMs expires_at = 0;
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Map = std::unordered_map<std::string, Stored, TextHash, std::equal_to<>>;

  Map& map_of(Revocation::Kind kind);
  void add_locked(const Revocation& revocation);
  TimestampMs not_before_locked(std::string_view subject) const;

  mutable std::shared_mutex mutex_;
  Map tokens_;
  Map families_;
  Map subjects_;
  TimestampMs loaded_at_ = 0;
  std::atomic<std::uint64_t> changes_ = 0;
};

}  // namespace c4a
