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
  const auto queue = [&](Line& line, std::vector<ConversationId> Due::* list) {
    if (!line.behind() || std::exchange(line.queued, true)) return;
    if (!due_) due_ = std::make_unique<Due>();
    ((*due_).*list).push_back(conversation);
  };
  queue(track.seqs, &Due::messages);
  queue(track.versions, &Due::changes);
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
  if (track.kept && seq <= track.kept->back().seq) return;
  const bool next = !track.kept || seq == track.kept->back().seq + 1;
  const std::size_t bytes = kKeptOverhead + (frame ? frame->size() : 0);
  if (!next || kept_bytes_ + bytes > kKeptBytes) {
    while (track.kept) forget_first_kept(track);
  }
  if (kept_bytes_ + bytes > kKeptBytes) return;
  kept_bytes_ += bytes;
  if (!track.kept) track.kept = std::make_unique<std::deque<Kept>>();
  track.kept->push_back({seq, std::move(frame)});
}

void DeliveryTrack::forget_first_kept(Track& track) {
  const Frame& frame = track.kept->front().frame;
  kept_bytes_ -= kKeptOverhead + (frame ? frame->size() : 0);
  track.kept->pop_front();
  if (track.kept->empty()) track.kept.reset();
}

std::vector<DeliveryTrack::Frame> DeliveryTrack::take_kept() {
  std::vector<Frame> frames;
  // In the order of what is due, so that one that waits for the store does not let others pass.
  while (opened_ && due_ && !due_->messages.empty()) {
    const ConversationId conversation = due_->messages.front();
    Track& track = tracks_.at(conversation);
    Line& seqs = track.seqs;
    for (; track.kept && track.kept->front().seq <= seqs.sent.value_or(0) + 1; forget_first_kept(track)) {
      Kept& kept = track.kept->front();
      if (kept.seq <= seqs.sent.value_or(0)) continue;
      if (kept.frame) frames.push_back(kept.frame);
      seqs.reached(kept.seq);
    }
    if (seqs.behind()) break;
    reached(conversation, seqs, seqs.sent.value_or(0), &Due::messages);
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
  if (due_ && !due_->messages.empty()) {
    fetch.conversation = due_->messages.front();
    const Line& seqs = tracks_.at(fetch.conversation).seqs;
    fetch.after = Seq{seqs.sent.value_or(0)};
    fetch.until = Seq{seqs.known};
    return fetch;
  }
  if (due_) {
    fetch.kind = Fetch::Kind::kChanges;
    fetch.conversation = due_->changes.front();
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
  reached(conversation, tracks_[conversation].seqs, up_to.value, &Due::messages);
}

void DeliveryTrack::fetched_changes(const ConversationId& conversation, Version up_to) {
  reached(conversation, tracks_[conversation].versions, up_to.value, &Due::changes);
}

void DeliveryTrack::reached(const ConversationId& conversation, Line& line, std::uint64_t up_to,
                            std::vector<ConversationId> Due::* list) {
  line.reached(up_to);
  if (line.behind()) return;
  line.queued = false;
  if (!due_) return;
  std::erase((*due_).*list, conversation);
  if (due_->messages.empty() && due_->changes.empty()) due_.reset();
}

void DeliveryTrack::fetched_receipts() { receipts_due_ = false; }

}  // namespace c4a
