// What the server answers: docs/command-line.md (reports), docs/events.md, docs/serve.md.

export type Status = "queued" | "running" | "accepted" | "unresolved" | "failed" | "cancelled" | "over_budget" | "skipped";
/** What runs can be filtered by. */
export const statuses: string[] = ["queued", "running", "accepted", "unresolved", "failed", "interrupted", "cancelled", "over_budget"];
export const isFinal = (status: string) => status !== "queued" && status !== "running";

export type Verdict = "accept" | "refine" | "escalate" | "fail";

export interface Usage {
  input_tokens: number;
  cached_input_tokens?: number;
  output_tokens: number;
  reasoning_tokens?: number;
  estimated?: boolean;
}

export interface CallReport {
  agent: string;
  model: string;
  rung: number;
  step: number;
  verdict: Verdict | null;
  usage: Usage;
  usd: number;
  purpose?: string;
  member?: number;
}

export interface FrameReport {
  status: Status;
  steps: Record<string, StepReport>;
}

export interface StepReport {
  status: Status;
  calls: CallReport[];
  steps?: Record<string, StepReport>;
  items?: FrameReport[];
  passes?: FrameReport[];
}

export interface RunReport {
  run_id: string;
  workflow: string;
  status: Status;
  output: string | null;
  steps: Record<string, StepReport>;
  usage: Usage & {calls: number; usd: number; wasted?: Usage & {calls: number; usd: number}};
  started: string;
  elapsed_ms: number;
  error: string | null;
  question?: string;
  /** The server ended before the run did; it can be gone on with. */
  interrupted?: boolean;
}

export interface RunList {
  data: RunReport[];
  next: string | null;
}

export interface Judgement {
  verdict: Verdict;
  reason: string;
  value: number | null;
  threshold: number | null;
  coverage: number;
}

export interface Message {
  role: string;
  content: string;
}

export interface Answer {
  text: string;
  reasoning: string;
  finish_reason: string;
  usage: Usage;
  model: string;
  latency_ms: number;
  first_token_ms: number | null;
  answered_by?: string;
  from_cache?: boolean;
}

export interface Evidence {
  tokens: number;
  evidence_tokens: number;
  signals: Record<string, number>;
}

interface EventHead {
  number: number;
  at_ms: number;
}

type Body =
  | {type: "run_started"; workflow: string; started: string; inputs: Record<string, unknown>}
  | {type: "step_started"; step: string}
  | {
      type: "call_requested";
      call: number;
      step: string;
      agent: string;
      model: string;
      rung: number;
      chain_step: number;
      chain_length: number;
      purpose: string;
      member: number | null;
      messages: Message[];
    }
  | {type: "call_answered"; call: number; answer: Answer; evidence: Evidence | null}
  | {type: "call_failed"; call: number; kind: string; message: string; spent: Usage}
  | {type: "call_aborted"; call: number; spent: Usage}
  | {type: "call_judged"; call: number; signal: string | null; judgement: Judgement; answer: string | null}
  | {type: "call_given_up" | "call_continued" | "call_set_aside"; call: number; reason: string}
  | {type: "attempt_requested"; call: number; kind: string; reason: string}
  | {type: "attempt_decided"; call: number; granted: boolean; reason: string}
  | {type: "ballot_cast"; call: number; answer: string | null; reason: string}
  | ({type: "panel_decided"} & PanelDecision)
  | {type: "tool_requested"; use: number; call: number; server: string; tool: string; arguments: string}
  | {type: "tool_returned"; use: number; content: string; is_error: boolean}
  | {type: "approval_requested"; approval: number; step: string; message: string}
  | {type: "approval_given"; approval: number; approved: boolean; by: string; comment: string}
  | {type: "step_retried"; step: string; attempt: number; reason: string}
  | {type: "step_finished"; step: string; status: Status; answer: string | null; reason: string}
  | {type: "run_finished"; status: Status; output: string | null; error: string | null}
  | {type: "cancel_requested" | "time_expired" | "calls_granted" | "calls_ended"}
  | {type: "timer_set" | "timer_fired"};

export type EventLine = EventHead & Body;
export const eventTypes: EventLine["type"][] = [
  "run_started", "step_started", "call_requested", "call_answered", "call_failed", "call_aborted", "call_judged",
  "call_given_up", "call_continued", "call_set_aside", "attempt_requested", "attempt_decided", "ballot_cast",
  "panel_decided", "tool_requested", "tool_returned", "approval_requested", "approval_given", "step_retried",
  "step_finished", "run_finished", "cancel_requested", "time_expired", "timer_set", "timer_fired",
  "calls_granted", "calls_ended",
];

export interface PanelDecision {
  step: string;
  rung: number;
  round: number;
  reason: string;
  chosen: number | null;
  answer: string | null;
  answers: number;
  share: number;
  posterior: number;
  judgement: Judgement;
  signal: string | null;
}

export interface Interval {
  low: number;
  high: number;
}

export interface Gate {
  name: string | null;
  signal: string;
  direction: "lower_is_surer" | "higher_is_surer";
  accept: (number | null)[];
  escalate: number | null;
  scope: "all" | "reasoning" | "answer";
  top_k: number;
  min_coverage: number;
  calibration: {file: string; method: string | null; intervals: (Interval | null)[]} | null;
}

export type Rung =
  | {kind: "agent"; agent: string; gate: Gate | null; refine: {max_steps: number; until: string} | null}
  | {kind: "panel"; agents: string[]; samples: number; aggregate: string; gate: Gate | null; referee?: string; rounds?: number};

export interface Step {
  id: string;
  needs: string[];
  when: string | null;
  kind: "ladder" | "for_each" | "loop" | "switch" | "workflow" | "approve";
  rungs?: Rung[];
  steps?: Step[];
  cases?: {when: string | null; steps: Step[]}[];
  items?: string;
  until?: string;
  max?: number;
  workflow?: string;
}

export interface Input {
  name: string;
  type: "string" | "number" | "integer" | "boolean" | "list" | "object";
  description: string;
  required: boolean;
  default?: unknown;
}

export interface Estimate {
  value: number;
  low: number | null;
  high: number | null;
}

export interface CalibratedThreshold {
  value: number | null;
  low: number | null;
  high: number | null;
  reason: string;
  accepts_correct: number;
  accepts_incorrect: number;
  savings: number;
  accuracy_change: Estimate;
  accepted: number;
  lost?: number;
}

export interface CalibrationStep {
  step: number;
  verdict: "usable" | "weak" | "refused";
  reasons: string[];
  auroc: Estimate | null;
  correct: {n: number; mean: number | null; sd: number | null};
  incorrect: {n: number; mean: number | null; sd: number | null};
  thresholds: Record<string, CalibratedThreshold>;
  scores: {correct: number[]; incorrect: number[]; correct_items: number; incorrect_items: number};
}

export interface Calibration {
  file: string;
  model: string;
  provider: string;
  signal: string;
  created: string;
  loss?: string;
  epsilon?: number;
  delta?: number;
  steps: CalibrationStep[];
}

export interface Workflow {
  name: string;
  description: string;
  inputs: Input[];
  models: {name: string; provider: string; model: string; price: {input: number; output: number} | null; fallback: string[]}[];
  agents: {name: string; model: string; tools: string[]; temperature: number | null; max_tokens: number | null}[];
  steps: Step[];
  graph: string;
  calibrations: Calibration[];
}

/** A token and its entropy in bits; null: none is known. */
export interface Piece {
  text: string;
  bits: number | null;
  phase?: "reasoning";
}
