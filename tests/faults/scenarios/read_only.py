TITLE = "Read-only data directory"
WHAT = """The data directory, with data and empty, lies on a filesystem that is mounted read-only: the start is
refused with one sentence. Mounted for writing again, everything is there."""

import asyncio

from scenarios.refusal import refusal


async def run(context):
    with context.image("ext4", 256) as image:
        data = image.point / "data"
        server = context.server(data=data)
        stage = await context.stage(server)
        stage.begin_load()
        await asyncio.sleep(0.5)
        await stage.end_load()
        await asyncio.to_thread(server.terminate)
        server.close()
        await remount(image, "ro")
        await refusal(context, server, str(data), ("Read-only", "read-only"))
        other = context.server(data=image.point / "other")
        await refusal(context, other, str(other.data), ("Read-only", "read-only"))
        await remount(image)
        context.recovered(await stage.start_server())
        await stage.check_all()
        await stage.close()
    context.done(2, 2)


async def remount(image, *options):
    await asyncio.to_thread(image.unmount)
    await asyncio.to_thread(image.mount, *options)
