// The log on a real cluster: CHAT4ALL_TEST_KAFKA=host:port,host:port,… (`make servers`). Each test has topics of its
// own.

#include <gtest/gtest.h>

#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <set>

#include "base/uuid.h"
#include "message_log/kafka/kafka_client.h"
#include "message_log/kafka/kafka_generations.h"
#include "message_log/kafka/kafka_message_log.h"
#include "message_log/kafka/kafka_partitions.h"
#include "message_log/kafka/kafka_repartition.h"
#include "message_log/kafka/kafka_topics.h"
#include "message_log/message_log_contract.h"

namespace c4a {
namespace {

using std::chrono::seconds;

const char* cluster() { return std::getenv("CHAT4ALL_TEST_KAFKA"); }

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto comma = text.find(',');
    parts.emplace_back(text.substr(0, comma));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return parts;
}

KafkaOptions own_topics(int partitions) {
  KafkaOptions options;
  options.brokers = split(cluster());
  options.topic_prefix = "t" + Uuid::v7(system_clock().now_ms()).str().substr(0, 23) + "_";
  options.group = options.topic_prefix + "routers";
  options.partitions = partitions;
  return options;
}

// Takes what it is given, and waits for it.
class Owner final : public PartitionOwner {
 public:
  void assigned(std::shared_ptr<SharedLogPartition> partition) override {
    const std::lock_guard lock(mutex_);
    partitions_[partition->number()] = std::move(partition);
    changed_.notify_all();
  }
  void revoked(int number) override {
    const std::lock_guard lock(mutex_);
    partitions_.erase(number);
    changed_.notify_all();
  }
  std::vector<std::shared_ptr<SharedLogPartition>> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, seconds(40), [&] { return partitions_.size() == count; });
    std::vector<std::shared_ptr<SharedLogPartition>> all;
    for (const auto& [number, partition] : partitions_) all.push_back(partition);
    return all;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<int, std::shared_ptr<SharedLogPartition>> partitions_;
};

class KafkaUnderTest final : public LogUnderTest, private DecisionSender {
 public:
  explicit KafkaUnderTest(KafkaOptions options) : options_(std::move(options)) {
    EXPECT_TRUE(create_kafka_topics(options_));
    log_ = KafkaMessageLog::open(options_, 1).value();
    routers_ = KafkaPartitions::open(options_, owner_).value();
    partition_ = owner_.wait_for(1).at(0);
    partition_->answer_through(*this);
  }
  MessageLog& log() override { return *log_; }
  LogPartition& partition() override { return *partition_; }
  void stop_reader() override { routers_.reset(); }

 private:
  void answer(const ReplyAddress& to, const Result<Decision>& decision) override {
    log_->decided(to.request, decision);
  }
  KafkaOptions options_;
  Owner owner_;
  std::unique_ptr<KafkaMessageLog> log_;
  std::unique_ptr<KafkaPartitions> routers_;
  std::shared_ptr<SharedLogPartition> partition_;
};

struct MakeKafka {
  std::unique_ptr<LogUnderTest> operator()(std::size_t waiting_limit) {
    auto options = own_topics(1);
    options.waiting_limit = waiting_limit;
    options.decision_wait_ms = 60'000;
    return std::make_unique<KafkaUnderTest>(std::move(options));
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(Kafka, MessageLogContract, MakeKafka);

Command numbered(std::uint64_t number, const ConversationId& conversation) {
  Command command;
  command.conversation_id = conversation;
  command.at = static_cast<TimestampMs>(number);
  command.request = Typing{};
  return command;
}

class NoSender final : public DecisionSender {
 public:
  void answer(const ReplyAddress&, const Result<Decision>&) override {}
};

TEST(KafkaLiveTest, WhatWasNotCommittedIsReadAgainAfterARestartAndTheRestIsNot) {
  const auto options = own_topics(1);
  ASSERT_TRUE(create_kafka_topics(options));
  const auto log = KafkaMessageLog::open(options, 1).value();
  NoSender sender;
  for (std::uint64_t i = 1; i <= 10; ++i) ASSERT_TRUE(log->append(numbered(i, {}), [](Result<Decision>) {}));
  LogPosition last;
  {
    Owner owner;
    const auto routers = KafkaPartitions::open(options, owner).value();
    const auto partition = owner.wait_for(1).at(0);
    partition->answer_through(sender);
    std::vector<LoggedCommand> all;
    while (all.size() < 10) ASSERT_TRUE(partition->next_batch(all, 10 - all.size()));
    last = all[5].position;
    partition->committed(last);
  }
  Owner owner;
  const auto routers = KafkaPartitions::open(options, owner).value();
  const auto partition = owner.wait_for(1).at(0);
  partition->answer_through(sender);
  std::vector<LoggedCommand> batch;
  ASSERT_TRUE(partition->next_batch(batch, 1));
  EXPECT_EQ(batch[0].command.at, 7);
  EXPECT_GT(batch[0].position, last);
}

TEST(KafkaLiveTest, ASecondProcessTakesHalfOfThePartitionsAndNothingIsLost) {
  const auto options = own_topics(4);
  ASSERT_TRUE(create_kafka_topics(options));
  NoSender sender;
  const auto log = KafkaMessageLog::open(options, 1).value();
  Owner first;
  auto routers = KafkaPartitions::open(options, first).value();
  ASSERT_EQ(first.wait_for(4).size(), 4u);
  Owner second;
  auto others = KafkaPartitions::open(options, second).value();
  ASSERT_EQ(second.wait_for(2).size(), 2u);
  auto parts = first.wait_for(2);
  ASSERT_EQ(parts.size(), 2u);
  for (const auto& partition : second.wait_for(2)) parts.push_back(partition);
  for (std::uint64_t i = 1; i <= 200; ++i) {
    ASSERT_TRUE(log->append(numbered(i, {Uuid::from_name(std::to_string(i % 20))}), [](Result<Decision>) {}));
  }
  std::mutex mutex;
  std::map<ConversationId, TimestampMs> newest;
  std::atomic<int> seen{0};
  std::vector<std::jthread> readers;
  for (const auto& partition : parts) {
    partition->answer_through(sender);
    readers.emplace_back([&, partition] {
      std::vector<LoggedCommand> batch;
      while (seen < 200 && partition->next_batch(batch, 100)) {
        const std::lock_guard lock(mutex);
        for (const auto& logged : batch) {
          EXPECT_GT(logged.command.at, newest[logged.command.conversation_id]) << "order within a conversation";
          newest[logged.command.conversation_id] = logged.command.at;
          ++seen;
        }
        batch.clear();
      }
    });
  }
  for (int i = 0; i < 400 && seen < 200; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(seen, 200);
  // Readers that wait for more end when their partitions are given back.
  others.reset();
  routers.reset();
}

TEST(KafkaLiveTest, WhatCannotBeDecodedIsSetAsideAndThePartitionGoesOn) {
  const auto options = own_topics(1);
  ASSERT_TRUE(create_kafka_topics(options));
  auto producer = kafka::make_client(RD_KAFKA_PRODUCER, kafka::make_conf(options, {{"acks", "all"}}).value()).value();
  const std::string topic = commands_topic(options);
  ASSERT_EQ(rd_kafka_producev(producer.get(), RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                              RD_KAFKA_V_VALUE(const_cast<char*>("?"), 1), RD_KAFKA_V_END),
            RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_flush(producer.get(), 10'000);
  const auto log = KafkaMessageLog::open(options, 1).value();
  ASSERT_TRUE(log->append(numbered(1, {}), [](Result<Decision>) {}));
  Owner owner;
  const auto routers = KafkaPartitions::open(options, owner).value();
  NoSender sender;
  const auto partition = owner.wait_for(1).at(0);
  partition->answer_through(sender);
  std::vector<LoggedCommand> batch;
  ASSERT_TRUE(partition->next_batch(batch, 10));
  EXPECT_EQ(batch.size(), 1u);
  EXPECT_EQ(routers->counters().dead_letters, 1u);
}

TEST(KafkaLiveTest, ASendIsAnsweredWithoutADecisionWhenNoRouterAnswers) {
  const auto options = own_topics(1);
  ASSERT_TRUE(create_kafka_topics(options));
  const auto log = KafkaMessageLog::open(options, 1).value();
  std::mutex mutex;
  std::condition_variable answered;
  std::optional<Result<Decision>> answer;
  ASSERT_TRUE(log->append(numbered(1, {}), [&](Result<Decision> decision) {
    const std::lock_guard lock(mutex);
    answer = std::move(decision);
    answered.notify_all();
  }));
  std::unique_lock lock(mutex);
  answered.wait_for(lock, seconds(20), [&] { return answer.has_value(); });
  ASSERT_TRUE(answer && *answer);
  EXPECT_FALSE((*answer)->decided);
}

TEST(KafkaLiveTest, UnsafeAndMissingTopicsAreRefusedWithWhatToDo) {
  auto options = own_topics(1);
  const auto missing = check_kafka_topics(options);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().detail.find("chat4all migrate"), std::string::npos) << missing.error().detail;
  options.replication = 1;
  ASSERT_TRUE(create_kafka_topics(options));
  const auto few = check_kafka_topics(options);
  ASSERT_FALSE(few);
  EXPECT_NE(few.error().detail.find("1 replicas"), std::string::npos) << few.error().detail;
  const auto safe = own_topics(2);
  ASSERT_TRUE(create_kafka_topics(safe));
  const auto good = check_kafka_topics(safe);
  EXPECT_TRUE(good) << good.error().detail;
  EXPECT_EQ(kafka_partition_count(safe).value(), 2);
}

TEST(KafkaLiveTest, OnlyOffsetsThatMovedAreCommitted) {
  const auto options = own_topics(1);
  ASSERT_TRUE(create_kafka_topics(options));
  const auto log = KafkaMessageLog::open(options, 1).value();
  for (std::uint64_t i = 1; i <= 3; ++i) ASSERT_TRUE(log->append(numbered(i, {}), [](Result<Decision>) {}));
  Owner owner;
  const auto routers = KafkaPartitions::open(options, owner).value();
  const auto partition = owner.wait_for(1).at(0);
  NoSender sender;
  partition->answer_through(sender);
  std::vector<LoggedCommand> batch;
  while (batch.size() < 3) ASSERT_TRUE(partition->next_batch(batch, 3 - batch.size()));
  const auto commits_reach = [&](std::uint64_t count) {
    for (int i = 0; i < 400 && routers->counters().commits < count; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return routers->counters().commits == count;
  };
  partition->committed(batch[1].position);
  ASSERT_TRUE(commits_reach(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  EXPECT_EQ(routers->counters().commits, 1u);
  partition->committed(batch[2].position);
  EXPECT_TRUE(commits_reach(2));
  EXPECT_TRUE(routers->check());
}

TEST(KafkaLiveTest, ACommandOfTheLargestLegalBodyIsCarried) {
  const auto options = own_topics(1);
  ASSERT_TRUE(create_kafka_topics(options));
  const auto log = KafkaMessageLog::open(options, 1).value();
  Command command;
  command.request = UpdateConversation{std::string((1 << 20) + 4096, 'x')};
  ASSERT_TRUE(log->append(std::move(command), [](Result<Decision>) {}));
  Owner owner;
  const auto routers = KafkaPartitions::open(options, owner).value();
  NoSender sender;
  const auto partition = owner.wait_for(1).at(0);
  partition->answer_through(sender);
  std::vector<LoggedCommand> batch;
  ASSERT_TRUE(partition->next_batch(batch, 1));
  EXPECT_EQ(log->counters().failed, 0u);
}

// What all readers together have seen: each conversation's commands, numbered from 1. As a router does, it passes over
// what is read again.
class Order {
 public:
  void see(const LoggedCommand& logged) {
    const std::lock_guard lock(mutex_);
    auto& last = last_[logged.command.conversation_id];
    if (logged.position <= last.second) return;
    EXPECT_EQ(logged.command.at, last.first + 1)
        << "order within a conversation, at " << logged.position.value << " after " << last.second.value;
    last = {logged.command.at, logged.position};
    ++seen_;
  }
  std::size_t seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  std::mutex mutex_;
  std::map<ConversationId, std::pair<TimestampMs, LogPosition>> last_;
  std::size_t seen_ = 0;
};

// Reads all that it is given.
class Reading final : public PartitionOwner {
 public:
  explicit Reading(Order& order) : order_(order) {}

  void assigned(std::shared_ptr<SharedLogPartition> partition) override {
    partition->answer_through(sender_);
    threads_[partition->number()] = std::jthread([this, partition] {
      std::vector<LoggedCommand> batch;
      while (partition->next_batch(batch, 50)) {
        for (const auto& logged : batch) order_.see(logged);
        partition->committed(batch.back().position);
        batch.clear();
      }
    });
  }
  void revoked(int number) override { threads_.erase(number); }

 private:
  Order& order_;
  NoSender sender_;
  std::map<int, std::jthread> threads_;
};

TEST(KafkaLiveTest, CommandsKeepTheirOrderWhileTheyGetOtherPartitions) {
  auto options = own_topics(2);
  options.decision_wait_ms = 0;
  ASSERT_TRUE(create_kafka_topics(options));
  Order order;
  Reading owners[2] = {Reading(order), Reading(order)};
  std::unique_ptr<KafkaPartitions> routers[2];
  for (int i = 0; i < 2; ++i) routers[i] = KafkaPartitions::open(options, owners[i]).value();
  const auto log = KafkaMessageLog::open(options, 1).value();
  std::atomic<std::size_t> appended{0};
  std::atomic<std::size_t> answered{0};
  std::atomic<std::size_t> failed{0};
  {
    const std::jthread sending([&](const std::stop_token& stop) {
      for (TimestampMs number = 1; !stop.stop_requested(); ++number) {
        for (int conversation = 0; conversation < 10; ++conversation) {
          ASSERT_TRUE(
              log->append(numbered(static_cast<std::uint64_t>(number), {Uuid::from_name(std::to_string(conversation))}),
                          [&](Result<Decision> decision) { ++(decision ? answered : failed); }));
          ++appended;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
    });
    for (int i = 0; i < 400 && order.seen() == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    std::string next;
    const auto made = [&](const std::string& topic) -> Result<> {
      next = topic;
      return {};
    };
    const auto moved =
        repartition_kafka(options, 5, made, [](const std::string& sentence) { std::puts(sentence.c_str()); });
    ASSERT_TRUE(moved) << moved.error().detail;
    EXPECT_EQ(*moved, 2u);
    EXPECT_EQ(next, commands_topic(options, 2));
    std::this_thread::sleep_for(seconds(1));
  }
  for (int i = 0; i < 200 && (answered + failed < appended || order.seen() < appended); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_EQ(failed, 0u);
  EXPECT_EQ(answered, appended);
  EXPECT_EQ(order.seen(), appended);
  EXPECT_EQ(log->generation(), 2u);
  EXPECT_GT(log->counters().moved, 0u);
  const auto all = kafka_generations(options).value();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_TRUE(all[0].closed);
  EXPECT_EQ(all[1].partitions, 5);
  EXPECT_EQ(open_generation(all), 2u);
  const auto again =
      repartition_kafka(options, 5, [](const std::string&) -> Result<> { return {}; }, [](const std::string&) {});
  EXPECT_TRUE(again) << again.error().detail;
}

TEST(KafkaLiveTest, AFailedTlsHandshakeIsToldAndNotTheBrokersThatAreDownBecauseOfIt) {
  auto options = own_topics(1);
  options.security = "ssl";
  const auto checked = check_kafka_topics(options);
  ASSERT_FALSE(checked);
  EXPECT_NE(checked.error().detail.find("SSL"), std::string::npos) << checked.error().detail;
}

TEST(KafkaLiveTest, AnUnreachableClusterIsNamedInSeconds) {
  auto options = own_topics(1);
  options.brokers = {"127.0.0.1:9"};
  const auto checked = check_kafka_topics(options);
  ASSERT_FALSE(checked);
  EXPECT_NE(checked.error().detail.find("127.0.0.1:9"), std::string::npos) << checked.error().detail;
}

}  // namespace
}  // namespace c4a

int main(int argc, char** argv) {
  if (c4a::cluster() == nullptr) {
    std::puts("SKIPPED: no Kafka. Set CHAT4ALL_TEST_KAFKA=host:port,… (`make servers` starts one).");
    return 0;
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
