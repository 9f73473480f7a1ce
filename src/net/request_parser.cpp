#include "net/request_parser.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "net/ascii.h"

namespace c4a::net {
namespace {

constexpr std::size_t kKeptCapacity = 4096;

// RFC 9110 §5.6.2. Debian builds http_parser without its strict mode, which lets spaces into names.
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_host(std::string_view text) { return text.find_first_of(" \t,/?#@\\\"<>") == std::string_view::npos; }

// Bytes above 0x7f go through: people type an emoji into a URL, and percent-encoding can say the same bytes.
bool is_target(std::string_view text) {
  return std::ranges::none_of(text, [](unsigned char c) { return c <= 0x20 || c == 0x7f || c == '#'; });
}

void give_back(std::string& text) {
  text.clear();
  if (text.capacity() > kKeptCapacity) std::string().swap(text);
}

// Whether a request line that the parser refuses is well formed but for its method: `QUERY /path`. Nothing: more bytes
// must tell.
std::optional<bool> names_unknown_method(std::string_view line) {
  constexpr std::size_t kLongestMethod = 32;
  std::size_t letters = 0;
  while (letters < line.size() && line[letters] >= 'A' && line[letters] <= 'Z') ++letters;
  if (letters > kLongestMethod) return false;
  if (letters == line.size()) return std::nullopt;
  if (letters == 0 || line[letters] != ' ') return false;
  if (letters + 1 == line.size()) return std::nullopt;
  return line[letters + 1] == '/';
}

}  // namespace

struct RequestParser::Callbacks {
  static RequestParser& self(http_parser* parser) { return *static_cast<RequestParser*>(parser->data); }

  static int on_url(http_parser* parser, const char* at, std::size_t size) {
    RequestParser& request = self(parser);
    request.extend(request.target_, at, size);
    if (request.target_.end - request.target_.begin <= request.limits_.target_bytes) return 0;
    request.fail(ErrorCode::kUriTooLong, "The request target is too long.");
    return 1;
  }

  static int on_name(http_parser* parser, const char* at, std::size_t size) {
    RequestParser& request = self(parser);
    if (request.fields_.empty() || request.fields_.back().has_value) {
      if (request.fields_.size() == kMaxHeaderFields) {
        request.fail(ErrorCode::kHeadersTooLarge, "The request has more than 100 header fields.");
        return 1;
      }
      request.fields_.emplace_back();
    }
    request.extend(request.fields_.back().name, at, size);
    return 0;
  }

  static int on_value(http_parser* parser, const char* at, std::size_t size) {
    RequestParser& request = self(parser);
    request.fields_.back().has_value = true;
    request.extend(request.fields_.back().value, at, size);
    return 0;
  }

  static int on_head_end(http_parser* parser) {
    RequestParser& request = self(parser);
    request.head_done_ = true;
    request.keep_alive_ = http_should_keep_alive(parser) != 0;
    return 2;  // http_parser stops behind the head: the body is not its business
  }

  static constexpr http_parser_settings settings() {
    http_parser_settings all{};
    all.on_url = on_url;
    all.on_header_field = on_name;
    all.on_header_value = on_value;
    all.on_headers_complete = on_head_end;
    return all;
  }
};

RequestParser::RequestParser(const RequestLimits& limits) : limits_(limits), chunks_(0, 0) {
  // Its own limit of 80 KiB is a global of the library; ours is kept by `feed_head`.
  [[maybe_unused]] static const bool once = (http_parser_set_max_header_size(0x7fffffff), true);
  reset();
}

void RequestParser::reset() {
  http_parser_init(&parser_, HTTP_REQUEST);
  parser_.data = this;
  state_ = State::kIdle;
  judging_method_ = expects_continue_ = chunked_ = head_done_ = keep_alive_ = false;
  minor_version_ = 1;
  head_bytes_ = body_length_ = body_received_ = 0;
  target_ = {};
  fields_.clear();
  head_ = nullptr;
  give_back(saved_);
  give_back(chunked_body_);
  request_.headers.clear();
}

std::size_t RequestParser::feed(std::string_view bytes) {
  std::size_t used = 0;
  if (state_ == State::kIdle) {
    used = std::min(bytes.find_first_not_of("\r\n"), bytes.size());
    if (used < bytes.size()) state_ = State::kHead;
  }
  if (state_ == State::kHead && used < bytes.size()) used += feed_head(bytes.substr(used));
  if (state_ == State::kBody) used += feed_body(bytes.substr(used));
  return used;
}

std::size_t RequestParser::feed_head(std::string_view bytes) {
  if (judging_method_) return judge_method(bytes);
  static constexpr http_parser_settings kSettings = Callbacks::settings();
  // http_parser never sees a byte past the limit, so the outcome does not depend on how the bytes were cut.
  const std::size_t room = limits_.header_bytes - head_bytes_;
  const std::size_t size = std::min(bytes.size(), room);
  fed_ = bytes.data();
  fed_offset_ = head_bytes_;
  const std::size_t used = size == 0 ? 0 : http_parser_execute(&parser_, &kSettings, bytes.data(), size);
  if (state_ == State::kFailed) return used;  // a callback said so
  if (const auto problem = HTTP_PARSER_ERRNO(&parser_); problem != HPE_OK) {
    if (problem == HPE_INVALID_METHOD) return judge_method(bytes);
    fail(ErrorCode::kBadRequest, http_errno_description(problem));
    return used;
  }
  head_bytes_ += used;
  if (!head_done_) {
    if (size == room) {
      fail_head_too_large();
    } else {
      saved_.append(bytes.substr(0, used));
    }
    return used;
  }
  if (saved_.empty()) {
    head_ = bytes.data();
    head_ends(head_);
  } else {
    saved_.append(bytes.substr(0, used));
    head_ends(saved_.data());
  }
  return used;
}

std::size_t RequestParser::judge_method(std::string_view bytes) {
  constexpr std::size_t kEnough = 64;
  judging_method_ = true;
  saved_.append(bytes.substr(0, kEnough));
  if (const auto unknown = names_unknown_method(saved_)) {
    if (*unknown)
      fail(ErrorCode::kMethodNotAllowed, "this method is not known here");
    else
      fail(ErrorCode::kBadRequest, http_errno_description(HPE_INVALID_METHOD));
  }
  return bytes.size();
}

void RequestParser::extend(Span& span, const char* at, std::size_t size) const {
  const auto offset = static_cast<std::uint32_t>(fed_offset_ + static_cast<std::size_t>(at - fed_));
  if (span.begin == span.end) span.begin = offset;
  span.end = offset + static_cast<std::uint32_t>(size);
}

void RequestParser::head_ends(const char* head) {
  minor_version_ = parser_.http_minor == 0 ? 0 : 1;
  if (parser_.http_major != 1) return fail(ErrorCode::kBadRequest, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  if (!check_bytes(head)) return;
  point_views_at(head);
  if (!is_target(request_.target)) return fail(ErrorCode::kBadRequest, "the target holds a byte that must be encoded");
  if (!check_fields()) return;
  request_.keep_alive = keep_alive_;
  if (chunked_ || body_length_ > 0) {
    state_ = State::kBody;
    chunks_ = ChunkDecoder(limits_.body_bytes, limits_.header_bytes);
  } else {
    complete(head, {head + head_bytes_, 0});
  }
}

// What http_parser is lenient about: single spaces in the request line, CRLF at each end, no folding, no controls.
bool RequestParser::check_bytes(const char* head) {
  const std::string_view text(head, head_bytes_);
  const std::string_view method = http_method_str(static_cast<http_method>(parser_.method));
  if (target_.begin != method.size() + 1 || text.substr(target_.end, 6) != " HTTP/") {
    fail(ErrorCode::kBadRequest, "the request line holds more than a method, a target and a version");
    return false;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c >= 0x20 && c != 0x7f) || c == '\t') continue;
    const bool is_break = c == '\r' ? i + 1 < text.size() && text[i + 1] == '\n' : c == '\n' && text[i - 1] == '\r';
    if (!is_break) {
      fail(ErrorCode::kBadRequest, "the head holds a control character");
      return false;
    }
    if (c == '\n' && i + 1 < text.size() && (text[i + 1] == ' ' || text[i + 1] == '\t')) {
      fail(ErrorCode::kBadRequest, "a header field is folded");
      return false;
    }
  }
  return true;
}

bool RequestParser::check_fields() {
  std::string_view length;
  std::string_view coding;
  std::string_view host;
  int lengths = 0;
  int codings = 0;
  int hosts = 0;
  for (const auto& [name, value] : request_.headers) {
    if (!is_token(name)) {
      fail(ErrorCode::kBadRequest, "a header field's name is malformed");
      return false;
    }
    if (equals_ignoring_case(name, "Host")) {
      ++hosts;
      host = value;
    } else if (equals_ignoring_case(name, "Content-Length")) {
      ++lengths;
      length = value;
    } else if (equals_ignoring_case(name, "Transfer-Encoding")) {
      ++codings;
      coding = value;
    } else if (equals_ignoring_case(name, "Expect")) {
      expects_continue_ = minor_version_ > 0 && equals_ignoring_case(value, "100-continue");
    }
  }
  if (hosts > 1 || (hosts == 0 && minor_version_ > 0) || !is_host(host)) {
    fail(ErrorCode::kBadRequest, "Host must be given, and once");
    return false;
  }
  return check_framing(length, lengths, coding, codings);
}

bool RequestParser::check_framing(std::string_view length, int lengths, std::string_view coding, int codings) {
  if (lengths + codings > 1) {
    fail(ErrorCode::kBadRequest, "the body's length is given more than once");
    return false;
  }
  if (codings == 1) {
    chunked_ = true;
    if (minor_version_ > 0 && equals_ignoring_case(coding, "chunked")) return true;
    fail(ErrorCode::kBadRequest, "the only transfer coding understood is chunked, in HTTP/1.1");
    return false;
  }
  if (lengths == 0) return true;
  const auto [end, status] = std::from_chars(length.data(), length.data() + length.size(), body_length_);
  const bool is_number = !length.empty() && length.front() != '-' && end == length.data() + length.size();
  if (!is_number || (status != std::errc() && status != std::errc::result_out_of_range)) {
    fail(ErrorCode::kBadRequest, "Content-Length is not a number");
    return false;
  }
  if (status == std::errc::result_out_of_range || body_length_ > limits_.body_bytes) {
    fail(ErrorCode::kBodyTooLarge, nullptr);
    return false;
  }
  return true;
}

void RequestParser::point_views_at(const char* head) {
  const auto view = [head](Span span) { return std::string_view(head + span.begin, span.end - span.begin); };
  request_.method = http_method_str(static_cast<http_method>(parser_.method));
  set_target(view(target_));
  request_.headers.clear();
  for (const Field& field : fields_) request_.headers.emplace_back(view(field.name), trim_blanks(view(field.value)));
}

void RequestParser::set_target(std::string_view target) {
  request_.target = target;
  // The absolute form, which proxies send: RFC 9112 §3.2.2.
  if (const auto scheme = target.find("://"); !target.starts_with('/') && scheme != std::string_view::npos) {
    target.remove_prefix(scheme + 3);
    target.remove_prefix(std::min(target.find_first_of("/?"), target.size()));
  }
  const auto question = target.find('?');
  request_.path = target.substr(0, question);
  if (request_.path.empty()) request_.path = "/";
  request_.query = question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
}

std::size_t RequestParser::feed_body(std::string_view bytes) {
  return chunked_ ? feed_chunked_body(bytes) : feed_sized_body(bytes);
}

std::size_t RequestParser::feed_sized_body(std::string_view bytes) {
  if (saved_.empty() && bytes.size() >= body_length_) {  // the usual case: all of it in one read, and no copy
    complete(head_, bytes.substr(0, body_length_));
    return body_length_;
  }
  save_head();
  const std::size_t used = std::min(bytes.size(), body_length_ - body_received_);
  saved_.append(bytes.substr(0, used));
  body_received_ += used;
  if (body_received_ == body_length_) {
    saved_.append(kReadPadding, '\0');
    complete(saved_.data(), {saved_.data() + head_bytes_, body_length_});
  }
  return used;
}

std::size_t RequestParser::feed_chunked_body(std::string_view bytes) {
  std::string_view rest = bytes;
  const auto outcome = chunks_.feed(rest, chunked_body_);
  const std::size_t used = bytes.size() - rest.size();
  body_received_ += used;
  switch (outcome) {
    case ChunkDecoder::Outcome::kMore:
      save_head();
      break;
    case ChunkDecoder::Outcome::kDone: {
      const std::size_t size = chunked_body_.size();
      chunked_body_.append(kReadPadding, '\0');
      complete(saved_.empty() ? head_ : saved_.data(), {chunked_body_.data(), size});
      break;
    }
    case ChunkDecoder::Outcome::kMalformed:
      fail(ErrorCode::kBadRequest, "the chunked body is malformed");
      break;
    case ChunkDecoder::Outcome::kTooLarge:
      fail(ErrorCode::kBodyTooLarge, nullptr);
      break;
  }
  return used;
}

void RequestParser::save_head() {
  if (!saved_.empty()) return;
  // Reserved pages cost nothing until they are written, so an announced body that never comes stays cheap.
  saved_.reserve(head_bytes_ + body_length_ + kReadPadding);
  saved_.assign(head_, head_bytes_);
}

void RequestParser::complete(const char* head, std::string_view body) {
  if (request_.target.data() != head + target_.begin) point_views_at(head);
  request_.body = body;
  state_ = State::kComplete;
}

void RequestParser::fail_head_too_large() {
  if (target_.end >= limits_.header_bytes) return fail(ErrorCode::kUriTooLong, "The request target is too long.");
  fail(ErrorCode::kHeadersTooLarge, "The request line and the header fields are larger than the limit.");
}

void RequestParser::fail(ErrorCode code, const char* detail) {
  state_ = State::kFailed;
  error_ = Error{code, detail == nullptr ? "" : detail, {}, {}};
  if (code == ErrorCode::kBadRequest) error_.detail = "The request is malformed: " + error_.detail + ".";
  if (code == ErrorCode::kBodyTooLarge) {
    error_.detail = "The body is larger than " + std::to_string(limits_.body_bytes) + " bytes; send less.";
  }
}

}  // namespace c4a::net
