#include "message_store/background_priority.h"

#include <sys/resource.h>
#include <unistd.h>

#include <utility>

namespace c4a::rocks {
namespace {

// Flushing keeps a share that lets it follow the writers; merging may fall behind for a while.
constexpr int kFlushNice = 5;
constexpr int kMergeNice = 10;

class BackgroundPriority final : public rocksdb::EventListener {
 public:
  void OnFlushBegin(rocksdb::DB*, const rocksdb::FlushJobInfo&) override { set(kFlushNice); }
  void OnCompactionBegin(rocksdb::DB*, const rocksdb::CompactionJobInfo&) override { set(kMergeNice); }

 private:
  // Told on the thread that does the work. RocksDB's threads serve both kinds of jobs, each in a pool of its own.
  static void set(int nice) {
    thread_local int present = 0;
    if (std::exchange(present, nice) != nice) ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), nice);
  }
};

}  // namespace

std::shared_ptr<rocksdb::EventListener> background_priority() { return std::make_shared<BackgroundPriority>(); }

}  // namespace c4a::rocks
