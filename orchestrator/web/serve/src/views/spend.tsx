import {useMemo} from "preact/hooks";
import uPlot from "uplot";
import {getRuns} from "../api";
import {usePolled, useWorkflows} from "../hooks";
import {count, percent, plural, timeOfDay, usd} from "../logic/format";
import {settledBefore, type Settled, spending, type Spent} from "../logic/spend";
import type {RunReport} from "../logic/types";
import {Facts, Notice, Table} from "../parts/basic";
import {Chart} from "../parts/chart";
import {colour} from "../theme";

const most = 500;

/** The latest runs, page by page. */
async function latestRuns(signal: AbortSignal): Promise<{runs: RunReport[]; more: boolean}> {
  const runs: RunReport[] = [];
  let before = "";
  for (;;) {
    const page = await getRuns({workflow: "", status: "", before, limit: 100}, signal);
    runs.push(...page.data);
    if (!page.next || runs.length >= most) return {runs, more: page.next !== null};
    before = page.next;
  }
}

/** Some room beside the first and the last run. */
function timeRange(low: number | null, high: number | null): [number, number] {
  const [first, last] = [low ?? 0, high ?? 0];
  const room = Math.max(1, (last - first) * 0.04);
  return [first - room, last + room];
}

function options(width: number, unit: (value: number) => string): uPlot.Options {
  const axis = {stroke: colour("quiet"), grid: {stroke: colour("line"), width: 1}, ticks: {stroke: colour("line"), width: 1}};
  const bars = uPlot.paths.bars?.({size: [0.6, 18, 4]});
  const values = (_: uPlot, splits: number[]) => splits.map(unit);
  const times = (_: uPlot, splits: number[]) => splits.map((at) => timeOfDay(at, (splits[splits.length - 1] ?? at) - (splits[0] ?? at)));
  return {
    width,
    height: 240,
    legend: {show: false},
    cursor: {show: false},
    scales: {x: {range: (_, low, high) => timeRange(low, high)}, y: {range: (_, __, max) => [0, max * 1.05 || 1]}, each: {range: (_, __, max) => [0, max * 1.05 || 1]}},
    axes: [
      {...axis, space: 80, size: 32, values: times},
      {...axis, size: 88, values},
      {...axis, scale: "each", side: 1, size: 88, grid: {show: false}, values},
    ],
    series: [
      {},
      {scale: "each", stroke: colour("bar"), fill: colour("bar"), points: {show: false}, ...(bars ? {paths: bars} : {})},
      {stroke: colour("right"), width: 2.5, points: {show: false}, paths: uPlot.paths.stepped?.({align: 1}) ?? (() => null)},
    ],
  };
}

function Over({title, spent, total, each, unit}: {
  title: string;
  spent: Spent[];
  total: (one: Spent) => number;
  each: (one: Spent) => number;
  unit: (value: number) => string;
}) {
  const data = useMemo<uPlot.AlignedData>(
    () => [spent.map((one) => one.at), spent.map(each), spent.map(total)],
    [spent],
  );
  const last = spent[spent.length - 1];
  return (
    <figure>
      <figcaption>
        <strong>{title}</strong>
        <span class="key mean">all together (left axis)</span>
        <span class="key each">each run (right axis)</span>
      </figcaption>
      <Chart data={data} options={(width) => options(width, unit)}
        label={`${title} over time: ${last ? unit(total(last)) : 0} in ${plural(spent.length, "run")}`} />
    </figure>
  );
}

function Spared({settled}: {settled: Settled}) {
  if (settled.ladders === 0) return <Notice kind="empty">No accepted answer of a ladder with several rungs yet.</Notice>;
  return (
    <>
      <p>
        <strong class="big">{percent(settled.before / settled.ladders)}</strong> of the questions were settled before the last rung:{" "}
        {count(settled.before)} of {count(settled.ladders)} accepted ladders.
      </p>
      <p class="quiet">
        Compared with sending every question to the last rung, which would have asked it {count(settled.ladders)} times instead
        of {count(settled.ladders - settled.before)}. What the calls that were not made would have used nobody knows, so no money is
        claimed here; <code>enough eval</code> measures it on labelled items.
      </p>
      <Table caption="Accepted answers by the rung that gave them" head={["Rung", "Answers", "Share"]}>
        {settled.byRung.map((answers = 0, rung) => (
          <tr key={rung}>
            <th scope="row">{rung + 1}</th>
            <td class="number">{count(answers)}</td>
            <td class="number">{percent(answers / settled.ladders)}</td>
          </tr>
        ))}
      </Table>
    </>
  );
}

function ByWorkflow({spent}: {spent: Spent[]}) {
  const names = [...new Set(spent.map((one) => one.workflow))].sort();
  return (
    <Table caption="What the runs of each workflow have used" head={["Workflow", "Runs", "Tokens", "Spend", "Spend per run"]}>
      {names.map((name) => {
        const own = spent.filter((one) => one.workflow === name);
        const money = own.reduce((sum, one) => sum + one.usd, 0);
        return (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td class="number">{count(own.length)}</td>
            <td class="number">{count(own.reduce((sum, one) => sum + one.tokens, 0))}</td>
            <td class="number">{usd(money)}</td>
            <td class="number">{usd(money / own.length)}</td>
          </tr>
        );
      })}
    </Table>
  );
}

export function SpendView() {
  const {data, problem} = usePolled(latestRuns, 10_000, "spend");
  const workflows = useWorkflows();
  const spent = useMemo(() => spending(data?.runs ?? []), [data]);
  const settled = useMemo(() => settledBefore(data?.runs ?? [], workflows.data ?? []), [data, workflows.data]);
  const last = spent[spent.length - 1];
  return (
    <>
      <h1>Spend and savings</h1>
      {problem && <Notice kind="problem">{problem}</Notice>}
      {!data && !problem && <Notice kind="loading">Asking for the runs …</Notice>}
      {data && !last && <Notice kind="empty">No run yet, so nothing was spent.</Notice>}
      {last && (
        <>
          <Facts facts={[
            ["Runs", count(spent.length)],
            ["Tokens", count(last.totalTokens)],
            ["Spend", usd(last.totalUsd)],
            ["Spend per run", usd(last.totalUsd / spent.length)],
          ]} />
          {data?.more && <p class="quiet">The latest {count(spent.length)} runs are counted; the server has older ones.</p>}
          <div class="pair">
            <Over title="Tokens" spent={spent} total={(one) => one.totalTokens} each={(one) => one.tokens} unit={(value) => count(value)} />
            <Over title="US dollars" spent={spent} total={(one) => one.totalUsd} each={(one) => one.usd} unit={usd} />
          </div>
          {last.totalUsd === 0 && <p class="quiet">No model of these runs has a price, or all run in this process.</p>}
          <section aria-labelledby="spared">
            <h2 id="spared">Left before the last rung</h2>
            <Spared settled={settled} />
          </section>
          <section aria-labelledby="by-workflow">
            <h2 id="by-workflow">By workflow</h2>
            <ByWorkflow spent={spent} />
          </section>
        </>
      )}
    </>
  );
}
