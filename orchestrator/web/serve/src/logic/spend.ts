// What runs have used over time, and how many ladders were left before their last rung.
import type {CallReport, RunReport, Step, StepReport, Workflow} from "./types";

export interface Spent {
  id: string;
  workflow: string;
  at: number; // seconds
  tokens: number;
  usd: number;
  totalTokens: number;
  totalUsd: number;
}

/** Runs in the order in which they began, with what all up to each have used. */
export function spending(runs: RunReport[]): Spent[] {
  let totalTokens = 0;
  let totalUsd = 0;
  return runs
    .map((run) => ({run, at: Date.parse(run.started) / 1000}))
    .filter(({at}) => Number.isFinite(at))
    .sort((a, b) => a.at - b.at)
    .map(({run, at}) => {
      const tokens = run.usage.input_tokens + run.usage.output_tokens;
      totalTokens += tokens;
      totalUsd += run.usage.usd;
      return {id: run.run_id, workflow: run.workflow, at, tokens, usd: run.usage.usd, totalTokens, totalUsd};
    });
}

export interface Settled {
  /** Ladders of several rungs that ended accepted. */
  ladders: number;
  /** Of them those whose last rung was never asked. */
  before: number;
  byRung: number[];
}

const answers = (calls: CallReport[]) => calls.filter((call) => !call.purpose || call.purpose === "answer");

function countSteps(steps: Record<string, StepReport>, definitions: Step[], settled: Settled): void {
  for (const [id, step] of Object.entries(steps)) {
    const definition = definitions.find((each) => each.id === id);
    if (!definition) continue;
    const rungs = definition.rungs?.length ?? 0;
    const asked = answers(step.calls).map((call) => call.rung);
    if (rungs > 1 && asked.length > 0 && step.status === "accepted") {
      const highest = Math.max(...asked);
      settled.ladders += 1;
      if (highest < rungs - 1) settled.before += 1;
      settled.byRung[highest] = (settled.byRung[highest] ?? 0) + 1;
    }
    const inner = [...(definition.steps ?? []), ...(definition.cases ?? []).flatMap((each) => each.steps)];
    const frames = [...(step.items ?? []), ...(step.passes ?? [])].map((frame) => frame.steps);
    for (const frame of step.steps ? [...frames, step.steps] : frames) countSteps(frame, inner, settled);
  }
}

/**
 * How often the last rung was spared. Compared with a workflow that sends each question to its last rung: that would
 * have asked it every time. What such calls would have cost is not known, so no money is made of it.
 */
export function settledBefore(runs: RunReport[], workflows: Workflow[]): Settled {
  const settled: Settled = {ladders: 0, before: 0, byRung: []};
  for (const run of runs) {
    const workflow = workflows.find((each) => each.name === run.workflow);
    if (workflow) countSteps(run.steps, workflow.steps, settled);
  }
  return settled;
}
