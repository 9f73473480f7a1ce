// The log's behaviour under errors, against the brokers that librdkafka plays inside the process.

#include <gtest/gtest.h>
// The order matters to them.
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "message_log/kafka/kafka_client.h"
#include "message_log/kafka/kafka_log_partition.h"
#include "message_log/kafka/kafka_message_log.h"
#include "message_log/kafka/kafka_partitions.h"
#include "message_log/kafka/kafka_topics.h"
#include "message_log/kafka/kafka_watch.h"

namespace c4a {
namespace {

constexpr std::int16_t kProduceKey = 0;
constexpr std::int16_t kFetchKey = 1;
constexpr std::int16_t kOffsetFetchKey = 9;
constexpr int kBrokers = 3;
constexpr std::chrono::seconds kPatience{30};

Command typing_of(std::int64_t at) {
  Command command;
  command.at = at;
  command.request = Typing{};
  return command;
}

class NoSender final : public DecisionSender {
 public:
  void answer(const ReplyAddress&, const Result<Decision>&) override {}
};

class OneOwner final : public PartitionOwner {
 public:
  void assigned(std::shared_ptr<SharedLogPartition> partition) override {
    partition->answer_through(sender_);
    const std::lock_guard lock(mutex_);
    partition_ = std::move(partition);
    changed_.notify_all();
  }
  void revoked(int) override {
    const std::lock_guard lock(mutex_);
    partition_.reset();
  }
  std::shared_ptr<SharedLogPartition> wait() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPatience, [&] { return partition_ != nullptr; });
    return partition_;
  }

 private:
  NoSender sender_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<SharedLogPartition> partition_;
};

class Answers {
 public:
  Completion next() {
    return [this](Result<Decision> decision) {
      const std::lock_guard lock(mutex_);
      all_.push_back(std::move(decision));
      changed_.notify_all();
    };
  }
  std::vector<Result<Decision>> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPatience, [&] { return all_.size() >= count; });
    return all_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Result<Decision>> all_;
};

bool eventually(const auto& condition) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

kafka::ConfPtr quiet_conf() {
  kafka::ConfPtr conf(rd_kafka_conf_new());
  rd_kafka_conf_set_log_cb(conf.get(), kafka::log_line);
  return conf;
}

class KafkaMockTest : public testing::Test {
 protected:
  KafkaMockTest()
      : host_(kafka::make_client(RD_KAFKA_PRODUCER, quiet_conf()).value()),
        cluster_(rd_kafka_mock_cluster_new(host_.get(), kBrokers)) {
    std::string_view brokers = rd_kafka_mock_cluster_bootstraps(cluster_);
    while (!brokers.empty()) {
      const auto comma = brokers.find(',');
      options_.brokers.emplace_back(brokers.substr(0, comma));
      brokers.remove_prefix(comma == std::string_view::npos ? brokers.size() : comma + 1);
    }
    options_.decision_wait_ms = 1;
    for (const char* topic : {kCommandsTopic, kDeadLettersTopic}) {
      rd_kafka_mock_topic_create(cluster_, topic, 1, kBrokers);
    }
  }
  ~KafkaMockTest() override { rd_kafka_mock_cluster_destroy(cluster_); }

  void all_brokers(auto change) {
    for (int broker = 1; broker <= kBrokers; ++broker) change(cluster_, broker);
  }
  void append(int count) {
    const auto log = KafkaMessageLog::open(options_, 1).value();
    Answers answers;
    for (int i = 1; i <= count; ++i) ASSERT_TRUE(log->append(typing_of(i), answers.next()));
    for (const auto& answer : answers.wait_for(static_cast<std::size_t>(count))) EXPECT_TRUE(answer);
  }
  void commit_as_group(std::int64_t offset) {
    const auto client =
        kafka::make_client(RD_KAFKA_CONSUMER, kafka::make_conf(options_, {{"group.id", options_.group}}).value())
            .value();
    const kafka::PartitionList list(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(list.get(), kCommandsTopic, 0)->offset = offset;
    ASSERT_EQ(rd_kafka_commit(client.get(), list.get(), 0), RD_KAFKA_RESP_ERR_NO_ERROR);
  }

  kafka::Client host_;
  rd_kafka_mock_cluster_t* cluster_;
  KafkaOptions options_;
};

TEST_F(KafkaMockTest, TheOffsetStaysBeforeWhatCouldNotBeSetAside) {
  std::atomic<std::uint64_t> consumed{0};
  bool safe = true;
  KafkaLogPartition partition(
      kafka::Queue(rd_kafka_queue_new(host_.get())), KafkaPlace{"t", 0, 1}, 0,
      [&](std::int64_t, std::string_view, std::string_view) { return safe; }, consumed);
  const auto at = [&](std::int64_t offset) { return partition.place().position_of(offset); };
  const Error reason{ErrorCode::kCorrupt, "damaged", {}, {}};
  partition.set_aside({at(3), typing_of(1), {}}, reason);
  partition.committed(at(4));
  EXPECT_EQ(partition.next_offset(), 5);
  safe = false;
  partition.give_up();
  partition.set_aside({at(6), typing_of(1), {}}, reason);
  partition.committed(at(8));
  EXPECT_EQ(partition.next_offset(), 6) << "whoever has the partition next reads it again";
}

// A broker that has just started answers before it knows all topics.
TEST_F(KafkaMockTest, ATopicIsNotGoneBecauseItIsNotKnownYet) {
  options_.topic_prefix = "late_";
  std::jthread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
    rd_kafka_mock_topic_create(cluster_, "late_chat_messages", 6, kBrokers);
  });
  EXPECT_EQ(kafka_partition_count(options_).value(), 6);
}

TEST_F(KafkaMockTest, AStartThatCannotBeAskedForIsNotTakenForTheBeginning) {
  append(5);
  commit_as_group(3);
  rd_kafka_mock_push_request_errors(cluster_, kOffsetFetchKey, 2, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
                                    RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
  OneOwner owner;
  const auto partitions = KafkaPartitions::open(options_, owner).value();
  const auto partition = owner.wait();
  ASSERT_TRUE(partition);
  std::vector<LoggedCommand> batch;
  ASSERT_TRUE(partition->next_batch(batch, 1));
  EXPECT_EQ(batch[0].command.at, 4);
  EXPECT_GE(partitions->counters().errors, 1u);
}

TEST_F(KafkaMockTest, APartitionThatIsNotReadIsNamedWithTheCause) {
  append(1);
  commit_as_group(1000);
  OneOwner owner;
  const auto partitions = KafkaPartitions::open(options_, owner).value();
  const auto partition = owner.wait();
  ASSERT_TRUE(partition);
  std::vector<LoggedCommand> batch;
  std::jthread reader([&] { partition->next_batch(batch, 1); });
  ASSERT_TRUE(eventually([&] { return !partitions->check(); }));
  const std::string detail = partitions->check().error().detail;
  EXPECT_NE(detail.find("partition 0 of the Kafka topic chat_messages"), std::string::npos) << detail;
  EXPECT_NE(detail.find("--reset-offsets"), std::string::npos) << detail;
  static_cast<KafkaLogPartition&>(*partition).give_up();
}

// One that was cut off and comes back takes itself for the leader at first, and has not what was written meanwhile.
TEST_F(KafkaMockTest, ABrokerThatSaysThatThereIsNoSuchOffsetHasNotTheLastWord) {
  append(4);
  commit_as_group(1);
  OneOwner owner;
  const auto partitions = KafkaPartitions::open(options_, owner).value();
  const auto partition = owner.wait();
  ASSERT_TRUE(partition);
  std::mutex mutex;
  std::vector<std::int64_t> read;
  const auto count = [&] {
    const std::lock_guard lock(mutex);
    return read.size();
  };
  std::jthread reader([&] {
    std::vector<LoggedCommand> batch;
    while (partition->next_batch(batch, 100)) {
      const std::lock_guard lock(mutex);
      for (const auto& logged : batch) read.push_back(logged.command.at);
      batch.clear();
    }
  });
  EXPECT_TRUE(eventually([&] { return count() == 3; }));
  rd_kafka_mock_push_request_errors(cluster_, kFetchKey, 1, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE);
  EXPECT_TRUE(eventually([&] { return !partitions->check(); }));
  append(2);
  EXPECT_TRUE(eventually([&] { return count() == 5; }));
  EXPECT_TRUE(eventually([&] { return partitions->check().has_value(); }));
  static_cast<KafkaLogPartition&>(*partition).give_up();
  reader.join();
  EXPECT_EQ(read, (std::vector<std::int64_t>{2, 3, 4, 1, 2}));
}

TEST_F(KafkaMockTest, APartitionThatWaitsInVainWhileTheLogGoesOnIsUnread) {
  append(3);
  std::atomic<std::uint64_t> consumed{0};
  const auto waiting_at = [&](std::int64_t start) {
    return std::make_shared<KafkaLogPartition>(
        kafka::Queue(rd_kafka_queue_new(host_.get())), KafkaPlace{kCommandsTopic, 0, 1}, start,
        [](std::int64_t, std::string_view, std::string_view) { return true; }, consumed);
  };
  const KafkaWatch::Partitions behind{waiting_at(2)}, at_the_end{waiting_at(3)}, beyond{waiting_at(4)};
  std::vector<std::jthread> readers;
  for (const auto* all : {&behind, &at_the_end, &beyond}) {
    readers.emplace_back([partition = all->front()] {
      std::vector<LoggedCommand> batch;
      partition->next_batch(batch, 1);
    });
  }
  KafkaWatch watch(options_);
  EXPECT_TRUE(watch.unread(behind).value().empty()) << "it has only begun to wait";
  EXPECT_TRUE(eventually([&] { return behind.front()->waited_ms() > 3000 && beyond.front()->waited_ms() > 3000; }));
  EXPECT_TRUE(watch.unread(behind).value().empty()) << "what was just written is on its way";
  EXPECT_EQ(watch.unread(behind).value(), behind);
  for (int look = 0; look < 3; ++look) {
    EXPECT_TRUE(watch.unread(at_the_end).value().empty());
    EXPECT_TRUE(watch.unread(beyond).value().empty());
  }
  for (const auto* all : {&behind, &at_the_end, &beyond}) all->front()->give_up();
}

TEST_F(KafkaMockTest, AProducerThatIsBrokenForGoodIsReplaced) {
  const auto log = KafkaMessageLog::open(options_, 1).value();
  Answers answers;
  rd_kafka_mock_push_request_errors(cluster_, kProduceKey, 1, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
  ASSERT_TRUE(log->append(typing_of(1), answers.next()));
  const auto broken = answers.wait_for(1);
  ASSERT_EQ(broken.size(), 1u);
  EXPECT_EQ(broken[0].error().code, ErrorCode::kUnavailable);
  ASSERT_TRUE(eventually([&] { return log->counters().replaced_producers == 1; }));
  ASSERT_TRUE(eventually([&] { return log->append(typing_of(2), answers.next()).has_value(); }));
  const auto all = answers.wait_for(2);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_TRUE(all[1]);
}

TEST_F(KafkaMockTest, LostBrokersAreNoticedAndFoundAgain) {
  const auto log = KafkaMessageLog::open(options_, 1).value();
  append(1);
  all_brokers([](auto* cluster, int broker) { rd_kafka_mock_broker_set_down(cluster, broker); });
  ASSERT_TRUE(eventually([&] { return !log->check(); }));
  EXPECT_FALSE(log->append(typing_of(1), [](Result<Decision>) {}));
  all_brokers([](auto* cluster, int broker) { rd_kafka_mock_broker_set_up(cluster, broker); });
  EXPECT_TRUE(eventually([&] { return log->check().has_value(); }));
}

TEST_F(KafkaMockTest, SendsAreRefusedAtOnceWhereManyWaitAndDecisionsComeLate) {
  Answers answers;
  const auto log = KafkaMessageLog::open(options_, 1).value();
  const auto append = [&](Request request) {
    Command command;
    command.at = 1;
    command.request = std::move(request);
    return log->append(std::move(command), answers.next());
  };
  constexpr std::uint64_t kCommands = 2000;
  for (std::uint64_t i = 0; i < kCommands; ++i) ASSERT_TRUE(append(SendMessage{}));
  ASSERT_EQ(answers.wait_for(kCommands).size(), kCommands) << "without a decision";
  std::this_thread::sleep_for(std::chrono::milliseconds(600));
  for (std::uint64_t request = 1; request <= kCommands / 2; ++request) log->decided(request, Decision{});

  const auto refused = log->admits_send();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kOverloaded);
  EXPECT_EQ(log->counters().shed, 1u);
  EXPECT_TRUE(append(Acknowledge{})) << "what frees a queue is taken";

  for (auto request = kCommands / 2 + 1; request <= kCommands + 1; ++request) log->decided(request, Decision{});
  EXPECT_TRUE(log->admits_send()) << "all is decided";
}

TEST_F(KafkaMockTest, WhatStopCannotDeliverIsAnsweredAllTheSame) {
  const auto log = KafkaMessageLog::open(options_, 1).value();
  all_brokers([](auto* cluster, int broker) { rd_kafka_mock_broker_set_down(cluster, broker); });
  Answers answers;
  std::size_t taken = 0;
  for (int i = 0; i < 5; ++i) taken += log->append(typing_of(i), answers.next()).has_value() ? 1 : 0;
  log->stop();
  EXPECT_EQ(log->waiting(), 0u);
  const auto all = answers.wait_for(taken);
  EXPECT_EQ(all.size(), taken);
  for (const auto& answer : all) EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
}

TEST_F(KafkaMockTest, ACommandThatTheLogCannotCarryIsTooLargeAndALargeOneIsCarried) {
  const auto log = KafkaMessageLog::open(options_, 1).value();
  Command command;
  command.request = UpdateConversation{std::string(3 << 20, 'x')};
  const auto refused = log->append(std::move(command), [](Result<Decision>) {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kBodyTooLarge);
  EXPECT_EQ(log->waiting(), 0u);
  command = {};
  command.request = UpdateConversation{std::string((1 << 20) + 4096, 'x')};
  Answers answers;
  ASSERT_TRUE(log->append(std::move(command), answers.next()));
  const auto all = answers.wait_for(1);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_TRUE(all[0]);
}

TEST_F(KafkaMockTest, TheClearestReportOfATroubleIsTheOneThatIsTold) {
  kafka::Trouble trouble;
  EXPECT_EQ(trouble.text_or("nothing"), "nothing");
  trouble.heard(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "3/3 brokers are down");
  trouble.heard(RD_KAFKA_RESP_ERR__SSL, "certificate refused");
  trouble.heard(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "3/3 brokers are down");
  EXPECT_EQ(trouble.text_or("nothing"), "certificate refused");
  trouble.over();
  EXPECT_EQ(trouble.text_or("nothing"), "nothing");
}

}  // namespace
}  // namespace c4a
