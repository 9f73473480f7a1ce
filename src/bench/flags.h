#pragma once

// Command line flags, each declared where it is used, with its default and one line of help.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace c4a::bench {

// "--name value", "--name=value", or "--name" alone for a switch.
class Flags {
 public:
  explicit Flags(std::span<const std::string_view> args);

  std::string text(std::string_view name, std::string_view fallback, std::string_view help);
  std::uint64_t number(std::string_view name, std::uint64_t fallback, std::uint64_t min, std::uint64_t max,
                       std::string_view help);
  bool on(std::string_view name, std::string_view help);

  // After every flag was asked for. Fails with: kInvalidRequest, where a value is bad or a flag unknown, and where help
  // was asked for instead of work.
  Result<void> check() const;
  bool wants_help() const { return wants_help_; }
  // One line per flag that was asked for.
  const std::string& help() const { return help_; }

 private:
  struct Arg {
    std::string text;
    bool used = false;
  };
  const std::string* take(std::string_view name, std::string& held);
  void describe(std::string_view name, std::string_view fallback, std::string_view help);

  std::vector<Arg> args_;
  std::string help_;
  std::string complaint_;
  bool wants_help_ = false;
};

}  // namespace c4a::bench
