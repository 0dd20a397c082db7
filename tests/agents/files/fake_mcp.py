#!/usr/bin/env python3
"""A server of the Model Context Protocol on standard streams that does what a test wants, good or bad.

Usage: fake_mcp.py [BEHAVIOUR]

The tools do what their names say. Behaviours change how it starts, lists its tools and ends; see `main`.
"""

import json
import os
import signal
import subprocess
import sys

VERSION = "2025-06-18"


class Server:
    def __init__(self, behaviour: str):
        self.behaviour = behaviour
        self.cancelled: list[int] = []
        self.held: list[int] = []
        self.answers: list[dict] = []
        self.asking: int | None = None
        self.notified: list[str] = []

    def send(self, message: dict) -> None:
        sys.stdout.write(json.dumps({"jsonrpc": "2.0"} | message) + "\n")
        sys.stdout.flush()

    def result(self, identity: int, result: dict) -> None:
        self.send({"id": identity, "result": result})

    def error(self, identity: int, code: int, message: str) -> None:
        self.send({"id": identity, "error": {"code": code, "message": message}})

    def text(self, identity: int, *texts: str, **more: object) -> None:
        self.result(identity, {"content": [{"type": "text", "text": text} for text in texts]} | more)

    def serve(self) -> None:
        for line in sys.stdin:
            message = json.loads(line)
            if "method" not in message:
                self.take_answer(message)
            elif "id" not in message:
                self.take_notification(message)
            else:
                self.take_request(message["id"], message["method"], message.get("params", {}))

    def take_answer(self, message: dict) -> None:
        self.answers.append({key: message[key] for key in ("id", "result", "error") if key in message})
        if len(self.answers) == 2 and self.asking is not None:
            self.text(self.asking, json.dumps(self.answers))

    def take_notification(self, message: dict) -> None:
        self.notified.append(message["method"])
        if message["method"] == "notifications/cancelled":
            self.cancelled.append(message["params"]["requestId"])

    def take_request(self, identity: int, method: str, params: dict) -> None:
        if method == "initialize":
            self.initialize(identity, params)
        elif method == "tools/list":
            self.list_tools(identity, params.get("cursor"))
        elif method == "tools/call":
            tool = getattr(self, "call_" + params["name"], None)
            if tool is None:
                self.error(identity, -32602, f"Unknown tool: {params['name']}")
            else:
                tool(identity, params["arguments"])
        else:
            self.error(identity, -32601, "Method not found")

    def initialize(self, identity: int, params: dict) -> None:
        assert params["protocolVersion"] == VERSION and params["clientInfo"]["name"] == "enough", params
        version = {"old": "2024-11-05", "future": "2099-01-01"}.get(self.behaviour, VERSION)
        if self.behaviour == "refuses":
            return self.error(identity, -32000, "no, because of " + os.environ.get("FAKE_KEY", ""))
        self.result(identity, {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": {"name": "fake"}})

    def list_tools(self, identity: int, cursor: str | None) -> None:
        page = int(cursor or 0)
        tool = {"name": f"tool_{page}", "description": "d", "inputSchema": {"type": "object", "z": 1, "a": 2}}
        if self.behaviour == "endless":
            return self.result(identity, {"tools": [], "nextCursor": str(page + 1)})
        if self.behaviour == "same cursor":
            return self.result(identity, {"tools": [], "nextCursor": "1"})
        if self.behaviour == "twice":
            return self.result(identity, {"tools": [tool, tool]})
        if self.behaviour == "many":
            return self.result(identity, {"tools": [tool | {"name": f"t{i}"} for i in range(513)]})
        if self.behaviour == "odd name":
            return self.result(identity, {"tools": [tool | {"name": "a b"}]})
        if self.behaviour == "no schema":
            return self.result(identity, {"tools": [{"name": "a"}]})
        if self.behaviour == "no list":
            return self.result(identity, {"tool": []})
        if self.behaviour == "no tools":
            return self.error(identity, -32601, "Method not found")
        self.result(identity, {"tools": [tool]} | ({"nextCursor": str(page + 1)} if page < 2 else {}))

    # The tools.

    def call_echo(self, identity: int, arguments: dict) -> None:
        self.text(identity, json.dumps(arguments))

    def call_environment(self, identity: int, arguments: dict) -> None:
        self.text(identity, os.environ.get(arguments["name"], "none"))

    def call_parts(self, identity: int, _: dict) -> None:
        self.result(identity, {"content": [
            {"type": "text", "text": "one"}, {"type": "image", "mimeType": "image/png", "data": "AAAAAAA="},
            {"type": "audio", "mimeType": "audio/wav", "data": "AAAA"},
            {"type": "resource", "resource": {"uri": "file:///a", "text": "inside"}},
            {"type": "resource", "resource": {"uri": "file:///b", "mimeType": "x/y", "blob": "AAA="}},
            {"type": "resource_link", "uri": "file:///c", "name": "c"}, {"type": "hologram"}, {"type": "text", "text": "two"},
        ]})

    def call_structured(self, identity: int, _: dict) -> None:
        self.result(identity, {"content": [], "structuredContent": {"z": 1, "a": [2]}})

    def call_fail(self, identity: int, _: dict) -> None:
        self.text(identity, "it did not work", isError=True)

    def call_error(self, identity: int, _: dict) -> None:
        self.error(identity, -32603, "internal trouble")

    def call_nothing(self, identity: int, _: dict) -> None:
        self.result(identity, {})

    def call_long(self, identity: int, arguments: dict) -> None:
        self.text(identity, "é" * (arguments["bytes"] // 2))

    def call_noise(self, identity: int, _: dict) -> None:
        sys.stdout.write('Starting up…\n\n{"half": \n[]\n{"jsonrpc":"1.0","id":1,"result":{}}\n{"jsonrpc":"2.0","id":"x","result":1}\n')
        sys.stdout.write('{"jsonrpc":"2.0","id":99999,"result":{}}\n' + "[" * 100_000 + "\n")
        sys.stdout.flush()
        sys.stdout.buffer.write(b"\xff\n")
        self.text(identity, "after the noise")

    def call_batch(self, identity: int, _: dict) -> None:
        answer = {"jsonrpc": "2.0", "id": identity, "result": {"content": [{"type": "text", "text": "in a batch"}]}}
        sys.stdout.write(json.dumps([{"jsonrpc": "2.0", "method": "notifications/progress"}, answer]) + "\n")
        sys.stdout.flush()

    def call_endless_line(self, _: int, __: dict) -> None:
        piece = "x" * (1 << 20)
        while True:
            sys.stdout.write(piece)

    def call_hold(self, identity: int, _: dict) -> None:
        self.held.append(identity)

    def call_release(self, identity: int, _: dict) -> None:
        self.text(identity, "released")
        for each in reversed(self.held):
            self.text(each, f"held {self.held.index(each)}")

    def call_heard(self, identity: int, _: dict) -> None:
        self.text(identity, json.dumps({"cancelled": len(self.cancelled), "held": len(self.held), "notified": self.notified,
                                        "same": self.cancelled == self.held}))

    def call_ask(self, identity: int, _: dict) -> None:
        self.asking = identity
        self.send({"id": "ping-1", "method": "ping"})
        self.send({"id": 7, "method": "roots/list"})

    def call_die(self, _: int, arguments: dict) -> None:
        sys.stderr.write("Traceback: it all went wrong\n")
        sys.stderr.flush()
        os._exit(arguments["status"])

    def call_kill_me(self, _: int, __: dict) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def call_close_output(self, _: int, __: dict) -> None:
        os.close(1)
        signal.pause()

    def call_pause(self, _: int, __: dict) -> None:
        signal.pause()

    def call_processes(self, identity: int, _: dict) -> None:
        child = subprocess.Popen(["sleep", "1000"])
        self.text(identity, json.dumps([os.getpid(), child.pid]))

    def call_descriptors(self, identity: int, _: dict) -> None:
        self.text(identity, json.dumps(open_descriptors()))


def open_descriptors() -> list[int]:
    out = []
    for descriptor in range(3, 256):
        try:
            os.fstat(descriptor)
            out.append(descriptor)
        except OSError:
            pass
    return out


def main(behaviour: str) -> None:
    if behaviour == "exits":
        sys.stderr.write(f"no such package; key {os.environ.get('FAKE_KEY', '')}\n")
        sys.exit(7)
    if behaviour == "silent":
        for _ in sys.stdin:
            pass
        return
    if behaviour == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Server(behaviour).serve()
    if behaviour == "stubborn":
        while True:
            signal.pause()


main(sys.argv[1] if len(sys.argv) > 1 else "")
