#!/usr/bin/env python3
"""A report.json such as `enough eval --report` writes, of simulated answers, to look at the page without a model.

Usage: sample_report.py KIND [--items N] [--seed S] > report.json
Kinds: full (simulated chains), small (n = 3, whatever may be missing is), hostile (texts that try to break out),
       holes (full, with nulls anywhere), empty (every part null).
The figures follow from the simulated chains, but intervals and p values are cheap approximations.
"""

import argparse
import json
import math
import random
import sys
from collections import Counter

K = 4
WORDS = "the sum of these two numbers is so we add them first then divide by three which gives about and therefore".split()
HOSTILE = [
    "</script><script>window.broken = true; throw new Error('broke out')</script>",
    "<img src=x onerror=\"window.broken = true\">", "<!-- <script>", "]]>", "\u2028\u2029", "{{report}}", "{{script}}",
    "javascript:window.broken=true", "\u202eright to left", "a" * 3000, "\ud83d\ude00 \u0000 \u001b[31m", "__proto__",
    "https://example.com/beacon.png", "$& $1 $'",
]


def share(right: int, n: int) -> dict:
    """Wilson's interval."""
    if n == 0:
        return {"right": 0, "n": 0, "value": None, "low": None, "high": None}
    z, p = 1.96, right / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return {"right": right, "n": n, "value": p, "low": max(0.0, middle - half), "high": min(1.0, middle + half)}


def mean(values: list) -> float:
    return sum(values) / len(values) if values else 0.0


def deviation(values: list) -> float:
    return math.sqrt(sum((v - mean(values)) ** 2 for v in values) / max(1, len(values) - 1))


def auroc(right: list, wrong: list) -> float:
    pairs = [(1.0 if r < w else 0.5 if r == w else 0.0) for r in right for w in wrong]
    return mean(pairs) if pairs else 0.5


class Simulation:
    def __init__(self, items: int, seed: int):
        self.random = random.Random(seed)
        self.items = [self.item(i) for i in range(items)]
        self.threshold = 0.62

    def item(self, i: int) -> dict:
        skill, chain = self.random.gauss(0, 1), []
        right = self.random.random() < 1 / (1 + math.exp(-skill))
        for step in range(1, K + 1):
            if step > 1:
                right = self.random.random() < (0.93 if right else 0.16)
            score = max(0.02, self.random.gauss(0.75 - 0.16 * skill + (0 if right else 0.28), 0.28) * 0.8 ** (step - 1))
            chain.append(self.link(i, step, score, right))
        return {"question": f"A tank holds {7 * i + 12} litres and loses {i % 9 + 2} an hour. How much is left after {i % 5 + 1}?",
                "expected": self.expected(i), "chain": chain}

    @staticmethod
    def expected(i: int) -> str:
        return str(7 * i + 12 - (i % 9 + 2) * (i % 5 + 1))

    def link(self, i: int, step: int, score: float, right: bool) -> dict:
        tokens = max(12, int(self.random.gauss(90 - 12 * step, 18)))
        heat = [[(" " if t else "") + self.random.choice(WORDS), round(min(4.3, self.random.expovariate(1 / score)), 3)]
                for t in range(min(tokens, 120))]
        if i % 7 == 3:
            heat[5][1] = None
        return {"step": step, "score": score, "tokens": tokens, "answer": self.expected(i) if right else str(5 * i + 3),
                "correct": right, "truncated": i % 60 == 0, "text": "".join(token for token, _ in heat), "heat": heat}

    def bootstrap(self, values: list) -> dict:
        means = sorted(mean(self.random.choices(values, k=len(values))) for _ in range(300))
        return {"value": mean(values), "low": means[7], "high": means[292]}

    def ratio(self, spent: list, full: list) -> dict:
        def saved(picks): return 1 - sum(spent[i] for i in picks) / sum(full[i] for i in picks)
        indices = range(len(full))
        values = sorted(saved(self.random.choices(indices, k=len(full))) for _ in range(300))
        return {"value": saved(indices), "low": values[7], "high": values[292]}

    def policy(self, name: str, label: str, steps: list) -> dict:
        """`steps`: how many steps of its chain each item runs; the last one's answer counts."""
        chains = [item["chain"] for item in self.items]
        right = [int(chain[n - 1]["correct"]) for chain, n in zip(chains, steps)]
        full = [int(chain[-1]["correct"]) for chain in chains]
        spent = [sum(link["tokens"] for link in chain[:n]) for chain, n in zip(chains, steps)]
        all_spent = [sum(link["tokens"] for link in chain) for chain in chains]
        latency = [tokens * 9.0 for tokens in spent]
        lost = sum(f > r for f, r in zip(full, right))
        won = sum(f < r for f, r in zip(full, right))
        p = min(1.0, 2 * sum(math.comb(lost + won, i) for i in range(min(lost, won) + 1)) / 2 ** (lost + won))
        versus = {
            "accuracy_change": self.bootstrap([r - f for r, f in zip(right, full)]), "mcnemar_p": p, "holm_p": min(1.0, 4 * p),
            "savings_output": self.ratio(spent, all_spent),
            "savings_total": self.ratio([s + 60 * n * n for s, n in zip(spent, steps)], [s + 60 * K * K for s in all_spent]),
            "usd_change": self.bootstrap([(s - a) * 6e-7 for s, a in zip(spent, all_spent)]),
            "latency_change_ms": self.bootstrap([(s - a) * 9.0 for s, a in zip(spent, all_spent)]),
            "right_wrong": lost, "wrong_right": won,
        }
        return {"name": name, "label": label, "accuracy": share(sum(right), len(right)), "calls": mean(steps),
                "input_tokens": mean([60.0 * n * n for n in steps]), "cached_input_tokens": mean([40.0 * n * (n - 1) for n in steps]),
                "output_tokens": mean(spent), "usd": mean(spent) * 6e-7,
                "latency_ms": {"mean": mean(latency), "p50": sorted(latency)[len(latency) // 2], "p95": sorted(latency)[int(len(latency) * 0.95)]},
                "versus_full": None if name == "chain" else versus}

    def step(self, step: int) -> dict:
        links = [item["chain"][step - 1] for item in self.items]
        right = [link["score"] for link in links if link["correct"]]
        wrong = [link["score"] for link in links if not link["correct"]]
        area = auroc(right, wrong)
        half = 1.96 * math.sqrt(area * (1 - area) / max(1, min(len(right), len(wrong))))
        about = {"value": area, "low": max(0.0, area - half), "high": min(1.0, area + half)}
        pooled = math.sqrt((deviation(right) ** 2 + deviation(wrong) ** 2) / 2) or 1.0
        d = (mean(wrong) - mean(right)) / pooled
        return {"step": step, "accuracy": share(len(right), len(links)), "mean_score": mean(right + wrong),
                "mean_tokens": mean([link["tokens"] for link in links]),
                "correct": {"n": len(right), "mean": mean(right), "sd": deviation(right)},
                "incorrect": {"n": len(wrong), "mean": mean(wrong), "sd": deviation(wrong)},
                "missing": 0, "truncated": sum(link["truncated"] for link in links),
                "cohens_d": {"value": d, "low": d - 0.3, "high": d + 0.3}, "auroc": about,
                "length_auroc": {"value": 0.52, "low": 0.44, "high": 0.6}, "residual_auroc": {**about, "value": area - 0.01}}

    def curves(self) -> tuple:
        order = sorted(self.items, key=lambda item: item["chain"][0]["score"])
        total = sum(link["tokens"] for item in self.items for link in item["chain"])
        risk, savings, wrong, saved = [], [], 0, 0
        right = sum(item["chain"][-1]["correct"] for item in order)
        for n, item in enumerate(order, 1):
            first, last = item["chain"][0], item["chain"][-1]
            wrong += not first["correct"]
            saved += sum(link["tokens"] for link in item["chain"][1:])
            right += first["correct"] - last["correct"]
            risk.append({"tau": first["score"], "coverage": n / len(order), "risk": wrong / n})
            savings.append({"tau": first["score"], "savings": saved / total, "accuracy": right / len(order), "coverage": n / len(order)})
        return risk, savings

    def reliability(self) -> dict:
        bins = []
        for i in range(10):
            n = self.random.randint(5, 35)
            bins.append({"low": i / 10, "high": (i + 1) / 10, "n": n, "mean_probability": i / 10 + 0.05,
                         "accuracy": min(1.0, max(0.0, self.random.gauss(i / 10 + 0.05, 0.08)))})
        bins[0].update(n=0, accuracy=None, mean_probability=None)
        return {"ece": 0.061, "brier": 0.207, "bins": bins, "about": "isotonic fit, cross-fitted on 5 folds"}

    def methods(self, workflow: dict) -> list:
        versus, result = workflow["versus_full"], []
        for i, name in enumerate(["mean", "information", "bayes", "universal", "crc", "bound", "hoeffding", "ltt"]):
            row = {"method": name, "folds": 5, "thresholds": [0.5 + 0.03 * i + 0.01 * f for f in range(5)], "step1_accuracy": 0.481,
                   "full_accuracy": 0.525, "gated_accuracy": 0.53 - 0.004 * i, "threshold_accuracy": 0.7 - 0.01 * i, "stop_rate": 0.3 + 0.05 * i,
                   "savings": 0.25 + 0.04 * i, "accuracy_change": versus["accuracy_change"], "right_wrong": 3 + i,
                   "wrong_right": 4, "mcnemar_p": 0.8 / (i + 1), "holm_p": 1.0, "reason": None}
            if name == "bound":
                row["thresholds"][2] = None
            if name == "hoeffding":
                row.update(thresholds=[None] * 5, threshold_accuracy=None, stop_rate=0.0, savings=0.0,
                           reason="needs 2,879 items for a loss of 2 % at delta 0.1")
            result.append(row)
        return result

    def detail(self, i: int, item: dict) -> dict:
        stopped = item["chain"][0]["score"] <= self.threshold
        final = item["chain"][0 if stopped else -1]
        return {"id": f"q{i + 1:03}", "inputs": {"question": item["question"]}, "expected": item["expected"], "output": final["answer"],
                "right": final["correct"], "status": "accepted", "usd": 0.00004, "latency_ms": 9.0 * sum(link["tokens"] for link in item["chain"]),
                "answered_at": {"agent": "solver", "step": 1 if stopped else K}, "error": None, "chain": item["chain"]}

    def report(self) -> dict:
        n = len(self.items)
        gated = [1 if item["chain"][0]["score"] <= self.threshold else K for item in self.items]
        policies = [
            self.policy("workflow", "this workflow", gated), self.policy("step1", "always step 1", [1] * n),
            self.policy("chain", "always 4 steps", [K] * n),
            self.policy("random_stop", "random stop, same rate", self.random.sample(gated, n)),
            self.policy("length_gate", "gate by length", [1 if item["chain"][0]["tokens"] < 75 else K for item in self.items]),
            self.policy("last_rung", "always the last rung", [3] * n)]
        firsts = Counter((item["chain"][0]["correct"], item["chain"][-1]["correct"]) for item in self.items)
        risk, savings = self.curves()
        own = policies[0]
        return {
            "version": 1, "kind": "evaluation", "workflow": "math-cascade", "workflow_hash": "6b1f0c2e9a3d4477", "created": "2026-03-14T09:26:53Z",
            "seed": 1, "data": "items.jsonl", "grader": "number", "items": n, "failed": 0,
            "gate": {"step": "solve", "agent": "solver", "model": "small-instruct", "signal": "entropy.mean", "lower_is_surer": True, "top_k": 20,
                     "scope": "all", "chain_length": K, "until": "all", "thresholds": [self.threshold],
                     "threshold_intervals": [{"low": 0.55, "high": 0.71}], "escalate": 1.4, "calibration": "calibration/small.json",
                     "method": "bound", "stop_rate": gated.count(1) / n},
            "policies": policies, "full_policy": "chain", "threshold_accuracy": share(sum(
                item["chain"][0]["correct"] for item, steps in zip(self.items, gated) if steps == 1), gated.count(1)),
            "flips": {"refinement": {"right_wrong": firsts[True, False], "wrong_right": firsts[False, True]},
                      "gate": {key: own["versus_full"][key] for key in ("right_wrong", "wrong_right")}},
            "steps": [self.step(step) for step in range(1, K + 1)],
            "risk_coverage": {"error_rate": risk[-1]["risk"], "aurc": mean([point["risk"] for point in risk]), "e_aurc": 0.117, "curve": risk},
            "savings_curve": savings, "reliability": self.reliability(), "methods": self.methods(own),
            "ablation": [{"k": k, "auroc": {"value": 0.66 + k / 1000, "low": 0.58 + k / 1000, "high": 0.74 + k / 1000},
                          "cohens_d": {"value": 0.57 + k / 700, "low": 0.28, "high": 0.86}, "savings": 0.3 + k / 900, "accuracy_change": -0.01}
                         for k in (5, 10, 15, 20)],
            "drift": {"ks": 0.071, "p": 0.62, "share_below_threshold": gated.count(1) / n, "calibration_share": 0.42, "alarm": False, "n": n},
            "details": [self.detail(i, item) for i, item in enumerate(self.items)],
        }


def small(report: dict) -> dict:
    """Whatever the format allows to be null is null."""
    for policy in report["policies"]:
        policy["versus_full"] = None
        policy["accuracy"].update(low=None, high=None)
        policy["latency_ms"].update(mean=None, p50=None, p95=None)
    for step in report["steps"]:
        step.update(cohens_d=None, auroc=None, length_auroc=None, residual_auroc=None)
        step["correct"]["sd"] = step["incorrect"]["sd"] = None
    report["gate"].update(thresholds=[None], threshold_intervals=[None], escalate=None, calibration=None, method=None)
    report.update(threshold_accuracy=None, reliability=None, drift=None, ablation=[], methods=[])
    for item in report["details"]:
        item.update(answered_at=None, output=None, expected=None, right=None)
        for link in item["chain"]:
            link.update(score=None, answer=None, correct=None, heat=None)
    return report


def hostile(value, texts):
    """Every text that a model, a data set or a file name could have supplied, replaced."""
    fixed = {"name", "full_policy", "method", "kind"}
    if isinstance(value, dict):
        return {key: each if key in fixed and isinstance(each, str) else hostile(each, texts) for key, each in value.items()}
    if isinstance(value, list):
        return [hostile(each, texts) for each in value]
    return next(texts) if isinstance(value, str) else value


def holes(value, dice: random.Random):
    if dice.random() < 0.12:
        return None
    if isinstance(value, dict):
        return {key: holes(each, dice) for key, each in value.items()}
    if isinstance(value, list):
        return [holes(each, dice) for each in value]
    return value


def forever(texts: list):
    while True:
        yield from texts


def make(kind: str, items: int, seed: int) -> dict:
    report = Simulation(items, seed).report()
    if kind == "small":
        return small(report)
    if kind == "hostile":
        return hostile(report, forever(HOSTILE)) | {"workflow": HOSTILE[0]}
    if kind == "holes":
        dice = random.Random(seed)
        return {key: holes(each, dice) for key, each in report.items()}
    return dict.fromkeys(report) if kind == "empty" else report


def main() -> None:
    usual = {"full": 200, "small": 3, "hostile": 12, "holes": 12, "empty": 2}
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=usual)
    parser.add_argument("--items", type=int)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    json.dump(make(arguments.kind, arguments.items or usual[arguments.kind], arguments.seed), sys.stdout)


if __name__ == "__main__":
    main()
