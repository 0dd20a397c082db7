// The top of the page: what came out in a sentence, what to beware of, and where it comes from.

const FEW_ITEMS = 50;
const TOLERATED_LOSS = 0.02;

function verdictOf(report) {
    const own = policyNamed(report, "workflow");
    const versus = own?.versus_full;
    const accuracy = number(own?.accuracy?.value) === null ? "" : `Accuracy was ${withRange(own.accuracy, percent)}.`;
    if (number(versus?.savings_output?.value) === null && number(versus?.accuracy_change?.value) === null)
        return `There is nothing to compare the workflow with. ${accuracy}`.trim();
    return `${savingsSentence(versus.savings_output, fullLabel(report))}; ${changeSentence(versus.accuracy_change)}.`;
}

function savingsSentence(saved, full) {
    if (number(saved?.value) === null) return `Savings against ${full} are not known`;
    const whole = (x) => fixed(times(x, 100), 0);
    const spoken = (estimate) => (range(estimate, whole) ? ` (95${SPACE}% interval ${range(estimate, whole)})` : " (no interval)");
    if (saved.value >= 0) return `Saved ${percent(saved.value, 0)} of output tokens${spoken(saved)} against ${full}`;
    const more = {value: -saved.value, low: times(saved.high, -1), high: times(saved.low, -1)};
    return `Spent ${percent(more.value, 0)} more output tokens${spoken(more)} than ${full}`;
}

function changeSentence(change) {
    if (number(change?.value) === null) return "the change of accuracy is not known";
    const interval = range(change, points);
    return `accuracy changed by ${points(change.value)} points (${interval || "no interval"})`;
}

function warningsOf(report) {
    const own = policyNamed(report, "workflow");
    const change = own?.versus_full?.accuracy_change;
    const auroc = stepNumbered(report, 1)?.auroc;
    const n = number(report.items);
    const refined = report.flips?.refinement;
    const thresholds = report.gate?.thresholds;
    return [
        n !== null && n < FEW_ITEMS && `Only ${plural(n, "item")}: below ${FEW_ITEMS}, hardly anything here can be told from chance.`,
        number(change?.low) !== null && change.low < -TOLERATED_LOSS &&
            `A loss of more than 2 points of accuracy cannot be ruled out: the interval reaches down to ${points(change.low)} points.`,
        number(auroc?.low) !== null && number(auroc?.high) !== null && auroc.low <= 0.5 && auroc.high >= 0.5 &&
            `The score may say nothing about right and wrong: the interval of its AUROC, ${range(auroc, score)}, contains 0.5.`,
        number(auroc?.high) !== null && auroc.high < 0.5 &&
            `The score points the wrong way: its AUROC is ${withRange(auroc, score)}, below 0.5.`,
        report.drift?.alarm === true && "The scores have drifted since the calibration: the threshold should be set anew.",
        Array.isArray(thresholds) && thresholds.length > 0 && thresholds.every((x) => number(x) === null) &&
            "The gate has no threshold, so it never accepts: nothing can be saved.",
        refined && refined.wrong_right <= refined.right_wrong && refined.right_wrong > 0 &&
            `Refining did not help here: it won ${count(refined.wrong_right)} answers and lost ${count(refined.right_wrong)}. What a gate saves is then spending that was not needed.`,
        report.failed > 0 && `${plural(report.failed, "item")} failed; the list at the end tells why.`,
    ].filter((warning) => typeof warning === "string");
}

function tilesOf(report) {
    const versus = policyNamed(report, "workflow")?.versus_full;
    const auroc = stepNumbered(report, 1)?.auroc;
    const tile = (title, field, estimate, format, through) => element("div", {class: "tile"},
        element("p", {class: "title"}, title), element("p", {class: "value", "data-field": field}, format(number(estimate?.value))),
        element("p", {class: "range"}, range(estimate, format) || "no interval"),
        intervalBar(estimate, barScale([estimate], through)));
    return [
        tile("Output tokens saved", "savings", versus?.savings_output, percent, [0]),
        tile("Accuracy change, points", "accuracy_change", versus?.accuracy_change, points, [0]),
        tile("Accuracy", "accuracy", policyNamed(report, "workflow")?.accuracy, percent, []),
        tile("AUROC at step 1", "auroc", auroc, score, [0.5]),
        element("div", {class: "tile"}, element("p", {class: "title"}, "Stopped at step 1"),
            element("p", {class: "value", "data-field": "stop_rate"}, percent(report.gate?.stop_rate)),
            element("p", {class: "range"}, "of the items")),
    ];
}

function factsOf(report) {
    const gate = report.gate ?? {};
    const thresholds = entries(gate.thresholds).map((x) => score(x)).join(", ");
    const lines = {
        Model: gate.model, Agent: gate.agent && `${gate.agent}${gate.step ? `, in step ${gate.step}` : ""}`,
        Signal: gate.signal && `${gate.signal}, top ${count(gate.top_k)}, scope ${written(gate.scope)}`,
        Threshold: [thresholds || "none", gate.method ? `by ${gate.method}` : "", gate.calibration ? `from ${gate.calibration}` : ""]
            .filter(Boolean).join(" "),
        Chain: number(gate.chain_length) === null ? null : `${plural(gate.chain_length, "step")}${gate.until ? `, until ${gate.until}` : ""}`,
        Data: report.data,
        Items: number(report.items) === null ? null : count(report.items) + (report.failed > 0 ? `, ${count(report.failed)} failed` : ""),
        Grader: report.grader, Created: report.created, Seed: number(report.seed) === null ? null : String(report.seed),
        Workflow: report.workflow_hash && String(report.workflow_hash).slice(0, 16),
    };
    return Object.entries(lines).map(([title, value]) =>
        element("div", {}, element("dt", {}, title), element("dd", {}, written(value))));
}

function showHead(report) {
    document.title = `${written(report.workflow)}: evaluation`;
    document.getElementById("workflow").textContent = written(report.workflow);
    document.getElementById("verdict").textContent = verdictOf(report);
    document.getElementById("warnings").replaceChildren(...warningsOf(report).map((warning) =>
        element("li", {}, element("span", {"aria-hidden": "true"}, "▲"), " ", warning)));
    document.getElementById("tiles").replaceChildren(...tilesOf(report));
    document.getElementById("facts").replaceChildren(...factsOf(report));
}
