#!/usr/bin/env python3
"""Takes the pictures of the server's page that the documentation shows, with real runs of the model in this process.

Usage: ENOUGH_MODEL=… serve_pictures.py ENOUGH CALIBRATED_FOLDER PICTURES
CALIBRATED_FOLDER has calibrated.yaml and cal.json (sample_cascade.py).
"""

import sys
import tempfile
import time
from pathlib import Path

from chromium import Browser
from serve_page_test import PANEL
from served import Served

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
WIDTH = 1000


def take(browser: Browser, server: Served, folder: Path, name: str, where: str, height: int, before: str = "0") -> None:
    for dark in (False, True):
        with browser.visit(server.url) as page:
            page.look(WIDTH, height, dark)
            page.evaluate(f"void (location.hash = '#/{where}')")
            page.until("document.querySelector('h1') && !document.querySelector('.notice.loading')", where)
            page.evaluate("new Promise(done => setTimeout(done, 1500))")  # tokens and charts come after the page
            page.evaluate(before)
            (folder / f"serve-{name}{'-dark' if dark else ''}.png").write_bytes(page.picture())


def to_its_end(server: Served, question: str) -> dict:
    run = server.run("quickstart", question, "10s")
    while run["status"] == "running":
        time.sleep(1)
        run = server.ask("GET", "v1/runs/" + run["run_id"])
    return run


def take_all(server: Served, browser: Browser, folder: Path) -> None:
    for item in range(8):
        server.run("sample-cascade", f"item {item} ")
    vote = server.run("panel", "What is 6 * 7?")
    for question in (EXAMPLES / "quickstart/questions.txt").read_text("utf-8").splitlines()[:6]:
        to_its_end(server, question)
    planet = to_its_end(server, "Which planet is known as the Red Planet?")
    token = "document.querySelector('.tokens').dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true}))"
    take(browser, server, folder, "runs", "runs", 620)
    take(browser, server, folder, "run", "runs/" + planet["run_id"], 1080, token)
    take(browser, server, folder, "panel", "runs/" + vote["run_id"], 820)
    take(browser, server, folder, "spend", "spend", 620)
    take(browser, server, folder, "calibrations", "calibrations", 760)
    take(browser, server, folder, "workflow", "workflows/quickstart", 900)


def main() -> None:
    program, calibrated, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work, Browser() as browser:
        panel = Path(work) / "panel.yaml"
        panel.write_text(PANEL, "utf-8")
        # As it is, but for a machine that has other things to do.
        quickstart = Path(work) / "quickstart.yaml"
        text = (EXAMPLES / "quickstart/workflow.yaml").read_text("utf-8")
        quickstart.write_text(text.replace("context: 2048", "context: 2048\n    threads: 1").replace("time: 60s", "time: 600s"), "utf-8")
        files = [quickstart, panel, calibrated / "calibrated.yaml"]
        with Served(program, files, Path(work) / "log") as server:
            take_all(server, browser, folder)


if __name__ == "__main__":
    main()
