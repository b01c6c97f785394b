import type { Action, Flow } from "@flowmgr/flow-model";
import { policyWord } from "../rule/words.ts";
import verdict from "../ui/verdict.module.css";
import { VERDICT_SIGNS } from "../ui/verdict.tsx";
import styles from "./policy.module.css";

/** Icon, word and colour; never a badge. Grey when the flow is off or removed. */
export function Policy({ flow, idle = false }: { flow: Flow; idle?: boolean }) {
  const { policy } = flow;
  const tone = policy && !idle ? verdict[policy.action] : verdict.undecided;
  return (
    <span className={`${styles.policy} ${tone}`} title={policyTitle(policy)}>
      <span className={verdict.sign} aria-hidden="true">
        {policy ? VERDICT_SIGNS[policy.action] : "–"}
      </span>
      {policy?.action === "director" ? <span className="visually-hidden">director </span> : null}
      <span className={styles.word}>{policyWord(policy)}</span>
    </span>
  );
}

function policyTitle(policy: Action | null): string {
  if (!policy) return "No policy: the flow is skipped";
  if (policy.action === "director") return `Handed to the LVS director ${policy.director}`;
  return policy.action === "table" ? `Routed by table ${policy.table}` : policy.action;
}

/** Says of an outflow that it judges what this machine itself sends; flows, the usual kind, need no sign. */
export function Direction({ kind }: { kind: Flow["kind"] }) {
  if (kind === "flow") return null;
  return (
    <span className={styles.outgoing} title="outflow: judges packets that this machine itself sends">
      <svg width="11" height="11" viewBox="0 0 11 11" role="img" aria-label="outflow">
        <path d="M2.5 8.5 8 3M3.5 2.5h5v5" fill="none" stroke="currentColor" strokeWidth="1.5" />
      </svg>
    </span>
  );
}
