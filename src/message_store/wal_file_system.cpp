#include "message_store/wal_file_system.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

#include "message_store/wal_check.h"

namespace c4a::rocks {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

constexpr std::string_view kLogSuffix = ".log";
constexpr std::string_view kSpareSuffix = ".spare";
constexpr std::string_view kZeroingSuffix = ".zeroing";  // not all zeros yet: never used as it is
constexpr std::size_t kZeroStepBytes = 1 << 20;
// A record has 11 bytes of its own in each block of 32 KiB at most, and some at its ends.
constexpr std::uint64_t kPayloadPerOverhead = 2'000;
constexpr std::uint64_t kEndsBytes = 64 << 10;
// Room is counted in these, so that a disk is not full for one record and not for another.
constexpr std::uint64_t kRoomStepBytes = 1 << 20;

IOStatus failure(const std::string& what, const std::string& file, int error) {
  const std::string text = what + " " + file;
  return error == ENOSPC || error == EDQUOT ? IOStatus::NoSpace(text, std::strerror(error))
                                            : IOStatus::IOError(text, std::strerror(error));
}

bool is_log(std::string_view path) { return path.ends_with(kLogSuffix); }

// 0 when all was written, else errno.
int write_all(int file, const char* data, std::size_t bytes, std::uint64_t offset) {
  while (bytes > 0) {
    const ssize_t written = ::pwrite(file, data, bytes, static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    data += written;
    bytes -= static_cast<std::size_t>(written);
    offset += static_cast<std::uint64_t>(written);
  }
  return 0;
}

// In small steps, each waited for, so that a commit's fdatasync never stands behind the whole file.
int fill_with_zeros(int file, std::uint64_t bytes) {
  const std::vector<char> zeros(kZeroStepBytes);
  for (std::uint64_t at = 0; at < bytes; at += kZeroStepBytes) {
    const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(kZeroStepBytes, bytes - at));
    if (const int error = write_all(file, zeros.data(), step, at); error != 0) return error;
    ::sync_file_range(file, static_cast<off_t>(at), static_cast<off_t>(step),
                      SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
  }
  return ::fdatasync(file) == 0 ? 0 : errno;
}

// Makes the file so long, with blocks of its own behind its end. 0, also where the file system has no such call; else
// errno.
int allocate(int file, std::uint64_t bytes) {
  if (::fallocate(file, 0, 0, static_cast<off_t>(bytes)) == 0) return 0;
  return errno == EOPNOTSUPP || errno == ENOSYS ? 0 : errno;
}

std::uint64_t size_of(int file) {
  struct stat status{};
  return ::fstat(file, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

// Of a log that is written, for whoever begins the next one or makes room in this one.
struct LogSpace {
  explicit LogSpace(int log) : file(::dup(log)), allocated(size_of(log)) {}
  ~LogSpace() {
    if (file >= 0) ::close(file);
  }
  LogSpace(const LogSpace&) = delete;
  LogSpace& operator=(const LogSpace&) = delete;

  const int file;
  std::atomic<std::uint64_t> written{0};
  std::atomic<std::uint64_t> synced{0};
  std::atomic<std::uint64_t> allocated;
};

// A log being written: over zeros where it was a spare, else at the end of the file.
class LogFile final : public rocksdb::FSWritableFile {
 public:
  LogFile(int file, std::string path, std::shared_ptr<LogSpace> space, std::shared_ptr<const WalFaults> faults)
      : file_(file), path_(std::move(path)), space_(std::move(space)), faults_(std::move(faults)) {}
  ~LogFile() override {
    if (file_ >= 0) ::close(file_);
  }

  using FSWritableFile::Append;
  IOStatus Append(const Slice& data, const IOOptions&, IODebugContext*) override {
    int error = faults_ ? faults_->write_errno.load() : 0;
    if (error == 0) error = write_all(file_, data.data(), data.size(), size_);
    if (error != 0) {
      drop_unsynced();
      return failure("write to", path_, error);
    }
    size_ += data.size();
    space_->written = size_;
    return IOStatus::OK();
  }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override {
    int error = faults_ ? faults_->sync_errno.load() : 0;
    if (error == 0 && ::fdatasync(file_) != 0) error = errno;
    if (error != 0) return failure("fdatasync of", path_, error);
    synced_ = size_;
    space_->synced = size_;
    return IOStatus::OK();
  }
  bool IsSyncThreadSafe() const override { return true; }
  std::uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return size_; }
  IOStatus Truncate(std::uint64_t size, const IOOptions&, IODebugContext*) override {
    if (::ftruncate(file_, static_cast<off_t>(size)) != 0) return failure("truncate", path_, errno);
    return IOStatus::OK();
  }
  IOStatus Close(const IOOptions& options, IODebugContext* context) override {
    if (file_ < 0) return IOStatus::OK();
    IOStatus status = Truncate(size_, options, context);
    if (::close(std::exchange(file_, -1)) != 0 && status.ok()) status = failure("close", path_, errno);
    return status;
  }
  void PrepareWrite(std::size_t, std::size_t, const IOOptions&, IODebugContext*) override {}

 private:
  // What was not synced was not acknowledged: half a record must not stand where later records would follow it.
  void drop_unsynced() {
    if (::ftruncate(file_, static_cast<off_t>(synced_)) != 0) return;
    space_->written = space_->allocated = size_ = synced_;
  }

  int file_;
  std::string path_;
  std::shared_ptr<LogSpace> space_;
  std::shared_ptr<const WalFaults> faults_;
  std::uint64_t size_ = 0;
  std::uint64_t synced_ = 0;
};

class WalFileSystem final : public rocksdb::FileSystemWrapper, public WalSpace {
 public:
  WalFileSystem(std::shared_ptr<rocksdb::FileSystem> base, std::string directory, WalList list, std::uint64_t log_bytes,
                std::shared_ptr<const WalFaults> faults)
      : FileSystemWrapper(std::move(base)),
        directory_(std::move(directory)),
        list_(std::move(list)),
        log_bytes_(log_bytes),
        faults_(std::move(faults)) {
    find_spares();
  }

  static const char* kName() { return "c4a.WalFileSystem"; }
  const char* Name() const override { return kName(); }

  IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* context) override {
    if (!is_log(path)) return FileSystemWrapper::NewWritableFile(path, options, result, context);
    const std::string spare = take_spare();
    const bool reused = !spare.empty() && ::rename(spare.c_str(), path.c_str()) == 0;
    const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC | (reused ? 0 : O_TRUNC), 0644);
    if (file < 0) return failure("open", path, errno);
    auto space = std::make_shared<LogSpace>(file);
    *result = std::make_unique<LogFile>(file, path, space, faults_);
    const std::lock_guard lock(list_mutex_);
    const int error = list_.begin(name_of(path), current_name_, current_ ? current_->synced.load() : 0);
    if (error != 0) return failure("list", path, error);
    current_name_ = name_of(path);
    current_ = std::move(space);
    return IOStatus::OK();
  }

  IOStatus make_room(std::uint64_t bytes) override {
    if (const int error = faults_ ? faults_->write_errno.load() : 0; error != 0) return failure("write to", "", error);
    const std::uint64_t record = bytes + bytes / kPayloadPerOverhead + kEndsBytes;
    const std::uint64_t needed = (record / kRoomStepBytes + 1) * kRoomStepBytes;
    std::shared_ptr<LogSpace> log;
    {
      const std::lock_guard lock(list_mutex_);
      log = current_;
    }
    if (log && log->written + needed > log->allocated) {
      const std::uint64_t length = std::max(log->written + needed, log_bytes_);
      if (const int error = allocate(log->file, length); error != 0) return failure("extend", "the log", error);
      log->allocated = length;
    }
    return keep_spare(needed);
  }

  IOStatus NewSequentialFile(const std::string& path, const FileOptions& options,
                             std::unique_ptr<rocksdb::FSSequentialFile>* result, IODebugContext* context) override {
    if (is_log(path)) {
      if (IOStatus status = check_log(path); !status.ok()) return status;
    }
    return FileSystemWrapper::NewSequentialFile(path, options, result, context);
  }

  IOStatus DeleteFile(const std::string& path, const IOOptions& options, IODebugContext* context) override {
    if (is_log(path)) {
      const std::lock_guard lock(list_mutex_);
      if (const int error = list_.drop(name_of(path)); error != 0) return failure("unlist", path, error);
    }
    if (is_log(path) && make_spare(path)) return IOStatus::OK();
    return FileSystemWrapper::DeleteFile(path, options, context);
  }

 private:
  static std::string name_of(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

  void find_spares() {
    std::vector<std::string> names;
    if (!target()->GetChildren(directory_, IOOptions(), &names, nullptr).ok()) return;
    for (const std::string& name : names) {
      const std::string path = directory_ + "/" + name;
      if (name.ends_with(kZeroingSuffix)) ::unlink(path.c_str());
      if (name.ends_with(kSpareSuffix)) spares_.push_back(path);
    }
  }

  // One is ready, and has room for that.
  IOStatus keep_spare(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    const bool ready = !spares_.empty();
    if (ready && bytes <= std::max(log_bytes_, kRoomStepBytes)) return IOStatus::OK();
    std::string spare = ready ? spares_.back() : directory_ + "/first" + std::string(kSpareSuffix);
    const std::string path = ready ? spare : spare + std::string(kZeroingSuffix);
    const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    if (file < 0) return failure("make", path, errno);
    int error = allocate(file, std::max(log_bytes_, bytes));
    ::close(file);
    if (error == 0 && !ready && ::rename(path.c_str(), spare.c_str()) != 0) error = errno;
    if (error != 0) {
      if (!ready) ::unlink(path.c_str());
      return failure("allocate", path, error);
    }
    if (!ready) spares_.push_back(std::move(spare));
    return IOStatus::OK();
  }

  std::string take_spare() {
    const std::lock_guard lock(mutex_);
    if (spares_.empty()) return {};
    std::string spare = std::move(spares_.back());
    spares_.pop_back();
    return spare;
  }

  // Called from RocksDB's background threads. False: the log is to be deleted as usual.
  bool make_spare(const std::string& path) {
    {
      const std::lock_guard lock(mutex_);
      if (spares_.size() + zeroing_ >= kSpareLogs) return false;
      ++zeroing_;
    }
    const std::string stem = path.substr(0, path.size() - kLogSuffix.size());
    const std::string zeroing = stem + std::string(kZeroingSuffix);
    std::string spare = stem + std::string(kSpareSuffix);
    const bool taken = ::rename(path.c_str(), zeroing.c_str()) == 0;
    const bool made = taken && fill(zeroing) && ::rename(zeroing.c_str(), spare.c_str()) == 0;
    if (taken && !made) ::unlink(zeroing.c_str());
    const std::lock_guard lock(mutex_);
    --zeroing_;
    if (made) spares_.push_back(std::move(spare));
    return taken;
  }

  bool fill(const std::string& path) const {
    const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (file < 0) return false;
    struct stat status{};
    const bool filled = ::fstat(file, &status) == 0 &&
                        fill_with_zeros(file, std::max(log_bytes_, static_cast<std::uint64_t>(status.st_size))) == 0;
    ::close(file);
    return filled;
  }

  IOStatus check_log(const std::string& path) {
    std::string content;
    if (IOStatus status = read_all(path, content); !status.ok()) return status;
    const WalCheck check = check_wal(content);
    if (!check.clean && (check.records_behind || !is_newest(path))) {
      return IOStatus::Corruption(
          path, "damaged at byte " + std::to_string(check.good_bytes) + ", and what stood there was acknowledged");
    }
    const std::lock_guard lock(list_mutex_);
    if (check.good_bytes < list_.required_bytes(name_of(path))) {
      return IOStatus::Corruption(
          path, "ends at byte " + std::to_string(check.good_bytes) + ", and what stood behind it was acknowledged");
    }
    list_.finished(name_of(path), check.good_bytes);
    if (check.good_bytes == content.size()) return IOStatus::OK();
    const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    const bool cut = file >= 0 && ::ftruncate(file, static_cast<off_t>(check.good_bytes)) == 0 && ::fsync(file) == 0;
    const int error = errno;
    if (file >= 0) ::close(file);
    return cut ? IOStatus::OK() : failure("truncate", path, error);
  }

  static IOStatus read_all(const std::string& path, std::string& content) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return failure("open", path, errno);
    struct stat status{};
    ::fstat(file, &status);
    content.resize(static_cast<std::size_t>(status.st_size));
    std::size_t at = 0;
    ssize_t got = 1;
    while (at < content.size() && got > 0) {
      got = ::pread(file, content.data() + at, content.size() - at, static_cast<off_t>(at));
      if (got > 0) at += static_cast<std::size_t>(got);
    }
    const int error = errno;
    ::close(file);
    if (got < 0) return failure("read", path, error);
    content.resize(at);
    return IOStatus::OK();
  }

  // Log names are numbers with leading zeros; longer ones are later.
  bool is_newest(const std::string& path) const {
    std::vector<std::string> names;
    if (!target()->GetChildren(directory_, IOOptions(), &names, nullptr).ok()) return false;
    const std::string own = path.substr(path.find_last_of('/') + 1);
    return std::ranges::none_of(names, [&](const std::string& name) {
      return is_log(name) && std::pair(name.size(), name) > std::pair(own.size(), own);
    });
  }

  const std::string directory_;
  std::mutex list_mutex_;
  WalList list_;              // guarded by list_mutex_, as the next two
  std::string current_name_;  // the log that began last, in this process
  std::shared_ptr<LogSpace> current_;
  const std::uint64_t log_bytes_;
  const std::shared_ptr<const WalFaults> faults_;
  std::mutex mutex_;
  std::vector<std::string> spares_;  // paths
  std::size_t zeroing_ = 0;
};

}  // namespace

WalFiles wal_file_system(std::shared_ptr<rocksdb::FileSystem> base, std::string directory, WalList list,
                         std::uint64_t log_bytes, std::shared_ptr<const WalFaults> faults) {
  const auto files = std::make_shared<WalFileSystem>(std::move(base), std::move(directory), std::move(list), log_bytes,
                                                     std::move(faults));
  return {files, files};
}

}  // namespace c4a::rocks
