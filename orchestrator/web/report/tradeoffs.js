// The charts of what is traded: savings against accuracy, coverage against risk, and how well a probability holds.

const SHAPES = ["circle", "rect", "rectRot", "triangle", "rectRounded", "crossRot", "star", "cross"];

function savingsCurve(report) {
    const where = place("trade", "savings");
    const curve = entries(report.savings_curve)
        .filter((point) => number(point.savings) !== null && number(point.accuracy) !== null)
        .map((point) => ({x: point.savings, y: point.accuracy, tau: point.tau, coverage: point.coverage}))
        .sort((a, b) => a.x - b.x);
    const policies = entries(report.policies).map((policy) => ({policy, at: policyPoint(report, policy)}))
        .filter(({at}) => number(at.x) !== null && number(at.y) !== null);
    if (curve.length + policies.length === 0) return where.replaceChildren(nothing("Neither thresholds nor policies to compare."));
    const missing = entries(report.policies).length - policies.length;
    const best = curve.reduce((a, b) => (a === null || b.y > a.y ? b : a), null);
    const summary = `Output tokens saved and accuracy: ` +
        policies.map(({policy, at}) => `${policy.label ?? policy.name} ${percent(at.x, 0)} at ${percent(at.y)}`).join("; ") + "." +
        (best ? ` Best point of the line: ${percent(best.x, 0)} saved at ${percent(best.y)}, threshold ${score(best.tau)}.` : "") +
        (missing ? ` Not shown, as it has no figures: ${plural(missing, "policy", "policies")}.` : "");
    figure(where, "savings", summary, (colours) => ({
        type: "scatter",
        data: {datasets: [
            {label: "every threshold", type: "line", data: curve, borderColor: colours.quiet, borderWidth: 1.5, pointRadius: curve.length < 3 ? 3 : 0,
                pointHitRadius: 6},
            ...policies.map(({policy, at}, i) => {
                const own = policy.name === "workflow";
                const colour = own ? colours.right : colours.mark;
                return {label: policy.label ?? policy.name, data: [at], pointStyle: SHAPES[i % SHAPES.length], borderWidth: 2,
                    pointRadius: own ? 7 : 5, borderColor: colour, backgroundColor: colour};
            }),
        ]},
        plugins: [whiskers, pointLabels(colours)],
        options: {
            scales: {x: axis("Output tokens saved", {ticks: percentTicks, ...around(policies.map(({at}) => at), "x")}),
                y: axis("Accuracy", {ticks: percentTicks, ...around(policies.map(({at}) => at), "y")})},
            plugins: {legend: {display: false}, tooltip: tooltip((raw, set) =>
                `${set.label}${number(raw.tau) === null ? "" : " " + score(raw.tau)}: saves ${percent(raw.x)}, accuracy ${percent(raw.y)}`)},
        },
    }));
}

function policyPoint(report, policy) {
    const saved = policy.name === report.full_policy ? {value: 0} : policy.versus_full?.savings_output;
    return {x: saved?.value, xLow: saved?.low, xHigh: saved?.high, y: policy.accuracy?.value,
        yLow: policy.accuracy?.low, yHigh: policy.accuracy?.high, label: policy.label ?? policy.name};
}

/** Room on an axis for the points and their intervals. */
function around(list, name) {
    const all = list.flatMap((p) => [p[name], p[name + "Low"], p[name + "High"]]).filter((v) => number(v) !== null);
    return all.length ? {suggestedMin: Math.min(...all), suggestedMax: Math.max(...all)} : {};
}

function riskCoverage(report) {
    const where = place("trade", "risk");
    const risk = report.risk_coverage ?? {};
    const curve = entries(risk.curve).filter((point) => number(point.coverage) !== null && number(point.risk) !== null)
        .map((point) => ({x: point.coverage, y: point.risk, tau: point.tau})).sort((a, b) => a.x - b.x);
    if (curve.length === 0) return where.replaceChildren(nothing("No answer of the first step has a score."));
    const stopped = number(report.gate?.stop_rate);
    const lines = [
        {axis: "x", value: stopped, label: "stopped: " + percent(stopped, 0)},
        {axis: "y", value: number(risk.error_rate), label: "accepting all: " + percent(risk.error_rate, 0) + " wrong", dash: [4, 4],
            colour: null},
    ];
    const summary = `AURC ${fixed(risk.aurc, 3)}, E-AURC ${fixed(risk.e_aurc, 3)}. Accepting all: ${percent(risk.error_rate)} wrong.` +
        (stopped === null ? "" : ` The gate stopped ${percent(stopped)} at the first step.`);
    figure(where, "risk and coverage", summary, (colours) => ({
        type: "line",
        data: {datasets: [{label: "wrong among accepted", data: curve, borderColor: colours.wrong, borderWidth: 2, pointRadius: curve.length < 3 ? 4 : 0,
            pointHitRadius: 6, clip: 8, fill: "origin", backgroundColor: translucent(colours.wrong, 0.12)}]},
        plugins: [marks(lines, colours)],
        options: {
            scales: {x: axis("Accepted, the surest first", {min: 0, max: 1, ticks: percentTicks}),
                y: axis("Wrong among accepted", {min: 0, suggestedMax: Math.min(1, 1.25 * (number(risk.error_rate) ?? 1)), ticks: percentTicks})},
            plugins: {legend: {display: false}, tooltip: tooltip((raw) =>
                `threshold ${score(raw.tau)}: accepts ${percent(raw.x)}, of those ${percent(raw.y)} wrong`)},
        },
    }));
}

function reliabilityDiagram(report) {
    const where = place("reliability", "diagram");
    const reliability = report.reliability;
    const bars = entries(reliability?.bins).filter((bin) => number(bin.low) !== null && number(bin.high) !== null
        && number(bin.accuracy) !== null);
    if (bars.length === 0) return where.replaceChildren(nothing("No probability of being right was fitted."));
    const summary = `ECE ${fixed(reliability.ece, 3)}, Brier score ${fixed(reliability.brier, 3)}` +
        (reliability.about ? ` (${reliability.about})` : "") + ". " +
        bars.map((bin) => `${percent(bin.mean_probability, 0)} said, ${percent(bin.accuracy, 0)} right (${count(bin.n)})`).join("; ") + ".";
    figure(where, "reliability", summary, (colours) => ({
        type: "line",
        data: {datasets: [
            {...line("said against right", bars.filter((bin) => number(bin.mean_probability) !== null)
                .map((bin) => ({x: bin.mean_probability, y: bin.accuracy, n: bin.n})), colours.mark, "circle"), showLine: false},
            {label: "as it should be", data: [{x: 0, y: 0}, {x: 1, y: 1}], borderColor: colours.quiet, borderDash: [5, 4],
                borderWidth: 1.5, pointRadius: 0, pointStyle: "line"},
        ]},
        plugins: [countedBars(bars, colours)],
        options: {
            scales: {x: axis("Probability given", {min: 0, max: 1, ticks: percentTicks, grid: {display: false}}),
                y: axis("Share that was right", {min: 0, max: 1, grace: 0, ticks: percentTicks})},
            plugins: {tooltip: {...tooltip((raw) => `said ${percent(raw.x)}, right ${percent(raw.y)}, n = ${raw.n}`),
                filter: (item) => item.datasetIndex === 0}},
        },
    }));
}

/** A bar for each bin, as wide as the bin, with its number of items at the foot. */
const countedBars = (list, colours) => ({
    id: "countedBars",
    beforeDatasetsDraw({ctx, scales: {x, y}}) {
        ctx.save();
        ctx.fillStyle = translucent(colours.right, 0.3);
        for (const bin of list) {
            const [left, right] = [x.getPixelForValue(bin.low) + 1, x.getPixelForValue(bin.high) - 1];
            const top = y.getPixelForValue(bin.accuracy);
            ctx.fillRect(left, top, right - left, y.getPixelForValue(0) - top);
        }
        ctx.restore();
    },
    afterDatasetsDraw({ctx, scales: {x, y}}) {
        for (const bin of list)
            text(ctx, count(bin.n), x.getPixelForValue((bin.low + bin.high) / 2), y.getPixelForValue(0) - 11, colours.ink, "center");
    },
});
