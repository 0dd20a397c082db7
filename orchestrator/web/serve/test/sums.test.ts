import {describe, expect, it} from "vitest";
import {last, place} from "../src/logic/graph";
import {area, histogram, roc} from "../src/logic/scores";
import {settledBefore, spending} from "../src/logic/spend";
import type {CallReport, RunReport, Step, Workflow} from "../src/logic/types";

const call = (rung: number, purpose?: string) => ({rung, ...(purpose ? {purpose} : {})}) as CallReport;
const run = (id: string, started: string, tokens: number, usd: number, calls: CallReport[], status = "accepted") =>
  ({
    run_id: id, workflow: "w", status, started, steps: {solve: {status, calls}},
    usage: {calls: calls.length, input_tokens: tokens, output_tokens: 1, usd},
  }) as unknown as RunReport;
const two = {rungs: [{}, {}]} as unknown as Step;
const workflow = {name: "w", steps: [{...two, id: "solve", needs: [], kind: "ladder"}]} as unknown as Workflow;

it("sums up runs in the order in which they began", () => {
  const runs = [run("b", "2026-01-01T00:00:20Z", 9, 0.5, []), run("a", "2026-01-01T00:00:10Z", 4, 0.25, [])];
  expect(spending(runs).map((each) => [each.id, each.tokens, each.totalTokens, each.totalUsd])).toEqual([
    ["a", 5, 5, 0.25], ["b", 10, 15, 0.75],
  ]);
});

describe("ladders left before the last rung", () => {
  it("are the accepted ones that never asked it", () => {
    const runs = [
      run("a", "", 0, 0, [call(0)]),
      run("b", "", 0, 0, [call(0), call(1)]),
      run("c", "", 0, 0, [call(0)], "failed"),
      run("d", "", 0, 0, [call(0), call(1, "gate")]),
    ];
    expect(settledBefore(runs, [workflow])).toEqual({ladders: 3, before: 2, byRung: [2, 1]});
  });
  it("count inside other steps, and not for a workflow that nobody knows", () => {
    const inner = {id: "each", needs: [], kind: "for_each", steps: [{...two, id: "solve", needs: []}]} as unknown as Step;
    const nested = {...run("a", "", 0, 0, []), steps: {each: {status: "accepted", calls: [], items: [
      {status: "accepted", steps: {solve: {status: "accepted", calls: [call(0)]}}},
      {status: "accepted", steps: {solve: {status: "accepted", calls: [call(0), call(1)]}}},
    ]}}} as unknown as RunReport;
    expect(settledBefore([nested], [{...workflow, steps: [inner]}])).toEqual({ladders: 2, before: 1, byRung: [1, 1]});
    expect(settledBefore([nested], [])).toEqual({ladders: 0, before: 0, byRung: []});
  });
});

describe("scores", () => {
  it("of perfectly separated classes have an area of 1, turned around 0", () => {
    expect(area(roc([1, 2], [3, 4], true))).toBe(1);
    expect(area(roc([1, 2], [3, 4], false))).toBe(0);
  });
  it("have an area of P(right surer than wrong), ties half", () => {
    // Pairs (right, wrong): 1<2, 1<3, 2=2, 2<3: three and a half of four.
    expect(area(roc([1, 2], [2, 3], true))).toBe(0.875);
  });
  it("fall into bins as shares of their class", () => {
    const bins = histogram([0, 1], [1, 1, 1, 0], 2);
    expect(bins.map((bin) => [bin.correct, bin.incorrect])).toEqual([[0.5, 0.25], [0.5, 0.75]]);
    expect(histogram([], [])).toEqual([]);
    expect(histogram([2, 2], []).length).toBe(1);
  });
});

it("steps stand below all that they need", () => {
  const step = (id: string, needs: string[] = []) => ({id, needs}) as unknown as Step;
  const steps = [step("a"), step("b"), step("c", ["a"]), step("d", ["a", "c"])];
  expect(place(steps).map((each) => [each.step.id, each.row, each.column])).toEqual([["a", 0, 0], ["b", 0, 1], ["c", 1, 0], ["d", 2, 0]]);
  expect(last(steps).map((each) => each.id)).toEqual(["b", "d"]);
});
