import {number} from "../logic/format";
import {gauge} from "../logic/gauge";

/** A signal's value on a small bar with the threshold as a mark. Its words stand beside it. */
export function GaugeBar({signal, value, threshold}: {signal: string; value: number | null; threshold: number | null}) {
  if (value === null) return <p class="gauge-words">{signal}: no sound evidence</p>;
  const {value: place, threshold: mark, accepted, surer} = gauge(signal, value, threshold);
  const comparison = threshold === null ? "no threshold at this step" : `threshold ${number(threshold, 3)}`;
  const sure = mark === null ? 0 : surer === "left" ? mark : 1 - mark;
  return (
    <div class="gauge">
      <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        <rect class="track" width="100" height="10" rx="1.5" />
        {mark !== null && <rect class="sure" x={surer === "left" ? 0 : 100 - sure * 100} width={sure * 100} height="10" />}
        <rect class={accepted ? "value good" : "value"} y="3" width={Math.max(0.8, place * 100)} height="4" />
        {mark !== null && <rect class="mark" x={Math.min(98.8, mark * 100 - 0.6)} width="1.2" height="10" />}
      </svg>
      <p class="gauge-words">
        <span>{signal}</span> <strong>{number(value, 3)}</strong> · {comparison}
      </p>
    </div>
  );
}
