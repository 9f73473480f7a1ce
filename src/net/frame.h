#pragma once

#include <memory>
#include <string>

namespace c4a::net {

// A frame that is serialised once and shared by everyone who gets it.
using SharedFrame = std::shared_ptr<const std::string>;

inline SharedFrame make_frame(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

}  // namespace c4a::net
