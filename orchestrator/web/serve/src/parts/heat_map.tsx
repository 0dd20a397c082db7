// The tokens of one answer, coloured by their entropy, and the running mean against the threshold.
import {useMemo, useState} from "preact/hooks";
import uPlot from "uplot";
import {number} from "../logic/format";
import {heat, heatBounds, mostShown, runningMean, type Scope, visible} from "../logic/tokens";
import type {Piece} from "../logic/types";
import {colour} from "../theme";
import {Chart} from "./chart";

function Legend() {
  return (
    <p class="legend">
      <span>sure</span>
      {[...heatBounds, null].map((bound, i) => (
        <span key={i} class={`token heat-${i}`}>{bound === null ? `≥ ${heatBounds[heatBounds.length - 1]}` : `< ${bound}`}</span>
      ))}
      <span>unsure, in bits; underlined tokens are reasoning</span>
    </p>
  );
}

interface Chosen {
  pieces: Piece[];
  means: (number | null)[];
  index: number | null;
}

/** The numbers of the token that is pointed at, or that the keyboard is on. */
function Numbers({pieces, means, index}: Chosen) {
  const piece = index === null ? undefined : pieces[index];
  const words = !piece
    ? `${pieces.length} tokens. Point at one, or use the arrow keys, to see its numbers.`
    : `Token ${(index ?? 0) + 1} of ${pieces.length} “${visible(piece.text)}”: ${number(piece.bits, 3)} bits, mean so far ${number(means[index ?? 0], 3)}`;
  return <p class="token-numbers" role="status">{words}</p>;
}

function move(key: string, index: number, last: number): number | null {
  const steps: Record<string, number> = {ArrowRight: 1, ArrowLeft: -1, ArrowDown: 10, ArrowUp: -10, Home: -last, End: last};
  const step = steps[key];
  return step === undefined ? null : Math.min(last, Math.max(0, index + step));
}

export function HeatMap({id, pieces, cut, threshold, scope}: {
  id: string;
  pieces: Piece[];
  cut: boolean;
  threshold: number | null;
  scope: Scope;
}) {
  const [index, setIndex] = useState<number | null>(null);
  const shown = pieces.length > mostShown ? pieces.slice(0, mostShown) : pieces;
  const means = useMemo(() => runningMean(pieces, scope), [pieces, pieces.length, scope]);
  const measured = pieces.some((piece) => piece.bits !== null);
  const option = (i: number) => `${id}-token-${i}`;
  // Kept while nothing changes: a page may hold thousands of tokens, and the clock above them ticks.
  const tokens = useMemo(
    () =>
      shown.map((piece, i) => {
        const level = heat(piece.bits);
        const classes = `token ${level === null ? "" : `heat-${level}`} ${piece.phase ?? ""} ${i === index ? "chosen" : ""}`;
        return (
          <span key={i} id={option(i)} class={classes} role="option" aria-selected={i === index} data-at={i}>{piece.text}</span>
        );
      }),
    [pieces, shown.length, index, id],
  );
  return (
    <div class="heat-map">
      {measured && <Legend />}
      <div
        class="tokens"
        role="listbox"
        tabIndex={0}
        aria-label="Tokens with their entropy"
        aria-activedescendant={index === null ? undefined : option(index)}
        onKeyDown={(event) => {
          const next = move(event.key, index ?? (event.key === "ArrowRight" ? -1 : 0), shown.length - 1);
          if (next === null) return;
          event.preventDefault();
          setIndex(next);
          document.getElementById(option(next))?.scrollIntoView({block: "nearest"});
        }}
        onMouseOver={(event) => {
          const at = (event.target as HTMLElement).dataset.at;
          if (at !== undefined) setIndex(Number(at));
        }}
      >
        {tokens}
      </div>
      {pieces.length > mostShown && <p class="quiet">The first {mostShown} of {pieces.length} tokens are shown.</p>}
      {cut && <p class="quiet">The answer is longer than what the server keeps for this map.</p>}
      {measured ? (
        <>
          <Numbers pieces={shown} means={means} index={index} />
          <MeanChart pieces={pieces} means={means} threshold={threshold} />
        </>
      ) : (
        <p class="quiet">This call came without token probabilities, so there is no entropy to show.</p>
      )}
    </div>
  );
}

function MeanChart({pieces, means, threshold}: {pieces: Piece[]; means: (number | null)[]; threshold: number | null}) {
  const data = useMemo<uPlot.AlignedData>(() => {
    const x = pieces.map((_, i) => i + 1);
    return [x, pieces.map((piece) => piece.bits), means, x.map(() => threshold)];
  }, [pieces, pieces.length, means, threshold]);
  const last = means[means.length - 1] ?? null;
  const compared = threshold === null ? "" : `, the threshold ${number(threshold, 3)}`;
  return (
    <figure>
      <Chart key={threshold === null ? "bare" : "threshold"} data={data} options={(width) => meanOptions(width, threshold)}
        label={`Entropy of ${pieces.length} tokens; the running mean ends at ${number(last, 3)} bits${compared}`} />
      <figcaption>
        <span class="key mean">running mean of the entropy, now {number(last, 3)} bits</span>
        <span class="key each">each token</span>
        {threshold !== null && <span class="key threshold">threshold {number(threshold, 3)}</span>}
      </figcaption>
    </figure>
  );
}

function meanOptions(width: number, threshold: number | null): uPlot.Options {
  const axis = {stroke: colour("quiet"), grid: {stroke: colour("line"), width: 1}, ticks: {stroke: colour("line"), width: 1}};
  const bars = uPlot.paths.bars?.({size: [0.6, 12, 2]});
  return {
    width,
    height: 150,
    legend: {show: false},
    cursor: {show: false},
    scales: {x: {time: false, range: (_, low, high) => [low - 0.6, high + 0.6]}, y: {range: (_, __, max) => [0, Math.max(max, threshold ?? 0, 0.1) * 1.08]}},
    axes: [{...axis, space: 60, size: 30, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000]}, {...axis, size: 44}],
    series: [
      {},
      {stroke: colour("bar"), fill: colour("bar"), points: {show: false}, ...(bars ? {paths: bars} : {})},
      {stroke: colour("right"), width: 2.5, points: {show: false}, spanGaps: true},
      {stroke: colour("wrong"), width: 2, dash: [7, 5], points: {show: false}},
    ],
  };
}
