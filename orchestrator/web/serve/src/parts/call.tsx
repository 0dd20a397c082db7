import {count, duration, excerpt, inWords, plural} from "../logic/format";
import {lowerIsSurer} from "../logic/gauge";
import type {CallView} from "../logic/fold";
import type {Scope} from "../logic/tokens";
import type {CallText} from "../run_stream";
import {Badge, Long} from "./basic";
import {GaugeBar} from "./gauge";
import {HeatMap} from "./heat_map";

const purposes: Record<string, string> = {judge: "judges the answers", fuse: "fuses the answers", gate: "grades an answer"};

function heading(call: CallView): string {
  const role = purposes[call.purpose];
  if (role) return `${call.agent} ${role}`;
  if (call.member !== null) return `Member ${call.member + 1}, ${call.agent}`;
  return call.chainLength > 1 ? `${call.agent}, answer ${call.chainStep} of ${call.chainLength}` : call.agent;
}

function Numbers({call}: {call: CallView}) {
  const parts = [call.model];
  if (call.usage) {
    parts.push(`${count(call.usage.input_tokens)} tokens in, ${count(call.usage.output_tokens)} out${call.usage.estimated ? " (estimated)" : ""}`);
  }
  if (call.latency !== null) parts.push(duration(call.latency));
  if (call.firstToken !== null) parts.push(`first token after ${duration(call.firstToken)}`);
  if (call.finishReason && call.finishReason !== "stop") parts.push(`ended by ${inWords(call.finishReason)}`);
  if (call.cached) parts.push("from the cache");
  if (call.answeredBy) parts.push(`answered by ${call.answeredBy}`);
  return <p class="quiet numbers">{parts.join(" · ")}</p>;
}

function Attempts({call}: {call: CallView}) {
  if (call.attempts.length === 0) return null;
  return (
    <div>
      <h5>{plural(call.attempts.length, "further attempt")}</h5>
      <ul>
        {call.attempts.map((attempt, i) => (
          <li key={i}>
            {attempt.kind} {attempt.granted === null ? "asked for" : attempt.granted ? "granted" : "refused"}: {attempt.reason}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Tools({call}: {call: CallView}) {
  if (call.tools.length === 0) return null;
  return (
    <div>
      <h5>Tools</h5>
      <ul class="tools">
        {call.tools.map((tool) => (
          <li key={tool.use}>
            <code>{tool.server}.{tool.tool}({excerpt(tool.arguments, 160)})</code>{" "}
            {tool.result === null ? "is running" : tool.isError ? "failed" : "returned"}
            {tool.result !== null && <Long title="Result" text={tool.result} />}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Reasons({call}: {call: CallView}) {
  if (call.state === "running") return <p class="reason">in flight</p>;
  const words = call.judgement ? [call.judgement.reason, ...call.notes] : call.notes;
  return <>{words.map((reason, i) => <p key={i} class="reason">{reason}</p>)}</>;
}

function verdict(call: CallView): string {
  if (call.judgement) return call.judgement.verdict;
  return call.state;
}

export function Call({call, text, scope}: {call: CallView; text: CallText | undefined; scope: Scope}) {
  const threshold = call.signal === "entropy.mean" ? (call.judgement?.threshold ?? null) : null;
  const pieces = text?.pieces ?? [];
  return (
    <article class={`call ${call.setAside ? "aside" : ""}`} aria-label={`Call ${call.id}: ${heading(call)}`}>
      <header>
        <h4>{heading(call)}</h4>
        <Badge name={verdict(call)} />
      </header>
      <Reasons call={call} />
      {call.signal && call.judgement && (
        <GaugeBar signal={call.signal} value={call.judgement.value} threshold={call.judgement.threshold} />
      )}
      {call.answer !== null && <p class="answer"><span class="quiet">Answer</span> {excerpt(call.answer, 400)}</p>}
      <Numbers call={call} />
      <Attempts call={call} />
      <Tools call={call} />
      {pieces.length > 0 ? (
        <details open={call.state === "running" || (call.id <= 4 && pieces.length <= 400)}>
          <summary>{call.state === "running" ? "What it writes" : "Tokens and their entropy"}</summary>
          <HeatMap id={`call-${call.id}`} pieces={pieces} cut={text?.cut ?? false} threshold={threshold} scope={scope} />
          {call.signal && call.signal !== "entropy.mean" && (
            <p class="quiet">
              The gate judges {call.signal} ({lowerIsSurer(call.signal) ? "lower" : "higher"} is surer), which can't be drawn as a
              running mean; so no threshold is shown in the chart.
            </p>
          )}
        </details>
      ) : (
        <>
          {call.reasoning && <Long title="Reasoning" text={call.reasoning} />}
          {call.text && <Long title="Whole answer" text={call.text} />}
        </>
      )}
      <Long title={`What it was asked (${plural(call.messages.length, "message")})`}
        text={call.messages.map((message) => `${message.role}:\n${message.content}`).join("\n\n")} />
    </article>
  );
}
