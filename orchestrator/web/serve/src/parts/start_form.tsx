import {useState} from "preact/hooks";
import {startRun} from "../api";
import {link, wordsOf} from "../hooks";
import {inputText, readInputs} from "../logic/inputs";
import type {Input, Workflow} from "../logic/types";

function Field({input, value, fault, change}: {
  input: Input;
  value: string;
  fault: string | undefined;
  change: (value: string) => void;
}) {
  const id = `input-${input.name}`;
  const about = fault ? `${id}-fault` : undefined;
  const shared = {id, "aria-describedby": about, "aria-invalid": fault ? true : undefined, required: input.required};
  return (
    <div class="field">
      <label for={id}>
        {input.name} <span class="quiet">{input.type}{input.required ? "" : ", may be left empty"}{input.description && ` · ${input.description}`}</span>
      </label>
      {input.type === "boolean" ? (
        <select {...shared} value={value} onChange={(event) => change(event.currentTarget.value)}>
          <option value="">–</option>
          <option value="true">true</option>
          <option value="false">false</option>
        </select>
      ) : input.type === "number" || input.type === "integer" ? (
        <input {...shared} type="text" inputMode="decimal" value={value} onInput={(event) => change(event.currentTarget.value)} />
      ) : (
        <textarea {...shared} rows={input.type === "string" ? 2 : 4} value={value} onInput={(event) => change(event.currentTarget.value)}
          placeholder={input.type === "string" ? "" : input.type === "list" ? "[…]" : "{…}"} />
      )}
      {fault && <p id={`${id}-fault`} class="fault">{fault}</p>}
    </div>
  );
}

export function StartForm({workflow}: {workflow: Workflow}) {
  const [values, setValues] = useState<Record<string, string>>(() =>
    Object.fromEntries(workflow.inputs.map((input) => [input.name, inputText(input)])));
  const [faults, setFaults] = useState<Record<string, string>>({});
  const [problem, setProblem] = useState<string | null>(null);
  const [sent, setSent] = useState(false);
  const start = async (event: Event) => {
    event.preventDefault();
    const read = readInputs(workflow.inputs, values);
    setFaults(read.faults);
    setProblem(null);
    const first = Object.keys(read.faults)[0];
    if (first !== undefined) return document.getElementById(`input-${first}`)?.focus();
    setSent(true);
    try {
      const run = await startRun(workflow.name, read.inputs);
      location.hash = link("runs", run.run_id);
    } catch (error) {
      setSent(false);
      setProblem(wordsOf(error));
    }
  };
  return (
    <form class="start" onSubmit={(event) => void start(event)} noValidate aria-label={`Start a run of ${workflow.name}`}>
      {workflow.inputs.map((input) => (
        <Field key={input.name} input={input} value={values[input.name] ?? ""} fault={faults[input.name]}
          change={(value) => setValues({...values, [input.name]: value})} />
      ))}
      <div class="buttons"><button type="submit" class="main" disabled={sent}>Start a run</button></div>
      {problem && <p class="notice problem" role="alert">{problem}</p>}
    </form>
  );
}
