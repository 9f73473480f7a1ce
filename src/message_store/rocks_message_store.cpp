#include "message_store/rocks_message_store.h"

#include <algorithm>

#include "message_store/commit_batch.h"
#include "message_store/device_rows.h"
#include "message_store/floors.h"
#include "message_store/rocks_database.h"
#include "message_store/row_codec.h"

namespace c4a {

using rocks::Family;

Result<std::unique_ptr<RocksMessageStore>> RocksMessageStore::open(RocksMessageStoreOptions options) {
  C4A_TRY(auto database, rocks::Database::open(std::move(options)));
  std::unique_ptr<RocksMessageStore> store(new RocksMessageStore(std::move(database)));
  if (store->database_->expiry().cutoff.load() > 0) store->floors_->start();
  return store;
}

RocksMessageStore::RocksMessageStore(std::unique_ptr<rocks::Database> database)
    : database_(std::move(database)),
      batch_(std::make_unique<rocks::CommitBatch>(*database_)),
      floors_(std::make_unique<rocks::Floors>(*database_)),
      device_rows_(std::make_unique<rocks::DeviceRows>(*database_)) {}

RocksMessageStore::~RocksMessageStore() = default;

Result<> RocksMessageStore::commit(const Rows& rows, LogPosition position) {
  const std::lock_guard lock(database_->write_lock());
  std::vector<std::vector<UserId>> erased_members;
  for (const ConversationId& id : rows.erased) {
    C4A_TRY(auto users, member_ids(id));
    erased_members.push_back(std::move(users));
  }
  const bool keep_floors = database_->floors_complete || database_->expiry().cutoff.load() > 0;
  C4A_TRY(auto* batch, batch_->fill(rows, position, erased_members, keep_floors));
  C4A_CHECK(database_->write(*batch));
  database_->committed_position = position.value;
  return {};
}

Result<LogPosition> RocksMessageStore::committed_position() {
  return LogPosition{database_->committed_position.load()};
}

Result<std::vector<Device>> RocksMessageStore::devices(const UserId& user) { return device_rows_->of_user(user); }

Result<> RocksMessageStore::add_device(const UserId& user, const Device& device) {
  return device_rows_->add(user, device);
}

Result<> RocksMessageStore::put_device(const UserId& user, const Device& device) {
  return device_rows_->put(user, device);
}

Result<> RocksMessageStore::drop_device(const UserId& user, const DeviceId& device) {
  return device_rows_->drop(user, device);
}

void RocksMessageStore::expire_before(TimestampMs cutoff) {
  rocks::Expiry& expiry = database_->expiry();
  {
    // With the lock: a commit that began without floors is through before the cutoff counts.
    const std::lock_guard lock(database_->write_lock());
    if (cutoff <= expiry.cutoff.load()) return;
    expiry.cutoff = cutoff;
    if (database_->floors_complete) expiry.drop_before = cutoff;
    std::string value;
    rocks::put_number(value, static_cast<std::uint64_t>(cutoff));
    rocksdb::WriteBatch batch;
    batch.Put(database_->family(Family::kDefault), rocks::slice(rocks::kCutoffKey), rocks::slice(value));
    // Should it fail, commits fail too, and the caller comes again with the next cutoff.
    [[maybe_unused]] const auto written = database_->write(batch);
  }
  floors_->start();
}

Result<> RocksMessageStore::check() {
  C4A_TRY(const auto format, database_->get_number(rocks::kFormatKey));
  if (!database_->disk_full()) return {};
  // Whoever watches may be the one who sends traffic again, so this write must notice that there is space.
  std::string value;
  rocks::put_number(value, format.value_or(rocks::kFormatVersion));
  rocksdb::WriteBatch batch;
  batch.Put(database_->family(Family::kDefault), rocks::slice(rocks::kFormatKey), rocks::slice(value));
  const std::lock_guard lock(database_->write_lock());
  return database_->write(batch);
}

Result<> RocksMessageStore::compact() {
  floors_->wait();
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  for (std::size_t i = 0; i < rocks::kFamilyNames.size(); ++i) {
    const auto status =
        database_->db().CompactRange(options, database_->family(static_cast<Family>(i)), nullptr, nullptr);
    if (!status.ok()) return fail(database_->read_error(status));
  }
  return {};
}

}  // namespace c4a
