import {link, useWorkflows} from "../hooks";
import {number, plural, usd} from "../logic/format";
import type {Gate, Rung, Step, Workflow} from "../logic/types";
import {Notice, Table} from "../parts/basic";
import {Graph} from "../parts/graph";
import {StartForm} from "../parts/start_form";

function accepts(gate: Gate | null): string {
  if (!gate) return "no gate: what it answers is accepted";
  const sign = gate.direction === "lower_is_surer" ? "≤" : "≥";
  const thresholds = gate.accept.map((value) => (value === null ? "nothing" : number(value, 3))).join(" / ");
  return `${gate.signal} ${sign} ${thresholds}`;
}

function basis(gate: Gate | null): string {
  if (!gate) return "–";
  if (!gate.calibration) return "written by hand";
  const {file, method, intervals} = gate.calibration;
  const interval = intervals[0] ? `, 95 %: ${number(intervals[0].low, 3)} to ${number(intervals[0].high, 3)}` : "";
  return `${file}${method ? `, ${method}` : ""}${interval}`;
}

const who = (rung: Rung) =>
  rung.kind === "agent" ? rung.agent : `${rung.aggregate} of ${rung.agents.join(", ")}${rung.samples > 1 ? ` × ${rung.samples}` : ""}`;

const further = (rung: Rung) =>
  rung.kind === "agent" && rung.refine ? `refines up to ${plural(rung.refine.max_steps, "answer")}` : rung.kind === "panel" && rung.rounds ? `${plural(rung.rounds, "round")}` : "–";

/** Every ladder, those inside other steps included. */
function ladders(steps: Step[], before = ""): {path: string; rungs: Rung[]}[] {
  return steps.flatMap((step) => {
    const path = before + step.id;
    const own = step.rungs ? [{path, rungs: step.rungs}] : [];
    const inner = [...(step.steps ?? []), ...(step.cases ?? []).flatMap((each) => each.steps)];
    return [...own, ...ladders(inner, `${path}.`)];
  });
}

function Ladders({workflow}: {workflow: Workflow}) {
  return (
    <Table caption="Ladders" head={["Step", "Rung", "Who", "Accepts if", "Rests on", "Refinement"]}>
      {ladders(workflow.steps).flatMap(({path, rungs}) =>
        rungs.map((rung, i) => (
          <tr key={path + i}>
            <th scope="row">{path}</th>
            <td class="number">{i + 1}</td>
            <td>{who(rung)}</td>
            <td>{accepts(rung.gate)}</td>
            <td>{basis(rung.gate)}</td>
            <td>{further(rung)}</td>
          </tr>
        )),
      )}
    </Table>
  );
}

function Models({workflow}: {workflow: Workflow}) {
  return (
    <Table caption="Agents and their models" head={["Agent", "Model", "Provider", "USD per million tokens, in / out", "Tools"]}>
      {workflow.agents.map((agent) => {
        const model = workflow.models.find((each) => each.name === agent.model);
        return (
          <tr key={agent.name}>
            <th scope="row">{agent.name}</th>
            <td>{model ? `${model.name} (${model.model})` : agent.model}</td>
            <td>{model?.provider ?? "–"}</td>
            <td class="number">{model?.price ? `${usd(model.price.input)} / ${usd(model.price.output)}` : "–"}</td>
            <td>{agent.tools.join(", ") || "–"}</td>
          </tr>
        );
      })}
    </Table>
  );
}

function One({workflow}: {workflow: Workflow}) {
  return (
    <>
      <p class="crumbs"><a href={link("workflows")}>Workflows</a></p>
      <h1>{workflow.name}</h1>
      {workflow.description && <p class="about">{workflow.description}</p>}
      <StartForm workflow={workflow} />
      <section aria-labelledby="graph">
        <h2 id="graph">How it goes</h2>
        <Graph workflow={workflow} />
        <Ladders workflow={workflow} />
      </section>
      <section aria-labelledby="models">
        <h2 id="models">Who answers</h2>
        <Models workflow={workflow} />
      </section>
      {workflow.calibrations.length > 0 && <p><a href={link("calibrations")}>What its thresholds rest on</a></p>}
      <details>
        <summary>The graph as Mermaid text</summary>
        <pre class="text" tabIndex={0}>{workflow.graph}</pre>
      </details>
    </>
  );
}

export function WorkflowsView({name}: {name: string | null}) {
  const {data, problem} = useWorkflows();
  const chosen = data?.find((workflow) => workflow.name === name);
  if (chosen) return <One key={chosen.name} workflow={chosen} />;
  return (
    <>
      <h1>Workflows</h1>
      {problem && <Notice kind="problem">{problem}</Notice>}
      {!data && !problem && <Notice kind="loading">Asking for the workflows …</Notice>}
      {data && name !== null && <Notice kind="problem">No workflow of this name is served now.</Notice>}
      <ul class="cards">
        {(data ?? []).map((workflow) => (
          <li key={workflow.name}>
            <h2><a href={link("workflows", workflow.name)}>{workflow.name}</a></h2>
            <p>{workflow.description || "No description."}</p>
            <p class="quiet">{plural(workflow.steps.length, "step")}, {plural(workflow.agents.length, "agent")}</p>
          </li>
        ))}
      </ul>
    </>
  );
}
