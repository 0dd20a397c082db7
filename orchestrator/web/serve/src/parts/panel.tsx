import {number, percent, plural} from "../logic/format";
import {type CallView, votesOf} from "../logic/fold";
import type {PanelDecision} from "../logic/types";
import {Badge, Table} from "./basic";
import {GaugeBar} from "./gauge";

/** What a panel came to, and who voted for what. */
export function Panel({decisions, calls}: {decisions: PanelDecision[]; calls: CallView[]}) {
  const votes = votesOf(calls);
  const all = votes.reduce((sum, each) => sum + (each.answer === null ? 0 : each.calls.length), 0);
  const last = decisions[decisions.length - 1];
  const rounds = Math.max(0, ...calls.filter((call) => call.member !== null).map((call) => call.chainStep));
  return (
    <div class="panel">
      {votes.length > 0 && (
        <Table caption={rounds > 1 ? `Votes of round ${rounds}` : "Votes"} head={["Answer", "Votes", "Share", "Members"]}>
          {votes.map(({answer, calls: voters}) => (
            <tr key={answer ?? "none"} class={last && answer !== null && answer === last.answer ? "leading" : ""}>
              <th scope="row">{answer ?? <em>no vote</em>}</th>
              <td class="number">{voters.length}</td>
              <td class="number">
                {answer === null ? "–" : percent(voters.length / all)}
                {answer !== null && <meter min={0} max={all} value={voters.length} aria-label={`Votes for ${answer}`} />}
              </td>
              <td>{voters.map((call) => `${(call.member ?? 0) + 1} (${call.agent})`).join(", ")}</td>
            </tr>
          ))}
        </Table>
      )}
      {decisions.map((decision, i) => (
        <div key={i} class="decision">
          <p>
            <strong>{decisions.length > 1 ? `Round ${decision.round}` : "The panel"}</strong>{" "}
            <Badge name={decision.judgement.verdict} /> {decision.reason}; {decision.judgement.reason}
          </p>
          <p class="quiet">
            {plural(decision.answers, "answer")}, leading share {percent(decision.share)}, agreement {number(decision.posterior, 3)}
          </p>
          {decision.signal && <GaugeBar signal={decision.signal} value={decision.judgement.value} threshold={decision.judgement.threshold} />}
        </div>
      ))}
    </div>
  );
}
