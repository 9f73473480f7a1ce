"""Several processes of one installation, each with its role, on the distributed profile."""

import secrets
from concurrent.futures import ThreadPoolExecutor

from chat import User, World
from server import Server


class Cluster:
    def __init__(self, folder, gateways=2, routers=2, settings=None):
        key = "c4a_" + secrets.token_urlsafe(32)
        self.servers = []
        for role, count in (("router", routers), ("gateway", gateways)):
            for number in range(count):
                own = folder / f"{role}{number}"
                own.mkdir()
                beside = self.servers[0] if self.servers else None
                self.servers.append(Server(own, key, {**(settings or {}), "server.roles": role}, beside=beside))
        self.routers, self.gateways = self.servers[:routers], self.servers[routers:]
        self.worlds = [World(server) for server in self.gateways]

    def start(self):
        with ThreadPoolExecutor() as pool:
            self.routers[0].migrate()
            list(pool.map(Server.start, self.servers))
        return self

    def close(self):
        for server in reversed(self.servers):
            server.close()


def through(cluster, user, number):
    """The same user, with the same token, through another gateway."""
    return User(cluster.gateways[number], user.id, user.token)
