import {describe, expect, it} from "vitest";
import {age, duration, excerpt, number, percent, usd} from "../src/logic/format";
import {gauge} from "../src/logic/gauge";
import {readInputs} from "../src/logic/inputs";
import type {Input} from "../src/logic/types";

describe("numbers", () => {
  it("have separators, a true minus and no signed zero", () => {
    expect(number(1234.5, 1)).toBe("1,234.5");
    expect(number(-2.25, 2)).toBe("\u22122.25");
    expect(number(-0.001, 2)).toBe("0.00");
    expect(number(null)).toBe("–");
  });
  it("small sums keep two digits that count", () => {
    expect([usd(0), usd(12.345), usd(0.25), usd(0.0001234)]).toEqual(["$0", "$12.35", "$0.250", "$0.00012"]);
  });
  it("times change their unit", () => {
    expect([0.2, 812, 12_340, 125_000, 3_720_000].map(duration)).toEqual(["< 1 ms", "812 ms", "12.3 s", "2 min 5 s", "1 h 2 min"]);
    expect(age("2026-01-31T12:00:00.000Z", Date.parse("2026-01-31T12:03:10.000Z"))).toBe("3 min ago");
    expect(age("nonsense", 0)).toBe("–");
  });
  it("long texts are cut between characters", () => {
    expect(excerpt("a  b\nc", 9)).toBe("a b c");
    expect(excerpt("🙂🙂🙂🙂", 3)).toBe("🙂🙂…");
    expect(percent(0.5)).toBe("50\u00a0%");
  });
});

describe("the gauge", () => {
  it("accepts a low entropy at the threshold, too", () => {
    expect(gauge("entropy.mean", 0.5, 0.5)).toMatchObject({accepted: true, surer: "left"});
    expect(gauge("entropy.mean", 0.6, 0.5).accepted).toBe(false);
  });
  it("accepts a high agreement, on a bar from 0 to 1", () => {
    expect(gauge("agreement", 0.9, 0.75)).toEqual({value: 0.9, threshold: 0.75, accepted: true, surer: "right"});
  });
  it("holds negative values", () => {
    const {value, threshold, accepted} = gauge("logprob.mean", -0.5, -1);
    expect([value > (threshold as number), threshold, accepted]).toEqual([true, 0, true]);
  });
});

describe("the form", () => {
  const input = (name: string, type: Input["type"], required = true): Input => ({name, type, required, description: ""});
  it("reads by type", () => {
    const inputs = [input("a", "string"), input("b", "integer"), input("c", "list"), input("d", "boolean"), input("e", "number", false)];
    expect(readInputs(inputs, {a: "6 * 7?", b: " 3 ", c: "[1]", d: "true", e: ""})).toEqual({
      inputs: {a: "6 * 7?", b: 3, c: [1], d: true}, faults: {},
    });
  });
  it("says what does not fit", () => {
    const inputs = [input("a", "string"), input("b", "integer"), input("c", "object")];
    expect(readInputs(inputs, {a: " ", b: "1.5", c: "[1]"})).toEqual({
      inputs: {},
      faults: {a: "This is needed.", b: "This must be a whole number.", c: 'This must be a JSON object, such as {"a": 1}.'},
    });
  });
});
