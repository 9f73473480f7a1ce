#include "app/serve.h"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>

#include "app/engine.h"
#include "app/welcome.h"
#include "telemetry/log.h"

namespace c4a {
namespace {

constexpr std::int64_t kDrainMs = 8000;

sigset_t handled_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  return set;
}

// A connection is a file descriptor: take as many as the system gives.
void raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

int failed(const Error& error) {
  fmt::print(stderr, "chat4all: {}\n", error.detail);
  return 1;
}

// The address as a client writes it.
std::string base_url(const Config& config, const Engine& engine) {
  const std::string host = config.server.listen.substr(0, config.server.listen.rfind(':'));
  const bool any = host == "0.0.0.0" || host == "[::]";
  return fmt::format("{}://{}:{}", engine.secure() ? "https" : "http", any ? "127.0.0.1" : host, engine.port());
}

}  // namespace

int serve(const Config& config, bool demo) {
  // Before any thread starts, so that all of them leave these to the loop below.
  const sigset_t signals = handled_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  raise_file_limit();
  ::umask(077);  // what people write is nobody else's to read

  const std::int64_t begun_us = system_clock().monotonic_us();
  auto storage = Storage::open(config);
  if (!storage) return failed(storage.error());
  auto credentials = Credentials::make(*storage->metadata, config);
  if (!credentials) return failed(credentials.error());
  std::optional<std::string> given;
  if (const char* variable = std::getenv("CHAT4ALL_ADMIN_KEY"); variable != nullptr && *variable != '\0')
    given = variable;
  const auto new_key = ensure_admin_key(*storage->metadata, *(*credentials)->tokens, given);
  if (!new_key) return failed(new_key.error());
  auto engine = Engine::make(config, std::move(*storage), std::move(*credentials));
  if (!engine) return failed(engine.error());
  if (const auto started = (*engine)->start(); !started) return failed(started.error());

  const std::string url = base_url(config, **engine);
  print_welcome(url, config.server.data, *new_key);
  if (demo) print_demo(url, config.server.data, (*engine)->make_demo());
  log_info("server started",
           {{"url", url}, {"data", config.server.data}, {"duration_us", system_clock().monotonic_us() - begun_us}});
  while (true) {
    int signal = 0;
    ::sigwait(&signals, &signal);
    if (signal == SIGHUP) {
      (*engine)->reload_tls();
      continue;
    }
    log_info("server stops", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
    (*engine)->drain(kDrainMs);
    log_info("server stopped");
    return 0;
  }
}

}  // namespace c4a
