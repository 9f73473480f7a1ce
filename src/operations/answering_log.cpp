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

std::unexpected<Error> id_conflict() {
  return fail(ErrorCode::kMessageIdConflict,
              "This message_id was used for another message in the conversation; send with a new one.");
}

}  // namespace

bool AnsweringLog::Question::differs_from(const Message& first) const {
  return first.from != actor || first.digest != digest;
}

bool AnsweringLog::Question::repeats(const Message& first) const {
  return first.created_at != at || first.trace_id != trace_id;
}

std::unexpected<Error> AnsweringLog::not_known() {
  left_open_.fetch_add(1, std::memory_order_relaxed);
  Error error{
      ErrorCode::kUnavailable, "The message may have been sent; send it again with the same message_id.", {}, 1};
  return fail(std::move(error));
}

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

AnsweringLog::~AnsweringLog() {
  std::unique_lock lock(mutex_);
  nobody_looks_.wait(lock, [this] { return looking_ == 0; });
}

Result<> AnsweringLog::append(Command command, Completion done) {
  Question question = question_of(command);
  if (question.kind == Question::Kind::kOther) return log_.append(std::move(command), std::move(done));
  auto answer = std::make_shared<Answer>(std::move(done));
  auto first = [this, answer, question = std::move(question)](Result<Decision> decision) mutable {
    if (!decision || decision->decided) return answer->give(std::move(decision));
    Look look{std::move(question), std::move(*decision), std::move(answer), clock_.monotonic_us()};
    if (look.question.kind == Question::Kind::kSend) return look_after_send(std::move(look));
    workers_.post_always([this, look = std::move(look)] { look_until_there(look); });
  };
  auto late = [answer](Result<Decision> decision) { answer->give(std::move(decision)); };
  return log_.append_and_hear(std::move(command), std::move(first), std::move(late));
}

void AnsweringLog::look_after_send(Look look) {
  std::unique_lock lock(mutex_);
  if (looks_.size() == kMostQueued) {
    lock.unlock();
    return look.answer->give(not_known());
  }
  looks_.push_back(std::move(look));
  if (looking_ == kMostLooks) return;
  ++looking_;
  lock.unlock();
  if (workers_.post_always([this] { look_after_sends(); })) return;
  lock.lock();  // the server is stopping
  end_looking();
}

void AnsweringLog::end_looking() {
  if (--looking_ == 0) nobody_looks_.notify_all();  // with the lock: the destructor may wait for it
}

void AnsweringLog::look_after_sends() {
  while (true) {
    Look look;
    {
      const std::lock_guard lock(mutex_);
      if (looks_.empty()) return end_looking();
      look = std::move(looks_.front());
      looks_.pop_front();
    }
    look_after_send_now(std::move(look));
  }
}

void AnsweringLog::look_after_send_now(Look look) {
  if (look.answer->given()) return;
  if (clock_.monotonic_us() - look.asked_us > kMostWaitUs) return look.answer->give(not_known());
  look.answer->give(answer_send(look.question, std::move(look.undecided)));
}

void AnsweringLog::look_until_there(const Look& look) {
  std::optional<Result<Decision>> found;
  const int looks = waiting_.fetch_add(1) < kMostWaiting ? kLooks : 1;
  auto pause = kFirstPause;
  for (int i = 0; i < looks && !found && !look.answer->given(); ++i) {
    if (i != 0) {
      const WorkerPool::Waiting others_run;
      std::this_thread::sleep_for(std::exchange(pause, std::min(2 * pause, kLongestPause)));
    }
    found = look_for_effects(look.question);
  }
  waiting_.fetch_sub(1);
  look.answer->give(found ? std::move(*found) : look.undecided);
}

Result<Decision> AnsweringLog::answer_send(const Question& question, Decision undecided) {
  C4A_TRY(auto found, look_for_message(question, undecided));
  if (found) return *std::move(found);
  if (!question.id_from_client) return undecided;
  return compare_with_note(question, std::move(undecided));
}

Result<std::optional<Decision>> AnsweringLog::look_for_message(const Question& question, const Decision& undecided) {
  const auto both = store_.head_and_member(question.conversation, question.actor);
  if (!both) return look_in_one_copy(question, undecided);
  const auto& [head, member] = *both;
  if (!head || !member) return fail(ErrorCode::kConversationNotFound, "There is no such conversation.");
  C4A_CHECK(authorize(*head, &*member, Action::kSend));
  // An id that the server has just made was never sent before, and there are many to look after.
  if (!question.id_from_client) return std::nullopt;
  const auto stored = store_.message(question.conversation, question.message);
  if (!stored) return look_in_one_copy(question, undecided);
  if (!*stored) return std::nullopt;
  const Message& first = **stored;
  if (question.differs_from(first)) return id_conflict();
  Decision decision;
  decision.message_id = first.message_id;
  decision.seq = first.seq;
  decision.version = head->version;
  decision.created_at = first.created_at;
  decision.duplicate = question.repeats(first);
  return decision;
}

// Its seq is not told: it may not be decided yet.
Result<std::optional<Decision>> AnsweringLog::look_in_one_copy(const Question& question, const Decision& undecided) {
  if (!question.id_from_client) return std::nullopt;
  const auto copy = store_.message_in_one_copy(question.conversation, question.message);
  if (!copy || !*copy) return std::nullopt;
  const Message& first = **copy;
  if (question.differs_from(first)) return id_conflict();
  if (!question.repeats(first)) return std::nullopt;
  Decision decision = undecided;
  decision.created_at = first.created_at;
  decision.duplicate = true;
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
