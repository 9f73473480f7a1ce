#pragma once

#include <memory>

#include "gateway/http/api.h"

namespace c4a {

// Answers the request of a FastHandler. Copies answer the same request; only the first answer counts.
class FastReply {
 public:
  FastReply(Api& api, std::shared_ptr<Api::Running> running) : api_(&api), running_(std::move(running)) {}
  void send(Result<net::HttpResponse> result) const;
  net::EventLoop& loop() const;

 private:
  Api* api_;
  std::shared_ptr<Api::Running> running_;
};

}  // namespace c4a
