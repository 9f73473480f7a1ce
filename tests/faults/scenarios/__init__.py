"""One file for each fault, with TITLE (its line in the report), WHAT (what is done and demanded) and `async
run(context)`."""

ORDER = ("kill_loop", "power_cut", "disk_full", "fsync_fails", "read_only", "damaged_tail", "damaged_middle",
         "second_server", "sigterm_under_load", "clock_jumps", "soak_kills")
