// Reads the report that travels in the page, and shows it. Sets data-ready on the root element when all of it stands.

function stepButtons(report, show) {
    const steps = entries(report.steps).map((step) => step.step).filter((step) => number(step) !== null);
    const buttons = steps.map((step) => element("button", {type: "button", "data-step": step, click: () => choose(step)}, "Step " + step));
    const choose = (step) => {
        buttons.forEach((button) => button.setAttribute("aria-pressed", button.dataset.step === String(step)));
        show(step);
    };
    place("scores", "choice").replaceChildren(...(buttons.length > 1 ? buttons : []));
    choose(steps[0] ?? 1);
}

function showReport() {
    const report = JSON.parse(document.getElementById("report").textContent) ?? {};
    setUpCharts();
    showHead(report);
    policyTables(report);
    stepButtons(report, (step) => histogram(report, step));
    scoreBySteps(report);
    accuracyBySteps(report);
    stepTable(report);
    savingsCurve(report);
    riskCoverage(report);
    reliabilityDiagram(report);
    methodTable(report);
    ablationTable(report);
    flipTables(report);
    driftTable(report);
    new Items(report).show();
    document.documentElement.dataset.ready = "true";
}

showReport();
