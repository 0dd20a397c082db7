#!/usr/bin/env python3
"""Uses the page of a real `enough serve` in a headless Chromium, as a person would, by mouse and by keyboard.

Usage: serve_page_test.py ENOUGH CALIBRATED_FOLDER AXE_JS
CALIBRATED_FOLDER has calibrated.yaml and cal.json (sample_cascade.py); AXE_JS is axe-core's axe.min.js.
Exits 1 and says what is wrong.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from chromium import Browser, Page
from served import Served

CASCADE = """version: 1
name: cascade
description: A small model first; an expert where it is unsure
inputs: {question: {type: string, description: Any question}, times: {type: integer, default: 1}}
models:
  small: {provider: scripted, price: {input: 0.1, output: 0.4}, answers: [
    {when: capital, text: Paris it is, entropy: [0.25, 0.5, 0.75], delay: 50ms, repeat: true},
    {text: "perhaps <b>41</b> <img src=x onerror='window.broken=1'>", entropy: [0.5, 2.5, 1.5, 3.5], delay: 100ms, repeat: true}]}
  large: {provider: scripted, price: {input: 3, output: 12}, answers: [{text: it is 42, delay: 100ms, repeat: true}]}
agents: {solver: {model: small}, expert: {model: large}}
steps:
  - id: solve
    prompt: "{{ inputs.question }}"
    ladder:
      - {agent: solver, gate: {signal: entropy.mean, accept: [1.0, 1.0]}, refine: {max_steps: 2}}
      - {agent: expert}
output: "{{ steps.solve.text }}"
"""
PANEL = """version: 1
name: panel
description: Three samples vote
inputs: {question: {type: string}}
models:
  small: {provider: scripted, answers: [{text: so 42}, {text: so 41}, {text: so 42}, {text: so 7, repeat: true}]}
agents: {sampler: {model: small, answer: {extract: number}}}
steps: [{id: vote, prompt: "{{ inputs.question }}", panel: {agent: sampler, samples: 3, aggregate: majority, stop: {decided: false}}}]
output: "{{ steps.vote.answer }}"
"""
SLOW = """version: 1
name: slow
description: Takes an hour
inputs: {question: {type: string}}
models: {small: {provider: scripted, answers: [{text: at last, delay: 3600s, repeat: true}]}}
agents: {solver: {model: small}}
steps: [{id: solve, prompt: "{{ inputs.question }}", agent: solver}]
output: "{{ steps.solve.text }}"
"""
APPROVED = """version: 1
name: approved
description: Somebody must agree
inputs: {question: {type: string}}
models: {small: {provider: scripted, answers: [{text: published, repeat: true}]}}
agents: {solver: {model: small}}
steps:
  - {id: agree, approve: "Publish {{ inputs.question }}?"}
  - {id: publish, needs: [agree], prompt: "{{ inputs.question }}", agent: solver}
output: "{{ steps.publish.text }}"
"""
SECTIONS = ["runs", "spend", "calibrations", "workflows", "workflows/cascade", "workflows/panel", "nothing"]
TEXT = "document.body.innerText.replaceAll('\\u00a0', ' ')"
# Its own rules at level AA of WCAG 2.2 and good practice.
AXE = """axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).then(result =>
    result.violations.map(v => v.id + ": " + v.help + " at " + v.nodes.map(n => n.target.join(" ") + " (" + (n.any[0]?.message ?? "") + ")").slice(0, 3).join(", ")))"""


class Check:
    def __init__(self, server: Served, page: Page, axe: str):
        self.server, self.page, self.axe, self.problems = server, page, axe, []

    def expect(self, what: str, found, wanted) -> None:
        if found != wanted:
            self.problems.append(f"{what}: {found!r}, expected {wanted!r}")

    def says(self, words: str) -> None:
        self.page.until(f"({TEXT}).includes({json.dumps(words)})", words)

    def go(self, where: str) -> None:
        self.page.evaluate(f"void (location.hash = {json.dumps('#/' + where)})")
        self.page.until("document.querySelector('h1') && !document.querySelector('.notice.loading')", where)

    def click(self, words: str, kind: str = "button") -> None:
        found = f"[...document.querySelectorAll('{kind}')].find(e => e.textContent.trim() === {json.dumps(words)} && !e.disabled)"
        self.page.until(found, f"{kind} '{words}'")
        self.page.evaluate(f"{found}.click()")

    # In the order of a first visit.

    def empty(self) -> None:
        self.says("No run yet. Start one under Workflows")
        self.go("spend")
        self.says("No run yet, so nothing was spent.")

    def started_by_keyboard(self) -> None:
        self.go("workflows/cascade")
        self.page.evaluate("document.getElementById('input-question').focus()")
        self.click("Start a run")
        self.says("This is needed.")
        self.expect("focus on the fault", self.page.evaluate("document.activeElement.id"), "input-question")
        self.page.write("What is 6 * 7?")
        for _ in range(2):
            self.page.press("Tab")
        self.expect("tab order", self.page.evaluate("document.activeElement.textContent"), "Start a run")
        self.page.press("Enter")
        self.page.until("/^#.runs.[0-9a-f-]{36}$/.test(location.hash)", "the run's own page")
        self.page.until("document.querySelector('.heading .badge.accepted')", "the end of the run")

    def ladder(self) -> None:
        self.expect("heading", self.page.evaluate("document.querySelector('h1').innerText"), "What is 6 * 7?")
        verdicts = "[...document.querySelectorAll('.call > header .badge')].map(e => e.innerText.replace(/^\\S+\\s+/, ''))"
        self.expect("verdicts", self.page.evaluate(verdicts), ["refine", "escalate", "accept"])
        self.expect("rungs", self.page.evaluate("[...document.querySelectorAll('.rung > h3')].map(e => e.textContent)"), ["1 solver", "2 expert"])
        # (0.5 + 2.5 + 1.5 + 3.5) / 4
        self.says("entropy.mean 2.000 · threshold 1.000")
        self.expect("output", self.page.evaluate("document.querySelector('.output pre').innerText"), "it is 42")
        self.says("small · 5 tokens in, 4 out")
        self.expect("a text ran as a script", self.page.evaluate("window.broken ?? document.querySelectorAll('main b, main img').length"), 0)

    def heat_map(self) -> None:
        # Five words make four tokens: the first has two of them (tests of the scripted provider).
        self.page.until("document.querySelector('.tokens')?.children.length === 4", "four tokens")
        levels = "[...document.querySelector('.tokens').children].map(e => /heat-(\\d)/.exec(e.className)[1]).join('')"
        self.expect("colours of 0.5, 2.5, 1.5 and 3.5 bits", self.page.evaluate(levels), "2646")
        self.page.evaluate("document.querySelector('.tokens').focus()")
        for _ in range(3):
            self.page.press("ArrowRight")
        self.says("Token 3 of 4 “␣src=x”: 1.500 bits, mean so far 1.500")
        chosen = "document.getElementById(document.querySelector('.tokens').getAttribute('aria-activedescendant')).getAttribute('aria-selected')"
        self.expect("the chosen token", self.page.evaluate(chosen), "true")
        label = self.page.evaluate("document.querySelector('.heat-map .chart').getAttribute('aria-label')")
        self.expect("chart in words", label, "Entropy of 4 tokens; the running mean ends at 2.000 bits, the threshold 1.000")

    def list_of_runs(self) -> None:
        self.server.run("cascade", "The capital of France?")
        for number in range(21):
            self.server.run("panel", f"vote {number}")
        self.go("runs")
        rows = "document.querySelectorAll('tbody tr').length"
        self.page.until(rows + " === 20", "a full page")
        self.click("Older")
        self.page.until(rows + " === 3", "the older runs")
        self.says("The capital of France?")
        self.choose("Workflow", "cascade")
        self.page.until(rows + " === 2", "the runs of one workflow")
        self.choose("Status", "failed")
        self.says("No run fits these filters.")
        self.choose("Status", "")
        self.choose("Workflow", "")

    def choose(self, label: str, value: str) -> None:
        self.page.evaluate(f"""(() => {{
            const select = [...document.querySelectorAll('label')].find(e => e.innerText.startsWith('{label}')).querySelector('select');
            select.value = '{value}';
            select.dispatchEvent(new Event('change', {{bubbles: true}}));
        }})()""")

    def votes(self) -> None:
        first = next(r for r in self.server.ask("GET", "v1/runs?workflow=panel&limit=100")["data"] if r["question"] == "vote 0")
        self.go("runs/" + first["run_id"])
        self.says("Votes")
        rows = "[...document.querySelectorAll('.panel tbody tr')].map(r => [...r.children].slice(0, 3).map(c => c.innerText.replaceAll('\\u00a0', ' ').trim()))"
        self.expect("votes", self.page.evaluate(rows), [["42", "2", "67 %"], ["41", "1", "33 %"]])

    def spend(self) -> None:
        self.go("spend")
        # Of two accepted ladders of two rungs one was left at the first.
        self.says("50 % of the questions were settled before the last rung: 1 of 2 accepted ladders.")
        runs = self.server.ask("GET", "v1/runs?limit=100")["data"]
        tokens = sum(r["usage"]["input_tokens"] + r["usage"]["output_tokens"] for r in runs)
        self.expect("tokens", self.page.evaluate("[...document.querySelectorAll('.facts div')].find(e => e.innerText.startsWith('Tokens')).innerText.split('\\n').pop()"), f"{tokens:,}")
        self.page.until("document.querySelectorAll('.chart canvas').length === 2", "two charts")

    def calibration(self) -> None:
        self.go("calibrations")
        steps = self.server.ask("GET", "v1/workflows")["data"]
        wanted = next(w for w in steps if w["calibrations"])["calibrations"][0]["steps"][0]
        self.says("sample-cascade: cal.json")
        value = wanted["thresholds"]["universal"]["value"]
        row = "[...document.querySelectorAll('tbody tr')].find(r => r.cells[0].innerText === 'universal').cells[1].innerText"
        self.expect("threshold", self.page.evaluate(row), f"{value:.3f}")
        area = self.page.evaluate("document.querySelector('.square svg').getAttribute('aria-label')")
        self.expect("area under the ROC curve drawn", f"area {wanted['auroc']['value']:.3f}" in area, True)

    def cancelled(self) -> None:
        run = self.server.run("slow", "Are we there yet?", "0s")
        self.go("runs/" + run["run_id"])
        self.says("in flight")
        self.click("Cancel this run")
        self.page.until("document.querySelector('.heading .badge.cancelled')", "the end of the run")
        self.expect("status", self.server.ask("GET", "v1/runs/" + run["run_id"])["status"], "cancelled")

    def approval(self) -> None:
        for button, status in {"Approve": "accepted", "Reject": "failed"}.items():
            run = self.server.run("approved", "the report", "0s")
            self.go("runs/" + run["run_id"])
            self.says("Publish the report?")
            self.click(button)
            self.page.until(f"document.querySelector('.heading .badge.{status}')", f"{button}: {status}")

    def unknown(self) -> None:
        self.go("runs/none")
        self.says("The server knows no such run (any more).")

    def accessible(self) -> None:
        """With axe-core, in both themes; and nothing runs over the edge of a phone."""
        run = self.server.ask("GET", "v1/runs?workflow=cascade")["data"][0]["run_id"]
        vote = self.server.ask("GET", "v1/runs?workflow=panel")["data"][0]["run_id"]
        self.page.evaluate(self.axe + ";0")
        for dark in (False, True):
            for width in (1200, 360):
                self.page.look(width, 900, dark)
                for section in [*SECTIONS, "runs/" + run, "runs/" + vote]:
                    self.go(section)
                    self.page.evaluate("document.querySelectorAll('details').forEach(e => e.open = true)")
                    where = f"{section}, {'dark' if dark else 'light'}, {width} wide"
                    self.expect(f"{where}: wider than the window", self.page.evaluate("document.scrollingElement.scrollWidth > innerWidth"), False)
                    if width == 1200 or not dark:
                        self.problems += [f"{where}: {problem}" for problem in self.page.evaluate(AXE)]
        self.page.look(1200, 900)

    def by_theme(self) -> None:
        paper = "getComputedStyle(document.body).backgroundColor"
        light = self.page.evaluate(paper)
        self.choose("Colours", "dark")
        self.expect("the chosen theme", self.page.evaluate(paper) != light, True)
        self.choose("Colours", "auto")
        self.expect("back to the system's", self.page.evaluate(paper), light)

    def all(self) -> list[str]:
        for check in (self.empty, self.started_by_keyboard, self.ladder, self.heat_map, self.list_of_runs, self.votes, self.spend,
                      self.calibration, self.cancelled, self.approval, self.unknown, self.accessible, self.by_theme):
            try:
                check()
            except RuntimeError as error:
                self.problems.append(f"{check.__name__}: {error}")
        unexpected = [p for p in self.page.problems() if "404" not in p]  # asked for on purpose
        return self.problems + unexpected


def comes_back(browser: Browser, program: str, files: list[Path], folder: Path) -> list[str]:
    """The page goes on by itself after the server was gone."""
    with Served(program, files, folder / "first.log") as first:
        first.run("cascade", "before the break")
        page = browser.visit(first.url)
        check = Check(first, page, "")
        check.says("before the break")
        first.end()
        check.says("The server can't be reached.")
    with Served(program, files, folder / "second.log", first.port) as second, page:
        second.run("cascade", "after the break")
        check.says("after the break")
        page.until("!document.querySelector('.notice.problem')", "the notice goes")
    return check.problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("calibrated", type=Path)
    parser.add_argument("axe", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="enough-page-") as name, Browser() as browser:
        folder = Path(name)
        files = [arguments.calibrated / "calibrated.yaml"]
        for text in (CASCADE, PANEL, SLOW, APPROVED):
            files.append(folder / f"{len(files)}.yaml")
            files[-1].write_text(text, "utf-8")
        with Served(arguments.program, files, folder / "log") as server, browser.visit(server.url) as page:
            page.look(1200, 900)
            problems = Check(server, page, arguments.axe.read_text("utf-8")).all()
        problems += comes_back(browser, arguments.program, files[1:], folder)
    for problem in problems:
        print("serve_page_test:", problem)
    if not problems:
        print("serve_page_test: the page does what it should")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
