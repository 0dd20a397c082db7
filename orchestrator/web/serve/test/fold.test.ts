import {describe, expect, it} from "vitest";
import {emptyRun, fold, pendingApprovals, question, rungsOf, type RunView, votesOf} from "../src/logic/fold";
import type {EventLine} from "../src/logic/types";

const answer = (text: string) => ({
  text, reasoning: "", finish_reason: "stop", usage: {input_tokens: 5, output_tokens: 7}, model: "m", latency_ms: 20, first_token_ms: 3,
});

function requested(call: number, step: string, rung: number, more: object = {}) {
  return {type: "call_requested", call, step, agent: "solver", model: "small", rung, chain_step: 1, chain_length: 1, purpose: "answer",
    member: null, messages: [{role: "user", content: "?"}], ...more};
}

/** Numbers them as the server does. */
function folded(bodies: object[]): RunView {
  const run = emptyRun();
  bodies.forEach((body, i) => fold(run, {run_id: "r", number: i + 1, at_ms: i * 10, ...body} as unknown as EventLine));
  return run;
}

const begun = {type: "run_started", workflow: "w", started: "2026-01-31T12:00:00.000Z", inputs: {question: "6 * 7?"}};

describe("a cascade", () => {
  const run = folded([
    begun,
    {type: "step_started", step: "solve"},
    requested(1, "solve", 0),
    {type: "call_answered", call: 1, answer: answer("maybe 41"), evidence: {tokens: 2, evidence_tokens: 2, signals: {"entropy.mean": 1.9}}},
    {type: "call_judged", call: 1, signal: "entropy.mean", answer: "41",
      judgement: {verdict: "escalate", reason: "entropy.mean 1.9 > 0.5", value: 1.9, threshold: 0.5, coverage: 1}},
    requested(2, "solve", 1, {agent: "expert", model: "large"}),
    {type: "attempt_requested", call: 2, kind: "retry", spent: {}, reason: "503"},
    {type: "attempt_decided", call: 2, granted: true, reason: ""},
    {type: "call_failed", call: 2, kind: "server_error", message: "it is down", spent: {input_tokens: 0, output_tokens: 0}},
    {type: "step_finished", step: "solve", status: "failed", answer: null, reason: "no rung answered"},
    {type: "run_finished", status: "failed", output: null, error: "step solve failed"},
  ]);
  const step = run.steps.get("solve")!;

  it("has a rung for each agent that was asked, with its calls", () => {
    expect(rungsOf(run, step).map((rung) => [rung.rung, rung.calls.map((call) => call.id)])).toEqual([[0, [1]], [1, [2]]]);
  });
  it("keeps verdict, value and threshold of a call", () => {
    const call = run.calls.get(1)!;
    expect([call.state, call.signal, call.judgement?.value, call.judgement?.threshold]).toEqual(["answered", "entropy.mean", 1.9, 0.5]);
    expect([call.latency, call.firstToken, call.answer]).toEqual([20, 3, "41"]);
  });
  it("says why a call failed, how long it took and what was tried", () => {
    const call = run.calls.get(2)!;
    expect(call.state).toBe("failed");
    expect(call.notes).toEqual(["failed: it is down"]);
    expect(call.latency).toBe(30); // requested at 50 ms, failed at 80 ms
    expect(call.attempts).toEqual([{kind: "retry", reason: "503", granted: true}]);
  });
  it("ends with the run", () => {
    expect([run.status, run.error, step.status, step.reason]).toEqual(["failed", "step solve failed", "failed", "no rung answered"]);
  });
});

it("takes an event once, however often a stream repeats it", () => {
  const run = folded([begun, requested(1, "solve", 0)]);
  fold(run, {number: 2, at_ms: 10, ...requested(1, "solve", 0)} as unknown as EventLine);
  expect(run.steps.get("solve")?.calls).toEqual([1]);
});

it("puts equal ballots together, the most first, those without a vote last", () => {
  const ballot = (call: number, member: number, value: string | null) => [
    requested(call, "vote", 0, {member}),
    {type: "ballot_cast", call, answer: value, reason: ""},
  ];
  const run = folded([begun, ...ballot(1, 0, "B"), ...ballot(2, 1, null), ...ballot(3, 2, "A"), ...ballot(4, 3, "A"), ...ballot(5, 4, null), ...ballot(6, 5, null)]);
  expect(votesOf([...run.calls.values()]).map((each) => [each.answer, each.calls.length])).toEqual([["A", 2], ["B", 1], [null, 3]]);
});

it("counts of a debate's member the ballot of its last round", () => {
  const run = folded([
    begun,
    requested(1, "vote", 0, {member: 0}), {type: "ballot_cast", call: 1, answer: "A", reason: ""},
    requested(2, "vote", 0, {member: 0, chain_step: 2}), {type: "ballot_cast", call: 2, answer: "B", reason: ""},
  ]);
  expect(votesOf([...run.calls.values()]).map((each) => each.answer)).toEqual(["B"]);
});

it("waits for an approval until it is given or the run has ended", () => {
  const asked = [begun, {type: "approval_requested", approval: 1, step: "ok", message: "Publish?"}];
  expect(pendingApprovals(folded(asked)).map((each) => each.step)).toEqual(["ok"]);
  expect(pendingApprovals(folded([...asked, {type: "approval_given", approval: 1, approved: true, by: "a", comment: ""}]))).toEqual([]);
  expect(pendingApprovals(folded([...asked, {type: "run_finished", status: "cancelled", output: null, error: null}]))).toEqual([]);
});

it("finds a tool's call by the number of its use", () => {
  const run = folded([
    begun, requested(1, "s", 0), {type: "tool_requested", use: 9, call: 1, server: "calc", tool: "add", arguments: "{}"},
    {type: "tool_returned", use: 9, content: "42", is_error: false},
  ]);
  expect(run.calls.get(1)?.tools[0]).toMatchObject({tool: "add", result: "42", isError: false});
});

it("takes events of calls that it does not know", () => {
  expect(() => folded([{type: "call_judged", call: 7, signal: null, judgement: {}, answer: null}, {type: "new_kind"}])).not.toThrow();
});

it("knows a run by its first text", () => {
  expect(question({n: 3, text: "  ", question: "What?"})).toBe("What?");
  expect(question({n: 3})).toBe("3");
  expect(question({})).toBe("");
});
