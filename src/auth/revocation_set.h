#pragma once

// The revocations that are in force, in memory, so that every request can be checked without I/O.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/result.h"
#include "metadata_store/metadata_store.h"

namespace c4a {

// What a revocation can match of a credential. Every open WebSocket and every cached credential keeps one, so its texts
// are in one string.
class CredentialFacts {
 public:
  // `jti` and `family_id` may be empty; `subject`: user_subject() or key_subject().
  CredentialFacts(std::string_view jti, std::string_view family_id, std::string_view subject, TimestampMs issued_at);

  std::string_view jti() const { return view(0, jti_size_); }
  std::string_view family_id() const { return view(jti_size_, family_size_); }
  std::string_view subject() const { return view(jti_size_ + family_size_, std::string_view::npos); }
  TimestampMs issued_at() const { return issued_at_; }

 private:
  std::string_view view(std::size_t from, std::size_t size) const {
    return std::string_view(texts_).substr(from, size);
  }

  std::string texts_;  // jti, family_id, subject
  std::uint32_t jti_size_;
  std::uint32_t family_size_;
  TimestampMs issued_at_;
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
