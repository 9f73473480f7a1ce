#include "sessions/delivery_track.h"

#include <algorithm>

#include "base/planted_bug.h"

namespace c4a {

void DeliveryTrack::Line::begin(std::uint64_t start, std::uint64_t last) {
  sent = std::max(sent.value_or(0), start);
  known = std::max(known, last);
}

void DeliveryTrack::Line::begin_at_first_heard() {
  if (!sent && first_heard != 0) sent = first_heard - 1;
}

DeliveryTrack::Verdict DeliveryTrack::Line::hear(std::uint64_t position, bool opened, bool live) {
  if (!sent) {
    if (first_heard == 0) first_heard = position;
    if (opened) begin_at_first_heard();
  }
  if (sent && position <= *sent) {
    return live && planted(PlantedBug::kRepeatSentLive) ? Verdict::kSend : Verdict::kDrop;
  }
  known = std::max(known, position);
  const bool next = sent && (position == *sent + 1 || planted(PlantedBug::kGapSentLive));
  if (live && next) {
    sent = position;
    return Verdict::kSend;
  }
  return Verdict::kLater;
}

void DeliveryTrack::Line::reached(std::uint64_t position) { sent = std::max(sent.value_or(0), position); }

void DeliveryTrack::queue_if_behind(const ConversationId& conversation, Track& track) {
  if (track.seqs.behind() && !std::exchange(track.seqs.queued, true)) messages_due_.push_back(conversation);
  if (track.versions.behind() && !std::exchange(track.versions.queued, true)) changes_due_.push_back(conversation);
}

void DeliveryTrack::begin(const ConversationId& conversation, const DeviceCursor& start, Seq last_seq,
                          Version version) {
  Track& track = tracks_[conversation];
  track.seqs.begin(start.seq.value, last_seq.value);
  track.versions.begin(start.version.value, version.value);
  queue_if_behind(conversation, track);
}

void DeliveryTrack::look_again(const ConversationId& conversation, const DeviceCursor& start, Seq last_seq,
                               Version version) {
  Track& track = tracks_[conversation];
  if (!track.seqs.sent) track.seqs.begin(start.seq.value, last_seq.value);
  if (!track.versions.sent) track.versions.begin(start.version.value, version.value);
  track.seqs.known = std::max(track.seqs.known, last_seq.value);
  track.versions.known = std::max(track.versions.known, version.value);
  queue_if_behind(conversation, track);
}

void DeliveryTrack::opened() {
  opened_ = true;
  // A conversation that is not in the snapshot began after it.
  for (auto& [conversation, track] : tracks_) {
    track.seqs.begin_at_first_heard();
    track.versions.begin_at_first_heard();
    queue_if_behind(conversation, track);
  }
}

DeliveryTrack::Verdict DeliveryTrack::on_message(const ConversationId& conversation, Seq seq, Frame frame) {
  const bool was_live = live();
  Track& track = tracks_[conversation];
  const Verdict verdict = track.seqs.hear(seq.value, opened_, was_live);
  if (verdict == Verdict::kLater) {
    if (frame) keep(track, seq.value, std::move(frame));
    queue_if_behind(conversation, track);
  }
  return verdict;
}

void DeliveryTrack::keep(Track& track, std::uint64_t seq, Frame frame) {
  if (!track.kept.empty() && seq <= track.kept.back().seq) return;
  const bool next = track.kept.empty() || seq == track.kept.back().seq + 1;
  const std::size_t bytes = kKeptOverhead + (frame ? frame->size() : 0);
  if (!next || kept_bytes_ + bytes > kKeptBytes) forget_kept(track, track.kept.size());
  if (kept_bytes_ + bytes > kKeptBytes) return;
  kept_bytes_ += bytes;
  track.kept.push_back({seq, std::move(frame)});
}

void DeliveryTrack::forget_kept(Track& track, std::size_t count) {
  for (; count > 0; --count, track.kept.pop_front()) {
    const Frame& frame = track.kept.front().frame;
    kept_bytes_ -= kKeptOverhead + (frame ? frame->size() : 0);
  }
}

std::vector<DeliveryTrack::Frame> DeliveryTrack::take_kept() {
  std::vector<Frame> frames;
  // In the order of what is due, so that one that waits for the store does not let others pass.
  while (opened_ && !messages_due_.empty()) {
    Track& track = tracks_.at(messages_due_.front());
    Line& seqs = track.seqs;
    for (; !track.kept.empty() && track.kept.front().seq <= seqs.sent.value_or(0) + 1; forget_kept(track, 1)) {
      Kept& kept = track.kept.front();
      if (kept.seq <= seqs.sent.value_or(0)) continue;
      if (kept.frame) frames.push_back(kept.frame);
      seqs.reached(kept.seq);
    }
    if (seqs.behind()) break;
    seqs.queued = false;
    messages_due_.erase(messages_due_.begin());
  }
  return frames;
}

DeliveryTrack::Verdict DeliveryTrack::on_change(const ConversationId& conversation, Version version) {
  const bool was_live = live();
  Track& track = tracks_[conversation];
  const Verdict verdict = track.versions.hear(version.value, opened_, was_live);
  if (verdict == Verdict::kLater) queue_if_behind(conversation, track);
  return verdict;
}

void DeliveryTrack::on_sent(const ConversationId& conversation, Seq seq) {
  Track& track = tracks_[conversation];
  // The answer is the delivery, so pending or not it needs no fetch of its own; a fetch that passes it skips what the
  // device itself sent.
  if (track.seqs.hear(seq.value, opened_, true) == Verdict::kLater) {
    keep(track, seq.value, nullptr);
    queue_if_behind(conversation, track);
  }
}

std::optional<DeliveryTrack::Fetch> DeliveryTrack::next_fetch() const {
  if (!opened_) return std::nullopt;
  Fetch fetch;
  if (!messages_due_.empty()) {
    fetch.conversation = messages_due_.front();
    const Line& seqs = tracks_.at(fetch.conversation).seqs;
    fetch.after = Seq{seqs.sent.value_or(0)};
    fetch.until = Seq{seqs.known};
    return fetch;
  }
  if (!changes_due_.empty()) {
    fetch.kind = Fetch::Kind::kChanges;
    fetch.conversation = changes_due_.front();
    const Line& versions = tracks_.at(fetch.conversation).versions;
    fetch.after_version = Version{versions.sent.value_or(0)};
    fetch.until_version = Version{versions.known};
    return fetch;
  }
  if (receipts_due_) {
    fetch.kind = Fetch::Kind::kReceipts;
    return fetch;
  }
  return std::nullopt;
}

void DeliveryTrack::fetched_messages(const ConversationId& conversation, Seq up_to) {
  Line& seqs = tracks_[conversation].seqs;
  seqs.reached(up_to.value);
  if (seqs.behind()) return;
  seqs.queued = false;
  std::erase(messages_due_, conversation);
}

void DeliveryTrack::fetched_changes(const ConversationId& conversation, Version up_to) {
  Line& versions = tracks_[conversation].versions;
  versions.reached(up_to.value);
  if (versions.behind()) return;
  versions.queued = false;
  std::erase(changes_due_, conversation);
}

void DeliveryTrack::fetched_receipts() { receipts_due_ = false; }

}  // namespace c4a
