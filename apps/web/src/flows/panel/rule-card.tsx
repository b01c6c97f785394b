import type { Status } from "@flowmgr/flow-api";
import {
  type ConditionKind,
  type Config,
  type Diagnostic,
  type Flow,
  printRule,
  type Rule,
} from "@flowmgr/flow-model";
import { useState } from "react";
import { FindingNotes, isFinding } from "../../analysis/index.ts";
import { listable } from "../../rule/conditions.ts";
import { ConditionsEditor } from "../../rule/conditions-editor.tsx";
import { problemsOf } from "../../rule/typing.ts";
import { IconButton } from "../../ui/button.tsx";
import { Menu, type MenuEntry } from "../../ui/menu.tsx";
import { linesOf, TextField } from "../../ui/text-field.tsx";
import styles from "./rule-card.module.css";

export type RuleActions = {
  set: (rule: Rule, label: string) => void;
  /** One up (-1) or down (+1); undefined at the end. */
  up: (() => void) | undefined;
  down: (() => void) | undefined;
  duplicate: () => void;
  remove: () => void;
  /** Asks for the name of a list that the values of a condition shall become. */
  makeList: (kind: ConditionKind) => void;
};

type RuleCardProps = {
  rule: Rule;
  number: number;
  flowKind: Flow["kind"];
  config: Config;
  /** Paths begin with the rule: `/conditions/dst`. */
  diagnostics: Diagnostic[];
  status: Status | undefined;
  active: boolean;
  activate: () => void;
  disabled: boolean;
  actions: RuleActions;
};

const LISTED: { [K in ConditionKind]?: string } = {
  src: "its sources",
  dst: "its destinations",
  srcport: "its source ports",
  dstport: "its ports",
};

/** A rule as a sentence whose words can be changed, and under it its line of text. */
export function RuleCard(props: RuleCardProps) {
  const { rule, number, active, disabled, actions } = props;
  const [typed, setTyped] = useState<Rule | null>(null);
  const [noting, setNoting] = useState(false);
  const where = `rule ${number}`;
  const findings = typed ? [] : props.diagnostics.filter(isFinding);
  const others = props.diagnostics.filter((one) => !isFinding(one));
  const noted = noting || rule.note !== "" || rule.comment.length > 0;

  return (
    <li
      className={styles.card}
      data-active={active || undefined}
      data-off={rule.off || undefined}
      onFocus={props.activate}
      onMouseDown={props.activate}
    >
      <ConditionsEditor
        rule={rule}
        flowKind={props.flowKind}
        config={props.config}
        status={props.status}
        where={where}
        diagnostics={typed ? problemsOf(typed, props.flowKind, props.config) : others}
        active={active}
        disabled={disabled}
        typing={setTyped}
        set={actions.set}
      >
        <Verb rule={rule} where={where} set={actions.set} disabled={disabled} />
      </ConditionsEditor>
      <FindingNotes findings={findings} config={props.config} disabled={disabled} />
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
          <TextField
            label={`Note on the line of ${where}`}
            hidden
            value={rule.note}
            placeholder="note on its line"
            disabled={disabled}
            commit={(note) => actions.set({ ...rule, note: note.trim() }, `note of ${where}`)}
          />
        </div>
      ) : null}
      {active ? (
        <Foot
          text={printRule(typed ?? rule).trim()}
          where={where}
          actions={actions}
          entries={() => menuOf(props, noted, () => setNoting(true))}
          disabled={disabled}
        />
      ) : null}
    </li>
  );
}

type VerbProps = { rule: Rule; where: string; set: RuleActions["set"]; disabled: boolean };

/** What becomes of the packet; pressed, the other of the two. */
function Verb({ rule, where, set, disabled }: VerbProps) {
  const other = otherVerb(rule);
  return (
    <button
      type="button"
      className={styles.verb}
      disabled={disabled}
      aria-label={`${rule.verb}, ${where}. Change to ${other}`}
      title={
        rule.verb === "match"
          ? "match: the flow's policy is applied. Change to ignore"
          : "ignore: the packet leaves this flow, the next one sees it. Change to match"
      }
      onClick={() => set({ ...rule, verb: other }, `${other} in ${where}`)}
    >
      {rule.verb}
    </button>
  );
}

type FootProps = {
  text: string;
  where: string;
  actions: RuleActions;
  entries: () => MenuEntry[];
  disabled: boolean;
};

/** The rule as text, and what can be done to it as a whole. */
function Foot({ text, where, actions, entries, disabled }: FootProps) {
  return (
    <div className={styles.foot}>
      <code className={styles.preview} title="The rule as text">
        {text}
      </code>
      <Step label={`Move ${where} up`} part="up" sign="↑" step={disabled ? undefined : actions.up} />
      <Step label={`Move ${where} down`} part="down" sign="↓" step={disabled ? undefined : actions.down} />
      <Menu label={`Actions of ${where}`} part="menu" className={styles.more} entries={entries}>
        <span aria-hidden="true">⋯</span>
      </Menu>
    </div>
  );
}

type StepProps = { label: string; part: "up" | "down"; sign: string; step: (() => void) | undefined };

/** It keeps the focus at the end of its way: a rule is moved several steps by one key. */
function Step({ label, part, sign, step }: StepProps) {
  return (
    <IconButton label={label} data-part={part} aria-disabled={step ? undefined : true} onClick={step}>
      <span aria-hidden="true">{sign}</span>
    </IconButton>
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
    { label: "Add a comment", disabled: disabled || (noted ? "It has one." : null), run: note },
    { label: "Duplicate", disabled, run: actions.duplicate },
    ...listable(rule).map((kind) => ({
      label: `Make a list of ${LISTED[kind]}…`,
      disabled,
      run: () => actions.makeList(kind),
    })),
    "line",
    { label: "Remove", danger: true, disabled, run: actions.remove },
  ];
}

function otherVerb(rule: Rule): Rule["verb"] {
  return rule.verb === "match" ? "ignore" : "match";
}
