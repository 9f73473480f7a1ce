TITLE = "Power cuts (ext4, XFS)"
WHAT = """The data lies on a filesystem of its own. The process is killed, or (every third time) frozen in the middle of
its writes, and the filesystem shut down, so that everything that was not synced is lost; then the journal is replayed
and the server started again."""

import asyncio

CUTS_PER_IMAGE = 25
IMAGE_MIB = 512
FULL_AT = 0.7


async def run(context):
    total, done, images = context.options.power_cuts, 0, 0
    per_image = min(CUTS_PER_IMAGE, max(1, total // 2))
    while done < total:
        images += 1
        with context.image("xfs" if images % 2 else "ext4", IMAGE_MIB) as image:
            stage = await context.stage(context.server(data=image.point / "data"))
            stage.begin_load(chars=(10, 9000) if images % 4 == 3 else (10, 300))
            for _ in range(min(per_image, total - done)):
                await asyncio.sleep(context.random.uniform(0.05, 0.5))
                cut(stage.server, image, frozen=done % 3 == 2)
                context.recovered(await stage.start_server())
                await stage.check_news()
                done += 1
                context.done(done, total)
                if image.used_part() > FULL_AT:
                    break
            await stage.end_load()
            await stage.check_all(end=True)
            await stage.close()


def cut(server, image, frozen):
    """No instruction of the process runs after the cut: an fdatasync that is in flight then may return 0 and have
    synced nothing, on ext4 as on XFS, and a machine without power would have answered nobody after it."""
    if frozen:
        server.freeze()
    else:
        server.kill()
    image.cut_power()
    server.close()
    image.power_on()
