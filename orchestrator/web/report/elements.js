// Elements of the page. Text from the report becomes text nodes only, never markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
        if (value === null || value === undefined || value === false) continue;
        if (typeof value === "function") node.addEventListener(name, value);
        else node.setAttribute(name, value === true ? "" : value);
    }
    for (const child of children.flat(Infinity)) if (child !== null && child !== undefined) node.append(child);
    return node;
}

/** An element; functions among the attributes are listeners, strings among the children are text. */
const element = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

const drawing = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

/** The place in a section that a part of it is put into. */
const place = (section, part) => document.querySelector(`#${section} [data-part="${part}"]`);

const nothing = (text) => element("p", {class: "empty", "data-empty": true}, text);

/** A value with its interval in a quieter line below. */
function estimateCell(estimate, format) {
    const interval = range(estimate, format);
    return [format(number(estimate?.value)), interval ? element("span", {class: "range"}, interval) : null];
}

/** Scale for a column of interval bars: from the least to the greatest bound, and past `through`. */
function barScale(estimates, through = []) {
    const bounds = estimates.flatMap((e) => [e?.value, e?.low, e?.high].map(number)).filter((x) => x !== null);
    if (bounds.length === 0) return null;
    const low = Math.min(...bounds, ...through);
    const high = Math.max(...bounds, ...through);
    const margin = (high - low || 1) * 0.06;
    return {low: low - margin, high: high + margin, through};
}

/** A small picture of an estimate and its interval; the text beside it says the same. */
function intervalBar(estimate, scale) {
    const value = number(estimate?.value);
    if (value === null || scale === null) return null;
    const width = 120;
    const x = (v) => (((v - scale.low) / (scale.high - scale.low)) * width).toFixed(1);
    const low = number(estimate.low);
    const high = number(estimate.high);
    return drawing("svg", {class: "bar", viewBox: `0 0 ${width} 14`, width, height: 14, "aria-hidden": "true"},
        drawing("line", {class: "rail", x1: 0, x2: width, y1: 7, y2: 7}),
        scale.through.map((v) => drawing("line", {class: "zero", x1: x(v), x2: x(v), y1: 0, y2: 14})),
        low === null || high === null ? null : drawing("line", {class: "span", x1: x(low), x2: x(high), y1: 7, y2: 7}),
        drawing("circle", {cx: x(value), cy: 7, r: 3.5}));
}

/**
 * A table. A column is {title, cell(row), field, text, picture}: `field` names its cells, `text` aligns left,
 * `picture` marks what only repeats in colour what a neighbour says.
 */
function table(caption, columns, list, key = (row) => row.name) {
    const head = columns.map((column) => element("th", {
        scope: "col", class: column.text ? "text" : column.picture ? "picture" : null, title: column.about,
    }, column.title));
    const body = list.map((row) => element("tr", {"data-row": key(row), class: row.highlight ? "highlight" : null},
        columns.map((column, i) => element(i === 0 ? "th" : "td", {
            scope: i === 0 ? "row" : null, "data-field": column.field,
            class: column.text ? "text" : column.picture ? "picture" : null,
        }, column.cell(row)))));
    return element("div", {class: "scroll", role: "region", tabindex: 0, "aria-label": caption},
        element("table", {class: columns.length < 8 ? "narrow" : null}, element("caption", {}, element("span", {}, caption)),
            element("thead", {}, element("tr", {}, head)), element("tbody", {}, body)));
}
