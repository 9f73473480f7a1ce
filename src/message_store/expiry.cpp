#include "message_store/expiry.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "message_store/rocks_keys.h"
#include "message_store/row_codec.h"

namespace c4a::rocks {
namespace {

std::string_view view(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

class ExpiryFilter final : public rocksdb::CompactionFilter {
 public:
  ExpiryFilter(TimestampMs cutoff, ExpiringRows rows) : cutoff_(cutoff), rows_(rows) {}

  bool Filter(int, const rocksdb::Slice& key, const rocksdb::Slice& value, std::string*, bool*) const override {
    // The conversation's changes stay: their versions are counted without holes.
    if (rows_ == ExpiringRows::kLog && static_cast<LogRowTag>(view(key)[kIdBytes]) == LogRowTag::kChange) return false;
    const auto at = time_of(view(value));  // what cannot be read is left for a reader to complain of
    return at && *at < cutoff_;
  }
  const char* Name() const override { return "c4a.ExpiryFilter"; }

 private:
  TimestampMs cutoff_;
  ExpiringRows rows_;
};

class ExpiryFilterFactory final : public rocksdb::CompactionFilterFactory {
 public:
  ExpiryFilterFactory(std::shared_ptr<const Expiry> expiry, ExpiringRows rows)
      : expiry_(std::move(expiry)), rows_(rows) {}

  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context&) override {
    const TimestampMs cutoff = expiry_->drop_before.load() - (rows_ == ExpiringRows::kLog ? kLogMarginMs : 0);
    return cutoff > 0 ? std::make_unique<ExpiryFilter>(cutoff, rows_) : nullptr;
  }
  const char* Name() const override { return "c4a.ExpiryFilterFactory"; }

 private:
  std::shared_ptr<const Expiry> expiry_;
  ExpiringRows rows_;
};

class GreatestNumber final : public rocksdb::AssociativeMergeOperator {
 public:
  bool Merge(const rocksdb::Slice&, const rocksdb::Slice* existing, const rocksdb::Slice& value, std::string* result,
             rocksdb::Logger*) const override {
    const auto after = get_number(view(value));
    const auto before = existing != nullptr ? get_number(view(*existing)) : after;
    if (!after || !before) return false;
    put_number(*result, std::max(*before, *after));
    return true;
  }
  const char* Name() const override { return "c4a.GreatestNumber"; }
};

}  // namespace

std::shared_ptr<rocksdb::CompactionFilterFactory> expiry_filter_factory(std::shared_ptr<const Expiry> expiry,
                                                                        ExpiringRows rows) {
  return std::make_shared<ExpiryFilterFactory>(std::move(expiry), rows);
}

std::shared_ptr<rocksdb::MergeOperator> greatest_number() { return std::make_shared<GreatestNumber>(); }

}  // namespace c4a::rocks
