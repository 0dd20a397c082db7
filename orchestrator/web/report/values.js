"use strict";
// What stands in the report, as numbers and as text. Anything may be null: it reads as a dash.

const NONE = "–";
const SPACE = "\u00a0";

/** A finite number, or null for whatever else stands there. */
const number = (x) => (typeof x === "number" && Number.isFinite(x) ? x : null);

/** The entries of a list that are there. */
const entries = (list) => (Array.isArray(list) ? list.filter((entry) => entry !== null && entry !== undefined) : []);

const times = (x, factor) => (number(x) === null ? null : x * factor);

const sum = (list) => list.reduce((total, x) => total + x, 0);

function median(list) {
    const sorted = [...list].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    if (sorted.length === 0) return null;
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** With so many decimals, a true minus sign and groups of thousands; zero has no sign. */
function fixed(x, decimals) {
    if (number(x) === null) return NONE;
    const [whole, fraction] = Math.abs(x).toFixed(decimals).split(".");
    const digits = whole.replace(/\B(?=(\d{3})+$)/g, ",") + (fraction ? "." + fraction : "");
    return x < 0 && /[1-9]/.test(digits) ? "\u2212" + digits : digits;
}

function signed(x, decimals) {
    const text = fixed(x, decimals);
    return x > 0 && /[1-9]/.test(text) ? "+" + text : text;
}

const percent = (share, decimals = 1) => (number(share) === null ? NONE : fixed(share * 100, decimals) + SPACE + "%");
const points = (share) => signed(times(share, 100), 1);
const score = (x) => fixed(x, 2);
const count = (x) => fixed(x, 0);
const mean = (x) => fixed(x, 1);

function pValue(p) {
    if (number(p) === null) return NONE;
    return p < 0.001 ? "<" + SPACE + "0.001" : fixed(p, 3);
}

/** Dollars: below one, cents are too coarse. */
function dollars(x) {
    if (number(x) === null) return NONE;
    if (x === 0) return "0";
    const decimals = Math.abs(x) >= 1 ? 2 : Math.min(8, 1 - Math.floor(Math.log10(Math.abs(x))));
    return fixed(x, decimals);
}

/** The price of one item is a small fraction of a cent; that of a thousand can be read. */
const perThousand = (x) => dollars(times(x, 1000));

function duration(ms) {
    if (number(ms) === null) return NONE;
    if (Math.abs(ms) < 1000) return fixed(ms, 0) + SPACE + "ms";
    return fixed(ms / 1000, Math.abs(ms) < 100000 ? 2 : 0) + SPACE + "s";
}

const signedAs = (format) => (x) => (number(x) !== null && x > 0 ? "+" + format(x) : format(x));

/** "low to high", with the unit once; nothing where there is no interval. */
function range(estimate, format) {
    if (number(estimate?.low) === null || number(estimate?.high) === null) return "";
    const [low, unit] = format(estimate.low).split(SPACE);
    const high = format(estimate.high);
    return (unit && high.endsWith(SPACE + unit) ? low : format(estimate.low)) + " to " + high;
}

/** "value (low to high)". */
function withRange(estimate, format) {
    const interval = range(estimate, format);
    return format(number(estimate?.value)) + (interval ? " (" + interval + ")" : "");
}

const plural = (n, one, many = one + "s") => count(n) + " " + (n === 1 ? one : many);

/** Any value of an input or an answer, as a person would write it. */
function written(value) {
    if (value === null || value === undefined) return NONE;
    return typeof value === "string" ? value : JSON.stringify(value);
}

const policyNamed = (report, name) => entries(report.policies).find((policy) => policy.name === name);

function fullLabel(report) {
    return policyNamed(report, report.full_policy)?.label ?? report.full_policy ?? "the full path";
}

function stepNumbered(report, step) {
    return entries(report.steps).find((each) => each.step === step);
}

/** Whether the gate accepted the item's very first answer. */
function stoppedFirst(report, item) {
    const at = item.answered_at;
    return at?.step === 1 && (!report.gate?.agent || at.agent === report.gate.agent);
}

/** Whether the chain's first and last answers were graded differently. */
function flipped(item) {
    const chain = entries(item.chain);
    const first = chain[0]?.correct;
    const last = chain[chain.length - 1]?.correct;
    return typeof first === "boolean" && typeof last === "boolean" && first !== last;
}
