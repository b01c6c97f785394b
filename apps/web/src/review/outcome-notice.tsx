/** What came of the last press on Apply, in full: which flow, what the kernel said, what is in force now. */
import type { Problem } from "@flowmgr/flow-api";
import { Button } from "../ui/button.tsx";
import { Banner } from "../ui/states.tsx";
import styles from "./review.module.css";
import type { Outcome } from "./use-apply.ts";

export function OutcomeNotice({ outcome, close }: { outcome: Outcome; close: () => void }) {
  const actions = (
    <Button small look="plain" onClick={close}>
      Close
    </Button>
  );
  if (outcome.kind === "applied") {
    // What waits for its answer is the countdown's to say.
    if (outcome.answer.state === "unconfirmed") return null;
    return (
      <p className={styles.done} role="status">
        <b>Applied for good.</b> Revision {outcome.answer.revision} is in force.
      </p>
    );
  }
  if (outcome.kind === "unknown") {
    return (
      <Banner tone="warning" actions={actions}>
        <b>No answer to the apply.</b> It may be in force or not; the state above says so as soon as the
        server answers. Unconfirmed rules go back by themselves.
      </Banner>
    );
  }
  return (
    <Banner tone={outcome.problem.status === 412 ? "warning" : "error"} actions={actions}>
      <Refusal problem={outcome.problem} />
    </Banner>
  );
}

function Refusal({ problem }: { problem: Problem }) {
  switch (problem.status) {
    case 412:
      return (
        <>
          <b>Not applied: the draft changed after you reviewed it</b>
          {problem.changedBy ? `, by ${problem.changedBy}` : ""}. Below is what it would do now.
        </>
      );
    case 502:
      return (
        <>
          <b>{problem.title}.</b> {problem.detail}
          <Details problem={problem} />
        </>
      );
    default:
      return (
        <>
          <b>Not applied: {problem.title}.</b> {problem.detail}
          <Details problem={problem} />
        </>
      );
  }
}

function Details({ problem }: { problem: Problem }) {
  if (problem.diagnostics.length === 0) return null;
  return (
    <ul className={styles.details}>
      {problem.diagnostics.slice(0, 10).map(({ flow, rule, message, help }) => (
        <li key={`${flow} ${rule} ${message}`}>
          {flow ? (
            <b>
              {flow}
              {rule ? `, rule ${rule}` : ""}:{" "}
            </b>
          ) : null}
          {message} {help}
        </li>
      ))}
    </ul>
  );
}
