"""A headless Chromium, driven over a pipe by the DevTools protocol; needs nothing but Python and the browser."""

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import tempfile
import time
from pathlib import Path

LIMIT = 60  # seconds that one answer may take


def program() -> str | None:
    names = [os.environ.get("ENOUGH_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"]
    return next((found for name in names if name and (found := shutil.which(name))), None)


class Browser:
    """Starts the browser; leaving the `with` ends it and all its processes."""

    def __init__(self):
        self.file = program()
        if self.file is None:
            raise RuntimeError("no Chromium: run cmake/setup/packages.sh, or name one in ENOUGH_CHROMIUM")
        self.number = 0
        self.unread = b""
        self.events = []

    def __enter__(self):
        self.profile = tempfile.TemporaryDirectory(prefix="enough-chromium-", ignore_cleanup_errors=True)
        options = ["--headless=new", "--remote-debugging-pipe", "--user-data-dir=" + self.profile.name, "--disable-gpu",
                   "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--disable-sync",
                   "--disable-component-update", "--disable-extensions", "--hide-scrollbars"]
        if os.geteuid() == 0:
            options.append("--no-sandbox")  # it cannot be had as root
        ours_in, theirs_out = (self.out_of_the_way(fd) for fd in os.pipe())
        theirs_in, ours_out = (self.out_of_the_way(fd) for fd in os.pipe())
        self.log = Path(self.profile.name) / "log"
        self.pid = os.posix_spawn(self.file, [self.file, *options, "about:blank"], os.environ, setpgroup=0, file_actions=[
            (os.POSIX_SPAWN_DUP2, theirs_in, 3), (os.POSIX_SPAWN_DUP2, theirs_out, 4),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, str(self.log), os.O_WRONLY | os.O_CREAT, 0o600)])
        os.close(theirs_in)
        os.close(theirs_out)
        self.reads, self.writes = ours_in, ours_out
        return self

    def __exit__(self, *_):
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(self.pid, 0)
        os.close(self.reads)
        os.close(self.writes)
        self.profile.cleanup()

    @staticmethod
    def out_of_the_way(fd: int) -> int:
        """The same pipe under a number that the browser's 3 and 4 do not overwrite."""
        copy = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10)
        os.close(fd)
        return copy

    def call(self, method: str, attached: str | None = None, **parameters) -> dict:
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if attached:
            message["sessionId"] = attached
        os.write(self.writes, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + LIMIT
        while True:
            answer = self.receive(deadline, method)
            if answer.get("id") != self.number:
                self.events.append(answer)
            elif "error" in answer:
                raise RuntimeError(f"{method}: {answer['error']['message']}")
            else:
                return answer["result"]

    def receive(self, deadline: float, awaited: str) -> dict:
        while b"\0" not in self.unread:
            if not select.select([self.reads], [], [], max(0, deadline - time.monotonic()))[0]:
                raise RuntimeError(f"the browser did not answer within {LIMIT} s: {awaited}")
            part = os.read(self.reads, 1 << 20)
            if not part:
                raise RuntimeError(f"the browser ended during {awaited}: {self.log.read_text(errors='replace')[-2000:]}")
            self.unread += part
        message, self.unread = self.unread.split(b"\0", 1)
        return json.loads(message)

    def open(self, file: Path) -> "Page":
        return Page(self, file.resolve().as_uri())

    def visit(self, url: str) -> "Page":
        """A page that may ask its own server, and nobody else."""
        return Page(self, url, url)


class Page:
    """One page in a tab of its own. `problems` collects whatever the browser complained of."""

    def __init__(self, browser: Browser, url: str, server: str | None = None):
        self.browser = browser
        self.url = url
        self.server = server
        self.tab = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.attached = browser.call("Target.attachToTarget", targetId=self.tab, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.call("Page.navigate", url=self.url)
        self.wait_for("Page.loadEventFired")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.browser.call("Target.closeTarget", targetId=self.tab)
        self.browser.events.clear()

    def call(self, method: str, **parameters) -> dict:
        return self.browser.call(method, self.attached, **parameters)

    def wait_for(self, event: str) -> None:
        deadline = time.monotonic() + LIMIT
        while not any(e.get("method") == event and e.get("sessionId") == self.attached for e in self.browser.events):
            self.browser.events.append(self.browser.receive(deadline, event))

    def evaluate(self, expression: str):
        """The value of a JavaScript expression; a promise is awaited."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description", details["text"]) + " in: " + expression[:300])
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        text = {"text": "\r"} if key == "Enter" else {}
        code = {"Enter": 13, "Tab": 9, "ArrowRight": 39, "ArrowDown": 40}[key]
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, code=key, windowsVirtualKeyCode=code, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, windowsVirtualKeyCode=code)

    def write(self, text: str) -> None:
        """As if typed into what has the focus."""
        self.call("Input.insertText", text=text)

    def until(self, expression: str, what: str = "") -> None:
        """Waits until a JavaScript expression is true."""
        waiting = f"""new Promise(done => {{
            const end = Date.now() + {LIMIT // 2 * 1000};
            const look = () => {{
                const value = !!({expression});
                if (value || Date.now() > end) done(value); else setTimeout(look, 20);
            }};
            look();
        }})"""
        if not self.evaluate(waiting):
            raise RuntimeError(f"this never came: {what or expression}; the page says: " + self.evaluate("document.body.innerText")[:1500])

    def look(self, width: int, height: int, dark: bool = False) -> None:
        """The window's size, and what the system prefers."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def picture(self) -> bytes:
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def problems(self) -> list[str]:
        """Uncaught exceptions, errors and warnings on the console, what the policy refused, requests for anything else."""
        self.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))")  # what is under way comes first
        events = [event for event in self.browser.events if event.get("sessionId") == self.attached]
        return [problem for event in events if (problem := self.problem(event["method"], event["params"]))]

    def problem(self, method: str, about: dict) -> str | None:
        if method == "Runtime.exceptionThrown":
            details = about["exceptionDetails"]
            return "uncaught: " + details.get("exception", {}).get("description", details["text"])
        if method == "Runtime.consoleAPICalled" and about["type"] in ("error", "warning", "assert"):
            return "console: " + " ".join(str(a.get("value", a.get("description"))) for a in about["args"])
        if method == "Log.entryAdded" and about["entry"]["level"] in ("error", "warning"):
            return f"{about['entry']['source']}: {about['entry']['text']}"
        if method == "Network.requestWillBeSent" and about["request"]["url"] != self.url:
            url = about["request"]["url"]
            own = self.server is not None and url.startswith(self.server)
            return None if own or url.startswith("data:") else "request: " + url[:200]
        return None
