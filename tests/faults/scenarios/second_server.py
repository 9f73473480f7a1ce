TITLE = "Second server on the same data"
WHAT = """While one server runs under load, others are started on its data directory: each is refused with one
sentence, and the first goes on as if nothing had been. A start right after SIGKILL is not refused."""

import asyncio

from scenarios.refusal import refusal


async def run(context):
    rounds = 1 if context.options.quick else 5
    stage = await context.stage(context.server())
    stage.begin_load()
    for number in range(rounds):
        await asyncio.sleep(0.2)
        second = context.server(data=stage.server.data)
        await refusal(context, second, str(stage.server.data))
        context.require(stage.server.running, f"the first server ended: {stage.server.last_words()}")
        await stage.check_news()
        context.done(number + 1, rounds)
    stage.server.kill()
    context.recovered(await stage.start_server())
    await stage.end_load()
    await stage.check_all(end=True)
    await stage.close()
