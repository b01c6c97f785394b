import type { Status } from "@flowmgr/flow-api";
import type { Action, Flow } from "@flowmgr/flow-model";
import { useEffect, useId, useState } from "react";
import { directorSuggestions, tableSuggestions } from "../../api/index.ts";
import type { ValueProblem } from "../../ui/problems.tsx";
import { Segmented } from "../../ui/segmented.tsx";
import { Suggest, type Suggestion } from "../../ui/suggest.tsx";
import fieldStyles from "../../ui/text-field.module.css";
import { VERDICT_SIGNS } from "../../ui/verdict.tsx";
import policyStyles from "../policy.module.css";
import styles from "./panel.module.css";

type Kind = Action["action"];
const KINDS: Kind[] = ["permit", "deny", "director", "table"];

/** Why a director is for flows alone: LVS sees packets when they are delivered to this machine. */
export const DIRECTOR_TAKES = "A director takes incoming packets only.";

type PolicyFieldProps = {
  kind: Flow["kind"];
  policy: Action | null;
  set: (policy: Action, label: string) => void;
  status: Status | undefined;
  problem: ValueProblem | undefined;
  disabled: boolean;
};

/** The policy, and the name that a director or table needs. */
export function PolicyField({ kind, policy, set, status, problem, disabled }: PolicyFieldProps) {
  function choose(action: Kind) {
    if (action === policy?.action) return;
    if (action === "director") {
      set({ action, director: status?.directors[0]?.name ?? "" }, "policy director");
    } else if (action === "table") {
      set({ action, table: tableSuggestions(status)[0]?.value ?? "main" }, "policy table");
    } else set({ action }, `policy ${action}`);
  }
  return (
    <>
      <Segmented
        legend="Policy"
        value={policy?.action ?? null}
        set={choose}
        disabled={disabled}
        segments={KINDS.map((value) => ({
          value,
          className: policyStyles[value],
          refused: value === "director" && kind === "outflow" ? DIRECTOR_TAKES : undefined,
          label: (
            <>
              <span aria-hidden="true">{VERDICT_SIGNS[value]}</span>
              {value}
            </>
          ),
        }))}
      />
      {policy?.action === "director" ? (
        <NameField
          label="Director"
          value={policy.director}
          suggestions={directorSuggestions(status)}
          commit={(director) => set({ action: "director", director }, `director ${director}`)}
          problem={problem}
          disabled={disabled}
        />
      ) : null}
      {policy?.action === "table" ? (
        <NameField
          label="Routing table, a name or a number"
          value={policy.table}
          suggestions={tableSuggestions(status)}
          commit={(table) => set({ action: "table", table }, `table ${table}`)}
          problem={problem}
          disabled={disabled}
        />
      ) : null}
      {policy === null || (problem && policy.action !== "director" && policy.action !== "table") ? (
        <Said problem={problem ?? NO_POLICY} />
      ) : null}
    </>
  );
}

const NO_POLICY: ValueProblem = { severity: "error", text: "No policy yet: the flow is skipped." };

function Said({ id, problem: { severity, text } }: { id?: string; problem: ValueProblem }) {
  return (
    <p id={id} className={severity === "error" ? fieldStyles.problem : fieldStyles.advice}>
      {text}
    </p>
  );
}

type NameFieldProps = {
  label: string;
  value: string;
  suggestions: Suggestion[];
  commit: (value: string) => void;
  problem: ValueProblem | undefined;
  disabled: boolean;
};

function NameField({ label, value, suggestions, commit, problem, disabled }: NameFieldProps) {
  const id = useId();
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const detail = suggestions.find((one) => one.value === value)?.detail;
  return (
    <div className={fieldStyles.field}>
      <span className={fieldStyles.label}>{label}</span>
      <div className={styles.named}>
        <Suggest
          label={label}
          className={`${fieldStyles.input} mono`}
          value={text}
          set={setText}
          commit={(next) => {
            if (next.trim() !== value) commit(next.trim());
          }}
          suggestions={suggestions}
          errorId={problem?.severity === "error" ? id : undefined}
          describedBy={problem?.severity === "warning" ? id : undefined}
          disabled={disabled}
        />
        {detail ? <span className={styles.detail}>{detail}</span> : null}
      </div>
      {problem ? <Said id={id} problem={problem} /> : null}
    </div>
  );
}
