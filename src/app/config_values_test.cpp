#include "app/config_values.h"

#include <gtest/gtest.h>

namespace c4a {
namespace {

TEST(ConfigValuesTest, AListenAddressIsAHostAndAPort) {
  EXPECT_EQ(parse_listen_address("127.0.0.1:8080"), (ListenAddress{"127.0.0.1", 8080}));
  EXPECT_EQ(parse_listen_address("[::1]:0"), (ListenAddress{"::1", 0}));
  EXPECT_EQ(parse_listen_address("localhost:65535"), (ListenAddress{"localhost", 65535}));
  for (const auto* text : {"", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                           "127.0.0.1:+1", "::1:8080", "[::1]", "[::g]:1", "[]:1", "a b:1", "http://a:1"}) {
    EXPECT_EQ(parse_listen_address(text), std::nullopt) << text;
  }
}

TEST(ConfigValuesTest, ANetworkIsAnAddressWithOrWithoutALength) {
  for (const auto* text : {"127.0.0.1", "10.0.0.0/8", "0.0.0.0/0", "::1", "fd00::/8", "::/128"}) {
    EXPECT_TRUE(is_network(text)) << text;
  }
  for (const auto* text :
       {"", "10.0.0/8", "10.0.0.0/33", "10.0.0.0/", "fd00::/129", "localhost", "10.0.0.0/8/8", "10.0.0.0/-1"}) {
    EXPECT_FALSE(is_network(text)) << text;
  }
}

TEST(ConfigValuesTest, AnHttpUrlHasAHostAndNothingAfterItsPath) {
  for (const auto* text :
       {"http://a", "https://a.example:8443/x/y", "http://[::1]:80/", "https://user:pw@a.example/k"}) {
    EXPECT_TRUE(is_http_url(text)) << text;
  }
  for (const auto* text : {"", "a.example", "ftp://a", "http://", "http://:80", "http://a:0", "http://a:99999",
                           "http://a/?q", "http://a#f", "http://a b"}) {
    EXPECT_FALSE(is_http_url(text)) << text;
  }
}

TEST(ConfigValuesTest, AnOriginIsWhatABrowserSends) {
  EXPECT_TRUE(is_origin("https://app.example.com"));
  EXPECT_TRUE(is_origin("http://localhost:3000"));
  for (const auto* text : {"*", "", "app.example.com", "https://app.example.com/", "https://App.example.com", "null"}) {
    EXPECT_FALSE(is_origin(text)) << text;
  }
}

TEST(ConfigValuesTest, RolesAreAFixedSetAndConnectors) {
  for (const auto* text : {"all", "gateway", "router", "webhooks", "connector:whatsapp"}) EXPECT_TRUE(is_role(text));
  for (const auto* text : {"", "Gateway", "connector", "connector:", "connector:a b"})
    EXPECT_FALSE(is_role(text)) << text;
}

TEST(ConfigValuesTest, APasswordInsideAUrlIsNotShown) {
  EXPECT_EQ(without_password("https://user:secret@a.example/k"), "https://user:***@a.example/k");
  EXPECT_EQ(without_password("https://user:sec@ret@a.example:8443/k"), "https://user:***@a.example:8443/k");
  for (const auto* text :
       {"https://a.example:8443/k", "https://user@a.example/k", "https://a.example/x:y@z", "plain:text@x"}) {
    EXPECT_EQ(without_password(text), text);
  }
}

}  // namespace
}  // namespace c4a
