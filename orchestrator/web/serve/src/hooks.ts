// What the views share: where the reader is, the time, and data that is asked for again and again.
import {useEffect, useRef, useState} from "preact/hooks";
import {getWorkflows, Problem, unreachable} from "./api";
import type {Workflow} from "./logic/types";

/** The parts of `#/runs/ID`. */
export function useRoute(): string[] {
  const read = () => location.hash.replace(/^#\/?/, "").split("/").filter(Boolean).map(decoded);
  const [route, setRoute] = useState(read);
  useEffect(() => {
    const changed = () => setRoute(read());
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return route;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const link = (...parts: string[]) => "#/" + parts.map(encodeURIComponent).join("/");

export function useNow(every = 1000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

export interface Loaded<T> {
  data: T | null;
  problem: string | null;
}

export const wordsOf = (error: unknown) => (error instanceof Problem ? error.message : String(error));

/**
 * Asks at once, and again `every` milliseconds after each answer; not while the page is hidden. What was there stays
 * while the server can't be reached. `key` says what is asked for: another one begins anew.
 */
export function usePolled<T>(ask: (signal: AbortSignal) => Promise<T>, every: number, key: string): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T> & {key: string}>({data: null, problem: null, key});
  const latest = useRef(ask);
  latest.current = ask;
  useEffect(() => {
    const abort = new AbortController();
    let timer = 0;
    const turn = async () => {
      if (!document.hidden) {
        try {
          const data = await latest.current(abort.signal);
          if (!abort.signal.aborted) setLoaded({data, problem: null, key});
        } catch (error) {
          const problem = wordsOf(error);
          if (!abort.signal.aborted) setLoaded((before) => ({data: before.key === key ? before.data : null, problem, key}));
        }
      }
      if (!abort.signal.aborted && every > 0) timer = window.setTimeout(turn, every);
    };
    const seen = () => {
      if (document.hidden || every <= 0) return;
      clearTimeout(timer);
      timer = window.setTimeout(turn, 0);
    };
    void turn();
    document.addEventListener("visibilitychange", seen);
    return () => {
      abort.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [key, every]);
  return loaded.key === key ? loaded : {data: null, problem: null};
}

export const useWorkflows = (): Loaded<Workflow[]> => usePolled(getWorkflows, 15_000, "workflows");

/**
 * Reads server-sent events. The browser itself goes on after a short break; where it gives up (the server answered
 * with an error) this tries again, less and less often. `listen` gets each new connection.
 */
export function useStream(url: string | null, listen: (source: EventSource, close: () => void) => void): string | null {
  const [problem, setProblem] = useState<string | null>(null);
  const latest = useRef(listen);
  latest.current = listen;
  useEffect(() => {
    if (url === null) return;
    let source: EventSource | null = null;
    let timer = 0;
    let wait = 1000;
    let closed = false;
    const close = () => {
      closed = true;
      clearTimeout(timer);
      source?.close();
    };
    const open = () => {
      source = new EventSource(url);
      source.addEventListener("open", () => {
        wait = 1000;
        setProblem(null);
      });
      source.addEventListener("error", () => {
        if (closed) return;
        setProblem(unreachable);
        if (source?.readyState !== EventSource.CLOSED) return;
        timer = window.setTimeout(open, wait);
        wait = Math.min(wait * 2, 15_000);
      });
      latest.current(source, close);
    };
    open();
    return close;
  }, [url]);
  return problem;
}
