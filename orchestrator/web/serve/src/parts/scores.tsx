// Drawings of a calibration step: how scores are spread, and the ROC curve.
import {number, percent} from "../logic/format";
import {area, histogram, roc} from "../logic/scores";
import type {CalibratedThreshold} from "../logic/types";

const width = 460;
const height = 240;
const edge = {left: 16, right: 16, top: 22, bottom: 30};

export function Distribution({correct, incorrect, threshold, signal}: {
  correct: number[];
  incorrect: number[];
  threshold: CalibratedThreshold | null;
  signal: string;
}) {
  const bins = histogram(correct, incorrect);
  const marks = [threshold?.value, threshold?.low, threshold?.high].filter((mark): mark is number => typeof mark === "number");
  const low = Math.min(bins[0]?.from ?? 0, ...marks);
  const high = Math.max(bins[bins.length - 1]?.to ?? 1, ...marks);
  const tallest = Math.max(...bins.map((bin) => Math.max(bin.correct, bin.incorrect)));
  const x = (score: number) => edge.left + ((score - low) / (high - low || 1)) * (width - edge.left - edge.right);
  const middle = (height - edge.bottom + edge.top) / 2;
  const scale = (middle - edge.top) / (tallest || 1);
  const value = threshold?.value ?? null;
  const words = `${signal} of ${correct.length} right answers (up) and ${incorrect.length} wrong answers (down)` +
    (value === null ? "" : `; threshold ${number(value, 3)}`);
  return (
    <figure class="drawing">
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={words}>
        {threshold && threshold.low !== null && threshold.high !== null && (
          <rect class="band" x={x(threshold.low)} width={Math.max(1, x(threshold.high) - x(threshold.low))} y={edge.top} height={height - edge.top - edge.bottom} />
        )}
        {bins.map((bin, i) => (
          <g key={i}>
            <rect class="right" x={x(bin.from) + 0.5} width={Math.max(1, x(bin.to) - x(bin.from) - 1)} y={middle - bin.correct * scale} height={bin.correct * scale} />
            <rect class="wrong" x={x(bin.from) + 0.5} width={Math.max(1, x(bin.to) - x(bin.from) - 1)} y={middle} height={bin.incorrect * scale} />
          </g>
        ))}
        <line class="axis" x1={edge.left} x2={width - edge.right} y1={middle} y2={middle} />
        {value !== null && (
          <>
            <line class="threshold" x1={x(value)} x2={x(value)} y1={edge.top} y2={height - edge.bottom} />
            <text x={Math.min(width - 60, Math.max(60, x(value)))} y={14} text-anchor="middle">threshold {number(value, 3)}</text>
          </>
        )}
        {[low, (low + high) / 2, high].map((score, i) => (
          <text key={i} x={x(score)} y={height - 10} text-anchor={i === 0 ? "start" : i === 1 ? "middle" : "end"}>{number(score, 2)}</text>
        ))}
      </svg>
      <figcaption>
        <span class="key right">right answers, up</span>
        <span class="key wrong">wrong answers, down</span>
        {threshold?.low !== null && threshold && <span class="key band">95 % interval of the threshold</span>}
        <span class="quiet">{signal}, shares of each class</span>
      </figcaption>
    </figure>
  );
}

export function Roc({correct, incorrect, threshold, low}: {
  correct: number[];
  incorrect: number[];
  threshold: CalibratedThreshold | null;
  low: boolean;
}) {
  const side = 240;
  const points = roc(correct, incorrect, low);
  const place = (share: number) => 24 + share * (side - 40);
  const at = (point: {correct: number; incorrect: number}) => `${place(point.incorrect)},${side - place(point.correct)}`;
  const mark = threshold?.value !== null && threshold ? {correct: threshold.accepts_correct, incorrect: threshold.accepts_incorrect} : null;
  const words = `ROC curve, area ${number(area(points), 3)}` +
    (mark ? `; the threshold accepts ${percent(mark.correct)} of the right and ${percent(mark.incorrect)} of the wrong answers` : "");
  return (
    <figure class="drawing square">
      <svg viewBox={`0 0 ${side} ${side}`} role="img" aria-label={words}>
        <rect class="frame" x={place(0)} y={side - place(1)} width={place(1) - place(0)} height={place(1) - place(0)} />
        <line class="chance" x1={place(0)} y1={side - place(0)} x2={place(1)} y2={side - place(1)} />
        <polyline class="curve" points={points.map(at).join(" ")} />
        {mark && <circle class="mark" cx={place(mark.incorrect)} cy={side - place(mark.correct)} r="6" />}
        <text x={side / 2} y={side - 6} text-anchor="middle">wrong answers accepted</text>
        <text x={14} y={side / 2} text-anchor="middle" transform={`rotate(-90 14 ${side / 2})`}>right answers accepted</text>
      </svg>
      <figcaption>
        <span class="key mean">what each threshold would accept</span>
        {mark && <span class="key mark">the one shown</span>}
      </figcaption>
    </figure>
  );
}
