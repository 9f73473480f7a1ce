#pragma once

#include <thread>

#include "message_store/rocks_database.h"

namespace c4a::rocks {

// Gives every conversation of a store of format 1 a floor for its numbering, once, when retention is turned on: only
// then may compactions drop messages. Runs in a thread of its own and goes on at the next start if it was stopped.
class Floors {
 public:
  explicit Floors(Database& database) : database_(database) {}

  // Once; later calls do nothing.
  void start();
  // Until the thread is through, if it runs.
  void wait() {
    const std::lock_guard lock(lock_);
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run(const std::stop_token& stop);
  Result<bool> write_all(const std::stop_token& stop);

  Database& database_;
  std::mutex lock_;  // of thread_
  std::jthread thread_;
};

// The last seq that has a row, hidden or not; 0 without one.
Result<Seq> last_message_seq(Database& database, const ConversationId& id);

}  // namespace c4a::rocks
