import {useState} from "preact/hooks";
import {link, useWorkflows} from "../hooks";
import {count, number, percent} from "../logic/format";
import {lowerIsSurer} from "../logic/gauge";
import type {Calibration, CalibrationStep, Estimate} from "../logic/types";
import {Badge, Facts, Notice, Table} from "../parts/basic";
import {Distribution, Roc} from "../parts/scores";

const withInterval = (estimate: Estimate | null, digits = 3) =>
  estimate === null
    ? "–"
    : number(estimate.value, digits) + (estimate.low === null ? "" : ` (95 %: ${number(estimate.low, digits)} to ${number(estimate.high, digits)})`);

function Thresholds({step}: {step: CalibrationStep}) {
  return (
    <Table caption={`Thresholds of step ${step.step}`}
      head={["Method", "Threshold", "95 % interval", "Accepts right", "Accepts wrong", "Saves", "Accuracy", "Why none"]}>
      {Object.entries(step.thresholds).map(([method, threshold]) => (
        <tr key={method}>
          <th scope="row">{method}</th>
          <td class="number">{threshold.value === null ? "accepts nothing" : number(threshold.value, 3)}</td>
          <td class="number">{threshold.low === null ? "–" : `${number(threshold.low, 3)} to ${number(threshold.high, 3)}`}</td>
          <td class="number">{percent(threshold.accepts_correct)}</td>
          <td class="number">{percent(threshold.accepts_incorrect)}</td>
          <td class="number">{percent(threshold.savings)}</td>
          <td class="number">{number(threshold.accuracy_change.value * 100, 1)} points</td>
          <td>{threshold.value === null ? threshold.reason : ""}</td>
        </tr>
      ))}
    </Table>
  );
}

function StepPart({step, signal}: {step: CalibrationStep; signal: string}) {
  const methods = Object.keys(step.thresholds).filter((method) => step.thresholds[method]?.value !== null);
  const [method, setMethod] = useState("");
  const chosen = method && methods.includes(method) ? method : (methods[0] ?? "");
  const threshold = step.thresholds[chosen] ?? null;
  const low = lowerIsSurer(signal);
  const {correct, incorrect, correct_items, incorrect_items} = step.scores;
  const thinned = correct.length < correct_items || incorrect.length < incorrect_items;
  return (
    <section aria-label={`Step ${step.step}`}>
      <div class="heading">
        <h3>Step {step.step}</h3>
        <Badge name={step.verdict} />
        {methods.length > 0 && (
          <label>
            <span>Threshold shown</span>
            <select value={chosen} onChange={(event) => setMethod(event.currentTarget.value)}>
              {methods.map((each) => <option key={each} value={each}>{each}</option>)}
            </select>
          </label>
        )}
      </div>
      {step.reasons.length > 0 && <ul>{step.reasons.map((reason) => <li key={reason}>{reason}</li>)}</ul>}
      <Facts facts={[
        ["Right answers", `${count(step.correct.n)}, mean ${number(step.correct.mean, 3)}`],
        ["Wrong answers", `${count(step.incorrect.n)}, mean ${number(step.incorrect.mean, 3)}`],
        ["AUROC", withInterval(step.auroc)],
      ]} />
      {correct.length + incorrect.length === 0 ? (
        <Notice kind="empty">The file holds no scores of this step, so there is nothing to draw.</Notice>
      ) : (
        <div class="pair">
          <Distribution correct={correct} incorrect={incorrect} threshold={threshold} signal={signal} />
          <Roc correct={correct} incorrect={incorrect} threshold={threshold} low={low} />
        </div>
      )}
      {thinned && <p class="quiet">Of many scores evenly spaced ones are drawn.</p>}
      <Thresholds step={step} />
    </section>
  );
}

function One({calibration}: {calibration: Calibration}) {
  return (
    <>
      <Facts facts={[
        ["Model", `${calibration.model} (${calibration.provider})`],
        ["Signal", calibration.signal],
        ["Made", calibration.created ? new Date(calibration.created).toLocaleString("en-GB") : "–"],
        ["Keeps small", calibration.loss ? `${calibration.loss}, at most ${percent(calibration.epsilon)}` : "–"],
      ]} />
      {calibration.steps.map((step) => <StepPart key={step.step} step={step} signal={calibration.signal} />)}
    </>
  );
}

export function CalibrationsView() {
  const {data, problem} = useWorkflows();
  const calibrated = (data ?? []).filter((workflow) => workflow.calibrations.length > 0);
  return (
    <>
      <h1>Calibrations</h1>
      <p class="about">
        What the thresholds of the served workflows rest on: how the signal of right and wrong answers differs on labelled items,
        and what each threshold would have done on them.
      </p>
      {problem && <Notice kind="problem">{problem}</Notice>}
      {!data && !problem && <Notice kind="loading">Asking for the workflows …</Notice>}
      {data && calibrated.length === 0 && (
        <Notice kind="empty">
          No gate of a served workflow takes its threshold from a calibration; theirs are written by hand. <code>enough calibrate</code> makes one.
        </Notice>
      )}
      {calibrated.map((workflow) =>
        workflow.calibrations.map((calibration) => (
          <section key={workflow.name + calibration.file} aria-label={`${workflow.name}: ${calibration.file}`}>
            <h2><a href={link("workflows", workflow.name)}>{workflow.name}</a>: {calibration.file}</h2>
            <One calibration={calibration} />
          </section>
        )),
      )}
    </>
  );
}
