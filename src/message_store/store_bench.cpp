// What RocksMessageStore costs: `store_bench DIRECTORY [commit|read|reopen]…` (default: all). It makes and removes
// DIRECTORY/store. Build it in release, and run it on a machine that has nothing else to do.

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "message_store/message_store_rows.h"
#include "message_store/rocks_message_store.h"

namespace c4a {
namespace {

double seconds(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

struct Stopwatch {
  double wall = seconds(CLOCK_MONOTONIC);
  double thread = seconds(CLOCK_THREAD_CPUTIME_ID);
  double process = seconds(CLOCK_PROCESS_CPUTIME_ID);

  double wall_s() const { return seconds(CLOCK_MONOTONIC) - wall; }
  double thread_s() const { return seconds(CLOCK_THREAD_CPUTIME_ID) - thread; }
  double process_s() const { return seconds(CLOCK_PROCESS_CPUTIME_ID) - process; }
};

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "store_bench: {}\n", why);
  std::exit(1);
}

std::unique_ptr<RocksMessageStore> open_store(const std::string& path) {
  RocksMessageStoreOptions options;
  options.path = path;
  auto store = RocksMessageStore::open(std::move(options));
  if (!store) give_up(store.error().detail);
  return std::move(*store);
}

void remove_store(const std::string& path) { std::filesystem::remove_all(path); }

// One-to-one conversations in which messages are sent and acknowledged: what the router commits for them.
class Traffic {
 public:
  Traffic(std::size_t conversations, bool with_rows) : with_rows_(with_rows), seqs_(conversations), random_(1) {
    for (std::size_t i = 0; i < conversations; ++i) ids_.push_back({Uuid::from_name(fmt::format("{}", i))});
    for (char& byte : payload_) byte = "abcdefghijklmnopqrstuvwxyz   etaoinshrdlu"[random_() % 41];
  }

  const Rows& next(std::size_t messages) {
    rows_.clear();
    touched_.clear();
    for (std::size_t i = 0; i < messages; ++i) add_message(random_() % ids_.size());
    // As the router does: a member's progress once a commit.
    for (const std::size_t conversation : touched_) {
      const std::uint64_t seq = seqs_[conversation];
      rows_.progress.push_back({ids_[conversation], {"bob-12345"}, {{seq}, {}, {{{"phone"}, {seq}, {1}}}}});
    }
    return rows_;
  }
  const std::vector<ConversationId>& ids() const { return ids_; }

 private:
  void add_message(std::size_t conversation) {
    const std::uint64_t seq = ++seqs_[conversation];
    if (seq == 1 && with_rows_) {
      Conversation row = test::conversation(0);
      row.id = ids_[conversation];
      rows_.conversations.push_back(row);
      for (const char* user : {"alice-12345", "bob-12345"}) {
        rows_.members.push_back(test::member(0, user));
        rows_.members.back().conversation_id = ids_[conversation];
      }
    }
    Message message = test::message(0, 1, "alice-12345");
    message.conversation_id = ids_[conversation];
    message.seq = {seq};
    for (auto& byte : message.message_id.uuid.bytes) byte = static_cast<std::uint8_t>(random_());
    for (auto& byte : message.digest) byte = static_cast<std::uint8_t>(random_());
    message.payload = payload_;
    std::shuffle(message.payload.begin(), message.payload.begin() + 100, random_);
    message.created_at = 1'700'000'000'000 + static_cast<TimestampMs>(++made_ / 50);
    message.routed_at = message.created_at + 1;
    rows_.moves.push_back({ids_[conversation], {"bob-12345"}, HorizonMove::Kind::kDelivered, {seq}, message.routed_at});
    rows_.messages.push_back(std::move(message));
    touched_.insert(conversation);
  }

  const bool with_rows_;
  std::vector<ConversationId> ids_;
  std::vector<std::uint64_t> seqs_;
  std::mt19937_64 random_;
  std::string payload_ = std::string(300, ' ');
  std::uint64_t made_ = 0;
  std::set<std::size_t> touched_;
  Rows rows_;
};

void commit_or_give_up(RocksMessageStore& store, const Rows& rows, std::uint64_t position) {
  if (const auto committed = store.commit(rows, {position}); !committed) give_up(committed.error().detail);
}

void bench_commits(const std::string& path) {
  fmt::print("commits: one-to-one, 300-byte payloads, each message acknowledged in the same commit\n");
  fmt::print("{:>13} {:>6} {:>9} {:>12} {:>14} {:>15} {:>17}\n", "conversations", "batch", "messages", "messages/s",
             "us per commit", "writer us/msg", "all threads us/msg");
  for (const std::size_t conversations : {10'000U, 1'000'000U}) {
    for (const std::size_t batch : {1U, 16U, 128U, 1024U}) {
      remove_store(path);
      auto store = open_store(path);
      Traffic traffic(conversations, false);
      const std::size_t messages = batch == 1 ? 5'000 : batch == 16 ? 80'000 : 1'000'000;
      double wall = 0;
      double writer = 0;
      double building = 0;
      const Stopwatch all;
      for (std::size_t sent = 0; sent < messages; sent += batch) {
        const Stopwatch build;
        const Rows& rows = traffic.next(batch);
        building += build.thread_s();
        const Stopwatch watch;
        commit_or_give_up(*store, rows, sent + 1);
        wall += watch.wall_s();
        writer += watch.thread_s();
      }
      const auto n = static_cast<double>(messages);
      fmt::print("{:>13} {:>6} {:>9} {:>12.0f} {:>14.0f} {:>15.2f} {:>17.2f}\n", conversations, batch, messages,
                 n / wall, wall / (n / static_cast<double>(batch)) * 1e6, writer / n * 1e6,
                 (all.process_s() - building) / n * 1e6);
      std::fflush(stdout);
    }
  }
  remove_store(path);
}

template <class Read>
void report_reads(const char* what, std::size_t count, const Read& read) {
  const Stopwatch watch;
  for (std::size_t i = 0; i < count; ++i) read(i);
  fmt::print("  {:<58} {:>8.2f} us CPU {:>8.2f} us\n", what, watch.thread_s() / static_cast<double>(count) * 1e6,
             watch.wall_s() / static_cast<double>(count) * 1e6);
}

void bench_pages(RocksMessageStore& store) {
  Rows rows;
  const ConversationId id{Uuid::from_name("long")};
  const std::string payload = R"({"type":"text","text":")" + std::string(270, 'x') + "\"}";
  for (std::uint64_t seq = 1; seq <= 100'000; ++seq) {
    Message message = test::message(0, seq, "alice-12345");
    message.conversation_id = id;
    message.payload = payload;
    rows.messages.push_back(std::move(message));
    if (seq % 1'000 == 0) {
      commit_or_give_up(store, rows, seq);
      rows.clear();
    }
  }
  for (const char* where : {"fresh", "compacted"}) {
    for (int run = 0; run < 2; ++run) {
      const Stopwatch watch;
      std::size_t read = 0;
      for (Seq after;;) {
        const auto page = store.messages_after(id, after, {~std::uint64_t{0}}, 500);
        if (!page || page->empty()) break;
        after = page->back().seq;
        read += page->size();
      }
      if (run == 1) {
        fmt::print("  100,000 messages in pages of 500, {:<10} {:>10.0f} messages/s of CPU, {:.0f} ms\n", where,
                   static_cast<double>(read) / watch.thread_s(), watch.wall_s() * 1e3);
      }
    }
    if (where[0] == 'f') [[maybe_unused]]
      const auto done = store.compact();
  }
}

void bench_reads(const std::string& path) {
  remove_store(path);
  auto store = open_store(path);
  Traffic traffic(100'000, true);
  std::vector<std::pair<ConversationId, MessageId>> sent;
  for (std::uint64_t commit = 1; commit <= 1'000; ++commit) {
    const Rows& rows = traffic.next(1'000);
    for (std::size_t i = 0; i < 10; ++i)
      sent.emplace_back(rows.messages[i].conversation_id, rows.messages[i].message_id);
    commit_or_give_up(*store, rows, commit);
  }
  fmt::print("reads: 100,000 conversations, 1,000,000 messages\n");
  std::mt19937_64 random(9);
  const auto any = [&]() -> const ConversationId& { return traffic.ids()[random() % traffic.ids().size()]; };
  report_reads("load", 100'000, [&](std::size_t) { (void)store->load(any()); });
  report_reads("load, again", 100'000, [&](std::size_t) { (void)store->load(any()); });
  report_reads("head and newest message (a list of conversations)", 50'000, [&](std::size_t) {
    const ConversationId& id = any();
    (void)store->conversation(id);
    (void)store->messages_before(id, {~std::uint64_t{0}}, 1);
  });
  report_reads("message by an id that is not there (dedupe)", 100'000, [&](std::size_t) {
    (void)store->message(any(), MessageId{{{static_cast<std::uint8_t>(random()), static_cast<std::uint8_t>(random()),
                                            static_cast<std::uint8_t>(random())}}});
  });
  report_reads("message by its id", sent.size(),
               [&](std::size_t i) { (void)store->message(sent[i].first, sent[i].second); });
  report_reads("the newest 50 headers", 50'000,
               [&](std::size_t) { (void)store->headers(any(), {}, {~std::uint64_t{0}}, 50); });
  report_reads("conversations of a user", 50'000, [&](std::size_t) { (void)store->conversations_of({"carol"}); });
  report_reads("first move", 50'000,
               [&](std::size_t) { (void)store->first_move(any(), {"bob-12345"}, HorizonMove::Kind::kDelivered, {3}); });
  bench_pages(*store);
  store.reset();
  remove_store(path);
}

// Runs in a process of its own, which ends as kill -9 ends it: RocksDB's threads do not survive a fork.
template <class Work>
void in_a_process_that_dies(const Work& work) {
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    work();
    std::fflush(stdout);
    ::_exit(0);
  }
  int status = 0;
  if (::waitpid(child, &status, 0) != child || status != 0) give_up("a process of the benchmark failed");
}

void fill(const std::string& path, std::size_t conversations, std::size_t messages) {
  auto store = open_store(path);
  Traffic traffic(conversations, true);
  for (std::size_t sent = 0; sent < messages; sent += 256) commit_or_give_up(*store, traffic.next(256), sent + 256);
  std::ignore = store.release();
}

void reopen(const std::string& path, std::size_t conversations, std::size_t messages) {
  std::uintmax_t log_bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(path)) {
    if (file.path().extension() == ".log") log_bytes += file.file_size();
  }
  const Stopwatch watch;
  auto store = open_store(path);
  const double wall = watch.wall_s();
  const double cpu = watch.process_s();
  const std::uint64_t position = store->committed_position()->value;
  fmt::print(
      "  {:>9} conversations, {:>9} messages, logs of {:>4.1f} MB: {:>5.0f} ms ({:.0f} ms of CPU), nothing lost: {}\n",
      conversations, messages, static_cast<double>(log_bytes) / 1e6, wall * 1e3, cpu * 1e3, position >= messages);
  std::fflush(stdout);
  std::ignore = store.release();
}

void bench_reopening(const std::string& path) {
  fmt::print("reopening after kill -9 (logs: with the zeros of a reused one)\n");
  for (const std::size_t conversations : {10'000U, 1'000'000U}) {
    for (const std::size_t messages : {900'000U, 1'000'000U, 1'030'000U}) {
      remove_store(path);
      in_a_process_that_dies([&] { fill(path, conversations, messages); });
      in_a_process_that_dies([&] { reopen(path, conversations, messages); });
    }
  }
  remove_store(path);
}

}  // namespace
}  // namespace c4a

int main(int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') {
    fmt::print(stderr, "usage: store_bench DIRECTORY [commit|read|reopen]...\n");
    return 2;
  }
  const std::string path = std::string(argv[1]) + "/store";
  const std::vector<std::string> asked(argv + 2, argv + argc);
  const auto wanted = [&](const char* part) { return asked.empty() || std::ranges::find(asked, part) != asked.end(); };
  if (wanted("reopen")) c4a::bench_reopening(path);
  if (wanted("commit")) c4a::bench_commits(path);
  if (wanted("read")) c4a::bench_reads(path);
}
