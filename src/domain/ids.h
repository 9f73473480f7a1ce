#pragma once

// Ids and positions as types, so that one is never taken for another.

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/uuid.h"

namespace c4a {

template <class Tag>
struct TypedUuid {
  Uuid uuid;

  static std::optional<TypedUuid> parse(std::string_view text) {
    const auto id = Uuid::parse(text);
    if (!id) return std::nullopt;
    return TypedUuid{*id};
  }
  static TypedUuid v7(TimestampMs now) { return {Uuid::v7(now)}; }
  static TypedUuid from_view(std::string_view raw) { return {Uuid::from_view(raw)}; }
  std::string str() const { return uuid.str(); }
  std::string_view view() const { return uuid.view(); }
  auto operator<=>(const TypedUuid&) const = default;
};

using ConversationId = TypedUuid<struct ConversationTag>;
using MessageId = TypedUuid<struct MessageTag>;

// A position that only grows: 0 is before the first.
template <class Tag>
struct Position {
  std::uint64_t value = 0;

  Position next() const { return {value + 1}; }
  auto operator<=>(const Position&) const = default;
};

using Seq = Position<struct SeqTag>;          // of a message in its conversation
using Version = Position<struct VersionTag>;  // of everything else that happens to a conversation
using LogPosition = Position<struct LogTag>;  // of a command in the message log

// A log that several routers share has a lane of positions for each partition of each of its generations, and only
// within a lane do they tell what was earlier. A conversation lies in one lane, or in one after the other, each higher.
// Where there is one partition its lane is 0.
inline constexpr int kLaneBits = 42;  // more commands than a partition will ever have
constexpr std::uint64_t lane_of(LogPosition position) { return position.value >> kLaneBits; }
constexpr LogPosition lane_begin(std::uint64_t lane) { return {lane << kLaneBits}; }
inline constexpr LogPosition kEndOfLog{INT64_MAX};  // above all positions: they fit into what stores call a bigint

// Chosen by the integrator: 1 to 64 characters of A-Z a-z 0-9 . _ ~ - and neither "." nor "..".
struct UserId {
  std::string text;

  static std::optional<UserId> parse(std::string_view text);
  auto operator<=>(const UserId&) const = default;
};

// Names one device of a user: 0 to 128 printable ASCII characters; empty is the user as one device.
struct DeviceId {
  std::string text;

  static std::optional<DeviceId> parse(std::string_view text);
  auto operator<=>(const DeviceId&) const = default;
};

// The session that a command came from, so that it does not hear its own message. 0: none.
using SessionNumber = std::uint64_t;

inline constexpr std::string_view kUserIdRule =
    "must have 1 to 64 characters of A-Z a-z 0-9 . _ ~ - and be neither \".\" nor \"..\"";

}  // namespace c4a

template <class Tag>
struct std::hash<c4a::TypedUuid<Tag>> {
  std::size_t operator()(const c4a::TypedUuid<Tag>& id) const noexcept { return c4a::UuidHash{}(id.uuid); }
};
template <>
struct std::hash<c4a::UserId> {
  using is_transparent = void;
  std::size_t operator()(const c4a::UserId& id) const noexcept { return std::hash<std::string_view>{}(id.text); }
};
