import type { Status } from "@flowmgr/flow-api";
import {
  type Condition,
  type ConditionKind,
  type Diagnostic,
  type Flow,
  printRule,
  type Rule,
} from "@flowmgr/flow-model";
import { useId, useState } from "react";
import { IconButton } from "../../ui/button.tsx";
import { Menu, type MenuEntry } from "../../ui/menu.tsx";
import { SPOKEN_ORDER } from "../words.ts";
import { ConditionField } from "./condition-field.tsx";
import { fittingKinds, KIND_LABELS, withCondition } from "./conditions.ts";
import styles from "./rule-card.module.css";
import { suggestionsFor } from "./suggestions.ts";
import { TextField } from "./text-field.tsx";
import { problemsWhileTyping } from "./typing.ts";

export type RuleActions = {
  set: (rule: Rule, label: string) => void;
  /** One up (-1) or down (+1); undefined at the end. */
  up: (() => void) | undefined;
  down: (() => void) | undefined;
  duplicate: () => void;
  remove: () => void;
};

type RuleCardProps = {
  rule: Rule;
  number: number;
  flowKind: Flow["kind"];
  /** Paths begin with the rule: `/conditions/dst`. */
  diagnostics: Diagnostic[];
  status: Status | undefined;
  active: boolean;
  activate: () => void;
  disabled: boolean;
  actions: RuleActions;
};

/** A rule as a sentence whose words can be changed, and under it its line of text. */
export function RuleCard(props: RuleCardProps) {
  const { rule, number, active, disabled, actions } = props;
  const id = useId();
  const [fresh, setFresh] = useState<ConditionKind | null>(null);
  const [typed, setTyped] = useState<Rule | null>(null);
  const [noting, setNoting] = useState(false);
  const where = `rule ${number}`;
  const diagnostics = typed ? problemsWhileTyping(typed) : props.diagnostics;
  const kinds = SPOKEN_ORDER.filter((kind) => rule.conditions[kind]);
  const noted = noting || rule.note !== "" || rule.comment.length > 0;

  function setCondition(kind: ConditionKind, condition: Condition | null, label: string) {
    setTyped(null);
    setFresh(null);
    actions.set(withCondition(rule, kind, condition), label);
  }

  return (
    <li
      className={styles.card}
      data-active={active || undefined}
      data-off={rule.off || undefined}
      onFocus={props.activate}
      onMouseDown={props.activate}
    >
      <p className={styles.sentence}>
        <button
          type="button"
          className={styles.verb}
          disabled={disabled}
          aria-label={`${rule.verb}, ${where}. Change to ${otherVerb(rule)}`}
          title={
            rule.verb === "match"
              ? "match: the flow's policy is applied. Change to ignore"
              : "ignore: the packet leaves this flow, the next one sees it. Change to match"
          }
          onClick={() => actions.set({ ...rule, verb: otherVerb(rule) }, `${otherVerb(rule)} in ${where}`)}
        >
          {rule.verb}
        </button>
        <span className={styles.word}>{introOf(rule)}</span>
        {kinds.map((kind) => (
          <ConditionField
            key={kind}
            kind={kind}
            flowKind={props.flowKind}
            condition={rule.conditions[kind] ?? { not: false, values: [""] }}
            suggestions={suggestionsFor(kind, rule, props.status)}
            where={where}
            diagnostic={diagnostics.find(({ path }) => path?.startsWith(`/conditions/${kind}`))}
            errorId={`${id}-problems`}
            active={active}
            fresh={fresh === kind}
            disabled={disabled}
            typing={(condition) => setTyped(withCondition(rule, kind, condition))}
            set={(condition) => setCondition(kind, condition, `${KIND_LABELS[kind]} in ${where}`)}
            remove={() => setCondition(kind, null, `remove ${KIND_LABELS[kind]} in ${where}`)}
          />
        ))}
        {active && !disabled ? (
          <Menu
            label={`Add a condition to ${where}`}
            className={styles.add}
            entries={() =>
              fittingKinds(rule).map((kind) => ({
                label: KIND_LABELS[kind],
                run: () => {
                  actions.set(
                    withCondition(rule, kind, { not: false, values: [""] }),
                    `${KIND_LABELS[kind]} in ${where}`,
                  );
                  setFresh(kind);
                },
              }))
            }
          >
            + condition
          </Menu>
        ) : null}
      </p>
      {diagnostics.length > 0 ? <Problems id={`${id}-problems`} diagnostics={diagnostics} /> : null}
      {noted ? (
        <div className={styles.notes}>
          <TextField
            label={`Comment of ${where}`}
            hidden
            value={rule.comment.join("\n")}
            lines
            placeholder="comment"
            disabled={disabled}
            commit={(text) => actions.set({ ...rule, comment: linesOf(text) }, `comment of ${where}`)}
          />
        </div>
      ) : null}
      {active ? (
        <div className={styles.foot}>
          <code className={styles.preview} title="The rule as text">
            {printRule(typed ?? rule).trim()}
          </code>
          <IconButton label={`Move ${where} up`} disabled={disabled || !actions.up} onClick={actions.up}>
            <span aria-hidden="true">↑</span>
          </IconButton>
          <IconButton
            label={`Move ${where} down`}
            disabled={disabled || !actions.down}
            onClick={actions.down}
          >
            <span aria-hidden="true">↓</span>
          </IconButton>
          <Menu
            label={`Actions of ${where}`}
            className={styles.more}
            entries={() => menuOf(props, noted, () => setNoting(true))}
          >
            <span aria-hidden="true">⋯</span>
          </Menu>
        </div>
      ) : null}
    </li>
  );
}

function menuOf(
  { rule, number, actions, disabled }: RuleCardProps,
  noted: boolean,
  note: () => void,
): MenuEntry[] {
  const label = rule.off ? "Switch on" : "Switch off";
  return [
    {
      label,
      disabled,
      run: () => actions.set({ ...rule, off: !rule.off }, `switch rule ${number} ${rule.off ? "on" : "off"}`),
    },
    { label: "Add a comment", disabled: disabled || noted, run: note },
    { label: "Duplicate", disabled, run: actions.duplicate },
    "line",
    { label: "Remove", danger: true, disabled, run: actions.remove },
  ];
}

function Problems({ id, diagnostics }: { id: string; diagnostics: Diagnostic[] }) {
  return (
    <ul id={id} className={styles.problems} aria-live="polite">
      {diagnostics.map(({ code, path, severity, message, help }) => (
        <li key={`${code} ${path}`} className={styles[severity]}>
          <span className="visually-hidden">{severity}: </span>
          {sentence(message)} {help ? sentence(help) : ""}
        </li>
      ))}
    </ul>
  );
}

/** "use proto icmp" -> "Use proto icmp." */
export function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.?:]$/.test(first) ? first : `${first}.`;
}

function otherVerb(rule: Rule): Rule["verb"] {
  return rule.verb === "match" ? "ignore" : "match";
}

function introOf({ conditions }: Rule): string {
  if (Object.keys(conditions).length === 0) return "every packet";
  return conditions.proto ? "packets that are" : "packets";
}

export function linesOf(text: string): string[] {
  return text.trim() === "" ? [] : text.split("\n").map((line) => line.trimEnd());
}
