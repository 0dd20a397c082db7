#!/usr/bin/env python3
"""An OpenAI-compatible server that answers word by word, as slowly as asked, and tells when its clients left.

Usage: fake_upstream.py        its base URL is the first line of its output; it ends when its input does

What it does stands in the model's name, as a query: `?tokens=40&pause_ms=20`.
  tokens     words of the answer (10)              pause_ms   before each of them (0)
  unsure=1   candidates of equal probability       clock=1    each word is the time of its sending, ns of the monotonic clock
  echo=KEY   answers with the request's KEY (a JSON text) or, for `prompt`, with the last message
  cut=N      closes the connection after N words   status=N   answers with this error; 429 with `retry-after: 7`
GET /state: {"open": streams under way, "asked": in all, "left": {"the last message": ns of the monotonic clock when its client left}}
"""

import asyncio
import json
import math
import sys
import time
from urllib.parse import parse_qsl

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


class State:
    def __init__(self) -> None:
        self.open = 0
        self.asked = 0
        self.left: dict[str, int] = {}


def logprobs(word: str, unsure: bool) -> dict:
    shares = [0.25] * 4 if unsure else [0.97, 0.01, 0.01, 0.01]
    top = [{"token": word if i == 0 else f"other{i}", "logprob": math.log(p), "bytes": None} for i, p in enumerate(shares)]
    return {"content": [{**top[0], "top_logprobs": top}], "refusal": None}


class Connection(asyncio.Protocol):
    def __init__(self, state: State) -> None:
        self.state, self.buffer, self.answering, self.prompt = state, b"", None, ""
        self.room = asyncio.Event()
        self.room.set()

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        fields = {key.strip().lower(): value.strip() for key, _, value in (line.partition(b":") for line in head.split(b"\r\n")[1:])}
        length = int(fields.get(b"content-length", 0))
        if len(body) < length:
            return
        self.buffer = body[length:]
        if head.startswith(b"GET"):
            return self.whole(200, {"open": self.state.open, "asked": self.state.asked, "left": self.state.left})
        self.answering = asyncio.ensure_future(self.answer(json.loads(body[:length])))

    def pause_writing(self) -> None:
        self.room.clear()

    def resume_writing(self) -> None:
        self.room.set()

    def connection_lost(self, _error: Exception | None) -> None:
        if self.answering and not self.answering.done():
            self.state.left[self.prompt] = time.monotonic_ns()
            self.answering.cancel()

    def whole(self, status: int, body: dict, extra: str = "") -> None:
        text = json.dumps(body).encode()
        head = f"HTTP/1.1 {status} Status\r\nContent-Type: application/json\r\n{extra}Content-Length: {len(text)}\r\n\r\n"
        self.transport.write(head.encode() + text)

    def event(self, data: str) -> None:
        text = f"data: {data}\n\n".encode()
        self.transport.write(f"{len(text):x}\r\n".encode() + text + b"\r\n")

    async def answer(self, request: dict) -> None:
        wish = dict(parse_qsl(request["model"].partition("?")[2]))
        self.prompt = request["messages"][-1]["content"]
        self.state.asked += 1
        if "status" in wish:
            extra = "Retry-After: 7\r\n" if wish["status"] == "429" else ""
            return self.whole(int(wish["status"]), {"error": {"message": "as was wished", "type": "wish"}}, extra)
        self.state.open += 1
        try:
            await self.stream(request, wish)
        finally:
            self.state.open -= 1

    async def stream(self, request: dict, wish: dict) -> None:
        words = [f"word{i} " for i in range(int(wish.get("tokens", 10)))]
        if "echo" in wish:
            words = [self.prompt if wish["echo"] == "prompt" else json.dumps(request.get(wish["echo"]))]
        pause, unsure = int(wish.get("pause_ms", 0)) / 1000, "unsure" in wish
        chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": request["model"]}
        self.transport.write(HEAD)
        began = time.monotonic()
        for number, word in enumerate(words):
            if wish.get("cut") == str(number):
                return self.transport.close()
            await self.room.wait()
            # By the clock, so that a late word does not delay those after it. Every word lets the others have their turn.
            await asyncio.sleep(max(0.0, began + (number + 1) * pause - time.monotonic()) if pause else 0)
            if "clock" in wish:
                word = f"{time.monotonic_ns()} "
            choice = {"index": 0, "delta": {"content": word}, "logprobs": logprobs(word, unsure), "finish_reason": None}
            self.event(json.dumps({**chunk, "choices": [choice]}))
        self.event(json.dumps({**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}))
        usage = {"prompt_tokens": 5, "completion_tokens": len(words), "total_tokens": 5 + len(words)}
        self.event(json.dumps({**chunk, "choices": [], "usage": usage}))
        self.event("[DONE]")
        self.transport.write(b"0\r\n\r\n")


async def serve() -> None:
    loop, state = asyncio.get_running_loop(), State()
    server = await loop.create_server(lambda: Connection(state), "127.0.0.1", 0, backlog=1024)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), lambda: ended.set() if not sys.stdin.buffer.read1(4096) else None)
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(serve())
