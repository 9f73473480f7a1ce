#include "message_log/kafka/kafka_generations.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "message_log/kafka/kafka_admin.h"

namespace c4a {
namespace {

// A batch of one empty record has 68 bytes; one of the smallest command more than 110, of which 77 are not its own.
constexpr std::int64_t kClosedBytes = 90;
constexpr std::size_t kProbeBytes = 64;
constexpr int kProduceMs = 5000;
constexpr int kCommittedMs = 5000;

std::string escaped(std::string_view name) {
  std::string pattern;
  for (const char c : name) pattern += c == '.' ? std::string("\\.") : std::string(1, c);
  return pattern;
}

// Decimal numbers from `first` on.
std::string numbers_pattern(std::uint64_t first) {
  const std::string digits = std::to_string(first);
  const std::size_t length = digits.size();
  std::string pattern = digits;
  for (std::size_t i = 0; i < length; ++i) {
    if (digits[i] == '9') continue;
    const char next = static_cast<char>(digits[i] + 1);
    pattern += fmt::format("|{}[{}-9][0-9]{{{}}}", digits.substr(0, i), next, length - 1 - i);
  }
  return pattern + fmt::format("|[1-9][0-9]{{{},}}", length);
}

bool is_closed(const kafka::Admin::Settings& settings) {
  const auto found = settings.find(kafka::kMaxBytesSetting);
  if (found == settings.end()) return false;
  std::int64_t bytes = 0;
  const std::string& text = found->second;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), bytes);
  return read.ec == std::errc() && bytes <= kClosedBytes;
}

}  // namespace

Result<std::vector<KafkaGeneration>> kafka_generations(const KafkaOptions& options) {
  C4A_TRY(auto admin, kafka::Admin::open(options));
  return kafka_generations(admin, options);
}

Result<std::vector<KafkaGeneration>> kafka_generations(kafka::Admin& admin, const KafkaOptions& options) {
  C4A_TRY(const auto topics, admin.topics());
  std::vector<KafkaGeneration> all;
  for (std::uint64_t number = options.generation;; ++number) {
    const auto found = topics.find(commands_topic(options, number));
    if (found == topics.end()) break;
    all.push_back({number, found->second.partitions, false});
  }
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    C4A_TRY(const auto settings, admin.settings_of(commands_topic(options, all[i].number)));
    all[i].closed = is_closed(settings);
  }
  return all;
}

std::string generations_pattern(const KafkaOptions& options, std::uint64_t first) {
  const std::string name = escaped(commands_topic(options, 1));
  if (first <= 1) return fmt::format("^{}(\\.({}))?$", name, numbers_pattern(2));
  return fmt::format("^{}\\.({})$", name, numbers_pattern(first));
}

std::uint64_t generation_of(const KafkaOptions& options, std::string_view topic) {
  const std::string first = commands_topic(options, 1);
  if (topic == first) return 1;
  std::uint64_t number = 0;
  if (!topic.starts_with(first + ".")) return 0;
  const std::string_view digits = topic.substr(first.size() + 1);
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return commands_topic(options, number) == topic && number > 1 ? number : 0;
}

std::uint64_t open_generation(const std::vector<KafkaGeneration>& generations) {
  const auto found = std::ranges::find(generations, false, &KafkaGeneration::closed);
  return found == generations.end() ? 0 : found->number;
}

Result<> close_kafka_generation(const KafkaOptions& options, std::uint64_t generation) {
  C4A_TRY(auto admin, kafka::Admin::open(options));
  return admin.set(commands_topic(options, generation), kafka::kMaxBytesSetting, std::to_string(kClosedBytes));
}

struct KafkaDrain::Clients {
  kafka::Client producer;
  kafka::Client consumer;  // joins no group: it is only asked for its offsets
};

KafkaDrain::KafkaDrain(const KafkaOptions& options, const KafkaGeneration& generation)
    : topic_(commands_topic(options, generation.number)),
      fences_(static_cast<std::size_t>(generation.partitions), -1),
      clients_(std::make_unique<Clients>()) {}

KafkaDrain::~KafkaDrain() = default;

Result<std::unique_ptr<KafkaDrain>> KafkaDrain::open(const KafkaOptions& options, const KafkaGeneration& generation) {
  std::unique_ptr<KafkaDrain> drain(new KafkaDrain(options, generation));
  // Not idempotent: a fence that is there twice does no harm, and nothing here waits for a lost order.
  C4A_TRY(auto conf, kafka::make_conf(
                         options, {{"acks", "all"}, {"request.timeout.ms", "3000"}, {"delivery.timeout.ms", "4000"}}));
  rd_kafka_conf_set_dr_msg_cb(conf.get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void*) {
    auto& place = *static_cast<std::pair<rd_kafka_resp_err_t, std::int64_t>*>(message->_private);
    place = {message->err, message->offset};
  });
  C4A_TRY(drain->clients_->producer, kafka::make_client(RD_KAFKA_PRODUCER, std::move(conf)));
  C4A_TRY(auto asking, kafka::make_conf(options, {{"group.id", options.group}}));
  C4A_TRY(drain->clients_->consumer, kafka::make_client(RD_KAFKA_CONSUMER, std::move(asking)));
  return drain;
}

// A record without a key whose first byte is 0, or that is empty, is no command; readers pass over it.
bool KafkaDrain::fence(int partition) {
  rd_kafka_t* client = clients_->producer.get();
  const auto produce = [&](std::string_view bytes) {
    std::pair<rd_kafka_resp_err_t, std::int64_t> outcome{RD_KAFKA_RESP_ERR__IN_PROGRESS, -1};
    const auto code = rd_kafka_producev(client, RD_KAFKA_V_TOPIC(topic_.c_str()), RD_KAFKA_V_PARTITION(partition),
                                        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                        RD_KAFKA_V_VALUE(const_cast<char*>(bytes.data()), bytes.size()),
                                        RD_KAFKA_V_OPAQUE(&outcome), RD_KAFKA_V_END);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return std::pair(code, std::int64_t{-1});
    // It is on this stack: it must not be left behind while the client may still write to it.
    while (outcome.first == RD_KAFKA_RESP_ERR__IN_PROGRESS) rd_kafka_flush(client, kProduceMs);
    return outcome;
  };
  if (produce(std::string(kProbeBytes, '\0')).first != RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) return false;
  const auto [code, offset] = produce({});
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
  fences_[static_cast<std::size_t>(partition)] = offset;
  return true;
}

Result<bool> KafkaDrain::done() {
  for (std::size_t i = 0; i < fences_.size(); ++i) {
    if (fences_[i] < 0 && !fence(static_cast<int>(i))) return false;
  }
  const auto count = static_cast<int>(fences_.size());
  const kafka::PartitionList list(rd_kafka_topic_partition_list_new(count));
  for (int i = 0; i < count; ++i) rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), i);
  const auto code = rd_kafka_committed(clients_->consumer.get(), list.get(), kCommittedMs);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return fail(ErrorCode::kUnavailable, kafka::text_of(code));
  for (int i = 0; i < count; ++i) {
    const auto& part = list->elems[i];
    if (part.err != RD_KAFKA_RESP_ERR_NO_ERROR || part.offset < fences_[static_cast<std::size_t>(part.partition)])
      return false;
  }
  return true;
}

}  // namespace c4a
