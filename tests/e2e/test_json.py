"""§1 and RFC 8259: which texts are JSON, and which are not."""

import json

import pytest

from checks import ok, problem

NOT_JSON = [
    "", " ", "{", "}", "[1", "[1,]", "[,1]", "[1,,2]", "[1 2]", '{"a"}', '{"a":}', '{"a":1,}', "{,}", "{a:1}",
    "{'a':1}",
    '{"a" 1}', '{"a"::1}', '{1:1}', '{"a":1 "b":2}', "[01]", "[-01]", "[+1]", "[.5]", "[1.]", "[1e]", "[1e+]", "[-]",
    "[0x1]", "[1.e1]",
    "[NaN]", "[Infinity]", "[-Infinity]", "[tru]", "[True]", "[nul]", "[undefined]", '["\t"]', '["\n"]', '["\x00"]',
    '["\\x"]',
    '["\\u12"]', '["\\u12g4"]', '["\\U0041"]', "['a']", '["a]', "[1]x", "[1][2]", "{}}", "[]]", "/* */[]", "[1]//",
    "[\u00a01]", "[\x0c1]", '{"a":1}{"b":2}', "[1e1.5]", "[--1]", "[1-2]", '["a" : 1]', "*", "<x/>", "[\\u0031]", '[a]']

VALUES = [
    "0", "-0", "1", "-1", "123456789012345678", "0.5", "1e10", "1E+2", "1e-2", "0e1", "true", "false", "null", '""',
    '"a"', '" "',
    '"\\"\\\\\\/\\b\\f\\n\\r\\t"', '"\\u00e9"', '"\\uD834\\uDD1E"', '"\u2028\u2029"', '"\x7f"', "[]", "{}", "[[]]",
    " [ 1 , 2 ] ",
    '{"":0}', '{"a":{"b":{"c":[]}}}', '{"a":1,"A":2}', "\t\n\r [\t1\n]\r ", "[1,null,\"x\",{}]", '"\u00e9\U0001f600"',
    "9223372036854775807", "-9223372036854775808", "18446744073709551615", "1.7976931348623157e308", "5e-324"]


def post(world, body):
    body = body.encode() if isinstance(body, str) else body
    return world.admin.request("POST", "/v1/users", content=body, headers={"Content-Type": "application/json"})


@pytest.mark.parametrize("text", NOT_JSON)
def test_what_is_not_json_is_400(world, text):
    problem(post(world, text), 400)


@pytest.mark.parametrize("text", NOT_JSON)
def test_nor_is_it_json_inside_an_object(world, text):
    user_id = world.fresh_name()
    problem(post(world, '{"user_id":"%s","metadata":{"v":%s}}' % (user_id, text)), 400)
    problem(world.admin.get(f"/v1/users/{user_id}"), 404)


@pytest.mark.parametrize("value", VALUES)
def test_json_is_understood_and_kept(world, value):
    user_id = world.fresh_name()
    ok(post(world, '{"user_id":"%s","metadata":{"v":%s}}' % (user_id, value)), 201)
    kept = ok(world.admin.get(f"/v1/users/{user_id}"))["metadata"]["v"]
    assert kept == json.loads(value) and isinstance(kept, bool) == isinstance(json.loads(value), bool)


@pytest.mark.parametrize("raw", [b"\xff", b"\xc3", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82",
                                 b"\x80"])
def test_invalid_utf_8_is_400(world, raw):
    user_id = world.fresh_name()
    problem(post(world, b'{"user_id":"%s","display_name":"%s"}' % (user_id.encode(), raw)), 400)
    problem(world.admin.get(f"/v1/users/{user_id}"), 404)


@pytest.mark.parametrize("value", ['"\\ud800"', '"\\udc00"', '"\\ud800x"', '"\\ud800\\ud800"', '"\\u0000"',
                                   '"a\\u0000b"'])
def test_lone_surrogates_and_nul_are_422(world, value):
    for field in ("display_name", "password"):
        problem(post(world, '{"user_id":"%s","%s":%s}' % (world.fresh_name(), field, value)), 422)


@pytest.mark.parametrize("body", ["[]", "5", "null", "true", '"x"', '[{"user_id":"x"}]'])
def test_json_that_is_no_object_is_422(world, body):
    problem(post(world, body), 422)


@pytest.mark.parametrize("body", [
    '{"user_id":"%s","user_id":"%s"}', '{"user_id":"%s","\\u0075ser_id":"%s"}',
    '{"user_id":"%s","metadata":{"a":1,"a":"%s"}}',
    '{"user_id":"%s","metadata":{"l":[{"b":1,"b":"%s"}]}}', '{"user_id":"%s","unknown":{"a":1,"a":"%s"}}'])
def test_a_key_that_stands_twice_is_400(world, body):
    user_id = world.fresh_name()
    problem(post(world, body % (user_id, user_id)), 400)
    problem(world.admin.get(f"/v1/users/{user_id}"), 404)


@pytest.mark.parametrize("opening, closing", [("[", "]"), ('{"a":', "}")])
def test_sixty_four_levels_are_read_and_sixty_five_are_not(world, opening, closing):
    def body(levels):
        inner = levels - 2  # the object itself, and `metadata`
        return '{"user_id":"%s","metadata":{"v":%s1%s}}' % (world.fresh_name(), opening * inner, closing * inner)
    ok(post(world, body(64)), 201)
    problem(post(world, body(65)), 400)


@pytest.mark.parametrize("body", ["[" * 10000 + "]" * 10000, '{"a":' * 10000 + "1" + "}" * 10000, "[" * 500000])
def test_a_tower_of_brackets_is_400(world, body):
    problem(post(world, body), 400)


def test_a_number_beyond_64_bits_is_kept_or_refused_but_never_bent(world):
    for number in ("18446744073709551616", "-9223372036854775809", "123456789012345678901234567890"):
        user_id = world.fresh_name()
        response = post(world, '{"user_id":"%s","metadata":{"n":%s}}' % (user_id, number))
        if response.status_code == 201:
            kept = ok(world.admin.get(f"/v1/users/{user_id}"))["metadata"]["n"]
            assert kept == int(number) or float(kept) == float(number)
        else:
            assert response.status_code in (400, 422), response.text


def test_a_body_of_one_mebibyte_is_read_and_a_byte_more_is_413(world):
    def body(size):
        shell = '{"user_id":"%s","pad":""}' % (name := world.fresh_name())
        return '{"user_id":"%s","pad":"%s"}' % (name, "x" * (size - len(shell)))
    ok(post(world, body(1048576)), 201)
    problem(post(world, body(1048577)), 413)
    problem(post(world, body(8 * 1048576)), 413)


def test_the_limit_of_a_body_is_a_setting(own_server):
    world = own_server({"limits.body_bytes": 2000})
    ok(post(world, '{"user_id":"small","pad":"%s"}' % ("x" * 1000)), 201)
    problem(post(world, '{"user_id":"large","pad":"%s"}' % ("x" * 3000)), 413)
