TITLE = "fsync fails"
WHAT = """fsync, fdatasync and sync_file_range answer EIO without syncing, at a random moment under load. The server
must stop with an exit code and say why. Then the filesystem loses its power as well, so that what was acknowledged
without being on the disk is lost, and after the restart everything acknowledged must be there."""

import asyncio
from contextlib import nullcontext, suppress

from context import Skipped
from wire import Broken

ENDS_WITHIN_SECONDS = 10
FILES = ("", ".log", ".sqlite3")     # of which syncs fail: all, the message log, users and keys
WORDS = ("sync", "Input/output error", "EIO")


async def run(context):
    rounds = 3 if context.options.quick else 21
    for number in range(rounds):
        await one_round(context, only=FILES[number % 3])
        context.done(number + 1, rounds)


async def one_round(context, only):
    try:
        image = context.image("ext4", 256)
    except Skipped as skipped:
        context.note(f"without a power cut after it: {skipped}")
        image = None
    with image or nullcontext():
        shim = context.shim()
        stage = await context.stage(context.server(data=image and image.point / "data", shim=shim))
        stage.begin_load()
        await asyncio.sleep(context.random.uniform(0.1, 0.6))
        await fail(context, stage, shim, only)
        if image:
            image.cut_power()
            image.power_on()
        context.recovered(await stage.start_server())
        await stage.check_news()
        await stage.end_load()
        await stage.check_all(end=True)
        await stage.close()


async def fail(context, stage, shim, only):
    shim.fail_syncs(only)
    with suppress(Broken):
        await stage.world.admin.request("POST", "/v1/users", {"user_id": "late"})
    code = await asyncio.to_thread(stage.server.wait_end, ENDS_WITHIN_SECONDS)
    which = f"syncs of {only or 'all files'}"
    context.require(shim.syncs_failed > 0, f"{which}: none was asked for")
    context.require(code is not None, f"{which} failed for {ENDS_WITHIN_SECONDS} s, and the server goes on")
    context.require(code != 0, f"{which} failed, and the server ended with 0")
    words = stage.server.last_words()
    context.require(any(word in words for word in WORDS), f"{which} failed, and the last words do not say so: {words}")
    stage.server.close()
    shim.let_syncs_pass()
