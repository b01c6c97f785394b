import type { Condition, ConditionKind, Config, Diagnostic, Flow } from "@flowmgr/flow-model";
import { type MouseEvent, useId, useState } from "react";
import { Chips } from "../ui/chips.tsx";
import { Lines } from "../ui/lines.tsx";
import { aroundListChip } from "../ui/list-chip.tsx";
import { byValue, Problems } from "../ui/problems.tsx";
import type { Suggestion } from "../ui/suggest.tsx";
import styles from "./conditions.module.css";
import { KIND_LABELS } from "./conditions.ts";
import { wordOf } from "./words.ts";

type ConditionFieldProps = {
  kind: ConditionKind;
  flowKind: Flow["kind"];
  condition: Condition;
  config: Config;
  suggestions: Suggestion[];
  /** Rule 2, for screen readers. */
  where: string;
  /** Those of this condition; paths begin with the rule. */
  diagnostics: Diagnostic[];
  /** The rule's card is the one at work. */
  active: boolean;
  /** It was just asked for, and is in no rule before it has a value. */
  fresh: boolean;
  disabled: boolean;
  /** While it is typed: for the check. */
  typing: (condition: Condition) => void;
  set: (condition: Condition) => void;
  remove: () => void;
};

/** A condition as words in the sentence: "not from 192.168.0.0/24", each word its own control. */
export function ConditionField(props: ConditionFieldProps) {
  const { kind, condition, active, set, where, disabled } = props;
  const { not, values } = condition;
  const [asLines, setAsLines] = useState(false);
  const id = useId();
  const errorId = `${id}-problems`;
  const word = wordOf(kind, props.flowKind);
  const label = KIND_LABELS[kind];

  function setValues(next: string[]) {
    if (next.length > 0) set({ not, values: next });
    else if (props.fresh) props.remove();
    else if (values.some((value) => value !== "")) set({ not, values: [""] });
  }

  const shared = {
    label: `${label}, ${where}`,
    values,
    set: setValues,
    problems: byValue(props.diagnostics, `/conditions/${kind}`),
    disabled,
  };
  return (
    <>
      <div className={styles.condition}>
        {not || active ? <NotWord {...props} label={label} /> : null}
        {word ? <span className={styles.word}>{word}</span> : null}
        {asLines ? (
          <button type="button" className={styles.ghost} onClick={() => setAsLines(false)}>
            show as chips
          </button>
        ) : (
          <Chips
            {...shared}
            typing={(typed) => props.typing({ not, values: typed })}
            // An interface may be called anything; no other value is a word of the language.
            word={(typed) => {
              if (typed !== "not" || kind === "iface") return false;
              set({ not: true, values });
              return true;
            }}
            suggestions={props.suggestions}
            errorId={errorId}
            around={aroundListChip(props.config)}
            showAll={() => setAsLines(true)}
            placeholder={placeholderOf(kind)}
            offer={active}
            autoFocus={props.fresh}
          />
        )}
        {active ? <Remove {...props} label={label} /> : null}
      </div>
      {asLines ? <Lines {...shared} errorId={props.diagnostics.length > 0 ? errorId : undefined} /> : null}
      <Problems id={errorId} diagnostics={props.diagnostics} />
    </>
  );
}

type PartProps = Pick<ConditionFieldProps, "condition" | "set" | "remove" | "where" | "disabled"> & {
  label: string;
};

/** The focus stays where it is: a field that is left would settle between press and click. */
const stay = (event: MouseEvent) => event.preventDefault();

function NotWord({ condition: { not, values }, set, label, where, disabled }: PartProps) {
  return (
    <button
      type="button"
      className={not ? styles.not : styles.ghost}
      aria-pressed={not}
      aria-label={`not, ${label}, ${where}`}
      title={not ? "Take the not away" : "Negate this condition"}
      disabled={disabled}
      onMouseDown={stay}
      onClick={() => set({ not: !not, values })}
    >
      {not ? null : <span aria-hidden="true">+ </span>}not
    </button>
  );
}

function Remove({ remove, label, where, disabled }: PartProps) {
  return (
    <button
      type="button"
      className={styles.remove}
      aria-label={`Remove ${label}, ${where}`}
      title="Remove this condition"
      disabled={disabled}
      onMouseDown={stay}
      onClick={({ currentTarget: button }) => {
        // Of what goes, nothing can keep the focus.
        const add = button.closest("[data-conditions]")?.querySelector<HTMLElement>("[data-part=condition]");
        if (document.activeElement === button) add?.focus();
        remove();
      }}
    >
      ×
    </button>
  );
}

function placeholderOf(kind: ConditionKind): string {
  if (kind === "src" || kind === "dst") return "192.168.0.0/24";
  if (kind === "srcport" || kind === "dstport") return "port";
  return kind === "iface" ? "interface" : "choose";
}
