// One run, folded from its events. Pure: the same events give the same view, in whatever portions they come.
import type {EventLine, Evidence, Judgement, Message, PanelDecision, Status, Usage} from "./types";

export interface Attempt {
  kind: string;
  reason: string;
  granted: boolean | null;
}

export interface ToolUse {
  use: number;
  server: string;
  tool: string;
  arguments: string;
  result: string | null;
  isError: boolean;
}

export type CallState = "running" | "answered" | "failed" | "aborted";

export interface CallView {
  id: number;
  step: string;
  agent: string;
  model: string;
  rung: number;
  chainStep: number;
  chainLength: number;
  purpose: string;
  member: number | null;
  messages: Message[];
  requestedAt: number;
  state: CallState;
  text: string;
  reasoning: string;
  answer: string | null;
  finishReason: string | null;
  answeredBy: string | null;
  cached: boolean;
  usage: Usage | null;
  latency: number | null;
  firstToken: number | null;
  signal: string | null;
  judgement: Judgement | null;
  evidence: Evidence | null;
  /** What followed besides the verdict, in words, in order. */
  notes: string[];
  attempts: Attempt[];
  tools: ToolUse[];
  ballot: {answer: string | null; reason: string} | null;
  setAside: boolean;
}

export interface ApprovalView {
  id: number;
  step: string;
  message: string;
  given: {approved: boolean; by: string; comment: string} | null;
}

export interface StepView {
  path: string;
  status: Status;
  answer: string | null;
  reason: string;
  attempts: number;
  calls: number[];
  panels: PanelDecision[];
  approvals: number[];
}

export interface RunView {
  workflow: string;
  started: string;
  inputs: Record<string, unknown>;
  status: Status;
  output: string | null;
  error: string | null;
  at: number;
  lastNumber: number;
  cancelAsked: boolean;
  steps: Map<string, StepView>;
  calls: Map<number, CallView>;
  approvals: Map<number, ApprovalView>;
}

export function emptyRun(): RunView {
  return {
    workflow: "", started: "", inputs: {}, status: "queued", output: null, error: null, at: 0, lastNumber: 0,
    cancelAsked: false, steps: new Map(), calls: new Map(), approvals: new Map(),
  };
}

function stepOf(run: RunView, path: string): StepView {
  let step = run.steps.get(path);
  if (!step) {
    step = {path, status: "running", answer: null, reason: "", attempts: 1, calls: [], panels: [], approvals: []};
    run.steps.set(path, step);
  }
  return step;
}

function change(run: RunView, id: number, with_: (call: CallView) => void): void {
  const call = run.calls.get(id);
  if (call) with_(call);
}

/** Folds one event in. Events that were there before are left out: a stream that begins anew repeats them. */
export function fold(run: RunView, event: EventLine): void {
  if (event.number <= run.lastNumber) return;
  run.lastNumber = event.number;
  run.at = event.at_ms;
  switch (event.type) {
    case "run_started":
      run.workflow = event.workflow;
      run.started = event.started;
      run.inputs = event.inputs;
      run.status = "running";
      return;
    case "step_started":
      stepOf(run, event.step).status = "running";
      return;
    case "step_retried": {
      const step = stepOf(run, event.step);
      step.attempts = event.attempt;
      step.reason = event.reason;
      return;
    }
    case "step_finished": {
      const step = stepOf(run, event.step);
      step.status = event.status;
      step.answer = event.answer;
      step.reason = event.reason;
      return;
    }
    case "panel_decided":
      stepOf(run, event.step).panels.push(event);
      return;
    case "approval_requested":
      run.approvals.set(event.approval, {id: event.approval, step: event.step, message: event.message, given: null});
      stepOf(run, event.step).approvals.push(event.approval);
      return;
    case "approval_given": {
      const approval = run.approvals.get(event.approval);
      if (approval) approval.given = {approved: event.approved, by: event.by, comment: event.comment};
      return;
    }
    case "cancel_requested":
      run.cancelAsked = true;
      return;
    case "run_finished":
      run.status = event.status;
      run.output = event.output;
      run.error = event.error;
      return;
    default:
      foldCall(run, event);
  }
}

function foldCall(run: RunView, event: EventLine): void {
  switch (event.type) {
    case "call_requested":
      run.calls.set(event.call, {
        id: event.call, step: event.step, agent: event.agent, model: event.model, rung: event.rung,
        chainStep: event.chain_step, chainLength: event.chain_length, purpose: event.purpose, member: event.member,
        messages: event.messages, requestedAt: event.at_ms, state: "running", text: "", reasoning: "", answer: null,
        finishReason: null, answeredBy: null, cached: false, usage: null, latency: null, firstToken: null, signal: null,
        judgement: null, evidence: null, notes: [], attempts: [], tools: [], ballot: null, setAside: false,
      });
      stepOf(run, event.step).calls.push(event.call);
      return;
    case "call_answered":
      change(run, event.call, (call) => {
        const {answer} = event;
        Object.assign(call, {
          state: "answered", text: answer.text, reasoning: answer.reasoning, finishReason: answer.finish_reason,
          usage: answer.usage, latency: answer.latency_ms, firstToken: answer.first_token_ms,
          answeredBy: answer.answered_by ?? null, cached: answer.from_cache ?? false, evidence: event.evidence,
        });
      });
      return;
    case "call_failed":
      change(run, event.call, (call) => {
        call.state = "failed";
        call.usage = event.spent;
        call.latency = event.at_ms - call.requestedAt;
        call.notes.push(`failed: ${event.message}`);
      });
      return;
    case "call_aborted":
      change(run, event.call, (call) => {
        call.state = "aborted";
        call.usage = event.spent;
        call.latency = event.at_ms - call.requestedAt;
      });
      return;
    case "call_judged":
      change(run, event.call, (call) => {
        call.signal = event.signal;
        call.judgement = event.judgement;
        call.answer = event.answer;
      });
      return;
    case "call_given_up":
    case "call_continued":
      change(run, event.call, (call) => call.notes.push(event.reason));
      return;
    case "call_set_aside":
      change(run, event.call, (call) => {
        call.setAside = true;
        call.notes.push(event.reason);
      });
      return;
    case "attempt_requested":
      change(run, event.call, (call) => call.attempts.push({kind: event.kind, reason: event.reason, granted: null}));
      return;
    case "attempt_decided":
      change(run, event.call, (call) => {
        const open = call.attempts.find((attempt) => attempt.granted === null);
        if (!open) return;
        open.granted = event.granted;
        if (!event.granted) open.reason += `; refused: ${event.reason}`;
      });
      return;
    case "ballot_cast":
      change(run, event.call, (call) => {
        call.ballot = {answer: event.answer, reason: event.reason};
        if (call.answer === null) call.answer = event.answer;
      });
      return;
    case "tool_requested":
      change(run, event.call, (call) =>
        call.tools.push({
          use: event.use, server: event.server, tool: event.tool, arguments: event.arguments, result: null, isError: false,
        }));
      return;
    case "tool_returned":
      for (const call of run.calls.values()) {
        const tool = call.tools.find((each) => each.use === event.use);
        if (tool) Object.assign(tool, {result: event.content, isError: event.is_error});
      }
      return;
    default:
  }
}

export interface RungView {
  rung: number;
  calls: CallView[];
  panels: PanelDecision[];
}

/** The rungs of a step that were asked, in order. */
export function rungsOf(run: RunView, step: StepView): RungView[] {
  const rungs = new Map<number, RungView>();
  const of = (rung: number) => {
    const known = rungs.get(rung) ?? {rung, calls: [], panels: []};
    rungs.set(rung, known);
    return known;
  };
  for (const id of step.calls) {
    const call = run.calls.get(id);
    if (call) of(call.rung).calls.push(call);
  }
  for (const panel of step.panels) of(panel.rung).panels.push(panel);
  return [...rungs.values()].sort((a, b) => a.rung - b.rung);
}

export interface Votes {
  answer: string | null;
  calls: CallView[];
}

/** The ballots of a panel's last round, equal answers together, the most first; null: they do not vote. */
export function votesOf(calls: CallView[]): Votes[] {
  const ballots = calls.filter((call) => call.member !== null && call.ballot);
  const last = new Map<number, CallView>();
  for (const call of ballots) last.set(call.member as number, call);
  const groups = new Map<string | null, Votes>();
  for (const call of last.values()) {
    const answer = call.ballot?.answer ?? null;
    const group = groups.get(answer) ?? {answer, calls: []};
    group.calls.push(call);
    groups.set(answer, group);
  }
  return [...groups.values()].sort((a, b) => Number(a.answer === null) - Number(b.answer === null) || b.calls.length - a.calls.length);
}

export const pendingApprovals = (run: RunView) =>
  run.status === "running" ? [...run.approvals.values()].filter((approval) => !approval.given) : [];

/** The text people recognise a run by: its first input that is one. */
export function question(inputs: Record<string, unknown>): string {
  const values = Object.values(inputs);
  const text = values.find((value) => typeof value === "string" && value.trim() !== "");
  if (typeof text === "string") return text;
  return values.length === 0 ? "" : JSON.stringify(values[0]);
}
