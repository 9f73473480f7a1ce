// Measures commits into a Cassandra cluster; it is no test.
//
//   cassandra_bench HOSTS SECONDS [THREADS [MESSAGES CONVERSATIONS]]
//
// Each commit holds so many messages (100) of 200 bytes in so many conversations (20); one that fails is made again, as
// the router does it. Each thread has conversations of its own.
// At the end everything is read back. Makes the keyspace c4a_test_bench and leaves it.

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "message_store/cassandra/open.h"

namespace c4a {
namespace {

struct Shape {
  int messages = 100;
  int conversations = 20;
};

constexpr std::size_t kBodyBytes = 200;

struct Totals {
  std::atomic<std::uint64_t> commits{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::int64_t> longest_us{0};
};

std::int64_t cpu_us() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto us = [](const timeval& time) { return time.tv_sec * 1'000'000 + time.tv_usec; };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

// One partition's router: conversations of its own, one commit after the other.
class Writer {
 public:
  Writer(MessageStore& store, Shape shape, Totals& totals) : store_(store), shape_(shape), totals_(totals) {
    for (int i = 0; i < shape.conversations; ++i) {
      Conversation& head = heads_.emplace_back();
      head.id = ConversationId::v7(system_clock().now_ms());
      head.created_by = {"alice"};
    }
  }

  void commit() {
    const Rows rows = next();
    const std::int64_t begun = system_clock().monotonic_us();
    while (!store_.commit(rows, {position_})) totals_.failed.fetch_add(1);
    const std::int64_t took = system_clock().monotonic_us() - begun;
    std::int64_t longest = totals_.longest_us.load();
    while (took > longest && !totals_.longest_us.compare_exchange_weak(longest, took)) {
    }
    totals_.commits.fetch_add(1);
  }

  // Messages that are not as they were written.
  std::uint64_t missing() {
    std::uint64_t found = 0;
    std::uint64_t written = 0;
    for (const Conversation& head : heads_) {
      written += head.last_seq.value;
      const auto read = store_.scan_back(head.id, {}, {~std::uint64_t{0}}, [&](const Message& message) {
        found += message.payload.size() == kBodyBytes ? 1 : 0;
        return true;
      });
      if (!read) fmt::print("{}\n", read.error().detail);
    }
    return written - found;
  }

 private:
  Rows next() {
    Rows rows;
    const TimestampMs now = system_clock().now_ms();
    for (int i = 0; i < shape_.messages; ++i) {
      Conversation& head = heads_[static_cast<std::size_t>(i % shape_.conversations)];
      head.last_seq = head.last_seq.next();
      head.applied = {++position_};
      Message& message = rows.messages.emplace_back();
      message.message_id = MessageId::v7(now);
      message.conversation_id = head.id;
      message.seq = head.last_seq;
      message.from = {"alice"};
      message.created_at = message.routed_at = now;
      message.payload = std::string(kBodyBytes, 'x');
    }
    rows.conversations = heads_;
    return rows;
  }

  MessageStore& store_;
  Shape shape_;
  Totals& totals_;
  std::vector<Conversation> heads_;
  std::uint64_t position_ = 0;
};

int run(const std::string& hosts, int seconds, int threads, Shape shape) {
  CassandraOptions options;
  options.hosts = hosts;
  options.keyspace = "c4a_test_bench";
  options.counters = std::make_shared<CassandraCounters>();
  if (const auto made = create_cassandra_schema(options); !made) return fmt::print("{}\n", made.error().detail), 1;
  const auto store = open_cassandra_message_store(options);
  if (!store) return fmt::print("{}\n", store.error().detail), 1;
  Totals totals;
  std::vector<Writer> writers;
  for (int i = 0; i < threads; ++i) writers.emplace_back(**store, shape, totals);
  const std::int64_t begun = system_clock().monotonic_us();
  const std::int64_t cpu_before = cpu_us();
  {
    std::vector<std::jthread> running;
    for (Writer& writer : writers) {
      running.emplace_back([&writer, end = begun + seconds * 1'000'000LL] {
        while (system_clock().monotonic_us() < end) writer.commit();
      });
    }
  }
  const double wall = static_cast<double>(system_clock().monotonic_us() - begun) / 1e6;
  const double cpu = static_cast<double>(cpu_us() - cpu_before);
  const auto commits = static_cast<double>(totals.commits.load());
  const double count = commits * shape.messages;
  fmt::print("{} threads: {:.1f} commits/s, {:.0f} messages/s, {:.1f} us of our CPU a message, longest {:.0f} ms\n",
             threads, commits / wall, count / wall, cpu / count, static_cast<double>(totals.longest_us.load()) / 1e3);
  fmt::print("{:.0f} messages in all, a commit takes {:.1f} ms\n", count, wall * 1e3 * threads / commits);
  const CassandraCounters& counters = *options.counters;
  fmt::print("{} failed; {} writes in {} requests, {} rows, {} retries, {} failed attempts\n", totals.failed.load(),
             counters.writes.load(), counters.write_requests.load(), counters.rows.load(), counters.retries.load(),
             counters.failures.load());
  std::uint64_t missing = 0;
  for (Writer& writer : writers) missing += writer.missing();
  fmt::print("{} messages missing\n", missing);
  return missing == 0 ? 0 : 1;
}

}  // namespace
}  // namespace c4a

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: cassandra_bench HOSTS SECONDS [THREADS [MESSAGES CONVERSATIONS]]\n");
    return 2;
  }
  c4a::Shape shape;
  if (argc > 5) shape = {std::max(1, std::atoi(argv[4])), std::max(1, std::atoi(argv[5]))};
  return c4a::run(argv[1], std::atoi(argv[2]), argc > 3 ? std::atoi(argv[3]) : 1, shape);
}
