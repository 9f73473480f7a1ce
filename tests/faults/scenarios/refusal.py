"""A server that must not start."""

import asyncio
import time

REFUSED_WITHIN_SECONDS = 15


def ended_or_serving(server):
    """The exit code; None as soon as it serves after all."""
    deadline = time.monotonic() + REFUSED_WITHIN_SECONDS
    while time.monotonic() < deadline and not server.answers_ready():
        code = server.wait_end(0.02)
        if code is not None:
            return code
    return None


async def refusal(context, server, *names, case="the start"):
    """Starts it, and demands exit code 1 and one sentence that holds each of `names` (of a tuple: one of them)."""
    server.launch()
    code = await asyncio.to_thread(ended_or_serving, server)
    server.close()
    words, lines = server.last_words(), server.output().strip().splitlines()
    if code != 1:
        end = "goes on" if code is None else f"ended with {code}"
        context.complain(f"{case} was not refused with 1 but {end}: {words}")
        return
    context.require(len(lines) == 1, f"{case}: the refusal has {len(lines)} lines: {words}")
    for name in names:
        some = name if isinstance(name, tuple) else (name,)
        context.require(any(word in words for word in some),
                        f"{case}: the refusal does not name {' or '.join(some)}: {words}")
