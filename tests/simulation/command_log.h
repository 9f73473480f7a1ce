#pragma once

// A log that keeps every command, and readers that each stand somewhere in it.

#include <map>
#include <set>

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
  // Embedded: what was not committed is gone with the process.
  void cut(LogPosition position);

  // Commands that were refused because the store failed, so that nothing of them happened.
  const std::set<std::uint64_t>& refused() const { return refused_; }

 private:
  std::vector<Command> commands_;
  std::map<std::uint64_t, Completion> waiting_;
  std::set<std::uint64_t> refused_;
};

// One router's place in the log.
class LogReader final : public LogPartition {
 public:
  LogReader(CommandLog& log, LogPosition after) : log_(log), read_(after) {}

  std::size_t batch_limit = 1;  // commands in the next batch at most

  // Never waits: false where there is nothing more.
  bool next_batch(std::vector<LoggedCommand>& batch, std::size_t most) override;
  void committed(LogPosition position) override { committed_ = position; }
  void set_aside(const LoggedCommand&, const Error&) override {}
  bool given_up() const override { return false; }
  std::size_t waiting() const { return log_.end().value - read_.value; }
  LogPosition committed_position() const { return committed_; }
  LogPosition read_position() const { return read_; }

 private:
  CommandLog& log_;
  LogPosition read_;
  LogPosition committed_;
};

}  // namespace c4a::simulation
