#include "net/output_queue.h"

#include <utility>

#include "net/websocket_codec.h"

namespace c4a::net {
namespace {

constexpr std::size_t kKeptFrames = 4;  // capacity an idle connection may keep

}  // namespace

void OutputQueue::push(SharedFrame frame) {
  frame_bytes_ += frame->size() + 1;
  frames_.push_back(std::move(frame));
}

void OutputQueue::push_raw(std::string_view bytes) { raw_ += bytes; }

std::uint32_t OutputQueue::count_joined(std::size_t from, std::size_t message_bytes, std::size_t& payload_bytes) const {
  payload_bytes = frames_[from]->size();
  std::size_t at = from + 1;
  for (; at < frames_.size() && payload_bytes + 1 + frames_[at]->size() <= message_bytes; ++at) {
    payload_bytes += 1 + frames_[at]->size();
  }
  return static_cast<std::uint32_t>(at - from);
}

void OutputQueue::compose(std::size_t message_bytes, std::size_t scratch_bytes, std::string& scratch,
                          std::vector<Piece>& pieces) const {
  scratch.clear();
  pieces.clear();
  const auto add_raw = [&] {
    if (raw_.empty()) return;
    scratch += raw_;
    pieces.push_back({raw_.size(), 0});
  };
  if (begun_frames_ == 0) add_raw();
  std::size_t at = next_;
  while (at < frames_.size() && scratch.size() < scratch_bytes) {
    const bool begun = at == next_ && begun_frames_ != 0;
    std::size_t payload = 0;
    std::uint32_t count = begun_frames_;
    if (begun) {
      for (std::size_t i = 0; i < count; ++i) payload += frames_[at + i]->size() + 1;
      --payload;
    } else {
      count = count_joined(at, message_bytes, payload);
    }
    const std::size_t start = scratch.size();
    append_frame_header(scratch, Opcode::kText, payload);
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) scratch += '\n';
      scratch += *frames_[at + i];
    }
    at += count;
    if (begun) scratch.erase(0, begun_bytes_);
    pieces.push_back({scratch.size() - start, count});
    if (begun) add_raw();
  }
}

void OutputQueue::consume(std::size_t sent, const std::vector<Piece>& pieces, bool pin) {
  for (const Piece& piece : pieces) {
    if (sent >= piece.bytes) {
      sent -= piece.bytes;
      piece.frames == 0 ? std::string().swap(raw_) : pop(piece.frames);
      continue;
    }
    if (piece.frames == 0) {
      raw_.erase(0, sent);
    } else if (sent > 0 || pin) {
      begun_frames_ = piece.frames;
      begun_bytes_ += static_cast<std::uint32_t>(sent);
    }
    return;
  }
}

void OutputQueue::pop(std::uint32_t frames) {
  begun_frames_ = begun_bytes_ = 0;
  for (std::uint32_t i = 0; i < frames; ++i) {
    frame_bytes_ -= frames_[next_]->size() + 1;
    frames_[next_++].reset();
  }
  if (next_ == frames_.size()) {
    frames_.clear();
    next_ = 0;
    if (frames_.capacity() > kKeptFrames) std::vector<SharedFrame>().swap(frames_);
  } else if (next_ > frames_.size() / 2 && next_ > 64) {
    frames_.erase(frames_.begin(), frames_.begin() + static_cast<std::ptrdiff_t>(next_));
    next_ = 0;
  }
}

void OutputQueue::drop_unbegun() {
  while (frames_.size() > next_ + begun_frames_) {
    frame_bytes_ -= frames_.back()->size() + 1;
    frames_.pop_back();
  }
}

}  // namespace c4a::net
