// The list of items: filtered, searched, sorted and shown a page at a time, so that thousands stay quick.

const PAGE = 25;
const HEAT_STEPS = [0.1, 0.5, 1, 1.5, 2.5]; // bits at which the next darker shade begins

const FILTERS = {
    all: () => true,
    right: (item) => item.right === true,
    wrong: (item) => item.right === false,
    flipped,
    "stopped at step 1": (item, report) => stoppedFirst(report, item),
};

const MARKS = new Map([[true, "✓"], [false, "✗"]]);

const graded = (right) => element("span", {class: right === true ? "right" : right === false ? "wrong" : null},
    right === true ? "✓ right" : right === false ? "✗ wrong" : NONE);

function question(item) {
    const values = Object.values(item.inputs ?? {});
    return values.length ? values.map(written).join(" · ") : NONE;
}

const answeredAt = (item) => (item.answered_at ? `${item.answered_at.agent ?? NONE}, step ${count(item.answered_at.step)}` : NONE);

const trail = (item) => entries(item.chain).map((link) => MARKS.get(link.correct) ?? "·").join(" ");

const firstScore = (item) => entries(item.chain)[0]?.score;

const COLUMNS = [
    {title: "Item", by: (item) => written(item.id), cell: (item) => written(item.id), text: true},
    {title: "Question", cell: question, text: true, clip: true},
    {title: "Expected", cell: (item) => written(item.expected), text: true, clip: true},
    {title: "Answer", cell: (item) => written(item.output), text: true, clip: true},
    {title: "Result", by: (item) => String(item.right), cell: (item) => graded(item.right), text: true},
    {title: "Answered by", by: answeredAt, cell: answeredAt, text: true},
    {title: "Step-1 score", by: (item) => number(firstScore(item)), cell: (item) => score(firstScore(item))},
    {title: "By step", cell: trail, text: true},
    {title: "Latency", by: (item) => number(item.latency_ms), cell: (item) => duration(item.latency_ms)},
];

/** Nulls last, whatever the direction. */
function compare(a, b) {
    if (a === null || b === null) return (a === null) - (b === null);
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b), "en", {numeric: true});
}

class Items {
    constructor(report) {
        this.report = report;
        this.list = entries(report.details);
        this.words = new Map(); // item -> all its text in lower case, made when first searched
        this.open = new Set();
        this.filter = "all";
        this.search = "";
        this.column = null;
        this.direction = 1;
        this.page = 0;
    }

    show() {
        const where = place("items", "table");
        if (this.list.length === 0) {
            where.replaceChildren(nothing("The report holds no items."));
            return;
        }
        place("items", "controls").replaceChildren(...this.controls());
        this.where = where;
        this.update();
    }

    controls() {
        this.buttons = Object.keys(FILTERS).map((name) => element("button", {type: "button", "data-filter": name, click: () => {
            this.filter = name;
            this.restart();
        }}, `${name} (${count(this.list.filter((item) => FILTERS[name](item, this.report)).length)})`));
        const search = element("input", {type: "search", id: "search", placeholder: "Search questions and answers", input: () => {
            this.search = search.value.trim().toLowerCase();
            this.restart();
        }});
        this.tally = element("p", {class: "tally", role: "status"});
        return [element("div", {class: "choice", role: "group", "aria-label": "Which items"}, this.buttons),
            element("label", {class: "hidden", for: "search"}, "Search"), search, this.tally];
    }

    restart() {
        this.page = 0;
        this.update();
    }

    matches(item) {
        if (!FILTERS[this.filter](item, this.report)) return false;
        if (!this.search) return true;
        if (!this.words.has(item)) this.words.set(item, [item.id, question(item), item.expected, item.output,
            ...entries(item.chain).flatMap((link) => [link.answer, link.text])].map(written).join("\n").toLowerCase());
        return this.words.get(item).includes(this.search);
    }

    chosen() {
        const list = this.list.filter((item) => this.matches(item));
        if (!this.column) return list;
        const value = this.column.by;
        return list.sort((a, b) => (value(a) === null || value(b) === null ? 1 : this.direction) * compare(value(a), value(b)));
    }

    update() {
        const chosen = this.chosen();
        const pages = Math.max(1, Math.ceil(chosen.length / PAGE));
        this.page = Math.min(this.page, pages - 1);
        const from = this.page * PAGE;
        const shown = chosen.slice(from, from + PAGE);
        this.buttons.forEach((button) => button.setAttribute("aria-pressed", button.dataset.filter === this.filter));
        this.tally.textContent = chosen.length === 0 ? "No item matches."
            : `${count(from + 1)} to ${count(from + shown.length)} of ${plural(chosen.length, "item")}`;
        this.where.replaceChildren(this.tableOf(shown), this.pager(pages),
            element("p", {class: "on-paper"}, `On paper, the first of ${plural(chosen.length, "item")}; the page itself shows them all.`));
    }

    tableOf(shown) {
        const caption = "Items and what became of them";
        return element("div", {class: "scroll", role: "region", tabindex: 0, "aria-label": caption},
            element("table", {class: "items"}, element("caption", {class: "hidden"}, caption),
                element("thead", {}, element("tr", {}, COLUMNS.map((column) => this.header(column)))),
                element("tbody", {}, shown.flatMap((item) => this.rowsOf(item)))));
    }

    header(column) {
        const sorted = this.column === column;
        return element("th", {scope: "col", class: column.text ? "text" : null,
            "aria-sort": sorted ? (this.direction > 0 ? "ascending" : "descending") : null},
        column.by ? element("button", {type: "button", class: "sort", click: () => {
            this.direction = sorted ? -this.direction : 1;
            this.column = column;
            this.restart();
            this.where.querySelector(`thead tr`).children[COLUMNS.indexOf(column)].firstChild.focus();
        }}, column.title, element("span", {"aria-hidden": "true"}, sorted ? (this.direction > 0 ? " ↑" : " ↓") : "")) : column.title);
    }

    /** The row of an item, and below it what opens. */
    rowsOf(item) {
        const opener = element("button", {type: "button", class: "opener"}, COLUMNS[0].cell(item));
        const row = element("tr", {class: "item", "data-item": written(item.id)}, COLUMNS.map((column, i) => element(i ? "td" : "th",
            {scope: i ? null : "row", class: [column.text ? "text" : "", column.clip ? "clip" : ""].join(" ")},
            i ? column.cell(item) : opener)));
        const below = element("tr", {class: "below"}, element("td", {colspan: COLUMNS.length}));
        const show = (open) => {
            opener.setAttribute("aria-expanded", open);
            below.hidden = !open;
            if (open && !below.firstChild.hasChildNodes()) below.firstChild.append(element("div", {class: "detail"}, itemDetail(item)));
        };
        row.addEventListener("click", () => {
            if (!this.open.delete(item)) this.open.add(item);
            show(this.open.has(item));
        });
        show(this.open.has(item));
        return [row, below];
    }

    pager(pages) {
        const to = (title, page) => element("button", {type: "button", disabled: page < 0 || page >= pages, click: () => {
            this.page = page;
            this.update();
            this.where.querySelector(`[data-page="${title}"]:enabled, .pager button:enabled`)?.focus();
        }, "data-page": title}, title);
        return element("div", {class: "pager", hidden: pages < 2}, to("‹ Previous", this.page - 1),
            element("span", {}, `Page ${this.page + 1} of ${pages}`), to("Next ›", this.page + 1));
    }
}

function itemDetail(item) {
    const fact = (title, value) => [element("dt", {}, title), element("dd", {}, value)];
    const inputs = Object.entries(item.inputs ?? {}).flatMap(([key, value]) => fact(key, written(value)));
    const links = entries(item.chain);
    return [element("dl", {class: "answer"}, fact("item", written(item.id)), inputs, fact("expected", written(item.expected)),
        fact("answer", [written(item.output), " ", graded(item.right)]),
        fact("answered by", answeredAt(item)), fact("status", written(item.status)),
        fact("cost", `${dollars(item.usd)} USD, ${duration(item.latency_ms)}`),
        item.error === null || item.error === undefined ? [] : fact("error", written(item.error))),
    ...links.map(linkDetail), links.some((link) => entries(link.heat).length) ? heatLegend() : null];
}

function linkDetail(link) {
    const about = [`score ${score(link.score)}`, plural(number(link.tokens), "token"), `answer ${written(link.answer)}`,
        link.truncated === true ? "cut at the limit" : null].filter(Boolean).join(" · ");
    const heat = entries(link.heat);
    const plain = element("pre", {tabindex: 0}, written(link.text));
    return element("section", {class: "link", "data-step": link.step},
        element("h4", {}, `Step ${count(link.step)} `, graded(link.correct), element("span", {class: "range"}, about)),
        heat.length ? heatStrip(heat) : plain,
        heat.length ? element("details", {}, element("summary", {}, "As plain text"), plain) : null);
}

const shade = (bits) => (number(bits) === null ? "none" : HEAT_STEPS.filter((step) => bits >= step).length);

function heatStrip(heat) {
    const known = heat.filter((token) => number(token[1]) !== null);
    const highest = known.reduce((a, b) => (a === null || b[1] > a[1] ? b : a), null);
    const about = known.length === 0 ? "Entropy of the tokens is not known."
        : `${plural(heat.length, "token")}, on average ${score(sum(known.map((t) => t[1])) / known.length)} bits; ` +
            `most, ${score(highest[1])} bits, at “${written(highest[0]).trim()}”.`;
    return element("div", {class: "strip"}, element("p", {class: "range"}, about),
        element("div", {class: "heat", tabindex: 0, role: "group", "aria-label": "Tokens shaded by entropy"}, heat.map(([token, bits]) =>
            element("span", {class: "heat-" + shade(bits), title: number(bits) === null ? "no evidence" : score(bits) + " bits"},
                token ?? ""))));
}

function heatLegend() {
    const bound = (i) => (i === HEAT_STEPS.length ? `${HEAT_STEPS[i - 1]} bits and more` : `below ${HEAT_STEPS[i]}`);
    return element("p", {class: "legend"}, "Entropy: ",
        Array.from({length: HEAT_STEPS.length + 1}, (_, i) => [element("span", {class: "heat-" + i}, bound(i)), " "]),
        element("span", {class: "heat-none"}, "no evidence"));
}
