import type { Action, Flow } from "@flowmgr/flow-model";
import styles from "./policy.module.css";
import { policyWord } from "./words.ts";

export const POLICY_SIGNS = { permit: "✓", deny: "✕", director: "⇢", table: "↪" } as const;

/** Icon, word and colour; never a badge. Grey when the flow is off or removed. */
export function Policy({ flow, idle = false }: { flow: Flow; idle?: boolean }) {
  const { policy } = flow;
  const tone = policy && !idle ? styles[policy.action] : styles.none;
  return (
    <span className={`${styles.policy} ${tone}`} title={policyTitle(policy)}>
      <span className={styles.sign} aria-hidden="true">
        {policy ? POLICY_SIGNS[policy.action] : "–"}
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
