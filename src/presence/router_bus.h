#pragma once

// RouterBus is how a router reaches gateways in other processes: live events and the answers to commands, in the order
// given, gathered until `flush`. One router thread owns one. It may lose anything: sessions read the store, gateways
// answer what the log guarantees. Implementations: RedisRouterBus.

#include "domain/decision_sender.h"
#include "presence/live_bus.h"

namespace c4a {

class RouterBus : public LiveBus, public DecisionSender {};

// The gateway's end: what arrives from all routers. Called on one thread of the bus; quick.
class GatewayInbox {
 public:
  virtual ~GatewayInbox() = default;
  virtual void live(LiveEvent event) = 0;
  virtual void decided(std::uint64_t request, Result<Decision> decision) = 0;
  // Something was lost, or may have been: whoever is connected must look into the store.
  virtual void lost() = 0;
};

}  // namespace c4a
