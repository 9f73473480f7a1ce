TITLE = "SIGKILL under load"
WHAT = """The process is killed 50 to 800 ms after the check of the kill before, every tenth time once more while it
starts. After each restart everything that was acknowledged must be there; at the end every device must have seen
every message."""

import asyncio

KILLS_PER_SERVER = 50
FAT_EVERY = 5            # in one server of so many, texts are long, so that the log is changed and tables are written


async def run(context):
    total, done, servers = context.options.kills, 0, 0
    while done < total:
        servers += 1
        stage = await context.stage(context.server())
        stage.begin_load(chars=(10, 9000) if servers % FAT_EVERY == 2 else (10, 300))
        for _ in range(min(KILLS_PER_SERVER, total - done)):
            await asyncio.sleep(context.random.uniform(0.05, 0.8))
            stage.server.kill()
            if done % 10 == 9:
                await kill_while_it_starts(context, stage.server)
            context.recovered(await stage.start_server())
            await stage.check_news()
            done += 1
            context.done(done, total)
        await end(context, stage)


async def kill_while_it_starts(context, server):
    server.launch()
    await asyncio.sleep(context.random.uniform(0.001, 0.1))
    server.kill()


async def end(context, stage):
    """All is delivered; a clean stop and a start change nothing."""
    await stage.end_load()
    await stage.check_all(end=True)
    code = await asyncio.to_thread(stage.server.terminate)
    context.require(code == 0, f"SIGTERM ended the server with {code}: {stage.server.last_words()}")
    stage.server.close()
    await stage.start_server()
    await stage.check_all()
    await stage.close()
