#include "operations/answering_log.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "domain/authorize.h"

namespace c4a {
namespace {

// Who makes a conversation or opens a device needs it to go on, so the wait is longer than for a send: about 8 s.
constexpr std::chrono::milliseconds kFirstPause{50};
constexpr std::chrono::milliseconds kLongestPause{800};
constexpr int kLooks = 14;

std::unexpected<Error> not_known() {
  Error error{
      ErrorCode::kUnavailable, "The message may have been sent; send it again with the same message_id.", {}, 1};
  return fail(std::move(error));
}

std::unexpected<Error> id_conflict() {
  return fail(ErrorCode::kMessageIdConflict,
              "This message_id was used for another message in the conversation; send with a new one.");
}

}  // namespace

AnsweringLog::Question AnsweringLog::question_of(const Command& command) {
  Question question;
  question.conversation = command.conversation_id;
  question.actor = command.actor;
  question.at = command.at;
  if (const auto* send = std::get_if<SendMessage>(&command.request)) {
    question.kind = Question::Kind::kSend;
    question.message = send->message.message_id;
    question.digest = send->message.digest;
    question.trace_id = send->message.trace_id;
    question.id_from_client = send->id_from_client;
  } else if (const auto* create = std::get_if<CreateConversation>(&command.request)) {
    question.kind = Question::Kind::kCreate;
    question.members = create->members.size();
  } else if (const auto* open = std::get_if<OpenDevice>(&command.request)) {
    question.kind = Question::Kind::kOpenDevice;
    question.device = open->device;
  }
  return question;
}

Result<> AnsweringLog::append(Command command, Completion done) {
  Question question = question_of(command);
  if (question.kind == Question::Kind::kOther) return log_.append(std::move(command), std::move(done));
  auto look = [this, question = std::move(question), done = std::move(done)](Result<Decision> decision) mutable {
    if (!decision || decision->decided) return done(std::move(decision));
    if (question.kind == Question::Kind::kSend && workers_.queued() >= kMostQueued) return done(not_known());
    workers_.post_always([this, question = std::move(question), done = std::move(done),
                          undecided = std::move(*decision), posted_us = clock_.monotonic_us()]() mutable {
      const bool late = clock_.monotonic_us() - posted_us > kMostWaitUs;
      if (question.kind == Question::Kind::kSend && late) return done(not_known());
      done(answer(question, std::move(undecided)));
    });
  };
  return log_.append(std::move(command), std::move(look));
}

Result<Decision> AnsweringLog::answer(const Question& question, Decision undecided) {
  if (question.kind == Question::Kind::kSend) return answer_send(question, std::move(undecided));
  std::optional<Result<Decision>> found;
  const int looks = waiting_.fetch_add(1) < kMostWaiting ? kLooks : 1;
  auto pause = kFirstPause;
  for (int look = 0; look < looks && !found; ++look) {
    if (look != 0) {
      const WorkerPool::Waiting others_run;
      std::this_thread::sleep_for(std::exchange(pause, std::min(2 * pause, kLongestPause)));
    }
    found = look_for_effects(question);
  }
  waiting_.fetch_sub(1);
  return found ? std::move(*found) : undecided;
}

Result<Decision> AnsweringLog::answer_send(const Question& question, Decision undecided) {
  C4A_TRY(auto found, look_for_message(question));
  if (found) return *std::move(found);
  if (!question.id_from_client) return undecided;
  return compare_with_note(question, std::move(undecided));
}

Result<std::optional<Decision>> AnsweringLog::look_for_message(const Question& question) {
  const auto standings = store_.standings({&question.conversation, 1}, question.actor);
  if (!standings) return std::nullopt;
  const auto& standing = standings->front();
  if (!standing) return fail(ErrorCode::kConversationNotFound, "There is no such conversation.");
  C4A_CHECK(authorize(standing->head, &standing->member, Action::kSend));
  // An id that the server has just made was never sent before, and there are many to look after.
  if (!question.id_from_client) return std::nullopt;
  const auto stored = store_.message(question.conversation, question.message);
  if (!stored || !*stored) return std::nullopt;
  const Message& first = **stored;
  if (first.from != question.actor || first.digest != question.digest) return id_conflict();
  Decision decision;
  decision.message_id = first.message_id;
  decision.seq = first.seq;
  decision.version = standing->head.version;
  decision.created_at = first.created_at;
  // Otherwise it is this very command, decided meanwhile.
  decision.duplicate = first.created_at != question.at || first.trace_id != question.trace_id;
  return decision;
}

bool AnsweringLog::is_complete(const Question& question) {
  constexpr std::size_t kPage = 1000;
  std::size_t found = 0;
  UserId after;
  while (true) {
    const auto page = store_.members(question.conversation, after, kPage);
    if (!page) return false;
    found += page->size();
    if (page->size() < kPage) break;
    after = page->back().user_id;
  }
  if (found < question.members) return false;
  for (const auto& user : {question.actor, after}) {
    if (user.text.empty()) continue;
    const auto refs = store_.conversations_of(user);
    if (!refs || std::ranges::find(*refs, question.conversation, &ConversationRef::id) == refs->end()) return false;
  }
  return true;
}

Result<Decision> AnsweringLog::compare_with_note(const Question& question, Decision undecided) {
  const auto note = metadata_.note_undecided(
      {question.conversation, question.message, question.digest, question.actor, question.at, question.at + kNoteMs});
  if (!note) return not_known();
  if (note->first) return undecided;
  if (note->noted.from != question.actor || note->noted.digest != question.digest) return id_conflict();
  undecided.created_at = note->noted.created_at;
  undecided.duplicate = true;
  return undecided;
}

std::optional<Result<Decision>> AnsweringLog::look_for_effects(const Question& question) {
  const auto head = store_.conversation(question.conversation);
  if (!head || !*head) return std::nullopt;
  Decision decision;
  decision.version = (*head)->version;
  decision.seq = (*head)->last_seq;
  if (question.kind == Question::Kind::kCreate) {
    decision.duplicate = (*head)->created_at != question.at;
    // Its rows come after its head.
    if (!is_complete(question)) return std::nullopt;
    return decision;
  }
  const auto progress = store_.progress(question.conversation, question.actor);
  if (!progress || progress->find(question.device) == nullptr) return std::nullopt;
  return decision;
}

}  // namespace c4a
