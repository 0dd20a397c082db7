#!/usr/bin/env python3
"""`enough serve` under load and under attack, with a fake model server behind it; everything on this machine.

    bench/serve_load.py build/release/orchestrator/cli/enough [--json FILE] [--streams 200] [streams hostile leaving]

streams   many streams at once: do all end, how late is each token beside those read from the model server itself, memory
hostile   what a real client gets, and memory, while others dribble headers, flood, send huge bodies, or never read
leaving   from a client's leaving, and from DELETE, to the model server's connection being closed
"""

import argparse
import asyncio
import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "sdk"))
from served import Served, Upstream  # noqa: E402

MODEL = 'provider: openai, base_url: "${{UPSTREAM}}", model: "m?{}", proxy: none, retry: {{attempts: 1}}'
CASCADE = """version: 1
name: {name}
inputs: {{question: {{type: string}}}}
models: {{small: {{{small}}}, large: {{{large}}}}}
agents: {{solver: {{model: small}}, expert: {{model: large}}}}
steps:
  - id: solve
    prompt: "{{{{ inputs.question }}}}"
    ladder:
      - {{agent: solver, gate: {{signal: entropy.mean, accept: 0.5}}}}
      - {{agent: expert}}
output: "{{{{ steps.solve.text }}}}"
"""
SLOW = """version: 1
name: slow
inputs: {{question: {{type: string}}}}
models: {{slow: {{{}}}}}
agents: {{solver: {{model: slow}}}}
steps:
  - {{id: solve, agent: solver, prompt: "{{{{ inputs.question }}}}"}}
output: "{{{{ steps.solve.text }}}}"
"""
SCRIPTED = 'provider: scripted, answers: [{{text: "{}", entropy: [{}], repeat: true}}]'


def workflows(folder: Path, draft: str, answer: str) -> list[Path]:
    def of(name: str, small: str, large: str) -> Path:
        (folder / f"{name}.yaml").write_text(CASCADE.format(name=name, small=small, large=large), "utf-8")
        return folder / f"{name}.yaml"

    (folder / "slow.yaml").write_text(SLOW.format(MODEL.format("tokens=100000&pause_ms=50")), "utf-8")
    return [of("measured", MODEL.format(draft), MODEL.format(answer)),
            of("quick", SCRIPTED.format("a draft", 1.9), SCRIPTED.format("it is 42", 0.1)),
            folder / "slow.yaml",
            of("torrent", MODEL.format("tokens=2&unsure=1"), MODEL.format("tokens=8000"))]


def request(path: str, body: dict, method: str = "POST") -> bytes:
    text = json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
    return head.encode() + text


def chat(model: str, question: str, stream: bool) -> bytes:
    body = {"model": model, "stream": stream, "messages": [{"role": "user", "content": question}]}
    return request("/v1/chat/completions", body)


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


async def answer_of(reader: asyncio.StreamReader) -> int:
    """Reads a whole response with a length; its status."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
    await reader.readexactly(length)
    return int(head.split()[1])


async def close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


class Memory:
    """The server's memory in MiB: before, at most while the scope lasts, and at its end."""

    def __init__(self, served: Served) -> None:
        self.served = served

    def now(self) -> float:
        return self.served.memory_kib("VmRSS") / 1024

    async def __aenter__(self) -> "Memory":
        self.before = self.most = self.now()
        self.watch = asyncio.create_task(self.look())
        return self

    async def look(self) -> None:
        while True:
            self.most = max(self.most, self.now())
            await asyncio.sleep(0.1)

    async def __aexit__(self, *_: object) -> None:
        self.watch.cancel()
        self.after = self.now()

    def row(self) -> dict:
        return {"rss_before_mib": round(self.before, 1), "rss_most_mib": round(self.most, 1),
                "rss_after_mib": round(self.after, 1), "rss_peak_ever_mib": round(self.served.memory_kib("VmHWM") / 1024, 1)}


# -- streams

async def read_stream(port: int, ask: bytes, ages: list[float]) -> bool:
    """Notes how old each token is, in ms, when it has been read; did the stream end in order?"""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(ask)
    ended = False
    while line := await reader.readline():
        if not line.startswith(b"data: {"):
            ended = ended or line.startswith(b"data: [DONE]")
            if ended:
                break
            continue
        now = time.monotonic_ns()
        for choice in json.loads(line[6:]).get("choices", []):
            text = choice["delta"].get("content") or choice["delta"].get("reasoning_content") or ""
            ages += [(now - int(sent)) / 1e6 for sent in text.split()]
    await close(writer)
    return ended


async def read_many(port: int, asks: list[bytes]) -> tuple[list[float], int, float]:
    ages: list[float] = []
    began = time.monotonic()
    ended = await asyncio.gather(*[read_stream(port, ask, ages) for ask in asks])
    return ages, sum(ended), time.monotonic() - began


async def streams(served: Served, upstream: Upstream, count: int, answer: str) -> list[dict]:
    def row(what: str, ages: list[float], ended: int, seconds: float) -> dict:
        return {"what": what, "streams": count, "ended": ended, "tokens": len(ages), "seconds": round(seconds, 1),
                "p50_ms": round(quantile(ages, 0.5), 2), "p99_ms": round(quantile(ages, 0.99), 2), "max_ms": round(max(ages), 1)}

    direct = request("/v1/chat/completions", {"model": f"m?{answer}", "messages": [{"role": "user", "content": "direct"}]})
    first = row("directly", *await read_many(int(upstream.url.split(":")[2].split("/")[0]), [direct] * count))
    async with Memory(served) as memory:
        second = row("through enough", *await read_many(served.port, [chat("measured", str(i), True) for i in range(count)]))
    added = {key: round(second[key] - first[key], 2) for key in ("p50_ms", "p99_ms")}
    return [first, {**second, **memory.row()}, {"what": "added", **added}]


# -- hostile

async def real_client(port: int, seconds: float, kept: bool) -> dict:
    """Asks again and again, on one kept connection or on a new one each time."""
    times, refused, reader, writer = [], 0, None, None
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        began = time.monotonic()
        try:
            if writer is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(chat("quick", "What is 6 * 7?", False))
            good = await asyncio.wait_for(answer_of(reader), 20) == 200
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            good = False
        if good:
            times.append((time.monotonic() - began) * 1000)
        refused += not good
        if writer is not None and not (kept and good):
            await close(writer)
            writer = None
        await asyncio.sleep(0.02)
    if writer is not None:
        await close(writer)
    return {"answers": len(times), "refused": refused, "p50_ms": round(quantile(times, 0.5), 1),
            "p99_ms": round(quantile(times, 0.99), 1)}


async def dribble(port: int) -> None:
    """A header that never ends, begun anew whenever the server has had enough."""
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
            while not reader.at_eof() and not writer.is_closing():
                writer.write(b"a")
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(reader.read(1000), 1)
            await close(writer)
        await asyncio.sleep(0.1)


async def flood(port: int) -> None:
    """Connects, says nothing, and connects again when it is put out."""
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            await reader.read(1000)
            await close(writer)
        await asyncio.sleep(0.5)


async def huge_body(port: int) -> None:
    """A body without end, in chunks, of which the server takes 1 MiB."""
    head = b"POST /v1/runs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    piece = b"10000\r\n" + b"[" * 65536 + b"\r\n"
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head)
            for _ in range(64):
                if reader.at_eof() or writer.is_closing():
                    break
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            await close(writer)
        await asyncio.sleep(0.5)


async def never_read(port: int) -> None:
    """Asks for a long stream, and reads none of it."""
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
            writer.transport.pause_reading()
            writer.write(chat("torrent", "unread", True))
            await asyncio.sleep(3600)


ATTACKS = {  # what, how many at once
    "nobody else": (None, 0), "500 dribble headers": (dribble, 500), "1,500 idle connections": (flood, 1500),
    "50 endless bodies": (huge_body, 50), "40 never read": (never_read, 40)}


async def attack(what: str, port: int) -> None:
    one, count = ATTACKS[what]
    await asyncio.gather(*[one(port) for _ in range(count)])


@contextlib.contextmanager
def crowd(what: str, port: int):
    """A process of its own, so that it takes no time from the client that is measured."""
    if not ATTACKS[what][1]:
        yield
        return
    with subprocess.Popen([sys.executable, __file__, "--attack", what, str(port)], stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.kill()


async def hostile(command: list, seconds: float) -> list[dict]:
    rows = []
    for what in ATTACKS:
        with Upstream() as upstream, Served(command[0], command[1], upstream.url) as served:
            kept = asyncio.create_task(real_client(served.port, seconds + 2, True))
            async with Memory(served) as memory:
                await asyncio.sleep(0.2)  # the kept connection is there before the crowd
                with crowd(what, served.port):
                    await asyncio.sleep(1.5)  # and the crowd before the others
                    new = await real_client(served.port, seconds, False)
                    old = await kept
            rows += [{"what": what, "client": "kept connection", **old, **memory.row()},
                     {"what": what, "client": "new connections", **new}]
    return rows


# -- leaving

async def leave(served: Served, question: str, stream: bool) -> int:
    """When the client closed its connection: once its run streams from upstream."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(chat("slow", question, stream))
    if stream:
        while b'"content":"word2' not in await reader.readline():
            pass
    else:
        await asyncio.sleep(0.4)
    left = time.monotonic_ns()
    await close(writer)
    return left


async def delete(served: Served, question: str) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(request("/v1/runs?wait=400ms", {"workflow": "slow", "inputs": {"question": question}}))
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    run = json.loads(await reader.readexactly(length))["run_id"]
    left = time.monotonic_ns()
    writer.write(request(f"/v1/runs/{run}", {}, "DELETE"))
    await answer_of(reader)
    await close(writer)
    return left


async def leaving(served: Served, upstream: Upstream, times: int) -> list[dict]:
    ways = {"a stream is closed": lambda question: leave(served, question, True),
            "a waiting client closes": lambda question: leave(served, question, False),
            "DELETE": lambda question: delete(served, question)}
    rows = []
    for what, way in ways.items():
        took = []
        for i in range(times):
            question = f"{what} {i}"
            left = await way(question)
            limit = time.monotonic() + 20
            while question not in (seen := (await asyncio.to_thread(upstream.state))["left"]):
                if time.monotonic() > limit:
                    raise SystemExit(f"{what}: the connection upstream stayed open")
                await asyncio.sleep(0.05)
            took.append((seen[question] - left) / 1e6)
        rows.append({"what": what, "times": times, "median_ms": round(statistics.median(took), 2), "max_ms": round(max(took), 1)})
    return rows


def print_table(title: str, rows: list[dict]) -> None:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    cells = [columns] + [[str(row.get(column, "")) for column in columns] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    print(f"\n{title}")
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip(), flush=True)


async def measure(arguments: argparse.Namespace, folder: Path) -> dict:
    answer = f"tokens={arguments.tokens}&pause_ms={arguments.pause_ms}&clock=1"
    files = workflows(folder, f"tokens=20&pause_ms={arguments.pause_ms}&clock=1&unsure=1", answer)
    result = {"program": arguments.program, "cores": os.cpu_count(), "load_before": os.getloadavg()}
    if "streams" in arguments.what:
        with Upstream() as upstream, Served(arguments.program, files, upstream.url) as served:
            result["streams"] = await streams(served, upstream, arguments.streams, answer)
        print_table("streams", result["streams"])
    if "hostile" in arguments.what:
        result["hostile"] = await hostile([arguments.program, files], arguments.seconds)
        print_table("hostile", result["hostile"])
    if "leaving" in arguments.what:
        with Upstream() as upstream, Served(arguments.program, files, upstream.url) as served:
            result["leaving"] = await leaving(served, upstream, arguments.times)
        print_table("leaving", result["leaving"])
    return {**result, "load_after": os.getloadavg()}


def allow_many_files() -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, most) if most > 0 else 8192, most))


def main() -> None:
    allow_many_files()
    if sys.argv[1:2] == ["--attack"]:
        return asyncio.run(attack(sys.argv[2], int(sys.argv[3])))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("what", nargs="*", default=["streams", "hostile", "leaving"])
    parser.add_argument("--json", type=Path, help="where the numbers go, too")
    parser.add_argument("--streams", type=int, default=200, help="at once")
    parser.add_argument("--tokens", type=int, default=60, help="of each answer, after a draft of 20")
    parser.add_argument("--pause-ms", type=int, default=200, help="between tokens")
    parser.add_argument("--seconds", type=float, default=12, help="of each attack")
    parser.add_argument("--times", type=int, default=50, help="that a client leaves")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = asyncio.run(measure(arguments, Path(folder)))
    print("\nload of the machine: {0[0]:.1f} before, {1[0]:.1f} after; {2} cores".format(
        result["load_before"], result["load_after"], result["cores"]))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
