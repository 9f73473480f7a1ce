#include "metadata_store/postgres/postgres_target.h"

#include <libpq-fe.h>

#include <algorithm>
#include <map>
#include <memory>

namespace c4a {
namespace {

using Parameters = std::map<std::string, std::string>;

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> items(1);
  for (const char c : text) {
    if (c == ',') {
      items.emplace_back();
    } else {
      items.back() += c;
    }
  }
  return items;
}

std::string value_of(const Parameters& parameters, const std::string& name) {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string() : found->second;
}

Result<Parameters> read_parameters(const std::string& text) {
  char* reason = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfoParse(text.c_str(), &reason),
                                                                             &PQconninfoFree);
  PQfreemem(reason);  // it may repeat the password
  if (!options) {
    return fail(ErrorCode::kValidationFailed,
                "The PostgreSQL connection string cannot be read; write it as \"host=db port=5432 dbname=chat4all "
                "user=chat4all password=…\" or as postgresql://user:password@host:port/database.");
  }
  Parameters parameters;
  for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr && *option->val != '\0') parameters[option->keyword] = option->val;
  }
  return parameters;
}

// libpq pairs the lists of hosts and ports; one port serves all hosts.
std::string item(const std::vector<std::string>& items, std::size_t index) {
  return items.size() == 1 ? items[0] : index < items.size() ? items[index] : std::string();
}

void set_or_erase(Parameters& parameters, const char* name, const std::string& value) {
  if (value.empty()) {
    parameters.erase(name);
  } else {
    parameters[name] = value;
  }
}

}  // namespace

Result<PostgresTarget> PostgresTarget::parse(const std::string& connection_string) {
  C4A_TRY(Parameters parameters, read_parameters(connection_string));
  parameters.try_emplace("fallback_application_name", "chat4all");
  parameters.try_emplace("client_encoding", "UTF8");
  PostgresTarget target;
  target.user_ = value_of(parameters, "user");
  target.database_ = value_of(parameters, "dbname");
  target.password_ = value_of(parameters, "password");

  const auto names = split_list(value_of(parameters, "host"));
  const auto addresses = split_list(value_of(parameters, "hostaddr"));
  const auto ports = split_list(value_of(parameters, "port"));
  const std::size_t count = std::max(names.size(), addresses.size());
  const bool uneven = (names.size() > 1 && addresses.size() > 1 && names.size() != addresses.size()) ||
                      (ports.size() > 1 && ports.size() != count);
  if (uneven) {
    return fail(ErrorCode::kValidationFailed,
                "The PostgreSQL connection string has lists of different lengths in host, hostaddr and port; give one "
                "port for all hosts or one for each.");
  }
  for (std::size_t i = 0; i < count; ++i) {
    Parameters own = parameters;
    const std::string name = item(names, i);
    const std::string address = item(addresses, i);
    const std::string port = item(ports, i);
    set_or_erase(own, "host", name);
    set_or_erase(own, "hostaddr", address);
    set_or_erase(own, "port", port);
    const std::string& shown = name.empty() ? address : name;
    target.hosts_.push_back(
        {shown.empty() ? "the default host" : shown + ":" + (port.empty() ? "5432" : port), {own.begin(), own.end()}});
  }
  return target;
}

std::string PostgresTarget::redacted(std::string text) const {
  if (password_.empty()) return text;
  for (auto at = text.find(password_); at != std::string::npos; at = text.find(password_, at + 3)) {
    text.replace(at, password_.size(), "***");
  }
  return text;
}

}  // namespace c4a
