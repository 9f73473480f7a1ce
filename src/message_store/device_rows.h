#pragma once

// The rows of devices on their way to the disk. Sessions write one at each connect and disconnect, and nobody but a
// device that is new waits for it: rows are gathered for a moment and written together, so that ten thousand connects
// cost a few dozen syncs and do not keep commits waiting. Any thread may call any method.

#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "message_store/message_store.h"
#include "message_store/rocks_database.h"

namespace c4a::rocks {

class DeviceRows {
 public:
  explicit DeviceRows(Database& database);
  // Writes what waits.
  ~DeviceRows();

  // The row is on the disk when it returns, with those of all who wait at the same time. Fails as a commit does.
  Result<> add(const UserId& user, const Device& device);
  // The row is on the disk a moment later. Fails with: kUnavailable, when too many wait because the disk takes none.
  Result<> put(const UserId& user, const Device& device);
  // Gone from the disk when it returns.
  Result<> drop(const UserId& user, const DeviceId& device);
  // In the order of their ids, those that wait included.
  Result<std::vector<Device>> of_user(const UserId& user);

 private:
  using Rows = std::unordered_map<UserId, std::vector<Device>>;

  void run(const std::stop_token& stop);
  Result<> flush();
  Result<> write(const Rows& rows);
  void take_back(Rows rows);
  Result<std::vector<Device>> stored(const UserId& user);

  Database& database_;
  std::mutex flush_lock_;  // held while rows are written; taken before mutex_
  std::mutex mutex_;       // of what follows
  std::condition_variable_any arrived_;
  Rows waiting_;
  Rows writing_;  // taken from waiting_, not known to be written
  std::size_t waiting_count_ = 0;
  std::jthread thread_;
};

}  // namespace c4a::rocks
