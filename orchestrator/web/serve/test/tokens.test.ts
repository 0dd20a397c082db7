import {describe, expect, it} from "vitest";
import {heat, runningMean, visible} from "../src/logic/tokens";
import type {Piece} from "../src/logic/types";

const piece = (bits: number | null, phase?: "reasoning"): Piece => (phase ? {text: "x", bits, phase} : {text: "x", bits});

describe("the running mean", () => {
  it("is the mean of all tokens so far that have an entropy", () => {
    expect(runningMean([piece(1), piece(null), piece(3), piece(2)])).toEqual([1, 1, 2, 2]);
  });
  it("is absent before the first", () => {
    expect(runningMean([piece(null), piece(0.5)])).toEqual([null, 0.5]);
  });
  it("leaves out what the gate does not count", () => {
    const pieces = [piece(4, "reasoning"), piece(1), piece(2)];
    expect(runningMean(pieces, "answer")).toEqual([null, 1, 1.5]);
    expect(runningMean(pieces, "reasoning")).toEqual([4, 4, 4]);
  });
});

it("colours grow with the entropy, and a bound belongs to the colour above it", () => {
  expect([0, 0.09, 0.1, 0.5, 0.99, 1, 2.39, 2.4, 17].map(heat)).toEqual([0, 0, 1, 2, 3, 4, 5, 6, 6]);
  expect(heat(null)).toBeNull();
});

it("shows what can't be seen", () => {
  expect(visible(" a\n")).toBe("␣a↵");
  expect(visible("")).toBe("(part of a character)");
});
