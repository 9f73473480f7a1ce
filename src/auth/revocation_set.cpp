#include "auth/revocation_set.h"

#include <algorithm>
#include <mutex>

#include "base/planted_bug.h"

namespace c4a {

CredentialFacts::CredentialFacts(std::string_view jti, std::string_view family_id, std::string_view subject,
                                 TimestampMs issued_at)
    : jti_size_(static_cast<std::uint32_t>(jti.size())),
      family_size_(static_cast<std::uint32_t>(family_id.size())),
      issued_at_(issued_at) {
  texts_.reserve(jti.size() + family_id.size() + subject.size());
  texts_.append(jti).append(family_id).append(subject);
}

namespace {

// Other processes have other clocks, and a record is stamped a moment before it can be read.
constexpr TimestampMs kOverlapMs = 60'000;

}  // namespace

Result<> RevocationSet::load(MetadataStore& store, TimestampMs now) {
  TimestampMs from = 0;
  {
    const std::shared_lock guard(mutex_);
    from = std::max<TimestampMs>(0, loaded_at_ - kOverlapMs);
    if (planted(PlantedBug::kRevocationsNotRead) && loaded_at_ != 0) return {};
  }
  C4A_TRY(const auto revocations, store.revocations(now, from));
  const std::unique_lock guard(mutex_);
  for (const auto& revocation : revocations) add_locked(revocation);
  for (Map* map : {&tokens_, &families_, &subjects_}) {
    std::erase_if(*map, [&](const auto& entry) { return entry.second.expires_at <= now; });
  }
  loaded_at_ = now;
  return {};
}

void RevocationSet::add(const Revocation& revocation) {
  const std::unique_lock guard(mutex_);
  add_locked(revocation);
}

RevocationSet::Map& RevocationSet::map_of(Revocation::Kind kind) {
  switch (kind) {
    case Revocation::Kind::kToken:
      return tokens_;
    case Revocation::Kind::kFamily:
      return families_;
    case Revocation::Kind::kSubject:
      return subjects_;
  }
  return subjects_;
}

void RevocationSet::add_locked(const Revocation& revocation) {
  Stored& stored = map_of(revocation.kind)[revocation.id];
  stored.not_before = std::max(stored.not_before, revocation.not_before);
  stored.expires_at = std::max(stored.expires_at, revocation.expires_at);
  ++changes_;
}

bool RevocationSet::refuses(const CredentialFacts& facts) const {
  const std::shared_lock guard(mutex_);
  if (!facts.jti().empty() && tokens_.contains(facts.jti())) return true;
  if (!facts.family_id().empty() && families_.contains(facts.family_id())) return true;
  return facts.issued_at() <= not_before_locked(facts.subject());
}

TimestampMs RevocationSet::not_before(std::string_view subject) const {
  const std::shared_lock guard(mutex_);
  return not_before_locked(subject);
}

TimestampMs RevocationSet::not_before_locked(std::string_view subject) const {
  const auto found = subjects_.find(subject);
  return found == subjects_.end() ? -1 : found->second.not_before;
}

}  // namespace c4a
