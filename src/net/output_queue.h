#pragma once

// What a WebSocket has yet to send. Without I/O.
//
// A queue holds references to shared frames and never a copy: the bytes are made anew, into the caller's scratch
// buffer, each time they are offered to the kernel. So a thousand blocked connections that wait with the same frames
// cost a thousand pointers.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/frame.h"

namespace c4a::net {

class OutputQueue {
 public:
  // A part of what `compose` made that can be cut only at its end: one message, or all control frames together.
  struct Piece {
    std::size_t bytes = 0;
    std::uint32_t frames = 0;  // 0: control frames
  };

  // Takes ownership of a share of the frame.
  void push(SharedFrame frame);
  // Bytes that go out as they are, before every message that has not begun.
  void push_raw(std::string_view bytes);

  bool empty() const { return next_ == frames_.size() && raw_.empty(); }
  // All that is unsent: frames with their separators, and raw bytes.
  std::size_t bytes() const { return frame_bytes_ + raw_.size() - (begun_bytes_ < frame_bytes_ ? begun_bytes_ : 0); }
  std::size_t raw_bytes() const { return raw_.size(); }

  // Makes what must be sent next, in order, until everything is there or `scratch_bytes` are passed: frames joined by
  // '\n' into text messages of at most `message_bytes` (a frame that is longer is a message of its own).
  void compose(std::size_t message_bytes, std::size_t scratch_bytes, std::string& scratch,
               std::vector<Piece>& pieces) const;

  // The kernel took `sent` bytes of what the last `compose` made. `pin`: the piece in which `sent` ends will be made
  // again byte for byte even if none of it was taken, as TLS asks for.
  void consume(std::size_t sent, const std::vector<Piece>& pieces, bool pin);

  // Forgets all messages that have not begun.
  void drop_unbegun();

 private:
  std::uint32_t count_joined(std::size_t from, std::size_t message_bytes, std::size_t& payload_bytes) const;
  void pop(std::uint32_t frames);

  std::vector<SharedFrame> frames_;
  std::size_t next_ = 0;         // frames before it are sent
  std::size_t frame_bytes_ = 0;  // of unsent frames, a separator each
  std::string raw_;
  std::uint32_t begun_frames_ = 0;  // the frames that make up the message which has begun; 0: none has
  std::uint32_t begun_bytes_ = 0;   // how much of it is sent, its header included
};

}  // namespace c4a::net
