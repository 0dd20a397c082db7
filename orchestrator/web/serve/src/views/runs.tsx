import {useState} from "preact/hooks";
import {getRuns} from "../api";
import {link, useNow, usePolled, useWorkflows} from "../hooks";
import {age, count, excerpt, inWords, plural, usd} from "../logic/format";
import {type RunReport, statuses} from "../logic/types";
import {Badge, Notice, Table} from "../parts/basic";

const pageSize = 20;

function Row({run, now}: {run: RunReport; now: number}) {
  const tokens = run.usage.input_tokens + run.usage.output_tokens;
  return (
    <tr>
      <td><Badge name={run.interrupted ? "interrupted" : run.status} /></td>
      <th scope="row">
        <a href={link("runs", run.run_id)}>{run.question ? excerpt(run.question, 90) : run.run_id}</a>
      </th>
      <td class="name">{run.workflow}</td>
      <td class="number">{count(run.usage.calls)}</td>
      <td class="number">{count(tokens)}</td>
      <td class="number">{usd(run.usage.usd)}</td>
      <td class="number"><time dateTime={run.started}>{age(run.started, now)}</time></td>
    </tr>
  );
}

function Choice({label, value, options, choose}: {
  label: string;
  value: string;
  options: string[];
  choose: (value: string) => void;
}) {
  return (
    <label>
      <span>{label}</span>
      <select value={value} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="">all</option>
        {options.map((option) => <option key={option} value={option}>{inWords(option)}</option>)}
      </select>
    </label>
  );
}

export function RunsView() {
  const [workflow, setWorkflow] = useState("");
  const [status, setStatus] = useState("");
  const [pages, setPages] = useState<string[]>([]); // the last run of each page before this one
  const now = useNow();
  const workflows = useWorkflows();
  const filter = {workflow, status, before: pages[pages.length - 1] ?? "", limit: pageSize};
  const {data, problem} = usePolled((signal) => getRuns(filter, signal), 2000, JSON.stringify(filter));
  const begin = (set: (value: string) => void) => (value: string) => {
    set(value);
    setPages([]);
  };
  const running = data?.data.filter((run) => run.status === "running").length ?? 0;
  const filtered = workflow !== "" || status !== "";
  return (
    <>
      <div class="heading">
        <h1>Runs</h1>
        <div class="filters">
          <Choice label="Workflow" value={workflow} options={(workflows.data ?? []).map((each) => each.name)} choose={begin(setWorkflow)} />
          <Choice label="Status" value={status} options={statuses} choose={begin(setStatus)} />
        </div>
      </div>
      <p class="quiet" role="status">
        {data ? `${plural(data.data.length, "run")} on this page, ${count(running)} running.` : ""}
      </p>
      {problem && <Notice kind="problem">{problem}</Notice>}
      {!data && !problem && <Notice kind="loading">Asking for the runs …</Notice>}
      {data && data.data.length === 0 && (
        <Notice kind="empty">
          {filtered || pages.length > 0
            ? "No run fits these filters."
            : <>No run yet. Start one under <a href={link("workflows")}>Workflows</a>, or point an OpenAI client at this server.</>}
        </Notice>
      )}
      {data && data.data.length > 0 && (
        <Table caption="Runs, the newest first" head={["Status", "Question", "Workflow", "Calls", "Tokens", "Spend", "Begun"]}>
          {data.data.map((run) => <Row key={run.run_id} run={run} now={now} />)}
        </Table>
      )}
      <div class="buttons" role="group" aria-label="Pages">
        <button type="button" disabled={pages.length === 0} onClick={() => setPages(pages.slice(0, -1))}>Newer</button>
        <button type="button" disabled={!data?.next} onClick={() => data?.next && setPages([...pages, data.next])}>Older</button>
      </div>
    </>
  );
}
