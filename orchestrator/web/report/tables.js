// The tables of figures.

const policyName = (row) => row.label ?? row.name ?? NONE;

function policyTables(report) {
    const full = fullLabel(report);
    const list = entries(report.policies).map((policy) => ({...policy, highlight: policy.name === "workflow"}));
    if (list.length === 0) {
        place("policies", "accuracy").replaceChildren(nothing("No policy was graded."));
        return;
    }
    const accuracies = barScale(list.map((policy) => policy.accuracy));
    const changes = barScale(list.map((policy) => policy.versus_full?.accuracy_change), [0]);
    place("policies", "accuracy").replaceChildren(table(`Accuracy, and its change against ${full} in points`, [
        {title: "Policy", text: true, cell: (p) => [policyName(p), p.name === report.full_policy ? element("span", {class: "range"}, "the yardstick") : null]},
        {title: "Accuracy", field: "accuracy", cell: (p) => estimateCell(p.accuracy, percent)},
        {title: "95 %", picture: true, cell: (p) => intervalBar(p.accuracy, accuracies)},
        {title: "Right", field: "right", cell: (p) => count(p.accuracy?.right) + " of " + count(p.accuracy?.n)},
        {title: "Change", field: "accuracy_change", cell: (p) => estimateCell(p.versus_full?.accuracy_change, points)},
        {title: "95 %", picture: true, cell: (p) => intervalBar(p.versus_full?.accuracy_change, changes)},
        {title: "p", field: "p", about: "exact McNemar test", cell: (p) => pValue(p.versus_full?.mcnemar_p)},
        {title: "Holm’s p", field: "holm_p", about: "p, adjusted for the number of policies", cell: (p) => pValue(p.versus_full?.holm_p)},
        {title: "Lost", field: "right_wrong", about: "right before, wrong with this policy", cell: (p) => count(p.versus_full?.right_wrong)},
        {title: "Won", field: "wrong_right", about: "wrong before, right with this policy", cell: (p) => count(p.versus_full?.wrong_right)},
    ], list));
    place("policies", "cost").replaceChildren(table(`What an item costs on average, and the change against ${full}`, [
        {title: "Policy", text: true, cell: policyName},
        {title: "Calls", field: "calls", cell: (p) => fixed(p.calls, 2)},
        {title: "Output tokens", field: "output_tokens", cell: (p) => mean(p.output_tokens)},
        {title: "saved", field: "savings_output", cell: (p) => estimateCell(p.versus_full?.savings_output, percent)},
        {title: "Input tokens", field: "input_tokens", cell: (p) => [mean(p.input_tokens),
            p.cached_input_tokens > 0 ? element("span", {class: "range"}, mean(p.cached_input_tokens) + " cached") : null]},
        {title: "All tokens saved", field: "savings_total", cell: (p) => estimateCell(p.versus_full?.savings_total, percent)},
        {title: "USD per 1,000", field: "usd", cell: (p) => perThousand(p.usd)},
        {title: "change", field: "usd_change", cell: (p) => estimateCell(p.versus_full?.usd_change, signedAs(perThousand))},
        {title: "Latency (median, 95th)", field: "latency", cell: (p) => [duration(p.latency_ms?.mean),
            number(p.latency_ms?.p50) === null ? null : element("span", {class: "range", title: "median, 95th percentile"},
                `${duration(p.latency_ms.p50)}, ${duration(p.latency_ms.p95)}`)]},
        {title: "change", field: "latency_change", cell: (p) => estimateCell(p.versus_full?.latency_change_ms, signedAs(duration))},
    ], list));
}

function stepTable(report) {
    const list = entries(report.steps);
    if (list.length === 0) return place("steps", "table").replaceChildren(nothing("No step was recorded."));
    const group = (side) => (s) => [`${score(s[side]?.mean)} ± ${score(s[side]?.sd)}`, element("span", {class: "range"}, `n = ${count(s[side]?.n)}`)];
    place("steps", "table").replaceChildren(table("How well the score of each step tells right from wrong", [
        {title: "Step", text: true, cell: (s) => count(s.step)},
        {title: "Accuracy", field: "accuracy", cell: (s) => estimateCell(s.accuracy, percent)},
        {title: "Right: mean ± sd", field: "correct", cell: group("correct")},
        {title: "Wrong: mean ± sd", field: "incorrect", cell: group("incorrect")},
        {title: "AUROC", field: "auroc", cell: (s) => estimateCell(s.auroc, score)},
        {title: "by length", field: "length_auroc", cell: (s) => estimateCell(s.length_auroc, score)},
        {title: "beyond length", field: "residual_auroc", cell: (s) => estimateCell(s.residual_auroc, score)},
        {title: "Cohen’s d", field: "cohens_d", cell: (s) => estimateCell(s.cohens_d, score)},
        {title: "Tokens", field: "tokens", cell: (s) => mean(s.mean_tokens)},
        {title: "Cut", field: "truncated", about: "answers cut at the token limit", cell: (s) => count(s.truncated)},
        {title: "No score", field: "missing", cell: (s) => count(s.missing)},
    ], list, (s) => s.step));
}

const METHODS = {
    mean: "accepts below the mean score of right answers",
    information: "the mean of right answers plus a margin that grows with the effect size",
    bayes: "where a right and a wrong answer are equally likely, taking both as normally distributed",
    universal: "between the means of right and wrong answers, by effect size and spread",
    crc: "conformal risk control: keeps the expected loss below a limit, on average over calibrations",
    bound: "keeps an exact upper bound of the loss below a limit, for this very calibration",
    hoeffding: "the same with Hoeffding’s inequality, which needs far more items",
    ltt: "learn then test: bounds the share of wrong answers among the accepted ones",
};

function foldThresholds(method) {
    const all = Array.isArray(method.thresholds) ? method.thresholds : [];
    const set = all.filter((x) => number(x) !== null);
    const refused = all.length - set.length;
    return [score(median(set)),
        set.length > 1 ? element("span", {class: "range"}, `${score(Math.min(...set))} to ${score(Math.max(...set))}`) : null,
        refused ? element("span", {class: "range"}, `none in ${refused} of ${all.length} folds`) : null];
}

function methodTable(report) {
    const list = entries(report.methods);
    const where = place("methods", "table");
    if (list.length === 0) return where.replaceChildren(nothing("No method was compared."));
    const changes = barScale(list.map((method) => method.accuracy_change), [0]);
    const reason = (m) => (m.reason ? element("span", {class: "range reason"}, m.reason) : null);
    where.replaceChildren(table("Threshold methods, each judged on items it was not fitted on", [
        {title: "Method", text: true, cell: (m) => [written(m.method), reason(m)]},
        {title: "Threshold", field: "threshold", cell: foldThresholds},
        {title: "Step 1", field: "step1_accuracy", cell: (m) => percent(m.step1_accuracy)},
        {title: "All steps", field: "full_accuracy", cell: (m) => percent(m.full_accuracy)},
        {title: "Gated", field: "gated_accuracy", cell: (m) => percent(m.gated_accuracy)},
        {title: "Threshold accuracy", field: "threshold_accuracy", cell: (m) => percent(m.threshold_accuracy)},
        {title: "Stopped", field: "stop_rate", cell: (m) => percent(m.stop_rate)},
        {title: "Savings", field: "savings", cell: (m) => percent(m.savings)},
        {title: "Change", field: "accuracy_change", cell: (m) => estimateCell(m.accuracy_change, points)},
        {title: "95 %", picture: true, cell: (m) => intervalBar(m.accuracy_change, changes)},
        {title: "p", field: "p", cell: (m) => pValue(m.mcnemar_p)},
        {title: "Holm’s p", field: "holm_p", cell: (m) => pValue(m.holm_p)},
        {title: "Lost", field: "right_wrong", cell: (m) => count(m.right_wrong)},
        {title: "Won", field: "wrong_right", cell: (m) => count(m.wrong_right)},
    ], list, (m) => m.method));
    place("methods", "glossary").replaceChildren(...list.filter((m) => Object.hasOwn(METHODS, m.method))
        .flatMap((m) => [element("dt", {}, m.method), element("dd", {}, METHODS[m.method])]));
}

function ablationTable(report) {
    const list = entries(report.ablation);
    const where = place("ablation", "table");
    if (list.length === 0) return where.replaceChildren(nothing("No other number of candidates was tried."));
    const aurocs = barScale(list.map((row) => row.auroc), [0.5]);
    where.replaceChildren(table("The gate with fewer candidates per token", [
        {title: "k", text: true, cell: (row) => count(row.k)},
        {title: "AUROC", field: "auroc", cell: (row) => estimateCell(row.auroc, score)},
        {title: "95 %", picture: true, cell: (row) => intervalBar(row.auroc, aurocs)},
        {title: "Cohen’s d", field: "cohens_d", cell: (row) => estimateCell(row.cohens_d, score)},
        {title: "Savings", field: "savings", cell: (row) => percent(row.savings)},
        {title: "Change of accuracy", field: "accuracy_change", cell: (row) => points(row.accuracy_change)},
    ], list, (row) => row.k));
}

/** All four cells of a 2x2 table, from its two flips and what was right before; unknown ones are null. */
function flipCells(flips, before) {
    const [lost, won] = [number(flips?.right_wrong), number(flips?.wrong_right)];
    const stayed = (total, left) => (number(total) === null || left === null || total < left ? null : total - left);
    const wrong = number(before?.n) === null || number(before?.right) === null ? null : before.n - before.right;
    return {rightRight: stayed(before?.right, lost), lost, won, wrongWrong: stayed(wrong, won)};
}

function flipTable(caption, from, to, cells) {
    const cell = (value, field, flip) => element("td", {"data-field": field, class: flip ? "flip" : null}, count(value));
    const row = (title, a, b) => element("tr", {}, element("th", {scope: "row"}, title), a, b);
    return element("div", {class: "scroll", role: "region", tabindex: 0, "aria-label": caption},
        element("table", {class: "square"}, element("caption", {}, element("span", {}, caption)),
            element("thead", {}, element("tr", {}, element("td", {}),
                element("th", {scope: "col"}, `${to} right`), element("th", {scope: "col"}, `${to} wrong`))),
            element("tbody", {},
                row(`${from} right`, cell(cells.rightRight, "right_right"), cell(cells.lost, "right_wrong", true)),
                row(`${from} wrong`, cell(cells.won, "wrong_right", true), cell(cells.wrongWrong, "wrong_wrong")))));
}

function flipTables(report) {
    const {refinement, gate} = report.flips ?? {};
    place("flips", "refinement").replaceChildren(!refinement ? nothing("The chain has no refinement to compare.") :
        flipTable("What refining changed: first step against last", "First step", "Last step",
            flipCells(refinement, stepNumbered(report, 1)?.accuracy)));
    place("flips", "gate").replaceChildren(!gate ? nothing("The gate was not compared.") :
        flipTable(`What the gate changed: ${fullLabel(report)} against this workflow`, "All steps", "Workflow",
            flipCells(gate, policyNamed(report, report.full_policy)?.accuracy)));
}

function driftTable(report) {
    const where = place("drift", "table");
    if (!report.drift) return where.replaceChildren(nothing("Not compared: the gate’s threshold comes from no calibration file, or too few scores are known."));
    where.replaceChildren(table("Scores here against those of the calibration", [
        {title: "Verdict", text: true, field: "alarm", cell: (d) => (d.alarm === true ? "▲ drifted" : d.alarm === false ? "no sign of drift" : NONE)},
        {title: "Kolmogorov–Smirnov distance", field: "ks", cell: (d) => fixed(d.ks, 3)},
        {title: "p", field: "p", cell: (d) => pValue(d.p)},
        {title: "Below the threshold here", field: "share_below_threshold", cell: (d) => percent(d.share_below_threshold)},
        {title: "at calibration", field: "calibration_share", cell: (d) => percent(d.calibration_share)},
        {title: "Scores", field: "n", cell: (d) => count(d.n)},
    ], [report.drift], () => "drift"));
}
