// The charts, one function each: what is drawn, and what it says in a sentence.

/** A width of 1, 2, 2.5 or 5 times a power of ten, near `rough`. */
function niceWidth(rough) {
    const power = 10 ** Math.floor(Math.log10(rough));
    return [1, 2, 2.5, 5, 10].find((step) => step * power >= rough) * power;
}

/** Equal bins over all values: [{x, right, wrong}], x in the middle. */
function bins(right, wrong) {
    const all = [...right, ...wrong];
    const low = all.reduce((a, b) => Math.min(a, b));
    const high = all.reduce((a, b) => Math.max(a, b));
    const width = high > low ? niceWidth((high - low) / Math.min(24, Math.max(6, Math.sqrt(all.length) * 1.6))) : 1;
    const first = Math.floor(low / width);
    const list = Array.from({length: Math.floor(high / width) - first + 1},
        (_, i) => ({x: (first + i + 0.5) * width, right: 0, wrong: 0}));
    const put = (values, side) => values.forEach((v) => { list[Math.floor(v / width) - first][side] += 1; });
    put(right, "right");
    put(wrong, "wrong");
    return {list, width};
}

function scoresAt(report, step) {
    const links = entries(report.details)
        .map((item) => entries(item.chain).find((link) => link.step === step)).filter((link) => number(link?.score) !== null);
    const of = (correct) => links.filter((link) => link.correct === correct).map((link) => link.score);
    return {right: of(true), wrong: of(false)};
}

/** The thresholds of one step; a bare first threshold judges the first step only. */
function thresholdsAt(report, step) {
    const gate = report.gate ?? {};
    const value = number(gate.thresholds?.[step - 1]);
    const interval = gate.threshold_intervals?.[step - 1];
    const accept = {axis: "x", value, low: interval?.low, high: interval?.high, label: "accept at " + score(value)};
    const escalate = {axis: "x", value: number(gate.escalate), label: "escalate at " + score(gate.escalate), dash: [5, 4]};
    return [accept, escalate].filter((mark) => mark.value !== null);
}

function histogram(report, step) {
    const where = place("scores", "histogram");
    const {right, wrong} = scoresAt(report, step);
    if (right.length + wrong.length === 0) {
        where.replaceChildren(nothing("No graded answer of this step has a score."));
        return;
    }
    const {list, width} = bins(right, wrong);
    const lines = thresholdsAt(report, step);
    const all = [...list.map((bin) => bin.x), ...lines.flatMap((line) => [line.value, line.low, line.high])]
        .filter((x) => number(x) !== null);
    const estimate = stepNumbered(report, step)?.auroc;
    const summary = `Step ${step}: ${plural(right.length, "right answer")} (median ${score(median(right))}) and ` +
        `${plural(wrong.length, "wrong one")} (median ${score(median(wrong))}). ` +
        (estimate ? `AUROC ${withRange(estimate, score)}. ` : "") +
        lines.map((line) => `${line.label[0].toUpperCase()}${line.label.slice(1)}` +
            (range(line, score) ? ` (${range(line, score)})` : "") + ".").join(" ");
    const side = (name, key, sign, colour, shape) => ({
        label: name, backgroundColor: colour, grouped: false, barPercentage: 0.94, categoryPercentage: 1, pointStyle: shape,
        data: list.map((bin) => ({x: bin.x, y: sign * bin[key], count: bin[key]})),
        of: key === "right" ? right.length : wrong.length,
    });
    figure(where, "histogram", summary, (colours) => ({
        type: "bar",
        data: {datasets: [side("right", "right", 1, colours.right, "circle"), side("wrong", "wrong", -1, colours.wrong, "triangle")]},
        plugins: [marks(lines, colours)],
        options: {
            scales: {
                x: axis(signalName(report), {
                    min: Math.min(...all) - width / 2, max: Math.max(...all) + width / 2, offset: false,
                    grid: {display: false, offset: false}, ticks: {callback: (value) => score(value)},
                }),
                y: axis("Answers", {suggestedMax: 1.15 * Math.max(...list.map((bin) => bin.right)), ticks: {callback: (value) => (value % 1 ? "" : count(Math.abs(value)))}}),
            },
            plugins: {
                tooltip: tooltip(
                    (raw, set) => `${set.label}: ${raw.count} of ${set.of} (${percent(set.of ? raw.count / set.of : null, 0)})`,
                    ([item]) => `${score(item.raw.x - width / 2)} to ${score(item.raw.x + width / 2)}`),
            },
        },
    }));
}

function signalName(report) {
    const gate = report.gate ?? {};
    const surer = typeof gate.lower_is_surer === "boolean" ? (gate.lower_is_surer ? ", lower is surer" : ", higher is surer") : "";
    return (gate.signal ?? "Score") + (String(gate.signal).startsWith("entropy") ? " in bits" : "") + surer;
}

/** Right, wrong and all answers by step, with the interval of each mean (1.96 standard errors). */
function scoreBySteps(report) {
    const where = place("steps", "score");
    const steps = entries(report.steps).filter((step) => number(step.step) !== null);
    const series = (side, shift) => steps.map((step) => {
        const value = side ? step[side]?.mean : step.mean_score;
        const error = side && step[side]?.n > 1 && number(step[side]?.sd) !== null
            ? 1.96 * step[side].sd / Math.sqrt(step[side].n) : null;
        return {x: step.step + shift, y: number(value), step: step.step, n: side ? step[side]?.n : null,
            yLow: error === null ? null : value - error, yHigh: error === null ? null : value + error};
    }).filter((point) => point.y !== null);
    const [right, wrong, all] = [series("correct", -0.05), series("incorrect", 0.05), series(null, 0)];
    if (right.length + wrong.length + all.length === 0) return where.replaceChildren(nothing("No step has a mean score."));
    const ends = (list) => (list.length ? `${score(list[0].y)} → ${score(list[list.length - 1].y)}` : NONE);
    const summary = `Mean score from the first to the last step: right ${ends(right)}, wrong ${ends(wrong)}, all ${ends(all)}.`;
    figure(where, "score by step", summary, (colours) => stepChart(steps, colours, "Mean score", {}, score, [
        line("right", right, colours.right, "circle"), line("wrong", wrong, colours.wrong, "triangle"),
        {...line("all", all, colours.all, "rect"), borderDash: [4, 4]},
    ]));
}

function accuracyBySteps(report) {
    const where = place("steps", "accuracy");
    const steps = entries(report.steps).filter((step) => number(step.step) !== null && number(step.accuracy?.value) !== null);
    if (steps.length === 0) return where.replaceChildren(nothing("No step was graded."));
    const data = steps.map(({step, accuracy}) => (
        {x: step, y: accuracy.value, step, n: accuracy.n, yLow: accuracy.low, yHigh: accuracy.high}));
    const summary = "Accuracy by step: " + steps.map(({step, accuracy}) => `${step}: ${withRange(accuracy, percent)}`).join("; ") + ".";
    figure(where, "accuracy by step", summary, (colours) => stepChart(steps, colours, "Accuracy", percentTicks, percent,
        [line("accuracy", data, colours.mark, "rectRot")]));
}

const line = (label, data, colour, shape) => ({
    label, data, borderColor: colour, backgroundColor: colour, pointStyle: shape, pointRadius: 5, borderWidth: 2,
});

function stepChart(steps, colours, title, ticks, format, datasets) {
    const numbers = steps.map((step) => step.step);
    const bounds = datasets.flatMap((set) => set.data.flatMap((point) => [point.y, point.yLow, point.yHigh]))
        .filter((y) => number(y) !== null);
    return {
        type: "line",
        data: {datasets},
        plugins: [whiskers],
        options: {
            scales: {
                x: axis("Step", {
                    min: Math.min(...numbers) - 0.3, max: Math.max(...numbers) + 0.3, grid: {display: false},
                    afterBuildTicks: (scale) => { scale.ticks = numbers.map((value) => ({value})); },
                    ticks: {callback: (value) => count(value)},
                }),
                y: axis(title, {ticks, suggestedMin: Math.min(...bounds), suggestedMax: Math.max(...bounds)}),
            },
            plugins: {tooltip: tooltip(
                (raw, set) => `${set.label}: ${withRange({value: raw.y, low: raw.yLow, high: raw.yHigh}, format)}` +
                    (number(raw.n) === null ? "" : `, n = ${raw.n}`),
                ([item]) => "Step " + item.raw.step)},
        },
    };
}
