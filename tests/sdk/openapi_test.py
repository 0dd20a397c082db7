#!/usr/bin/env python3
"""The description that `enough serve` gives of itself, and what it does: schemathesis asks whatever the one allows, and
much that it forbids, and compares.

Usage: openapi_test.py PROGRAM [TESTS...]     with the Python of the folder that setup.sh prints
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest
import urllib.request
from pathlib import Path

from served import HERE, Served, Upstream

PROGRAM = ""
KEY = "a-key-for-everything-0123456789"
WORKFLOWS = [HERE / "workflows" / f"{name}.yaml" for name in ("asking", "cascade")]
EXAMPLES = 10  # of each operation and phase
SECONDS = 240  # far more than the about 10 that it takes


class Conformance(unittest.TestCase):
    def faults(self, served: Served, key: str) -> str:
        """What the checks of schemathesis find; empty if nothing. It asks the same each time."""
        command = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "run",
                   served.url + "/openapi.json", "--generation-deterministic", "--max-examples", str(EXAMPLES), "--no-shrink",
                   "--checks", "all", "--exclude-checks", "use_after_free",  # a run that was cancelled is kept
                   "--max-response-time", "10", "--request-timeout", "20", "--continue-on-failure", "--no-color"]
        if key:
            command += ["--header", f"Authorization: Bearer {key}"]
        environment = {**os.environ, "PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1", "NO_PROXY": "*",
                       "SCHEMATHESIS_HOOKS": "openapi_hooks", "ENDED_RUN": self.start(served, "cascade", key),
                       "ASKING_RUN": self.start(served, "asking", key)}
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(command, cwd=folder, env=environment, text=True, timeout=SECONDS,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode == 0 and "Test cases:" in done.stdout:
            return ""
        return done.stdout[-12_000:]

    def start(self, served: Served, workflow: str, key: str) -> str:
        request = urllib.request.Request(served.url + "/v1/runs" + ("?wait=20s" if workflow == "cascade" else ""),
                                         json.dumps({"workflow": workflow, "inputs": {"question": "?"}}).encode(),
                                         {"Content-Type": "application/json", "Authorization": f"Bearer {key}"})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            return json.load(answer)["run_id"]

    def serve_and_ask(self, key: str, *options: str) -> None:
        with Upstream() as upstream, Served(PROGRAM, WORKFLOWS, upstream.url, *options) as served:
            if found := self.faults(served, key):
                self.fail("\n" + found)
            statuses = {run["status"] for run in served.get("/v1/runs?limit=100", key)["data"]}
            self.assertIn("accepted", statuses)  # some got through
            self.assertIsNone(served.process.poll())

    def test_without_keys(self) -> None:
        self.serve_and_ask("")

    def test_with_keys(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "keys").write_text(KEY + "\n")
            self.serve_and_ask(KEY, "--api-keys", str(Path(folder) / "keys"))


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
