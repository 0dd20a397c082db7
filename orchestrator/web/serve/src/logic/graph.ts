// Where the steps of a workflow stand in its drawing.
import type {Step} from "./types";

export interface Placed {
  step: Step;
  row: number;
  column: number;
}

/** Each step below all that it needs, those of one row in file order. */
export function place(steps: Step[]): Placed[] {
  const rows = new Map<string, number>();
  const used: number[] = [];
  return steps.map((step) => {
    const row = Math.max(-1, ...step.needs.map((needed) => rows.get(needed) ?? -1)) + 1;
    rows.set(step.id, row);
    const column = used[row] ?? 0;
    used[row] = column + 1;
    return {step, row, column};
  });
}

/** Steps that no other needs: the output is made after them. */
export const last = (steps: Step[]) => steps.filter((step) => !steps.some((other) => other.needs.includes(step.id)));
