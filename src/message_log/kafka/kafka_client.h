#pragma once

// librdkafka's handles with their lifetimes, and the settings that every one of ours shares. Inside this folder only.

#include <librdkafka/rdkafka.h>

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>

#include "base/result.h"
#include "message_log/kafka/kafka_options.h"

// The argument macros of rd_kafka_producev.
#pragma clang diagnostic ignored "-Wgnu-statement-expression-from-macro-expansion"

namespace c4a::kafka {

template <auto Destroy>
struct Deleter {
  void operator()(auto* handle) const { Destroy(handle); }
};
using Client = std::unique_ptr<rd_kafka_t, Deleter<rd_kafka_destroy>>;
using Topic = std::unique_ptr<rd_kafka_topic_t, Deleter<rd_kafka_topic_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Deleter<rd_kafka_queue_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, Deleter<rd_kafka_event_destroy>>;
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t, Deleter<rd_kafka_topic_partition_list_destroy>>;
using ConfPtr = std::unique_ptr<rd_kafka_conf_t, Deleter<rd_kafka_conf_destroy>>;

using Settings = std::initializer_list<std::pair<const char*, std::string>>;

// Brokers, security and timeouts, then `settings`. Fails with: kValidationFailed, naming the setting.
Result<ConfPtr> make_conf(const KafkaOptions& options, Settings settings);
// Fails with: kValidationFailed.
Result<Client> make_client(rd_kafka_type_t type, ConfPtr conf);

// Why no broker can be reached: the clearest of the client's reports. A refused certificate or password is told before
// the "all brokers are down" that follows from it. Any thread.
class Trouble {
 public:
  void heard(int code, const char* text);
  void over();
  std::string text_or(std::string otherwise) const;
  // One of RD_KAFKA_RESP_ERR_…
  int code() const;
  // Waiting does not help: a certificate or a login was refused.
  bool is_final() const;

 private:
  mutable std::mutex mutex_;
  int clearness_ = 0;
  int code_ = 0;
  std::string text_;
};

// One sentence for the operator: what is wrong, and what to do about it. `otherwise`: where the client reported
// nothing.
Error unreachable(const KafkaOptions& options, const Trouble& trouble, std::string otherwise);

inline constexpr const char* kMaxBytesSetting = "max.message.bytes";
// What the commands' topic takes in one batch; a command of the largest legal request stays well below.
inline constexpr const char* kMaxMessageBytes = "2097152";
// Dead letters carry headers beside the bytes.
inline constexpr const char* kMaxDeadLetterBytes = "2162688";

inline std::string text_of(rd_kafka_resp_err_t code) { return rd_kafka_err2str(code); }

// librdkafka's own lines go where ours go, without passwords.
void log_line(const rd_kafka_t*, int level, const char* facility, const char* text);

}  // namespace c4a::kafka
