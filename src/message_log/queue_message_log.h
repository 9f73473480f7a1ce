#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "message_log/log_partition.h"
#include "message_log/standing_queue.h"

namespace c4a {

// The embedded log. It keeps nothing on the disk: the router's commit holds a command's effects, and only then is the
// command answered, so what a crash takes was never acknowledged. Not for more than one process.
class QueueMessageLog final : public MessageLog, public LogPartition {
 public:
  struct Options {
    LogPosition last;                     // positions go on after it
    std::size_t waiting_limit = 100'000;  // commands; more are refused with kOverloaded
  };
  // How long a send may wait while more is asked for than the router decides.
  static constexpr std::int64_t kInTimeMs = 150;

  explicit QueueMessageLog(Options options);

  Result<> append(Command command, Completion done) override;
  Result<> admits_send() override;
  void stop() override;
  std::size_t waiting() const override;
  Result<> check() override { return {}; }

  bool next_batch(std::vector<LoggedCommand>& batch, std::size_t most) override;
  void committed(LogPosition position) override;
  // A command is in this log once: whoever asked has the refusal as its answer, and nothing needs to be kept.
  void set_aside(const LoggedCommand&, const Error&) override {}
  bool given_up() const override { return false; }

  // Sends refused because the router is behind. Any thread.
  std::uint64_t shed() const { return shed_.load(std::memory_order_relaxed); }

 private:
  const Options options_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<LoggedCommand> queue_;   // appended
  std::vector<LoggedCommand> taking_;  // the consumer's: what stood in the queue when it last came
  std::size_t taken_ = 0;              // of taking_, from its front
  bool consumer_waits_ = false;
  bool stopped_ = false;
  std::atomic<std::uint64_t> last_;
  std::atomic<std::uint64_t> committed_;
  std::atomic<std::uint64_t> shed_{0};
  StandingQueue standing_{kInTimeMs};
};

}  // namespace c4a
