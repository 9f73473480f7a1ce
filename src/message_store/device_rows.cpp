#include "message_store/device_rows.h"

#include <algorithm>
#include <chrono>

#include "base/thread_name.h"
#include "message_store/rocks_keys.h"
#include "message_store/row_codec.h"

namespace c4a::rocks {
namespace {

constexpr auto kGatherTime = std::chrono::milliseconds(200);
constexpr std::size_t kGatherRows = 1'000;   // written before the time is over
constexpr std::size_t kMostWaiting = 8'000;  // then whoever brings one more writes them
constexpr int kRowsPerWrite = 128;           // a commit waits for one write at most

// Replaces the row of the same device, or takes its place in the order of ids. True: it is a new one.
bool set(std::vector<Device>& devices, const Device& device) {
  const auto at = std::ranges::lower_bound(devices, device.id, {}, &Device::id);
  if (at != devices.end() && at->id == device.id) {
    *at = device;
    return false;
  }
  devices.insert(at, device);
  return true;
}

}  // namespace

DeviceRows::DeviceRows(Database& database)
    : database_(database), thread_([this](const std::stop_token& stop) { run(stop); }) {}

DeviceRows::~DeviceRows() {
  thread_.request_stop();
  thread_.join();
  (void)flush();  // an error here is one that every commit meets too; a lost row is written at the next connect
}

Result<> DeviceRows::put(const UserId& user, const Device& device) {
  bool many = false;
  {
    const std::lock_guard lock(mutex_);
    waiting_count_ += set(waiting_[user], device) ? 1 : 0;
    many = waiting_count_ > kMostWaiting;
    if (waiting_count_ == 1 || waiting_count_ == kGatherRows) arrived_.notify_one();
  }
  if (many) return flush();
  return {};
}

Result<> DeviceRows::add(const UserId& user, const Device& device) {
  C4A_CHECK(put(user, device));
  return flush();  // waits for one that is under way, which may have the row already
}

Result<> DeviceRows::drop(const UserId& user, const DeviceId& device) {
  const std::lock_guard flushing(flush_lock_);  // an older row must not be written after this
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = waiting_.find(user); found != waiting_.end()) {
      waiting_count_ -= std::erase_if(found->second, [&](const Device& waits) { return waits.id == device; });
    }
  }
  rocksdb::WriteBatch batch;
  KeyWriter key;
  batch.Delete(database_.family(Family::kUsers), slice(key.device(user, device)));
  const std::lock_guard lock(database_.write_lock());
  return database_.write(batch);
}

Result<std::vector<Device>> DeviceRows::of_user(const UserId& user) {
  // What waits is looked at first: a row that is written meanwhile is then in one of the two.
  std::vector<Device> newer;
  {
    const std::lock_guard lock(mutex_);
    for (const Rows* rows : {&writing_, &waiting_}) {
      const auto found = rows->find(user);
      if (found == rows->end()) continue;
      for (const Device& device : found->second) set(newer, device);
    }
  }
  C4A_TRY(auto devices, stored(user));
  for (const Device& device : newer) set(devices, device);
  return devices;
}

Result<std::vector<Device>> DeviceRows::stored(const UserId& user) {
  const std::string prefix(KeyWriter().user(user, UserRowTag::kDevice));
  Scan scan(database_, Family::kUsers, prefix, end_of(prefix));
  std::vector<Device> devices;
  for (scan.to_first(); scan.valid(); scan.next()) {
    auto device = get_device(scan.value());
    if (!device) return fail(scan.damaged_row());
    device->id.text = rest_in_user(scan.key(), user);
    devices.push_back(std::move(*device));
  }
  C4A_CHECK(scan.status());
  return devices;
}

void DeviceRows::run(const std::stop_token& stop) {
  name_thread("device-rows");
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, stop, [this] { return waiting_count_ > 0; });
      arrived_.wait_for(lock, stop, kGatherTime, [this] { return waiting_count_ >= kGatherRows; });
    }
    if (!stop.stop_requested() && !flush()) {
      std::unique_lock lock(mutex_);
      arrived_.wait_for(lock, stop, kGatherTime, [] { return false; });
    }
  }
}

Result<> DeviceRows::flush() {
  const std::lock_guard flushing(flush_lock_);
  {
    const std::lock_guard lock(mutex_);
    std::swap(writing_, waiting_);
    waiting_count_ = 0;
  }
  auto written = write(writing_);  // nobody changes it while flush_lock_ is held
  const std::lock_guard lock(mutex_);
  Rows rows = std::exchange(writing_, {});
  if (!written) take_back(std::move(rows));
  return written;
}

Result<> DeviceRows::write(const Rows& rows) {
  rocksdb::WriteBatch batch;
  KeyWriter key;
  std::string value;
  const auto send = [&]() -> Result<> {
    if (batch.Count() == 0) return {};
    const std::lock_guard lock(database_.write_lock());
    C4A_CHECK(database_.write(batch));
    batch.Clear();
    return {};
  };
  for (const auto& [user, devices] : rows) {
    for (const Device& device : devices) {
      put_device(value, device);
      batch.Put(database_.family(Family::kUsers), slice(key.device(user, device.id)), slice(value));
    }
    if (batch.Count() >= kRowsPerWrite) C4A_CHECK(send());
  }
  return send();
}

// Under the newer ones.
void DeviceRows::take_back(Rows rows) {
  for (auto& [user, devices] : waiting_) {
    for (const Device& device : devices) set(rows[user], device);
  }
  waiting_ = std::move(rows);
  waiting_count_ = 0;
  for (const auto& [user, devices] : waiting_) waiting_count_ += devices.size();
}

}  // namespace c4a::rocks
