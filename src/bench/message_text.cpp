#include "bench/message_text.h"

#include <charconv>

#include "bench/frame_scan.h"

namespace c4a::bench {
namespace {

constexpr std::size_t kNoiseBytes = 1U << 16U;

std::string make_noise() {
  std::string noise;
  noise.reserve(kNoiseBytes);
  std::uint64_t state = 0x9E3779B97F4A7C15ULL;
  while (noise.size() < kNoiseBytes) {
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
    noise += "abcdefghijklmnopqrstuvwxyz .,ABC"[state & 31U];
  }
  return noise;
}

}  // namespace

MessageWriter::MessageWriter(std::size_t text_bytes, bool own_ids)
    : text_bytes_(text_bytes), own_ids_(own_ids), noise_(make_noise()), next_id_(Uuid::v7(system_clock().now_ms())) {}

void MessageWriter::append_frame(std::string& out, std::uint64_t number, std::string_view conversation) {
  out += kSendStart;
  append_number(out, number);
  out += kAfterRef;
  append_message(out, number, conversation);
  out += '}';
}

void MessageWriter::append_frame(std::string& out, std::uint64_t number, std::string_view conversation,
                                 const Uuid& message_id) {
  out += kSendStart;
  append_number(out, number);
  out += kAfterRef;
  out += kMessageIdKey;
  message_id.append_to(out);
  out += R"(",)";
  append_content(out, number, conversation);
  out += '}';
}

void MessageWriter::append_body(std::string& out, std::uint64_t number, std::string_view conversation) {
  out += '{';
  append_message(out, number, conversation);
}

void MessageWriter::append_message(std::string& out, std::uint64_t number, std::string_view conversation) {
  if (own_ids_) {
    // The last bytes count up: as unique as the random ones they began with, without a random number per message.
    for (std::size_t i = 15; i > 8 && ++next_id_.bytes[i] == 0; --i) {
    }
    out += kMessageIdKey;
    next_id_.append_to(out);
    out += R"(",)";
  }
  append_content(out, number, conversation);
}

void MessageWriter::append_content(std::string& out, std::uint64_t number, std::string_view conversation) const {
  out += kConversationKey;
  out += conversation;
  out += kPayloadStart;
  append_number(out, number);
  out += noise_of(number);
  out += kPayloadEnd;
}

std::string_view MessageWriter::noise_of(std::uint64_t number) const {
  const auto rest = text_bytes_ - kNumberDigits;
  return std::string_view(noise_).substr((number * 61) % (kNoiseBytes - rest), rest);
}

bool MessageWriter::is_text_of(std::string_view text, std::uint64_t number) const {
  return text.size() == text_bytes_ && leading_number(text.substr(0, kNumberDigits)) == number &&
         text.substr(kNumberDigits) == noise_of(number);
}

void append_number(std::string& out, std::uint64_t number) {
  char digits[kNumberDigits];
  for (std::size_t i = kNumberDigits; i > 0; --i) {
    digits[i - 1] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
  out.append(digits, kNumberDigits);
}

void append_delivered_frame(std::string& out, std::string_view conversation, std::uint64_t up_to_seq) {
  out += R"({"type":"delivered","conversation_id":")";
  out += conversation;
  out += R"(","up_to_seq":)";
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, up_to_seq).ptr);
  out += '}';
}

}  // namespace c4a::bench
