#include "bench/flags.h"

#include <fmt/format.h>

#include <charconv>

namespace c4a::bench {

Flags::Flags(std::span<const std::string_view> args) {
  for (const auto arg : args) {
    if (arg == "--help" || arg == "-h") {
      wants_help_ = true;
    } else {
      args_.push_back({std::string(arg)});
    }
  }
}

const std::string* Flags::take(std::string_view name, std::string& held) {
  const auto flag = fmt::format("--{}", name);
  const std::string* found = nullptr;
  for (std::size_t i = 0; i < args_.size(); ++i) {
    if (args_[i].used) continue;
    if (args_[i].text.starts_with(flag + "=")) {
      args_[i].used = true;
      held = args_[i].text.substr(flag.size() + 1);
      found = &held;
    } else if (args_[i].text == flag) {
      args_[i].used = true;
      if (i + 1 == args_.size()) {
        complaint_ = fmt::format("{} needs a value", flag);
        return nullptr;
      }
      args_[i + 1].used = true;
      held = args_[i + 1].text;
      found = &held;
    }
  }
  return found;
}

std::string Flags::text(std::string_view name, std::string_view fallback, std::string_view help) {
  describe(name, fallback, help);
  std::string held;
  const auto* value = take(name, held);
  return value == nullptr ? std::string(fallback) : *value;
}

std::uint64_t Flags::number(std::string_view name, std::uint64_t fallback, std::uint64_t min, std::uint64_t max,
                            std::string_view help) {
  describe(name, fmt::format("{}", fallback), help);
  std::string held;
  const auto* text = take(name, held);
  if (text == nullptr) return fallback;
  std::uint64_t value = 0;
  const auto [end, failed] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (failed != std::errc() || end != text->data() + text->size() || value < min || value > max) {
    complaint_ = fmt::format("--{} must be a whole number from {} to {}, not \"{}\"", name, min, max, *text);
    return fallback;
  }
  return value;
}

bool Flags::on(std::string_view name, std::string_view help) {
  describe(name, "off", help);
  const auto flag = fmt::format("--{}", name);
  bool found = false;
  for (auto& arg : args_) {
    if (arg.used || arg.text != flag) continue;
    arg.used = true;
    found = true;
  }
  return found;
}

Result<void> Flags::check() const {
  if (wants_help_) return fail(ErrorCode::kInvalidRequest, "help was asked for");
  if (!complaint_.empty()) return fail(ErrorCode::kInvalidRequest, complaint_);
  for (const auto& arg : args_) {
    if (!arg.used) return fail(ErrorCode::kInvalidRequest, fmt::format("{} is not known here; try --help", arg.text));
  }
  return {};
}

void Flags::describe(std::string_view name, std::string_view fallback, std::string_view help) {
  help_ += fmt::format("  --{:<22} {} [{}]\n", name, help, fallback);
}

}  // namespace c4a::bench
