import {useState} from "preact/hooks";
import {answerApproval} from "../api";
import {wordsOf} from "../hooks";
import type {ApprovalView} from "../logic/fold";

/** A question to people that waits for its answer. */
export function PendingApproval({run, approval}: {run: string; approval: ApprovalView}) {
  const [comment, setComment] = useState("");
  const [state, setState] = useState<"asking" | "sent" | {problem: string}>("asking");
  const answer = async (approved: boolean) => {
    setState("sent");
    try {
      await answerApproval(run, approval.step, approved, comment);
    } catch (error) {
      setState({problem: wordsOf(error)});
    }
  };
  const busy = state === "sent";
  return (
    <section class="approval" aria-labelledby={`approval-${approval.id}`}>
      <h2 id={`approval-${approval.id}`}>Your approval is needed</h2>
      <p class="quiet">Step {approval.step} waits for it.</p>
      <p class="message">{approval.message}</p>
      <label>
        <span>Comment (may be left empty)</span>
        <input type="text" value={comment} maxLength={1000} onInput={(event) => setComment(event.currentTarget.value)} />
      </label>
      <div class="buttons">
        <button type="button" class="main" disabled={busy} onClick={() => void answer(true)}>Approve</button>
        <button type="button" class="danger" disabled={busy} onClick={() => void answer(false)}>Reject</button>
      </div>
      {typeof state === "object" && <p class="notice problem" role="alert">{state.problem}</p>}
    </section>
  );
}

export function GivenApproval({approval}: {approval: ApprovalView}) {
  const {given} = approval;
  return (
    <p>
      {approval.message}{" "}
      {given ? (
        <strong>
          {given.approved ? "Approved" : "Rejected"}
          {given.by && ` by ${given.by}`}
          {given.comment && `: ${given.comment}`}
        </strong>
      ) : (
        <strong>Not answered yet</strong>
      )}
    </p>
  );
}
