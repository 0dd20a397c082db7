// What all charts share: colours of the page, drawing anew when those change, and small plugins of our own.

/** The page's colours as they are now: light, dark, or for paper. */
function palette() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue("--" + name).trim();
    return Object.fromEntries(["ink", "quiet", "line", "paper", "right", "wrong", "all", "mark", "band"]
        .map((name) => [name, colour(name)]));
}

const translucent = (colour, share) => colour + Math.round(share * 255).toString(16).padStart(2, "0");

const charts = new Map(); // canvas -> {build, chart}

function draw(canvas, build) {
    charts.get(canvas)?.chart.destroy();
    const colours = palette();
    const settings = build(colours);
    Chart.defaults.color = colours.quiet;
    Chart.defaults.borderColor = colours.line;
    const chart = new Chart(canvas, settings);
    charts.set(canvas, {build, chart});
    canvas.dataset.drawn = sum(chart.data.datasets.map((set) => set.data.length));
}

function redraw() {
    for (const [canvas, {build}] of [...charts]) draw(canvas, build);
}

function setUpCharts() {
    Object.assign(Chart.defaults, {animation: false, responsive: true, maintainAspectRatio: false});
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    Chart.defaults.font.size = 12;
    Object.assign(Chart.defaults.plugins.legend.labels, {usePointStyle: true, boxWidth: 8, boxHeight: 8, padding: 14});
    Chart.defaults.plugins.legend.align = "start";
    Chart.defaults.plugins.tooltip.usePointStyle = true;
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
    // Paper is light and narrower than most windows; the canvas has to be drawn for it beforehand.
    const paper = (on) => () => {
        document.documentElement.toggleAttribute("data-paper", on);
        Chart.defaults.devicePixelRatio = on ? 2 : undefined;
        redraw();
    };
    addEventListener("beforeprint", paper(true));
    addEventListener("afterprint", paper(false));
}

/** A figure into `where`: the picture, and the same in a sentence for those who read or cannot see it. */
function figure(where, name, summary, build) {
    const canvas = element("canvas", {role: "img", "aria-label": summary, "data-chart": name});
    where.replaceChildren(element("figure", {},
        element("div", {class: "canvas"}, canvas), element("figcaption", {}, summary)));
    draw(canvas, build);
}

const axis = (title, settings = {}) => ({
    type: "linear", title: {display: true, text: title}, ...settings,
    grid: {drawTicks: false, drawBorder: false, ...settings.grid}, ticks: {padding: 6, maxRotation: 0, ...settings.ticks},
});

const percentTicks = {callback: (value) => fixed(value * 100, Number.isInteger(Number((value * 100).toFixed(3))) ? 0 : 1) + SPACE + "%"};

const tooltip = (label, title = () => "") => ({callbacks: {label: (item) => label(item.raw, item.dataset), title}});

/** Words with a rim of the paper's colour, so that they can be read across lines. */
function text(context, words, x, y, colour, align = "left") {
    context.save();
    context.font = `12px ${Chart.defaults.font.family}`;
    context.fillStyle = colour;
    context.textAlign = align;
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.lineWidth = 4;
    context.strokeStyle = palette().paper;
    context.strokeText(words, x, y);
    context.fillText(words, x, y);
    context.restore();
}

/** Lines across the chart, each {axis, value, low, high, label, dash}; an interval becomes a band under the data. */
function marks(list, colours) {
    const pixels = (chart, mark, value) => chart.scales[mark.axis].getPixelForValue(value);
    const across = (chart, mark, from, to, paint) => {
        const {left, right, top, bottom} = chart.chartArea;
        if (mark.axis === "x") paint(from, top, to, bottom);
        else paint(left, from, right, to);
    };
    const band = (chart, mark) => {
        if (number(mark.low) === null || number(mark.high) === null) return;
        chart.ctx.fillStyle = colours.band;
        across(chart, mark, pixels(chart, mark, mark.low), pixels(chart, mark, mark.high),
            (x0, y0, x1, y1) => chart.ctx.fillRect(x0, y0, x1 - x0, y1 - y0));
    };
    const line = (chart, mark) => {
        const at = pixels(chart, mark, mark.value);
        chart.ctx.strokeStyle = mark.colour ?? colours.mark;
        chart.ctx.lineWidth = 1.5;
        chart.ctx.setLineDash(mark.dash ?? []);
        across(chart, mark, at, at, (x0, y0, x1, y1) => {
            chart.ctx.beginPath();
            chart.ctx.moveTo(x0, y0);
            chart.ctx.lineTo(x1, y1);
            chart.ctx.stroke();
        });
    };
    // An upright line's name stands on the side with more room; a level one's on the side without upright lines.
    const label = (chart, mark, i) => {
        const at = pixels(chart, mark, mark.value);
        const {left, right, top} = chart.chartArea;
        const late = (x) => x > (left + right) / 2;
        const busy = list.some((other) => other.axis === "x" && late(pixels(chart, other, other.value)));
        if (mark.axis === "x") text(chart.ctx, mark.label, at + (late(at) ? -6 : 6), top + 8 + 16 * i, colours.ink, late(at) ? "right" : "left");
        else text(chart.ctx, mark.label, busy ? left + 6 : right - 6, at - 9, colours.quiet, busy ? "left" : "right");
    };
    const each = (chart, paint) => {
        chart.ctx.save();
        list.filter((mark) => number(mark.value) !== null).forEach((mark, i) => paint(chart, mark, i));
        chart.ctx.restore();
    };
    return {
        id: "marks",
        beforeDatasetsDraw: (chart) => each(chart, band),
        afterDatasetsDraw: (chart) => { each(chart, line); each(chart, label); },
    };
}

/** Intervals of points {x, y, xLow, xHigh, yLow, yHigh} as crosses. */
const whiskers = {
    id: "whiskers",
    beforeDatasetsDraw(chart) {
        const {ctx, chartArea: area, scales: {x, y}} = chart;
        const stroke = (x0, y0, x1, y1) => { ctx.beginPath(); ctx.moveTo(x0, y0); ctx.lineTo(x1, y1); ctx.stroke(); };
        ctx.save();
        ctx.beginPath();
        ctx.rect(area.left, area.top, area.right - area.left, area.bottom - area.top);
        ctx.clip();
        ctx.lineWidth = 1.5;
        for (const [i, set] of chart.data.datasets.entries()) {
            if (!chart.isDatasetVisible(i)) continue;
            ctx.strokeStyle = set.borderColor;
            ctx.globalAlpha = 0.55;
            for (const point of set.data) {
                const [cx, cy] = [x.getPixelForValue(point.x), y.getPixelForValue(point.y)];
                if (number(point.yLow) !== null && number(point.yHigh) !== null)
                    stroke(cx, y.getPixelForValue(point.yLow), cx, y.getPixelForValue(point.yHigh));
                if (number(point.xLow) !== null && number(point.xHigh) !== null)
                    stroke(x.getPixelForValue(point.xLow), cy, x.getPixelForValue(point.xHigh), cy);
            }
        }
        ctx.restore();
    },
};

const overlap = (a, b) => a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1;

/** Where words of this width may stand beside a point: right of it, left, above, below, then further off. */
function* placesBeside(x, y, width) {
    for (const off of [0, 14, 28, 42]) {
        for (const dy of off ? [-off, off] : [0]) {
            yield {x0: x + 10, x1: x + 10 + width, y0: y + dy - 8, y1: y + dy + 8};
            yield {x0: x - 10 - width, x1: x - 10, y0: y + dy - 8, y1: y + dy + 8};
            if (off) yield {x0: x - width / 2, x1: x + width / 2, y0: y + dy - 8, y1: y + dy + 8};
        }
    }
}

/** A thin line from a point to its name, where that stands further off. */
function lead(context, point, box, colour) {
    const y = (box.y0 + box.y1) / 2;
    if (Math.abs(y - point.y) < 1) return;
    context.save();
    context.strokeStyle = colour;
    context.beginPath();
    context.moveTo(point.x, point.y);
    context.lineTo(Math.min(Math.max(point.x, box.x0), box.x1), y);
    context.stroke();
    context.restore();
}

/** Names beside points that have a `label`, each where it covers neither another name nor a point. */
const pointLabels = (colours) => ({
    id: "pointLabels",
    afterDatasetsDraw(chart) {
        const {ctx, chartArea: area, scales: {x, y}} = chart;
        const named = chart.data.datasets.flatMap((set, i) => (chart.isDatasetVisible(i) ? set.data : []))
            .filter((point) => point.label)
            .map((point) => ({label: point.label, x: x.getPixelForValue(point.x), y: y.getPixelForValue(point.y)}));
        const taken = named.map((p) => ({x0: p.x - 6, x1: p.x + 6, y0: p.y - 6, y1: p.y + 6}));
        const inside = (box) => box.x0 >= area.left && box.x1 <= area.right && box.y0 >= area.top && box.y1 <= area.bottom;
        ctx.font = `12px ${Chart.defaults.font.family}`;
        for (const point of named) {
            const width = ctx.measureText(point.label).width;
            const free = [...placesBeside(point.x, point.y, width)]
                .find((box) => inside(box) && !taken.some((other) => overlap(box, other)));
            if (!free) continue;
            taken.push(free);
            lead(ctx, point, free, colours.quiet);
            text(ctx, point.label, free.x0, (free.y0 + free.y1) / 2, colours.ink);
        }
    },
});
