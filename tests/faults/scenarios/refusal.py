"""A server that must not start."""

import asyncio

REFUSED_WITHIN_SECONDS = 15


async def refusal(context, server, *names):
    """Starts it, and demands exit code 1 and one sentence that holds each of `names` (of a tuple: one of them)."""
    server.launch()
    code = await asyncio.to_thread(server.wait_end, REFUSED_WITHIN_SECONDS)
    server.close()
    lines = [line for line in server.output().strip().splitlines() if line]
    context.require(code == 1, f"the start ended with {code}: {server.last_words()}")
    context.require(lines and len(lines) <= 3, f"the refusal has {len(lines)} lines: {server.last_words()}")
    for name in names:
        some = name if isinstance(name, tuple) else (name,)
        context.require(any(word in line for word in some for line in lines[-1:]),
                        f"the refusal does not name {' or '.join(some)}: {server.last_words()}")
    return code == 1
