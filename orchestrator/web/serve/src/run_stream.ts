// One run as it happens: its events folded, and the text of its calls token by token.
import {useCallback, useEffect, useRef, useState} from "preact/hooks";
import {eventsPath, getRun, livePath, Problem} from "./api";
import {useStream} from "./hooks";
import {emptyRun, fold, type RunView} from "./logic/fold";
import {type EventLine, eventTypes, isFinal, type Piece, type RunReport} from "./logic/types";

export interface CallText {
  pieces: Piece[];
  cut: boolean;
}

/** Draws again at most so often: a model writes faster than anybody reads. */
const drawEvery = 120;

function useRedraw(): () => void {
  const [, setVersion] = useState(0);
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback(() => {
    if (timer.current) return;
    timer.current = window.setTimeout(() => {
      timer.current = 0;
      setVersion((version) => version + 1);
    }, drawEvery);
  }, []);
}

/** `over`: nothing more comes. */
export function useRunEvents(id: string, over: boolean): {run: RunView; problem: string | null} {
  const run = useRef(emptyRun());
  const redraw = useRedraw();
  const problem = useStream(over ? null : eventsPath(id), (source, close) => {
    const take = (message: MessageEvent<string>) => {
      fold(run.current, JSON.parse(message.data) as EventLine);
      if (isFinal(run.current.status)) close();
      redraw();
    };
    for (const type of eventTypes) source.addEventListener(type, take);
  });
  return {run: run.current, problem: isFinal(run.current.status) ? null : problem};
}

/** Null where the server has no text of the run (any more). */
export function useCallTexts(id: string, known: boolean): Map<number, CallText> {
  const texts = useRef(new Map<number, CallText>());
  const redraw = useRedraw();
  useStream(known ? livePath(id) : null, (source, close) => {
    const of = (call: number) => {
      const text = texts.current.get(call) ?? {pieces: [], cut: false};
      texts.current.set(call, text);
      return text;
    };
    const on = <T>(type: string, take: (data: T) => void) =>
      source.addEventListener(type, (message) => {
        take(JSON.parse((message as MessageEvent<string>).data) as T);
        redraw();
      });
    let opened = false;
    source.addEventListener("open", () => {
      opened = true;
      texts.current.clear(); // everything comes again
    });
    source.addEventListener("error", () => {
      if (!opened && source.readyState === EventSource.CLOSED) close(); // nothing is kept of this run
    });
    on<{call: number; pieces: Piece[]}>("text", ({call, pieces}) => of(call).pieces.push(...pieces));
    on<{call: number}>("restart", ({call}) => texts.current.delete(call));
    on<{call: number}>("cut", ({call}) => (of(call).cut = true));
    on("end", close);
  });
  return texts.current;
}

/** The report has what events do not: what a run has cost. Asked again whenever `after` changes. */
export function useReport(id: string, after: string): {report: RunReport | null; missing: boolean; problem: string | null} {
  const [state, setState] = useState<{report: RunReport | null; missing: boolean; problem: string | null}>({
    report: null, missing: false, problem: null,
  });
  const asked = useRef(0);
  useEffect(() => {
    let gone = false;
    const ask = () => {
      asked.current = Date.now();
      getRun(id).then(
        (report) => !gone && setState({report, missing: false, problem: null}),
        (error: unknown) => {
          if (gone) return;
          const missing = error instanceof Problem && error.status === 404;
          setState((before) => ({...before, missing, problem: error instanceof Problem ? error.message : String(error)}));
        },
      );
    };
    const timer = window.setTimeout(ask, Math.max(0, asked.current + 700 - Date.now()));
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [id, after]);
  return state;
}
