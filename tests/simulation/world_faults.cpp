// What goes wrong in a run.

#include <fmt/format.h>

#include "world.h"

namespace c4a::simulation {

// Sets something up that will go wrong soon.
void World::fault() {
  const std::size_t roll = random_.below(100);
  if (roll < 40) {
    crash_in_ = random_.below(12);
    trace(fmt::format("a crash comes {} points from now", *crash_in_));
    return;
  }
  if (!distributed() || roll < 50) {
    // Behind a shared log the router tries again: a command is never skipped.
    (roll % 3 != 0 ? fail_commit_ : fail_read_) = true;
    trace(roll % 3 != 0 ? "the next commit fails" : "the next read fails");
    return;
  }
  if (roll < 55 && log_.generations() == generation_ + 1) {
    trace("the partitions change: what comes now is of the next generation");
    log_.begin_generation();
  } else if (zombie_ && roll < 70) {
    trace("the former owner ends");
    zombie_.reset();
  } else if (!zombie_) {
    // Another takes over from what is committed, or from before; the former one does not know.
    const LogPosition from = somewhere_before(owner_->reader.committed_position());
    trace(fmt::format("a new owner begins at {}, the former one goes on from {}", from.value,
                      owner_->reader.read_position().value));
    outcome_.replayed += owner_->reader.read_position().value - from.value;
    zombie_ = std::exchange(owner_, std::make_unique<Process>(*this, from, generation_));
  } else {
    route(*zombie_, 1 + random_.below(8));
  }
}

// Offsets may be behind; a partition's first command is the first of its generation.
LogPosition World::somewhere_before(LogPosition committed) {
  const LogPosition from{committed.value - std::min<std::uint64_t>(committed.value, random_.below(10))};
  return std::max(from, log_.start_of(generation_));
}

// A point at which the process may end.
void World::danger() {
  if (!crash_in_ || resting_) return;
  if ((*crash_in_)-- != 0) return;
  crash_in_.reset();
  throw Crash{};
}

Result<> World::at_store(VersionedStore::Point point) {
  if (resting_ || running_ == nullptr) return {};
  if (std::exchange(fail_read_, fail_read_ && point != VersionedStore::Point::kRead) && !fail_read_) {
    crash_in_.reset();  // the answer says which command it was, so that the log can be decided again at the end
    return fail(ErrorCode::kUnavailable, "the store does not answer");
  }
  if (point == VersionedStore::Point::kCommit && std::exchange(fail_commit_, false)) {
    return fail(ErrorCode::kUnavailable, "the store does not answer");
  }
  danger();
  if (distributed() && point == VersionedStore::Point::kPartStored && random_.percent(30)) sessions_look();
  if (zombie_ && random_.percent(20)) let_the_other_run();
  return {};
}

// One owner is stopped in the middle of what it does, for long enough that the other does something.
void World::let_the_other_run() {
  Process* const other = running_ == owner_.get() ? zombie_.get() : owner_.get();
  static thread_local int depth = 0;
  if (depth != 0) return;
  ++depth;
  trace(other == owner_.get() ? "  meanwhile the owner runs" : "  meanwhile the former owner runs");
  try {
    route(*other, 1 + random_.below(8));
  } catch (const Crash&) {
    --depth;
    throw;
  }
  --depth;
}

// Embedded: the whole process is gone, with every socket and all that was not committed. Distributed: the owner is
// gone, and another one begins at what it had committed, or before.
void World::crash() {
  ++outcome_.crashes;
  running_ = nullptr;
  if (zombie_ && zombie_->dead) zombie_.reset();
  if (distributed()) {
    if (!owner_->dead) return;
    const LogPosition from = somewhere_before(owner_->reader.committed_position());
    trace(fmt::format("CRASH of the owner; the next begins at {}", from.value));
    outcome_.replayed += owner_->reader.read_position().value - from.value;
    owner_ = std::make_unique<Process>(*this, from, generation_);
    return;
  }
  const LogPosition committed = store_.committed_position().value();
  trace(fmt::format("CRASH; what is committed ends at {}", committed.value));
  log_.cut(committed);
  owner_ = std::make_unique<Process>(*this, committed, generation_);
  for (auto& client : clients_) {
    client.session.reset();
    client.outgoing.clear();
  }
  for (const std::size_t number : std::exchange(in_flight_, {})) checker_.lost(number);
}

}  // namespace c4a::simulation
