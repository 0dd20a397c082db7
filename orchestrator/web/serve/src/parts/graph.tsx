// A workflow as a drawing: each step a box with its rungs, each below what it needs. The table beside it says the same.
import {excerpt, inWords, number} from "../logic/format";
import {last, place} from "../logic/graph";
import type {Rung, Step, Workflow} from "../logic/types";

const boxWidth = 250;
const gap = {x: 36, y: 46};
const line = 21;
const head = 30;
const rungHeight = 46;

function condition(rung: Rung): string {
  if (!rung.gate) return "accepted as it is";
  const sign = rung.gate.direction === "lower_is_surer" ? "≤" : "≥";
  const first = rung.gate.accept[0];
  return `${rung.gate.signal} ${sign} ${first === null || first === undefined ? "nothing" : number(first, 3)}`;
}

function title(rung: Rung): string {
  if (rung.kind === "agent") return rung.agent + (rung.refine ? ` ↻ ${rung.refine.max_steps}` : "");
  return `${rung.aggregate}: ${rung.agents.join(", ")}${rung.samples > 1 ? ` × ${rung.samples}` : ""}`;
}

/** What stands in the box of a step that is no ladder. */
function lines(step: Step): string[] {
  const names = (steps: Step[] | undefined) => (steps ?? []).map((each) => each.id).join(", ");
  switch (step.kind) {
    case "for_each":
      return [`for each of ${step.items ?? ""}`, names(step.steps)];
    case "loop":
      return [`until ${step.until ?? ""}`, `at most ${step.max ?? 1} times`, names(step.steps)];
    case "switch":
      return (step.cases ?? []).map((each) => `${each.when ?? "otherwise"} → ${names(each.steps)}`);
    case "workflow":
      return [`workflow ${step.workflow ?? ""}`, names(step.steps)];
    case "approve":
      return ["a person is asked"];
    default:
      return [];
  }
}

/** The ladder that a step is: its own, or that of the one step of the same name inside. */
function rungsOf(step: Step): Rung[] {
  if (step.rungs) return step.rungs;
  const only = step.steps?.length === 1 ? step.steps[0] : undefined;
  return only?.id === step.id ? (only.rungs ?? []) : [];
}

function heightOf(step: Step): number {
  return head + lines(step).length * line + rungsOf(step).length * rungHeight + 10;
}

function Box({step, x, y}: {step: Step; x: number; y: number}) {
  const words = lines(step);
  const rungs = rungsOf(step);
  const top = head + words.length * line;
  return (
    <g transform={`translate(${x} ${y})`}>
      <rect class="step-box" width={boxWidth} height={heightOf(step)} rx="8" />
      <text class="step-title" x="12" y="20">{excerpt(step.id, 26)}{step.kind === "ladder" ? "" : ` · ${inWords(step.kind)}`}</text>
      {words.map((text, i) => <text key={i} x="12" y={head + 12 + i * line}>{excerpt(text, 38)}</text>)}
      {rungs.map((rung, i) => (
        <g key={i} transform={`translate(10 ${top + i * rungHeight})`}>
          {i > 0 && <path class="arrow" d={`M${(boxWidth - 20) / 2} -8 v6`} marker-end="url(#arrow)" />}
          <rect class="rung-box" width={boxWidth - 20} height={rungHeight - 8} rx="5" />
          <text class="rung-title" x="10" y="16">{i + 1} {excerpt(title(rung), 30)}</text>
          <text x="10" y="31">{excerpt(condition(rung), 36)}</text>
        </g>
      ))}
    </g>
  );
}

interface Spot {
  step: Step;
  x: number;
  y: number;
  height: number;
}

function layout(steps: Step[]): {spots: Map<string, Spot>; width: number; bottom: number} {
  const placed = place(steps);
  const rows = Math.max(0, ...placed.map((each) => each.row)) + 1;
  const columns = Math.max(1, ...placed.map((each) => each.column + 1));
  const width = columns * boxWidth + (columns - 1) * gap.x + 20;
  const spots = new Map<string, Spot>();
  let y = 54;
  for (let row = 0; row < rows; row += 1) {
    const here = placed.filter((each) => each.row === row);
    const taken = here.length * boxWidth + (here.length - 1) * gap.x;
    const tallest = Math.max(...here.map((each) => heightOf(each.step)));
    for (const {step, column} of here) {
      spots.set(step.id, {step, x: (width - taken) / 2 + column * (boxWidth + gap.x), y: y + gap.y, height: heightOf(step)});
    }
    y += tallest + gap.y;
  }
  return {spots, width, bottom: y};
}

const edge = (fromX: number, fromY: number, toX: number, toY: number) => {
  const half = (toY - fromY) / 2;
  return `M${fromX} ${fromY} C${fromX} ${fromY + half} ${toX} ${toY - half} ${toX} ${toY - 3}`;
};

export function Graph({workflow}: {workflow: Workflow}) {
  const {spots, width, bottom} = layout(workflow.steps);
  const middle = width / 2;
  const all = [...spots.values()];
  const top = (spot: Spot) => [spot.x + boxWidth / 2, spot.y] as const;
  const foot = (spot: Spot) => [spot.x + boxWidth / 2, spot.y + spot.height] as const;
  const ends = last(workflow.steps).map((step) => spots.get(step.id)).filter((spot): spot is Spot => spot !== undefined);
  return (
    <div class="graph scroll" role="region" aria-label="Drawing of the workflow" tabIndex={0}>
      <svg viewBox={`0 0 ${width} ${bottom + 82}`} width={width} role="img"
        aria-label={`${workflow.name}: ${workflow.steps.map((step) => step.id).join(", then ")}. The table of ladders says the same.`}>
        <defs>
          <marker id="arrow" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" markerHeight="7" orient="auto">
            <path class="arrow-head" d="M0 0 L8 4 L0 8 z" />
          </marker>
        </defs>
        <rect class="end-box" x={middle - 70} y="10" width="140" height="34" rx="17" />
        <text class="end-title" x={middle} y="32" text-anchor="middle">{excerpt(workflow.inputs[0]?.name ?? "start", 18)}</text>
        {all.filter(({step}) => step.needs.length === 0).map((spot) => (
          <path key={spot.step.id} class="arrow" d={edge(middle, 44, ...top(spot))} marker-end="url(#arrow)" />
        ))}
        {all.flatMap((spot) => spot.step.needs.map((needed) => {
          const from = spots.get(needed);
          return from && <path key={`${needed}-${spot.step.id}`} class="arrow" d={edge(...foot(from), ...top(spot))} marker-end="url(#arrow)" />;
        }))}
        {ends.map((spot) => (
          <path key={`${spot.step.id}-end`} class="arrow" d={edge(...foot(spot), middle, bottom + 38)} marker-end="url(#arrow)" />
        ))}
        {all.map((spot) => <Box key={spot.step.id} {...spot} />)}
        <rect class="end-box" x={middle - 70} y={bottom + 38} width="140" height="34" rx="17" />
        <text class="end-title" x={middle} y={bottom + 60} text-anchor="middle">output</text>
      </svg>
    </div>
  );
}
