#include "message_store/floors.h"

#include "base/thread_name.h"
#include "message_store/rocks_keys.h"
#include "message_store/row_codec.h"

namespace c4a::rocks {
namespace {

constexpr int kRowsPerWrite = 256;

}  // namespace

Result<Seq> last_message_seq(Database& database, const ConversationId& id) {
  Scan scan(database, Family::kMessages, id.view(), within(id.view()));
  scan.to_last();
  const Seq last = scan.valid() ? Seq{position_in(scan.key())} : Seq{};
  C4A_CHECK(scan.status());
  return last;
}

void Floors::start() {
  const std::lock_guard lock(lock_);
  if (thread_.joinable() || database_.floors_complete) return;
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Floors::run(const std::stop_token& stop) {
  name_thread("floors");
  // An error here is one that every commit meets too, and reports; the next start tries again.
  const auto complete = write_all(stop);
  if (!complete || !*complete) return;
  rocksdb::WriteBatch batch;
  std::string value;
  put_number(value, 1);
  batch.Put(database_.family(Family::kDefault), slice(kFloorsKey), slice(value));
  const std::lock_guard lock(database_.write_lock());
  if (!database_.write(batch)) return;
  database_.expiry().drop_before = database_.expiry().cutoff.load();
  database_.floors_complete = true;
}

Result<bool> Floors::write_all(const std::stop_token& stop) {
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  const std::unique_ptr<rocksdb::Iterator> rows(database_.db().NewIterator(options, database_.family(Family::kHeads)));
  rocksdb::WriteBatch batch;
  std::string value;
  KeyWriter key;
  const auto flush = [&]() -> Result<> {
    const std::lock_guard lock(database_.write_lock());
    C4A_CHECK(database_.write(batch));
    batch.Clear();
    return {};
  };
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    if (stop.stop_requested()) return false;
    const std::string_view row = view(rows->key());
    if (static_cast<HeadRowTag>(row[kIdBytes]) != HeadRowTag::kConversation) continue;
    const auto id = ConversationId::from_view(row);
    C4A_TRY(const Seq last, last_message_seq(database_, id));
    if (last.value == 0) continue;
    put_number(value, last.value);
    batch.Merge(database_.family(Family::kHeads), slice(key.head(id, HeadRowTag::kFloor)), slice(value));
    if (batch.Count() >= kRowsPerWrite) C4A_CHECK(flush());
  }
  if (!rows->status().ok()) return fail(database_.read_error(rows->status()));
  C4A_CHECK(flush());
  return true;
}

}  // namespace c4a::rocks
