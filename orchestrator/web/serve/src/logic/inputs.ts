// What a person types into the form of a workflow, read by the types of its inputs.
import type {Input} from "./types";

export function inputText(input: Input): string {
  if (input.default === undefined) return "";
  return typeof input.default === "string" ? input.default : JSON.stringify(input.default);
}

function readOne(input: Input, text: string): {value: unknown} | {fault: string} {
  if (input.type === "string") return {value: text};
  const trimmed = text.trim();
  if (input.type === "number" || input.type === "integer") {
    const value = Number(trimmed);
    if (!Number.isFinite(value)) return {fault: "This must be a number."};
    if (input.type === "integer" && !Number.isInteger(value)) return {fault: "This must be a whole number."};
    return {value};
  }
  try {
    const value: unknown = JSON.parse(trimmed);
    const is = Array.isArray(value) ? "list" : value === null ? "null" : typeof value;
    if (is === input.type) return {value};
  } catch {
    // Said below.
  }
  const examples = {boolean: "true or false", list: 'a JSON list, such as ["a", "b"]', object: 'a JSON object, such as {"a": 1}'};
  return {fault: `This must be ${examples[input.type]}.`};
}

/** Inputs that are left empty and have a default are left out: the server fills them in. */
export function readInputs(inputs: Input[], values: Record<string, string>): {inputs: Record<string, unknown>; faults: Record<string, string>} {
  const result: {inputs: Record<string, unknown>; faults: Record<string, string>} = {inputs: {}, faults: {}};
  for (const input of inputs) {
    const text = values[input.name] ?? "";
    if (text.trim() === "") {
      if (input.required) result.faults[input.name] = "This is needed.";
      continue;
    }
    const read = readOne(input, text);
    if ("fault" in read) result.faults[input.name] = read.fault;
    else result.inputs[input.name] = read.value;
  }
  return result;
}
