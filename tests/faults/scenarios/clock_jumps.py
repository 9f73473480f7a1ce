TITLE = "Clock jumps"
WHAT = """The wall clock jumps an hour forward and back under load, with a SIGKILL in between: order and statuses stay
right."""

import asyncio

HOUR = 3600


async def run(context):
    rounds = 1 if context.options.quick else 5
    shim = context.shim()
    stage = await context.stage(context.server(shim=shim), by_key=True)
    stage.begin_load()
    for number in range(rounds):
        for offset in (HOUR, 0, -HOUR, HOUR, 0):
            shim.shift_clock(offset)
            await asyncio.sleep(context.random.uniform(0.1, 0.4))
            await stage.check_news()
        stage.server.kill()
        shim.shift_clock(context.random.choice((-HOUR, HOUR)))
        context.recovered(await stage.start_server())
        await stage.check_news()
        context.done(number + 1, rounds)
    shim.shift_clock(0)
    await stage.end_load()
    await stage.check_all(end=True)
    await stage.close()
