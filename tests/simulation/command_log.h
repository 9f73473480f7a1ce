#pragma once

// A log that keeps every command, and readers that each stand somewhere in it. Where they stand is counted through; the
// positions that routers see begin far above with each generation.

#include <map>
#include <set>
#include <vector>

#include "message_log/log_partition.h"

namespace c4a::simulation {

class CommandLog {
 public:
  LogPosition end() const { return {commands_.size()}; }
  LogPosition append(Command command, Completion done);
  const Command& at(LogPosition position) const { return commands_[position.value - 1]; }

  // Answers whoever still waits for the command.
  void answer(LogPosition position, Result<Decision> decision);
  // Nobody is left who could be answered.
  void forget_waiting() { waiting_.clear(); }
  bool waits(LogPosition position) const { return waiting_.contains(position.value); }
  // What is appended from here on is of the next generation, for other routers.
  void begin_generation() { starts_.push_back(commands_.size()); }
  std::size_t generations() const { return starts_.size() + 1; }
  LogPosition start_of(std::size_t generation) const { return {generation == 0 ? 0 : starts_[generation - 1]}; }
  LogPosition end_of(std::size_t generation) const {
    return generation < starts_.size() ? LogPosition{starts_[generation]} : end();
  }

  // Embedded: what was not committed is gone with the process.
  void cut(LogPosition position);

  // Commands that were refused because the store failed, so that nothing of them happened.
  const std::set<std::uint64_t>& refused() const { return refused_; }

 private:
  std::vector<Command> commands_;
  std::map<std::uint64_t, Completion> waiting_;
  std::set<std::uint64_t> refused_;
  std::vector<std::uint64_t> starts_;  // of all generations but the first
};

// One router's place in the log.
class LogReader final : public LogPartition {
 public:
  LogReader(CommandLog& log, LogPosition after, std::size_t generation)
      : log_(log), generation_(generation), begun_(after), read_(after) {}

  std::size_t batch_limit = 1;  // commands in the next batch at most

  // Never waits: false where there is nothing more.
  bool next_batch(std::vector<LoggedCommand>& batch, std::size_t most) override;
  void committed(LogPosition position) override { committed_ = {position.value % kGeneration}; }
  void set_aside(const LoggedCommand&, const Error&) override {}
  bool given_up() const override { return false; }
  std::size_t waiting() const { return log_.end_of(generation_).value - read_.value; }
  // All of its generation is read, and durable.
  bool drained() const { return waiting() == 0 && (committed_ >= read_ || read_ == begun_); }
  LogPosition committed_position() const { return committed_; }
  LogPosition read_position() const { return read_; }

 private:
  static constexpr std::uint64_t kGeneration = 1 << 24;  // commands of one at most

  CommandLog& log_;
  const std::size_t generation_;
  const LogPosition begun_;
  LogPosition read_;
  LogPosition committed_;
};

}  // namespace c4a::simulation
