#include "presence/memory_presence.h"

#include "presence/memory_live_bus.h"
#include "presence/presence_contract.h"

namespace c4a {
namespace {

struct MakeMemoryPresence {
  std::unique_ptr<Presence> operator()() { return std::make_unique<MemoryPresence>(); }
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, PresenceContract, MakeMemoryPresence);

struct CountingSink final : LiveSink {
  void deliver(SharedEvent event) override { got.push_back(std::move(event)); }
  std::vector<SharedEvent> got;
};

LiveEvent to_audience(std::vector<UserId> users) {
  LiveEvent event;
  event.audience = std::make_shared<const std::vector<UserId>>(std::move(users));
  return event;
}

TEST(MemoryLiveBusTest, AnEventGoesOnlyToLoopsWithSomebodyOfItsAudience) {
  CountingSink first;
  CountingSink second;
  MemoryLiveBus bus({&first, &second});
  bus.attach(UserId{"ana"}, 0);
  bus.attach(UserId{"bo"}, 1);
  bus.publish(to_audience({UserId{"ana"}, UserId{"cy"}}));
  EXPECT_EQ(first.got.size(), 1u);
  EXPECT_EQ(second.got.size(), 0u);
  bus.detach(UserId{"ana"}, 0);
  bus.publish(to_audience({UserId{"ana"}}));
  EXPECT_EQ(first.got.size(), 1u);
}

TEST(MemoryLiveBusTest, OneWhoHasJustLeftHearsOfIt) {
  CountingSink sink;
  MemoryLiveBus bus({&sink});
  bus.attach(UserId{"cy"}, 0);
  LiveEvent event = to_audience({UserId{"ana"}});
  event.also = UserId{"cy"};
  bus.publish(std::move(event));
  EXPECT_EQ(sink.got.size(), 1u);
}

}  // namespace
}  // namespace c4a
