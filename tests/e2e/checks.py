"""What every answer must look like, said once."""

import re
import time

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
CODE = re.compile(r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")


def show(response):
    return f"{response.request.method} {response.request.url.path} → {response.status_code} {response.text[:600]}"


def problem(response, status, code=None):
    """The answer is a problem document of §1 with this status, and the headers that belong to the status."""
    assert response.status_code == status, show(response)
    assert response.headers.get("content-type", "").split(";")[0] == "application/problem+json", show(response)
    document = response.json()
    problem_document(document, status, code)
    assert response.headers.get("x-request-id") == document["request_id"], show(response)
    if status == 401:
        assert response.headers.get("www-authenticate", "").lower().startswith("bearer"), response.headers
    if status == 405:
        assert response.headers.get("allow"), response.headers
    if status in (429, 503):
        assert int(response.headers["retry-after"]) >= 1, response.headers
    return document


def problem_document(document, status, code=None):
    """A problem as it stands in an answer or in an `error` frame."""
    for field in ("type", "title", "detail", "instance", "code", "request_id"):
        assert isinstance(document.get(field), str) and document[field], f"{field} is missing in {document}"
    assert document["status"] == status, document
    assert CODE.match(document["code"]), document["code"]
    if code:
        assert document["code"] == code, document
    for error in document.get("errors", []):
        assert isinstance(error["pointer"], str) and error["detail"], document
    return document


def invalid(response, pointer):
    """A 422 whose `errors` point at this field, or at something inside it. `#/a` and `/a` are the same pointer."""
    document = problem(response, 422)
    pointers = [error["pointer"].removeprefix("#") for error in document.get("errors", [])]
    hits = [found for found in pointers if found == pointer or found.startswith(pointer + "/")]
    assert hits, f"{pointer} is not in {document}"
    return document


def same_refusal(first, second, *ids):
    """Two refusals tell nothing apart but the ids that the caller sent anyhow."""
    def bare(response):
        document = {key: value for key, value in response.json().items() if key not in ("request_id", "instance")}
        text = repr(sorted(document.items()))
        for value in ids:
            text = text.replace(value, "…")
        return response.status_code, text
    assert bare(first) == bare(second)


def ok(response, status=200):
    """The JSON of an answer that must have this status (None where there is no content)."""
    assert response.status_code == status, show(response)
    assert response.headers.get("x-request-id"), f"no X-Request-Id: {show(response)}"
    if status == 204:
        assert response.content == b"", show(response)
        return None
    return response.json()


def is_time(text):
    assert isinstance(text, str) and TIME.match(text), f"{text!r} is no RFC 3339 time in UTC with milliseconds"
    return text


def is_uuid(text):
    assert isinstance(text, str) and UUID.match(text), f"{text!r} is no canonical lower-case UUID"
    return text


def eventually(check, seconds=5, every=0.02):
    """Repeats `check` until it holds, and answers what it answered; fails with its last answer after the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        result = check()
        if result:
            return result
        assert time.monotonic() < deadline, f"not so after {seconds} s; the last answer was {result!r}"
        time.sleep(every)
