// Talks to the server that the page came from. A browser that was asked for a key sends it along by itself.
import type {RunList, RunReport, Workflow} from "./logic/types";

/** What went wrong, in words for people. */
export class Problem extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

export const unreachable = "The server can't be reached. The page tries again by itself.";

export async function request<T>(path: string, options: RequestInit = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {headers: {Accept: "application/json", "Content-Type": "application/json"}, ...options});
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(unreachable, 0);
  }
  const body = (await response.json().catch(() => null)) as (T & {error?: {message?: string}}) | null;
  if (response.ok && body !== null) return body;
  const said = body?.error && typeof body.error === "object" ? body.error.message : undefined;
  throw new Problem(said ?? `The server answered with ${response.status}.`, response.status);
}

export interface Filter {
  workflow: string;
  status: string;
  before: string;
  limit: number;
}

export function runsPath({workflow, status, before, limit}: Filter): string {
  const query = new URLSearchParams({limit: String(limit)});
  if (workflow) query.set("workflow", workflow);
  if (status) query.set("status", status);
  if (before) query.set("before", before);
  return `v1/runs?${query}`;
}

const runPath = (id: string, rest = "") => `v1/runs/${encodeURIComponent(id)}${rest}`;

export const eventsPath = (id: string) => runPath(id, "/events");
export const livePath = (id: string) => runPath(id, "/live");
export const getRun = (id: string) => request<RunReport>(runPath(id));
export const getRuns = (filter: Filter, signal: AbortSignal) => request<RunList>(runsPath(filter), {signal});
export const cancelRun = (id: string) => request<RunReport>(runPath(id), {method: "DELETE"});
export const resumeRun = (id: string) => request<RunReport>(runPath(id, "/resume"), {method: "POST"});
export const getWorkflows = async () => (await request<{data: Workflow[]}>("v1/workflows")).data;

export const startRun = (workflow: string, inputs: Record<string, unknown>) =>
  request<RunReport>("v1/runs", {method: "POST", body: JSON.stringify({workflow, inputs})});

export const answerApproval = (id: string, step: string, approved: boolean, comment: string) =>
  request<unknown>(runPath(id, `/approvals/${encodeURIComponent(step)}`), {
    method: "POST",
    body: JSON.stringify({approved, comment}),
  });
