"""A real `enough serve` on a free port of this machine."""

import json
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

LIMIT = 60  # seconds that starting, ending or one answer may take


class Served:
    """Starts the server; leaving the `with` ends it in order."""

    def __init__(self, program: str, workflows: list[Path], log: Path, port: int = 0):
        self.command = [program, "serve", *map(str, workflows), "--listen", f"127.0.0.1:{port}", "--drain", "0"]
        self.log = log

    def __enter__(self):
        with open(self.log, "wb") as output:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        end = time.monotonic() + LIMIT
        while not (found := re.search(r"http://127\.0\.0\.1:(\d+)", self.log.read_text(errors="replace"))):
            if self.process.poll() is not None or time.monotonic() > end:
                self.process.kill()
                raise RuntimeError("the server did not start: " + self.log.read_text(errors="replace"))
            time.sleep(0.02)
        self.port = int(found[1])
        self.url = f"http://127.0.0.1:{self.port}/"
        return self

    def __exit__(self, *_):
        self.end()

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def ask(self, method: str, path: str, body: dict | None = None) -> dict:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=LIMIT) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)

    def run(self, workflow: str, question: str, wait: str = "30s") -> dict:
        return self.ask("POST", f"v1/runs?wait={wait}", {"workflow": workflow, "inputs": {"question": question}})
