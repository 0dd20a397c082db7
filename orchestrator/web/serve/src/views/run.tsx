import {useEffect, useState} from "preact/hooks";
import {cancelRun, resumeRun} from "../api";
import {link, useNow, useWorkflows, wordsOf} from "../hooks";
import {count, duration, excerpt, inWords, usd} from "../logic/format";
import {pendingApprovals, question, type RunView, rungsOf, type RungView, type StepView} from "../logic/fold";
import type {Scope} from "../logic/tokens";
import {isFinal, type Step, type Workflow} from "../logic/types";
import {GivenApproval, PendingApproval} from "../parts/approval";
import {Badge, Facts, Long, Notice} from "../parts/basic";
import {Call} from "../parts/call";
import {Panel} from "../parts/panel";
import {type CallText, useCallTexts, useReport, useRunEvents} from "../run_stream";

/** Which tokens the gate of a call counts; where the workflow is not served (any more), all. */
function scopeOf(workflow: Workflow | undefined, path: string, rung: number): Scope {
  const id = (path.split(".").pop() ?? "").replace(/\[\d+\]$/, "");
  const find = (steps: Step[]): Step | undefined => {
    for (const step of steps) {
      if (step.id === id && step.rungs) return step;
      const inner = find([...(step.steps ?? []), ...(step.cases ?? []).flatMap((each) => each.steps)]);
      if (inner) return inner;
    }
    return undefined;
  };
  return find(workflow?.steps ?? [])?.rungs?.[rung]?.gate?.scope ?? "all";
}

function Rung({rung, texts, scope, run}: {rung: RungView; texts: Map<number, CallText>; scope: Scope; run: RunView}) {
  const agents = [...new Set(rung.calls.filter((call) => call.purpose === "answer").map((call) => call.agent))];
  const panel = rung.panels.length > 0 || rung.calls.some((call) => call.member !== null);
  const calls = rung.calls.map((call) => (
    <Call key={call.id} call={call} text={texts.get(call.id)} scope={scope} />
  ));
  return (
    <li class="rung">
      <h3><span class="step-number">{rung.rung + 1}</span> {panel ? `Panel of ${agents.join(", ")}` : agents.join(", ")}</h3>
      {panel && <Panel decisions={rung.panels} calls={rung.calls} />}
      {panel && isFinal(run.status) && calls.length > 4 ? (
        <details>
          <summary>All {calls.length} calls</summary>
          <div class="calls">{calls}</div>
        </details>
      ) : (
        <div class="calls">{calls}</div>
      )}
    </li>
  );
}

function StepSection({step, run, texts, workflow}: {
  step: StepView;
  run: RunView;
  texts: Map<number, CallText>;
  workflow: Workflow | undefined;
}) {
  const rungs = rungsOf(run, step);
  return (
    <section class="step" aria-labelledby={`step-${step.path}`}>
      <header>
        <h2 id={`step-${step.path}`}>Step {step.path}</h2>
        <Badge name={step.status} />
        {step.attempts > 1 && <span class="quiet">attempt {step.attempts}</span>}
      </header>
      {step.reason && step.status !== "accepted" && <p class="reason">{step.reason}</p>}
      {step.approvals.map((id) => {
        const approval = run.approvals.get(id);
        return approval && <GivenApproval key={id} approval={approval} />;
      })}
      {rungs.length > 0 && (
        <ol class="ladder">
          {rungs.map((rung) => (
            <Rung key={rung.rung} rung={rung} texts={texts} run={run} scope={scopeOf(workflow, step.path, rung.rung)} />
          ))}
        </ol>
      )}
    </section>
  );
}

/** A button that asks the server once. */
function Ask({words, meanwhile, kind, ask}: {words: string; meanwhile: string; kind: string; ask: () => Promise<unknown>}) {
  const [state, setState] = useState<"ready" | "sent" | {problem: string}>("ready");
  const send = async () => {
    setState("sent");
    try {
      await ask();
    } catch (error) {
      setState({problem: wordsOf(error)});
    }
  };
  return (
    <>
      <button type="button" class={kind} disabled={state === "sent"} onClick={() => void send()}>
        {state === "sent" ? meanwhile : words}
      </button>
      {typeof state === "object" && <Notice kind="problem">{state.problem}</Notice>}
    </>
  );
}

/** Says what has just happened to who can't see it. */
function latest(run: RunView): string {
  if (isFinal(run.status)) return `The run has ended: ${inWords(run.status)}.`;
  if (pendingApprovals(run).length > 0) return "The run waits for your approval.";
  const call = [...run.calls.values()].pop();
  if (!call) return "";
  if (call.judgement) return `Call ${call.id}, ${call.agent}: ${call.judgement.verdict}.`;
  return `Call ${call.id}: ${call.agent} is ${call.state === "running" ? "asked" : call.state}.`;
}

export function RunPage({id}: {id: string}) {
  const [over, setOver] = useState(false);
  const [resumed, setResumed] = useState(0);
  const {run, problem} = useRunEvents(id, over);
  const texts = useCallTexts(id, run.lastNumber > 0);
  const {report, missing, problem: reportProblem} = useReport(id, `${run.lastNumber} ${resumed}`);
  const interrupted = report?.interrupted === true;
  useEffect(() => setOver(interrupted || (missing && run.lastNumber === 0)), [interrupted, missing, run.lastNumber]);
  const workflows = useWorkflows();
  const now = useNow();
  const workflow = workflows.data?.find((each) => each.name === run.workflow);
  if (run.lastNumber === 0) {
    return (
      <>
        <h1>Run {excerpt(id, 40)}</h1>
        {missing ? (
          <Notice kind="empty">The server knows no such run (any more). <a href={link("runs")}>All runs</a></Notice>
        ) : reportProblem ? (
          <Notice kind="problem">{reportProblem}</Notice>
        ) : (
          <Notice kind="loading">Asking for the run …</Notice>
        )}
      </>
    );
  }
  const ended = isFinal(run.status) || interrupted;
  const asked = question(run.inputs);
  const usage = report?.usage;
  const elapsed = ended ? run.at : Math.max(run.at, now - Date.parse(run.started));
  return (
    <>
      <p class="crumbs"><a href={link("runs")}>Runs</a> / <a href={link("workflows", run.workflow)}>{run.workflow}</a></p>
      <div class="heading">
        <h1>{asked ? excerpt(asked, 140) : `Run ${excerpt(id, 40)}`}</h1>
        <Badge name={interrupted ? "interrupted" : run.status} />
        {interrupted ? (
          <Ask words="Go on with it" meanwhile="Going on …" kind="main" ask={async () => {
            await resumeRun(id);
            setResumed(resumed + 1);
          }} />
        ) : (
          !ended && <Ask words="Cancel this run" meanwhile="Cancelling …" kind="danger" ask={() => cancelRun(id)} />
        )}
      </div>
      <p class="hidden" role="status" aria-live="polite">{latest(run)}</p>
      {problem && <Notice kind="problem">{problem}</Notice>}
      <Facts facts={[
        ["Begun", <time key="t" dateTime={run.started}>{new Date(run.started).toLocaleString("en-GB")}</time>],
        [ended ? "Took" : "So far", duration(elapsed)],
        ["Calls", count(usage?.calls ?? run.calls.size)],
        ["Tokens in / out", usage ? `${count(usage.input_tokens)} / ${count(usage.output_tokens)}` : "–"],
        ["Spend", usd(usage?.usd)],
        ["Wasted calls", count(usage?.wasted?.calls ?? 0)],
      ]} />
      {pendingApprovals(run).map((approval) => <PendingApproval key={approval.id} run={id} approval={approval} />)}
      {run.output !== null && (
        <section class="output" aria-labelledby="output">
          <h2 id="output">Output</h2>
          <pre class="text" tabIndex={0}>{run.output}</pre>
        </section>
      )}
      {run.error && <Notice kind="problem">{run.error}</Notice>}
      {interrupted && <Notice kind="problem">The server ended before this run did.</Notice>}
      {run.cancelAsked && !ended && <Notice kind="loading">The run is being cancelled …</Notice>}
      {[...run.steps.values()].map((step) => (
        <StepSection key={step.path} step={step} run={run} texts={texts} workflow={workflow} />
      ))}
      <section aria-labelledby="inputs">
        <h2 id="inputs">Inputs</h2>
        {Object.entries(run.inputs).map(([name, value]) => (
          <Long key={name} title={name} text={typeof value === "string" ? value : JSON.stringify(value, null, 2)} />
        ))}
        <p class="quiet">Run id {id}. As JSON: <a href={`v1/runs/${encodeURIComponent(id)}`}>report</a></p>
      </section>
    </>
  );
}
