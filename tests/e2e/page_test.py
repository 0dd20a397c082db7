#!/usr/bin/env python3
"""Opens pages of `enough eval --report` in a headless Chromium and checks what stands there against the report inside.

Usage: page_test.py PAGE.html...
Exits 1 and says what is wrong if the browser complains of anything, a chart is not drawn, or a number is missing.
"""

import base64
import json
import re
import sys
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from chromium import Browser, Page

NONE = "–"
PARTS = {  # section: its parts, each a chart, a table or a word on why there is none
    "policies": ["accuracy"], "scores": ["histogram"], "steps": ["score", "accuracy", "table"], "trade": ["savings", "risk"],
    "reliability": ["diagram"], "methods": ["table"], "ablation": ["table"], "flips": ["refinement", "gate"], "drift": ["table"],
    "items": ["table"],
}
# A chart is drawn if the colour of each of its series is found inside its axes; read from a copy, which may be read often.
CHARTS = """[...document.querySelectorAll("canvas")].map(canvas => {
    const {chartArea: area, data: {datasets}, currentDevicePixelRatio: ratio} = Chart.getChart(canvas);
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", {willReadFrequently: true});
    copy.drawImage(canvas, 0, 0);
    const {data} = copy.getImageData(area.left * ratio, area.top * ratio, area.width * ratio, area.height * ratio);
    const pixels = colour => {
        const channels = [1, 3, 5].map(i => parseInt(colour.slice(i, i + 2), 16));
        let found = 0;
        for (let i = 0; i < data.length; i += 4)
            if (data[i + 3] > 200 && channels.every((channel, c) => Math.abs(channel - data[i + c]) < 25)) found += 1;
        return found;
    };
    const filled = datasets.filter(set => set.data.some(point => point.count !== 0));
    return {name: canvas.dataset.chart, drawn: Number(canvas.dataset.drawn), label: canvas.getAttribute("aria-label"),
            invisible: filled.filter(set => pixels(set.borderColor ?? set.backgroundColor) < 4).map(set => set.label)};
})"""
TABLE = """Object.fromEntries([...document.querySelectorAll(`%s tbody tr[data-row]`)].map(row => [row.dataset.row,
    Object.fromEntries([...row.querySelectorAll("[data-field]")].map(cell => [cell.dataset.field, cell.innerText.replaceAll("\\u00a0", " ")]))]))"""


def embedded(file: Path) -> dict:
    """The report that the page carries."""
    inside = re.search(r'<script type="application/json" id="report">(.*?)</script>', file.read_text("utf-8"), re.DOTALL)
    return json.loads(inside[1]) or {}


def entries(values) -> list:
    return [value for value in values if value is not None] if isinstance(values, list) else []


def at(value, *path):
    """What stands at a path of the report; None where something on the way is missing."""
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def fixed(number, decimals: int, factor: float = 1, sign: str = "") -> str:
    """A number as the page should show it, worked out anew: halves go up, a true minus, no signed zero."""
    if number is None:
        return NONE
    rounded = Decimal(number * factor).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    return ("\u2212" if rounded < 0 else sign if rounded > 0 else "") + f"{abs(rounded):,}"


def percent(share, decimals: int = 1) -> str:
    return NONE if share is None else fixed(share, decimals, 100) + " %"


def points(share) -> str:
    return fixed(share, 1, 100, "+")


def p_value(p) -> str:
    return NONE if p is None else "< 0.001" if p < 0.001 else fixed(p, 3)


class Check:
    def __init__(self, page: Page, report: dict):
        self.page, self.report, self.problems = page, report, []

    def expect(self, what: str, found, wanted) -> None:
        if found != wanted:
            self.problems.append(f"{what}: {found!r}, expected {wanted!r}")

    def all(self) -> list[str]:
        self.expect("data-ready", self.page.evaluate("document.documentElement.dataset.ready"), "true")
        if not self.problems:
            for check in (self.whole, self.charts, self.accessible, self.head, self.policies, self.steps, self.methods, self.others,
                          self.items, self.opening, self.histogram, self.looks):
                check()
        return self.problems + self.page.problems()

    def whole(self) -> None:
        for section, parts in PARTS.items():
            for part in parts:
                found = self.page.evaluate(f"""document.querySelector('#{section} [data-part="{part}"]')
                    .querySelectorAll("canvas, table, [data-empty]").length""")
                self.expect(f"things shown in {section}, {part}", found, 1)
        self.expect("images and frames", self.page.evaluate("document.querySelectorAll('img, iframe, object, embed, form, base').length"), 0)
        self.expect("scripts", self.page.evaluate("document.scripts.length"), 3)
        self.expect("a text ran as a script", self.page.evaluate("window.broken"), None)

    def charts(self) -> None:
        for chart in self.page.evaluate(CHARTS):
            if not chart["drawn"] or chart["invisible"]:
                self.problems.append(f"chart '{chart['name']}' was not drawn: {chart}")
            if not chart["label"]:
                self.problems.append(f"chart '{chart['name']}' says nothing to who cannot see it")

    def accessible(self) -> None:
        bare = "document.querySelectorAll('{}').length"
        self.expect("tables without a caption", self.page.evaluate(bare.format("table:not(:has(> caption))")), 0)
        self.expect("headers without a scope", self.page.evaluate(bare.format("th:not([scope])")), 0)
        self.expect("ids that stand twice", self.page.evaluate(
            "[...document.querySelectorAll('[id]')].map(e => e.id).filter((id, i, all) => all.indexOf(id) < i)"), [])
        words = self.page.evaluate("document.body.innerText")
        given = json.dumps(self.report)
        for sign in ("undefined", "NaN", "[object", "Infinity"):
            if sign in words and sign not in given:
                self.problems.append(f"the page says '{sign}': …{words[max(0, words.index(sign) - 60):words.index(sign) + 40]!r}")

    def head(self) -> None:
        report = self.report
        self.expect("heading", self.page.evaluate("document.querySelector('h1').textContent"),
                    NONE if report.get("workflow") is None else report["workflow"])
        own = next((p for p in entries(report.get("policies")) if p.get("name") == "workflow"), {})
        change = at(own, "versus_full", "accuracy_change")
        verdict = self.page.evaluate("document.getElementById('verdict').textContent.replaceAll('\\u00a0', ' ')")
        saved = at(own, "versus_full", "savings_output", "value")
        if saved is not None and fixed(abs(saved), 0, 100) + " %" not in verdict:
            self.problems.append(f"the verdict names other savings than {saved}: {verdict}")
        if at(change, "value") is not None and f"by {points(change['value'])} points" not in verdict:
            self.problems.append(f"the verdict names another change than {change}: {verdict}")
        auroc = next((at(s, "auroc") for s in entries(report.get("steps")) if s.get("step") == 1), None)
        low, high, items = at(auroc, "low"), at(auroc, "high"), report.get("items")
        warnings = self.page.evaluate("document.getElementById('warnings').innerText")
        for sign, wanted in {
            "below 50": items is not None and items < 50,
            "A loss of more than 2 points": at(change, "low") is not None and change["low"] < -0.02,
            "contains 0.5": low is not None and high is not None and low <= 0.5 <= high,
            "drifted": at(report, "drift", "alarm") is True,
        }.items():
            self.expect(f"warning '{sign}'", sign in warnings, wanted)

    def table(self, where: str, rows: list, key: str, fields: dict) -> None:
        """Each field of each row, in its first line, must read as `fields` says."""
        shown = self.page.evaluate(TABLE % where)
        for row in rows:
            cells = shown.get(str(row.get(key)), {}) if row.get(key) is not None else None
            for field, text in fields.items() if cells is not None else ():
                self.expect(f"{where}, {row[key]}, {field}", cells.get(field, "missing").split("\n")[0], text(row))

    def policies(self) -> None:
        policies = entries(self.report.get("policies"))

        def versus(field: str, text):
            return lambda p: text(at(p, "versus_full", *field.split(".")))
        self.table('#policies [data-part="accuracy"]', policies, "name", {
            "accuracy": lambda p: percent(at(p, "accuracy", "value")),
            "accuracy_change": versus("accuracy_change.value", points),
            "p": versus("mcnemar_p", p_value), "holm_p": versus("holm_p", p_value),
            "right_wrong": versus("right_wrong", lambda n: fixed(n, 0)), "wrong_right": versus("wrong_right", lambda n: fixed(n, 0))})
        self.table('#policies [data-part="cost"]', policies, "name", {
            "calls": lambda p: fixed(p.get("calls"), 2), "output_tokens": lambda p: fixed(p.get("output_tokens"), 1),
            "input_tokens": lambda p: fixed(p.get("input_tokens"), 1),
            "savings_output": versus("savings_output.value", percent), "savings_total": versus("savings_total.value", percent)})
        interval = self.page.evaluate("document.querySelector('[data-row=workflow] [data-field=accuracy] .range')?.textContent")
        own = next((p for p in policies if p.get("name") == "workflow"), None)
        if at(own, "accuracy", "low") is not None and at(own, "accuracy", "high") is not None:
            wanted = fixed(own["accuracy"]["low"], 1, 100) + " to " + percent(own["accuracy"]["high"])
            self.expect("interval of the accuracy", (interval or "").replace("\u00a0", " "), wanted)

    def steps(self) -> None:
        self.table("#steps", entries(self.report.get("steps")), "step", {
            "accuracy": lambda s: percent(at(s, "accuracy", "value")), "auroc": lambda s: fixed(at(s, "auroc", "value"), 2),
            "length_auroc": lambda s: fixed(at(s, "length_auroc", "value"), 2), "cohens_d": lambda s: fixed(at(s, "cohens_d", "value"), 2),
            "truncated": lambda s: fixed(s.get("truncated"), 0)})

    def methods(self) -> None:
        self.table("#methods", entries(self.report.get("methods")), "method", {
            **{field: lambda m, field=field: percent(m.get(field)) for field in (
                "step1_accuracy", "full_accuracy", "gated_accuracy", "threshold_accuracy", "stop_rate", "savings")},
            "accuracy_change": lambda m: points(at(m, "accuracy_change", "value")),
            "p": lambda m: p_value(m.get("mcnemar_p")), "holm_p": lambda m: p_value(m.get("holm_p"))})

    def others(self) -> None:
        self.table("#ablation", entries(self.report.get("ablation")), "k", {
            "auroc": lambda a: fixed(at(a, "auroc", "value"), 2), "savings": lambda a: percent(a.get("savings"))})
        for part in ("refinement", "gate"):
            flips = at(self.report, "flips", part)
            for field in ("right_wrong", "wrong_right") if flips else ():
                found = self.page.evaluate(f"""document.querySelector('#flips [data-part={part}] [data-field={field}]').innerText""")
                self.expect(f"flips, {part}, {field}", found, fixed(flips.get(field), 0))
        drift = self.report.get("drift")
        if drift:
            self.table("#drift", [{**drift, "row": "drift"}], "row", {"ks": lambda d: fixed(d.get("ks"), 3), "p": lambda d: p_value(d.get("p"))})

    def items(self) -> None:
        items = entries(self.report.get("details"))
        if not items:
            return
        agent = at(self.report, "gate", "agent")

        def flipped(item):
            chain = entries(item.get("chain"))
            ends = {chain[0].get("correct"), chain[-1].get("correct")} if chain else set()
            return ends == {True, False}
        filters = {
            "all": lambda item: True, "right": lambda item: item.get("right") is True, "wrong": lambda item: item.get("right") is False,
            "flipped": flipped, "stopped at step 1": lambda item: at(item, "answered_at", "step") == 1 and (
                not agent or at(item, "answered_at", "agent") == agent)}
        for name, keep in filters.items():
            kept = sum(map(keep, items))
            self.page.evaluate(f"""document.querySelector('[data-filter="{name}"]').click()""")
            found = self.page.evaluate("document.querySelectorAll('tr.item').length")
            self.expect(f"rows under '{name}'", found, min(kept, 25))
            tally = self.page.evaluate("document.querySelector('.tally').innerText")
            self.expect(f"tally of '{name}'", tally.split(" of ")[-1] if kept else tally,
                        f"{kept:,} item{'s' * (kept != 1)}" if kept else "No item matches.")
        self.search("no such words anywhere ££", 0)
        self.search("", len(items))
        self.page.evaluate("document.querySelector('[data-filter=all]').click()")

    def search(self, words: str, wanted: int) -> None:
        self.page.evaluate(f"""(() => {{ const input = document.getElementById("search"); input.value = {json.dumps(words)};
            input.dispatchEvent(new Event("input")); document.querySelector("[data-filter=all]").click(); }})()""")
        self.expect(f"rows that match '{words}'", self.page.evaluate("document.querySelectorAll('tr.item').length"), min(wanted, 25))

    def opening(self) -> None:
        """The first row opens by the keyboard and shows every step with every token."""
        items = entries(self.report.get("details"))
        if not items:
            return
        self.page.evaluate("document.querySelector('.opener').focus()")
        self.page.press("Enter")
        self.expect("opened", self.page.evaluate("document.querySelector('.opener').getAttribute('aria-expanded')"), "true")
        chain = entries(items[0].get("chain"))
        strips = self.page.evaluate("""[...document.querySelector("tr.below").querySelectorAll(".link")].map(link => ({
            tokens: [...link.querySelectorAll(".heat > span")].map(span => [span.textContent, span.title, span.className]),
            plain: link.querySelector("pre").textContent}))""")
        self.expect("steps of the opened item", len(strips), len(chain))
        for link, strip in zip(chain, strips):
            self.expect("plain text", strip["plain"], NONE if link.get("text") is None else link["text"])
            self.expect("tokens", [token for token, _, _ in strip["tokens"]], [t[0] or "" for t in entries(link.get("heat"))])
            for (_, title, shade), (_, bits) in zip(strip["tokens"], entries(link.get("heat"))):
                self.expect("entropy of a token", title, "no evidence" if bits is None else fixed(bits, 2) + " bits")
                self.expect("hatched", shade == "heat-none", bits is None)

    def histogram(self) -> None:
        """Each step's scores can be chosen."""
        for step in self.page.evaluate("[...document.querySelectorAll('#scores [data-step]')].map(button => button.dataset.step)"):
            self.page.evaluate(f"document.querySelector('#scores [data-step=\"{step}\"]').click()")
            label = self.page.evaluate("document.querySelector('#scores canvas')?.getAttribute('aria-label') ?? null")
            if label is not None and not label.startswith(f"Step {step}: "):
                self.problems.append(f"the histogram of step {step} says '{label}'")

    def looks(self) -> None:
        """Dark, narrow and on paper, all charts stay drawn and nothing sticks out."""
        self.page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        self.charts()
        self.page.call("Emulation.setDeviceMetricsOverride", width=400, height=800, deviceScaleFactor=1, mobile=False)
        self.page.problems()  # lets the new layout come about
        self.expect("width on a narrow screen", self.page.evaluate("document.documentElement.scrollWidth"), 400)
        self.charts()
        paper = base64.b64decode(self.page.call("Page.printToPDF", preferCSSPageSize=True)["data"])
        self.expect("printed", paper[:5], b"%PDF-")
        self.charts()


def check(browser: Browser, file: Path) -> list[str]:
    """What is wrong with a page; an empty list if nothing is."""
    with browser.open(file) as page:
        return Check(page, embedded(file)).all()


def main(files: list[str]) -> int:
    if not files:
        print(__doc__, file=sys.stderr)
        return 2
    failed = 0
    with Browser() as browser:
        for file in map(Path, files):
            problems = check(browser, file)
            failed += bool(problems)
            for problem in problems:
                print(f"{file.name}: {problem[:600]}")
    print(f"{len(files)} pages, {failed} with problems")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
