// Small things that every view uses.
import type {ComponentChildren} from "preact";
import {inWords} from "../logic/format";

const marks: Record<string, string> = {
  accepted: "✓", accept: "✓", running: "●", queued: "○", unresolved: "?", failed: "✕", fail: "✕", cancelled: "–",
  over_budget: "$", skipped: "–", refine: "↻", escalate: "↑", usable: "✓", weak: "?", refused: "✕", answered: "·", aborted: "–", interrupted: "!",
};

/** A status or verdict: a word with a mark, so that colour is never all that tells. */
export function Badge({name}: {name: string}) {
  return (
    <span class={`badge ${name}`}>
      <span aria-hidden="true">{marks[name] ?? "·"}</span> {inWords(name)}
    </span>
  );
}

export function Notice({kind, children}: {kind: "empty" | "problem" | "loading"; children: ComponentChildren}) {
  return <p class={`notice ${kind}`} role={kind === "problem" ? "alert" : undefined}>{children}</p>;
}

export function Facts({facts}: {facts: [string, ComponentChildren][]}) {
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A table that scrolls by itself on a narrow screen, also by keyboard. */
export function Table({caption, head, children}: {caption: string; head: ComponentChildren[]; children: ComponentChildren}) {
  return (
    <div class="scroll" role="region" aria-label={caption} tabIndex={0}>
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>{head.map((title, i) => <th key={i} scope="col">{title}</th>)}</tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

export function Long({text, title}: {text: string; title: string}) {
  return (
    <details>
      <summary>{title}</summary>
      <pre class="text" tabIndex={0}>{text}</pre>
    </details>
  );
}
