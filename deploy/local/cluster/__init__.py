"""The local servers: one module for each kind, all alike (see ../README.md)."""
