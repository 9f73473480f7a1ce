#include "message_log/kafka/kafka_watch.h"

#include <algorithm>

namespace c4a {
namespace {

// Far longer than a command needs from the log to its router.
constexpr std::int64_t kInVainMs = 3000;

bool is_suspect(const KafkaLogPartition& partition) {
  return partition.error() == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || partition.waited_ms() >= kInVainMs;
}

}  // namespace

Result<kafka::Admin*> KafkaWatch::admin() {
  if (!admin_) {
    C4A_TRY(auto opened, kafka::Admin::open(options_));
    admin_.emplace(std::move(opened));
  }
  return &*admin_;
}

Result<> KafkaWatch::look_at_generations(std::atomic<std::uint64_t>& active, std::atomic<std::uint64_t>& newest) {
  options_.generation = active;
  C4A_TRY(kafka::Admin* const brokers, admin());
  C4A_TRY(const auto all, kafka_generations(*brokers, options_));
  if (all.empty()) return {};
  newest = all.back().number;
  for (std::size_t i = 0; i < all.size() && all[i].closed; ++i) {
    C4A_TRY(const bool drained, is_drained(all[i]));
    if (!drained) return {};
    drain_.reset();
    active = all[i].number + 1;
  }
  return {};
}

Result<bool> KafkaWatch::is_drained(const KafkaGeneration& generation) {
  if (!drain_) {
    C4A_TRY(drain_, KafkaDrain::open(options_, generation));
  }
  return drain_->done();
}

Result<KafkaWatch::Partitions> KafkaWatch::unread(const Partitions& owned) {
  Partitions suspects;
  std::ranges::copy_if(owned, std::back_inserter(suspects), [](const auto& one) { return is_suspect(*one); });
  if (suspects.empty()) {
    overtaken_.clear();
    return suspects;
  }
  std::vector<KafkaPlace> places;
  for (const auto& partition : suspects) places.push_back(partition->place());
  C4A_TRY(kafka::Admin* const brokers, admin());
  C4A_TRY(const auto ranges, brokers->ranges_of(places));
  Partitions found;
  for (const auto& partition : suspects) {
    const auto range = ranges.find(partition->number());
    if (range == ranges.end()) continue;  // its leader does not answer
    if (is_unread(*partition, range->second)) found.push_back(partition);
  }
  return found;
}

bool KafkaWatch::is_unread(const KafkaLogPartition& partition, const kafka::Admin::Range& range) {
  const std::int64_t position = partition.read_position();
  const bool in_range = position == RD_KAFKA_OFFSET_BEGINNING || (position >= range.first && position <= range.end);
  if (!in_range) return false;
  if (partition.error() == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) return true;
  if (std::max(position, range.first) >= range.end) {
    overtaken_.erase(partition.number());
    return false;
  }
  // At the second look in a row: what was written just before the first is on its way.
  const auto [before, is_first] = overtaken_.try_emplace(partition.number(), position);
  if (!is_first && before->second == position) {
    overtaken_.erase(before);
    return true;
  }
  before->second = position;
  return false;
}

}  // namespace c4a
