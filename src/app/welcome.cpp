#include "app/welcome.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>

namespace c4a {
namespace {

constexpr const char* kFirstSteps = R"text(
Admin key, shown only now (a new one: chat4all key create --name NAME --scopes admin):

  {key}

Paste into another terminal, in this directory, to see a message go from Ana to Bruno:

  export C4A={url} KEY={key}
  api() {{ curl -sS -X "$1" "$C4A$2" -H "Authorization: Bearer ${{3}}" -H 'Content-Type: application/json' ${{4:+-d "$4"}}; echo; }}
  field() {{ python3 -c "import json,sys; print(json.load(sys.stdin)['$1'])"; }}

  api POST /v1/users $KEY '{{"user_id":"ana","display_name":"Ana","password":"ana-has-a-secret"}}'
  api POST /v1/users $KEY '{{"user_id":"bruno","display_name":"Bruno","password":"bruno-has-one"}}'
  ANA=$(api POST /v1/users/ana/tokens $KEY '{{}}' | field access_token)
  BRUNO=$(api POST /v1/users/bruno/tokens $KEY '{{}}' | field access_token)
  CHAT=$(api POST /v1/conversations $ANA '{{"type":"private","members":["bruno"]}}' | field conversation_id)
  SENT=$(api POST /v1/messages $ANA '{{"conversation_id":"'$CHAT'","payload":{{"type":"text","text":"Oi, Bruno!"}}}}'); echo "$SENT"
  SENT=$(echo "$SENT" | field message_id)
  api GET /v1/conversations/$CHAT/messages $BRUNO
  api POST /v1/conversations/$CHAT/read $BRUNO '{{"up_to_seq":1}}'
  api GET /v1/messages/$SENT/status/history $ANA

Live, over a WebSocket (python3-websockets): Bruno gets what he missed, then what Ana sends.

  (echo '{{"type":"auth","token":"'$BRUNO'"}}'; cat) | /usr/bin/python3 -m websockets {ws}/ws

Another time `chat4all token issue bruno` prints a token. Stop the server with Ctrl-C; the data stays in {data}.
)text";

constexpr const char* kDemo = R"text(
Ana, Bruno and Carla have been talking. To be one of them, paste into another terminal:

  TOKEN=$({program} token issue ana --data {data})
  curl -sS {url}/v1/conversations -H "Authorization: Bearer $TOKEN"

)text";

}  // namespace

void print_welcome(const std::string& url, const std::string& data, const std::optional<std::string>& admin_key) {
  fmt::print("Chat4All listens on {}\n", url);
  if (admin_key) {
    const std::string ws = "ws" + url.substr(4);
    fmt::print(fmt::runtime(kFirstSteps), fmt::arg("key", *admin_key), fmt::arg("url", url), fmt::arg("ws", ws),
               fmt::arg("data", data));
  } else {
    fmt::print("Data in {}. API: {}/openapi.json   Health: {}/health   Metrics: {}/metrics\n", data, url, url, url);
  }
  std::fflush(stdout);
}

void print_demo(const std::string& url, const std::string& data, const Result<>& made) {
  if (!made) {
    fmt::print(stderr, "chat4all: --demo: {} What is there stays; the next start with --demo goes on.\n",
               made.error().detail);
    return;
  }
  fmt::print(fmt::runtime(kDemo), fmt::arg("program", program_invocation_name), fmt::arg("data", data),
             fmt::arg("url", url));
  std::fflush(stdout);
}

}  // namespace c4a
