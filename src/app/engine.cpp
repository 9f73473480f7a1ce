#include "app/engine.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "app/config_load.h"
#include "app/demo.h"
#include "app/distributed_options.h"
#include "auth/api_key.h"
#include "auth/jwks_fetch.h"
#include "base/thread_name.h"
#include "message_store/rocks_message_store.h"
#include "metadata_store/sqlite_metadata_store.h"
#include "telemetry/log.h"

namespace c4a {
namespace {

constexpr std::size_t kWorkerQueue = 20'000;
constexpr std::int64_t kDayMs = 24LL * 3600 * 1000;
constexpr std::size_t kMinAdminKeyCharacters = 20;
constexpr std::int64_t kLongestRequestMs = 120'000;

Result<net::ServerOptions> server_options(const Config& config) {
  net::ServerOptions options;
  const std::string& listen = config.server.listen;
  const auto colon = listen.rfind(':');
  options.address = listen.substr(0, colon);
  if (options.address.starts_with('[')) options.address = options.address.substr(1, options.address.size() - 2);
  options.port = static_cast<std::uint16_t>(std::stoi(listen.substr(colon + 1)));
  options.limits.body_bytes = static_cast<std::size_t>(config.limits.body_bytes);
  options.limits.frame_bytes = static_cast<std::size_t>(config.limits.frame_bytes);
  options.limits.connections = static_cast<std::size_t>(config.limits.connections);
  options.limits.output_bytes = static_cast<std::size_t>(config.sessions.queue_bytes);
  return options;
}

}  // namespace

Result<std::unique_ptr<MetadataStore>> open_metadata(const Config& config) {
  if (config.metadata.engine == MetadataEngine::kPostgres) {
    C4A_TRY(std::unique_ptr<MetadataStore> shared, PostgresMetadataStore::open(postgres_options(config)));
    C4A_CHECK(shared->migrate());
    return shared;
  }
  ::umask(077);  // what people write is nobody else's to read
  const std::filesystem::path data = config.server.data;
  std::error_code error;
  std::filesystem::create_directories(data, error);
  if (error) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("The data directory {} cannot be made ({}); choose another with --data.",
                            config.server.data, error.message()));
  }
  C4A_TRY(std::unique_ptr<MetadataStore> store, SqliteMetadataStore::open({DataDirectory::metadata_in(data).string()}));
  C4A_CHECK(store->migrate());
  return store;
}

Result<Storage> Storage::open(const Config& config) {
  C4A_CHECK(check_engines(config));
  const std::filesystem::path data = config.server.data;
  Storage storage;
  if (is_distributed(config)) {
    C4A_TRY(storage.metadata, open_metadata(config));
    C4A_TRY(storage.messages, open_distributed_messages(config));
    return storage;
  }
  C4A_TRY(storage.directory, DataDirectory::hold(data));
  C4A_TRY(storage.metadata, open_metadata(config));
  RocksMessageStoreOptions options;
  options.path = DataDirectory::messages_in(data).string();
  options.block_cache_bytes = static_cast<std::size_t>(config.messages.cache_bytes);
  C4A_TRY(storage.messages, RocksMessageStore::open(std::move(options)));
  return storage;
}

Result<std::unique_ptr<Credentials>> Credentials::make(MetadataStore& metadata, const Config& config) {
  auto made = std::make_unique<Credentials>();
  const Clock& clock = system_clock();
  C4A_TRY(made->signing_keys, SigningKeys::load(metadata, clock));
  C4A_CHECK(made->revocations.load(metadata, clock.now_ms()));
  AccessTokenOptions options;
  options.lifetime_s = config.auth.access_token_seconds;
  if (config.auth.jwks_url.empty()) {
    options.issuer = config.auth.issuer;
  } else {
    made->outside = std::make_unique<OutsideIssuer>(
        OutsideIssuerOptions{config.auth.jwks_url, config.auth.issuer, config.auth.audience}, fetch_jwks, clock);
  }
  made->access_tokens = std::make_unique<AccessTokens>(*made->signing_keys, options, clock);
  made->tokens = std::make_unique<TokenService>(metadata, *made->access_tokens, made->revocations, clock,
                                                TokenServiceOptions{config.auth.refresh_token_days * 24 * 3600});
  return made;
}

Result<std::optional<std::string>> ensure_admin_key(MetadataStore& metadata, TokenService& tokens,
                                                    const std::optional<std::string>& from_environment) {
  const TimestampMs now = system_clock().now_ms();
  if (from_environment) {
    if (!from_environment->starts_with(kApiKeyPrefix) || from_environment->size() < kMinAdminKeyCharacters) {
      return fail(ErrorCode::kValidationFailed,
                  "CHAT4ALL_ADMIN_KEY must begin with c4a_ and have at least 20 characters; take a long random one.");
    }
    C4A_TRY(const auto change,
            metadata.put_admin_key(new_api_key("admin", ScopeSet::all(), now, *from_environment).record));
    if (change.replaced) C4A_CHECK(tokens.end_key_tokens(change.replaced->client_id));
    return std::optional<std::string>{};
  }
  C4A_TRY(const auto present, metadata.admin_key());
  if (present) return std::optional<std::string>{};
  const auto made = new_api_key("admin", ScopeSet::all(), now);
  C4A_CHECK(metadata.put_admin_key(made.record));
  return std::optional(made.key);
}

Engine::Engine(const Config& config, Storage storage, std::unique_ptr<Credentials> credentials)
    : config_(config),
      storage_(std::move(storage)),
      credentials_(std::move(credentials)),
      sends_(static_cast<double>(config.limits.sends_per_second_per_user), 1,
             static_cast<double>(config.limits.sends_burst)),
      logins_(static_cast<double>(config.limits.logins_per_minute), 60,
              static_cast<double>(config.limits.logins_per_minute)) {}

Result<std::unique_ptr<Engine>> Engine::make(const Config& config, Storage storage,
                                             std::unique_ptr<Credentials> credentials) {
  std::unique_ptr<Engine> engine(new Engine(config, std::move(storage), std::move(credentials)));
  const Clock& clock = system_clock();
  MetadataStore& metadata = *engine->storage_.metadata;
  MessageStore& messages = *engine->storage_.messages;
  // Other gateways may be at work on theirs.
  const std::int64_t running_ms = is_distributed(config) ? kLongestRequestMs : 0;
  C4A_CHECK(metadata.abandon_interrupted_idempotent(clock.now_ms() - running_ms));
  if (config.messages.retention_days > 0)
    messages.expire_before(clock.now_ms() - config.messages.retention_days * kDayMs);
  if (!config.server.tls.certificate.empty()) {
    C4A_TRY(engine->tls_, net::TlsContext::load(config.server.tls.certificate, config.server.tls.key));
  }
  engine->workers_ = std::make_unique<WorkerPool>(static_cast<std::size_t>(config.server.worker_threads), kWorkerQueue);
  engine->bus_ = std::make_unique<MemoryLiveBus>(std::vector<LiveSink*>{});
  MessagingParts parts{engine->config_,
                       Roles::of(config),
                       messages,
                       metadata,
                       *engine->workers_,
                       *engine->bus_,
                       [hubs = &engine->hubs_] {
                         for (const auto& hub : *hubs) hub->look_again();
                       }};
  if (is_distributed(config)) {
    C4A_TRY(engine->messaging_, make_distributed_messaging(std::move(parts)));
  } else {
    C4A_TRY(engine->messaging_, make_embedded_messaging(std::move(parts)));
  }
  engine->authenticator_ =
      std::make_unique<Authenticator>(metadata, *engine->credentials_->access_tokens, engine->credentials_->revocations,
                                      engine->credentials_->outside.get(), clock);
  engine->make_loops();
  engine->add_routes();
  engine->add_metrics();
  return engine;
}

void Engine::make_loops() {
  MessageStore& messages = *storage_.messages;
  WebSocketOptions options;
  options.allowed_origins = config_.server.allowed_origins;
  options.heartbeat_seconds = static_cast<int>(config_.sessions.heartbeat_seconds);
  sockets_ =
      std::make_unique<WebSocketGateway>(WebSocketServices{*authenticator_, messaging_->log(), messages,
                                                           messaging_->presence(), sends_, *workers_, system_clock()},
                                         options);
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  const std::size_t count = config_.server.threads > 0 ? static_cast<std::size_t>(config_.server.threads) : cores;
  const std::size_t page_bytes =
      std::min<std::size_t>(128 * 1024, static_cast<std::size_t>(config_.limits.frame_bytes) / 2);
  const OpenSessionRules rules{config_.sessions.retention_days * kDayMs};
  for (std::size_t i = 0; i < std::min<std::size_t>(count, 64); ++i) {
    loops_.push_back(std::make_unique<net::EventLoop>());
    hubs_.push_back(std::make_unique<SessionHub>(
        *loops_[i], i,
        SessionServices{messages, messaging_->log(), messaging_->presence(), *bus_, *workers_, system_clock(), rules,
                        page_bytes, messaging_->gateway()}));
    bus_->add_sink(hubs_[i].get());
    sockets_->add_hub(*hubs_[i]);
  }
  messaging_->presence().listen([this](const UserId& user, const PresenceState& state) {
    for (const auto& hub : hubs_) hub->tell_presence(user, state);
  });
}

void Engine::add_routes() {
  const Clock& clock = system_clock();
  MetadataStore& metadata = *storage_.metadata;
  MessageStore& messages = *storage_.messages;
  audit_ = std::make_unique<AuditTrail>(metadata, clock);
  conversations_ = std::make_unique<Conversations>(messages, messaging_->log(), metadata, clock);
  history_ = std::make_unique<History>(messages);
  search_ = std::make_unique<Search>(messages);
  users_ = std::make_unique<Users>(metadata, messages, *conversations_, *credentials_->tokens, *audit_, clock,
                                   UserRules{config_.auth.open_registration}, [this](const UserId& user) {
                                     for (const auto& hub : hubs_)
                                       hub->close_user(user, kCloseAuth, "the account is gone");
                                     messaging_->presence().forget(user);
                                   });
  api_ = std::make_unique<Api>(
      *authenticator_, metadata, *workers_, *sockets_, clock,
      ApiOptions{config_.server.allowed_origins, config_.server.trusted_proxies, Roles::of(config_).gateway});
  if (Roles::of(config_).gateway) add_client_routes();
  add_operating_routes();
}

void Engine::add_client_routes() {
  const Clock& clock = system_clock();
  MetadataStore& metadata = *storage_.metadata;
  MessageStore& messages = *storage_.messages;
  RouteTable& table = api_->routes();
  MessageRoutes{
      messaging_->log(), messages, *history_, *search_, sends_, clock, config_.limits.sends_per_second_per_user}
      .add(table);
  ConversationRoutes{*conversations_, *history_, *audit_}.add(table);
  UserRoutes{*users_, messaging_->presence(), metadata, messages, clock}.add(table);
  AuthRoutes{*credentials_->tokens,           *credentials_->signing_keys, metadata, *audit_, logins_, clock,
             config_.limits.logins_per_minute}
      .add(table);
}

void Engine::add_operating_routes() {
  MetadataStore& metadata = *storage_.metadata;
  MessageStore& messages = *storage_.messages;
  const auto& limits = config_.limits;
  auto dependencies = messaging_->dependencies();
  dependencies["messages"] = [&messages] { return messages.check(); };
  dependencies["metadata"] = [&metadata] { return metadata.check(); };
  health_ = std::make_unique<Health>(std::move(dependencies), system_clock());
  OperatingRoutes{*audit_,
                  sends_,
                  system_clock(),
                  {{"sends", limits.sends_per_second_per_user, "messages", 1},
                   {"sends_burst", limits.sends_burst, "messages", 0},
                   {"logins", limits.logins_per_minute, "attempts", 60},
                   {"body_bytes", limits.body_bytes, "bytes", 0},
                   {"frame_bytes", limits.frame_bytes, "bytes", 0},
                   {"session_queue_bytes", config_.sessions.queue_bytes, "bytes", 0},
                   {"group_members", static_cast<std::int64_t>(kMaxGroupMembers), "users", 0},
                   {"devices", static_cast<std::int64_t>(kMaxDevices), "devices", 0}},
                  *health_,
                  [this] { return draining_.load(); }}
      .add(api_->routes());
}

void Engine::add_metrics() {
  const auto gauge = [this](std::string_view name, std::string_view help, std::function<double()> read) {
    metrics_.push_back(metrics().callback_gauge(name, help, std::move(read)));
  };
  const auto total = [this](std::string_view name, std::string_view help, const std::atomic<std::uint64_t>& value) {
    metrics_.push_back(metrics().callback_counter(name, help, [&value] { return static_cast<double>(value.load()); }));
  };
  gauge("chat4all_sessions", "Live WebSocket sessions.", [this] {
    std::size_t sessions = 0;
    for (const auto& hub : hubs_) sessions += hub->size();
    return static_cast<double>(sessions);
  });
  gauge("chat4all_connections", "Open client connections.",
        [this] { return server_ ? static_cast<double>(server_->open_connections()) : 0; });
  gauge("chat4all_log_waiting_commands", "Commands appended and not yet committed.",
        [this] { return static_cast<double>(messaging_->log().waiting()); });
  gauge("chat4all_worker_queue", "Tasks waiting for a worker thread.",
        [this] { return static_cast<double>(workers_->queued()); });
  for (auto& metric : messaging_->metrics()) metrics_.push_back(std::move(metric));
  const RouterCounters& router = messaging_->router();
  total("chat4all_router_commands_total", "Commands decided.", router.commands);
  total("chat4all_router_messages_total", "Messages stored, edits and deletions included.", router.messages);
  total("chat4all_router_duplicates_total", "Repeated sends recognised.", router.duplicates);
  total("chat4all_router_commits_total", "Commits, each with one fsync.", router.batches);
  total("chat4all_router_failed_commits_total", "Commits that the store refused.", router.failed_commits);
  total("chat4all_router_state_loads_total", "Conversations loaded from the store.", router.state_loads);
  total("chat4all_router_commit_microseconds_total", "Time spent in commits.", router.commit_us);
}

Result<> Engine::start() {
  C4A_TRY(auto options, server_options(config_));
  options.tls = tls_;
  std::vector<net::EventLoop*> loops;
  for (const auto& loop : loops_) loops.push_back(loop.get());
  C4A_TRY(server_, net::Server::listen(std::move(options), std::move(loops), *api_));
  C4A_CHECK(messaging_->start());
  for (const auto& loop : loops_) {
    loop_threads_.emplace_back([&loop] {
      name_thread("event-loop");
      loop->run();
    });
  }
  house_thread_ = std::jthread([this](const std::stop_token& stop) { keep_house(stop); });
  // The router runs: deletions that a crash interrupted can go on.
  return Roles::of(config_).gateway ? users_->finish_deletions() : Result<>{};
}

Result<> Engine::make_demo() {
  if (!Roles::of(config_).gateway) {
    return fail(ErrorCode::kBadRequest, "It needs a process with the role gateway.");
  }
  return c4a::make_demo({*users_, *conversations_, messaging_->log(), system_clock()});
}

void Engine::keep_house(const std::stop_token& stop) {
  constexpr std::int64_t kSecondsPerPurge = 60;
  name_thread("housekeeping");
  std::mutex mutex;
  std::condition_variable_any stopping;
  std::unique_lock lock(mutex);
  const auto stopped = [&] { return stop.stop_requested(); };
  for (std::int64_t second = 0; !stopping.wait_for(lock, stop, std::chrono::seconds(1), stopped); ++second) {
    const TimestampMs now = system_clock().now_ms();
    messaging_->presence().expire(now);
    // Tokens that a command line has revoked.
    if (const auto loaded = credentials_->revocations.load(*storage_.metadata, now); !loaded) {
      log_error("revocations could not be read", {{"error", loaded.error().detail}});
    }
    if (second % kSecondsPerPurge != 0) continue;
    if (const auto purged = storage_.metadata->purge_expired(now); !purged) {
      log_error("what has expired could not be removed", {{"error", purged.error().detail}});
    }
    if (config_.messages.retention_days > 0) {
      storage_.messages->expire_before(now - config_.messages.retention_days * kDayMs);
    }
  }
}

void Engine::reload_tls() {
  if (!tls_) return;
  if (const auto reloaded = tls_->reload(); !reloaded) {
    log_error("the certificate could not be reloaded, the old one stays", {{"error", reloaded.error().detail}});
  } else {
    log_info("the certificate was reloaded");
  }
}

void Engine::drain(std::int64_t timeout_ms) {
  draining_ = true;
  server_->drain();
  const std::int64_t until_us = system_clock().monotonic_us() + timeout_ms * 1000;
  while (server_->open_connections() > 0 && system_clock().monotonic_us() < until_us) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  stop_threads();
}

void Engine::stop_threads() {
  house_thread_.request_stop();
  // Some are missing where `make` gave up in the middle.
  if (messaging_) messaging_->stop();
  if (workers_) workers_->stop();
  for (const auto& loop : loops_) loop->stop();
  loop_threads_.clear();
  if (house_thread_.joinable()) house_thread_.join();
}

Engine::~Engine() { stop_threads(); }

}  // namespace c4a
