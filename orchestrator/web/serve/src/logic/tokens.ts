// Entropies of tokens: their colours and their running mean.
import type {Piece} from "./types";

/** Upper bounds in bits of the colours of the heat map; above the last one is a colour, too. */
export const heatBounds = [0.1, 0.3, 0.6, 1, 1.6, 2.4];

/** 0 (sure) to 6 (unsure); null: nothing is known. */
export function heat(bits: number | null): number | null {
  if (bits === null || !Number.isFinite(bits)) return null;
  const above = heatBounds.findIndex((bound) => bits < bound);
  return above < 0 ? heatBounds.length : above;
}

export type Scope = "all" | "reasoning" | "answer";

const inScope = (piece: Piece, scope: Scope) =>
  scope === "all" || (scope === "reasoning") === (piece.phase === "reasoning");

/**
 * The mean over all tokens so far that are in scope and have an entropy, after each token: what a gate with
 * `entropy.mean` compares with its threshold at the end. Null before the first.
 */
export function runningMean(pieces: Piece[], scope: Scope = "all"): (number | null)[] {
  let sum = 0;
  let count = 0;
  return pieces.map((piece) => {
    if (piece.bits !== null && inScope(piece, scope)) {
      sum += piece.bits;
      count += 1;
    }
    return count === 0 ? null : sum / count;
  });
}

/** Invisible characters of a token made visible. */
export function visible(text: string): string {
  const shown = text.replace(/\n/g, "↵").replace(/\t/g, "⇥").replace(/ /g, "␣");
  return shown === "" ? "(part of a character)" : shown;
}

/** What is shown of a very long answer at once. */
export const mostShown = 2000;
