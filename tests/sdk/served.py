"""Starts `enough serve` and the fake upstream as processes of their own, for tests and measurements in Python."""

import json
import os
import queue
import re
import select
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
READY = re.compile(rb"serving \d+ workflow\(s\) at (http://[^ ]+)")


class Upstream:
    """The fake upstream; ends with the scope."""

    def __enter__(self) -> "Upstream":
        self.process = subprocess.Popen([sys.executable, HERE / "fake_upstream.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.url = self.process.stdout.readline().decode().strip()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def state(self) -> dict:
        return get_json(self.url.removesuffix("/v1") + "/state")


class Served:
    """`enough serve` of these workflow files, on a free port; ends with the scope. They find the upstream as `${UPSTREAM}`."""

    def __init__(self, program: str, workflows: list[Path], upstream: str, *options: str) -> None:
        self.command = [program, "serve", *map(str, workflows), "--listen", "127.0.0.1:0", *options]
        self.environment = {**os.environ, "UPSTREAM": upstream}

    def __enter__(self) -> "Served":
        self.process = subprocess.Popen(self.command, env=self.environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.said, self.ready = [], queue.Queue(1)
        self.reader = threading.Thread(target=self.read)  # to its end: nobody stops a server by not reading its log
        self.reader.start()
        self.url = self.ready.get(timeout=60)
        if not self.url:
            self.__exit__()
            raise RuntimeError(f"the server did not start: {b''.join(self.said).decode(errors='replace')}")
        self.port = int(self.url.rpartition(":")[2])
        return self

    def read(self) -> None:
        told = False
        for line in self.process.stderr:
            self.said = (self.said + [line])[-100:]
            if not told and (ready := READY.search(line)):
                told = True
                self.ready.put(ready.group(1).decode())
        if not told:
            self.ready.put("")

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.send_signal(signal.SIGTERM)  # at once
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.reader.join()
        self.process.stderr.close()

    def memory_kib(self, what: str) -> int:
        """`VmRSS` or `VmHWM` of the server."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{what}:\s+(\d+) kB", status).group(1))

    def get(self, path: str, key: str = "") -> dict:
        return get_json(self.url + path, key)


def get_json(url: str, key: str = "") -> dict:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"} if key else {})
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=20) as answer:
        return json.load(answer)


def eventually(what: str, holds, seconds: float = 20.0):
    """What `holds` returns once that is true; fails after a while."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if found := holds():
            return found
        select.select([], [], [], 0.02)
    raise AssertionError(f"not within {seconds:g} s: {what}")
