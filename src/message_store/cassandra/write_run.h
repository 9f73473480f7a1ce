#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>
#include <span>
#include <vector>

#include "message_store/cassandra/cql_session.h"

namespace c4a::cassandra {

// Brings batches to the store, all at once, each until it is acknowledged: an error means "maybe", and with its own
// timestamp a row may be written as often as one likes. Pauses grow, and differ from thread to thread.
class WriteRun {
 public:
  explicit WriteRun(CqlSession& session) : session_(session), random_(std::random_device{}()) {}

  // Returns when every batch is acknowledged, or one was refused, or one has failed for commit_deadline_ms. Also then
  // nothing is under way any more.
  // Fails with: kUnavailable: any of them may be written; kInternal: Cassandra refused one.
  Result<> write(std::span<const Batch* const> batches);

 private:
  struct Answer {
    std::size_t batch;
    Result<RowSet> result;
  };
  // What the driver's thread hands over.
  struct Answers {
    std::mutex lock;
    std::condition_variable some;
    std::vector<Answer> list;
  };
  struct Attempt {
    std::size_t batch;
    int failures = 0;
    std::int64_t deadline_us = 0;
    std::int64_t due_us = 0;  // of the next try
  };

  void send(std::span<const Batch* const> batches, std::span<const std::size_t> which);
  void send_due(std::span<const Batch* const> batches);
  std::vector<Answer> wait_for_answers();
  void take(Answer answer);
  std::int64_t pause_us(int failures);

  CqlSession& session_;
  std::shared_ptr<Answers> answers_ = std::make_shared<Answers>();
  std::vector<Attempt> attempts_;
  std::vector<std::size_t> waiting_;  // for their next try
  std::size_t under_way_ = 0;
  Result<> failed_;
  std::minstd_rand random_;
};

}  // namespace c4a::cassandra
