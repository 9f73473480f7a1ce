#include "gateway/http/route_table.h"

#include "base/encoding.h"

namespace c4a {
namespace {

template <class Text>
std::vector<Text> split(std::string_view path) {
  std::vector<Text> segments;
  std::size_t at = 0;
  while (at < path.size()) {
    const std::size_t next = std::min(path.find('/', at + 1), path.size());
    segments.emplace_back(path.substr(at + 1, next - at - 1));
    at = next;
  }
  return segments;
}

bool is_parameter(std::string_view segment) { return segment.starts_with('{'); }

}  // namespace

void RouteTable::add(Route route) {
  segments_.push_back(split<std::string>(route.pattern));
  routes_.push_back(std::move(route));
}

RouteTable::Match RouteTable::match(std::string_view method, std::string_view path) const {
  Match match;
  if (!path.starts_with('/')) return match;
  const auto segments = split<std::string_view>(path);
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    const auto& pattern = segments_[i];
    if (pattern.size() != segments.size()) continue;
    bool fits = true;
    for (std::size_t k = 0; k < pattern.size() && fits; ++k) {
      fits = is_parameter(pattern[k]) ? !segments[k].empty() : pattern[k] == segments[k];
    }
    if (!fits) continue;
    const Route& route = routes_[i];
    if (route.method != wanted) {
      if (!match.allowed.empty()) match.allowed += ", ";
      match.allowed += route.method == "GET" ? "GET, HEAD" : route.method;
      continue;
    }
    match.route = &route;
    for (std::size_t k = 0; k < pattern.size(); ++k) {
      // A broken encoding names nothing that exists.
      if (is_parameter(pattern[k])) match.params.push_back(percent_decode(segments[k], false).value_or(""));
    }
    return match;
  }
  return match;
}

}  // namespace c4a
