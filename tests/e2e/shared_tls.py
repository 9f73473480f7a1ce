"""A TLS socket that one thread may read while another writes, as `websockets` does. OpenSSL allows a connection one thread
at a time; Python's own socket lets go of its lock within a call, and about one opening in a thousand fails for it."""

import select
import ssl
import threading


def unverified_context():
    context = ssl._create_unverified_context()
    context.sslsocket_class = SharedTls
    return context


class SharedTls(ssl.SSLSocket):
    turn = None  # held in each call of OpenSSL; none of them waits, so nobody waits long for it
    timeout_seconds = None

    def do_handshake(self, block=False):
        super().do_handshake(block)
        self.timeout_seconds = self.gettimeout()
        super().settimeout(0)
        self.turn = threading.Lock()

    def settimeout(self, seconds):
        if self.turn:
            self.timeout_seconds = seconds
        else:
            super().settimeout(seconds)

    def recv(self, *arguments):
        return self._in_turn(super().recv, *arguments)

    def send(self, *arguments):
        return self._in_turn(super().send, *arguments)

    def _in_turn(self, call, *arguments):
        if not self.turn:
            return call(*arguments)
        while True:
            try:
                with self.turn:
                    return call(*arguments)
            except (ssl.SSLWantReadError, BlockingIOError):
                awaited = select.POLLIN
            except ssl.SSLWantWriteError:
                awaited = select.POLLOUT
            self._wait_for(awaited)

    def _wait_for(self, event):
        if self.fileno() < 0:
            raise OSError("the connection was closed meanwhile")
        ready = select.poll()
        ready.register(self, event)
        milliseconds = None if self.timeout_seconds is None else self.timeout_seconds * 1000
        if not ready.poll(milliseconds):
            raise TimeoutError("timed out")
