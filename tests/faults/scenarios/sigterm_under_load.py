TITLE = "SIGTERM under load"
WHAT = """The server must end with 0 within 10 s, close every WebSocket with 1012, and lose nothing."""

import asyncio
import time

DRAIN_SECONDS = 10


async def run(context):
    rounds = 3 if context.options.quick else 25
    stage = await context.stage(context.server())
    stage.begin_load()
    for number in range(rounds):
        await asyncio.sleep(context.random.uniform(0.1, 0.6))
        await one_round(context, stage)
        context.recovered(await stage.start_server())
        stage.load.restless = True
        await stage.check_news()
        context.done(number + 1, rounds)
    await stage.end_load()
    await stage.check_all(end=True)
    await stage.close()


async def one_round(context, stage):
    stage.load.restless = False
    live = {device: device.session for device in stage.world.devices if device.session}
    begun = time.monotonic()
    code = await asyncio.to_thread(stage.server.terminate, DRAIN_SECONDS)
    took = f"{time.monotonic() - begun:.1f} s"
    context.require(code == 0, f"SIGTERM: exit code {code} after {took}: {stage.server.last_words()}")
    stage.server.close()
    await asyncio.sleep(0.1)
    codes = [session.close_code for session in live.values() if session.close_code is not None or session.ended is None]
    wrong = [code for code in codes if code != 1012]
    context.require(not wrong, f"{len(wrong)} of {len(codes)} WebSockets were closed with {wrong[:5]} instead of 1012")
    context.require(codes, "no WebSocket was closed with a code")
