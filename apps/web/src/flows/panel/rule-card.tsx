import type { Status } from "@flowmgr/flow-api";
import {
  type Condition,
  type ConditionKind,
  type Config,
  type Diagnostic,
  type Flow,
  printRule,
  type Rule,
} from "@flowmgr/flow-model";
import { useId, useState } from "react";
import { suggestionsFor } from "../../api/index.ts";
import { IconButton } from "../../ui/button.tsx";
import { Menu, type MenuEntry } from "../../ui/menu.tsx";
import { Problems } from "../../ui/problems.tsx";
import { linesOf, TextField } from "../../ui/text-field.tsx";
import { SPOKEN_ORDER } from "../words.ts";
import { ConditionField } from "./condition-field.tsx";
import { fittingKinds, KIND_LABELS, listable, withCondition } from "./conditions.ts";
import styles from "./rule-card.module.css";
import { problemsOf } from "./typing.ts";

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

/** A condition that was asked for and has no value yet: nothing is wrong with a rule that does not have it. */
type Fresh = { kind: ConditionKind; condition: Condition };

const NOTHING: Condition = { not: false, values: [""] };

const LISTED: { [K in ConditionKind]?: string } = {
  src: "its sources",
  dst: "its destinations",
  srcport: "its source ports",
  dstport: "its ports",
};

/** A rule as a sentence whose words can be changed, and under it its line of text. */
export function RuleCard(props: RuleCardProps) {
  const { rule, number, active, disabled, actions } = props;
  const id = useId();
  const [fresh, setFresh] = useState<Fresh | null>(null);
  const [typed, setTyped] = useState<Rule | null>(null);
  const [noting, setNoting] = useState(false);
  const where = `rule ${number}`;
  const shown = fresh ? withCondition(rule, fresh.kind, fresh.condition) : rule;
  const kinds = SPOKEN_ORDER.filter((kind) => shown.conditions[kind]);
  const diagnostics = typed ? problemsOf(typed, props.flowKind, props.config) : props.diagnostics;
  const ofCondition = (kind: ConditionKind) => below(diagnostics, kind);
  const others = diagnostics.filter((one) => !kinds.some((kind) => below([one], kind).length > 0));
  const noted = noting || rule.note !== "" || rule.comment.length > 0;

  function setCondition(kind: ConditionKind, condition: Condition | null, label: string) {
    setTyped(null);
    setFresh(null);
    if (condition || rule.conditions[kind]) actions.set(withCondition(rule, kind, condition), label);
  }

  return (
    <li
      className={styles.card}
      data-active={active || undefined}
      data-off={rule.off || undefined}
      onFocus={props.activate}
      onMouseDown={props.activate}
    >
      <div className={styles.sentence}>
        <Verb rule={rule} where={where} set={actions.set} disabled={disabled} />
        <span className={styles.word}>{introOf(rule)}</span>
        {kinds.map((kind) => (
          <ConditionField
            key={kind}
            kind={kind}
            flowKind={props.flowKind}
            condition={shown.conditions[kind] ?? NOTHING}
            config={props.config}
            suggestions={suggestionsFor(
              kind,
              rule.conditions.proto?.values ?? [],
              props.config,
              props.status,
            )}
            where={where}
            diagnostics={ofCondition(kind)}
            active={active}
            fresh={fresh?.kind === kind}
            disabled={disabled}
            typing={(condition) =>
              setTyped(condition.values.length > 0 ? withCondition(rule, kind, condition) : null)
            }
            set={(condition) => {
              if (fresh?.kind === kind && condition.values.every((value) => value === ""))
                setFresh({ kind, condition });
              else setCondition(kind, condition, `${KIND_LABELS[kind]} in ${where}`);
            }}
            remove={() => setCondition(kind, null, `remove ${KIND_LABELS[kind]} in ${where}`)}
          />
        ))}
        {active && !disabled ? (
          <Menu
            label={`Add a condition to ${where}`}
            className={styles.add}
            entries={() =>
              fittingKinds(rule, props.flowKind, props.config).map((kind) => ({
                label: KIND_LABELS[kind],
                run: () => setFresh({ kind, condition: NOTHING }),
              }))
            }
          >
            + condition
          </Menu>
        ) : null}
      </div>
      <Problems id={`${id}-problems`} diagnostics={others} />
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
      <IconButton label={`Move ${where} up`} disabled={disabled || !actions.up} onClick={actions.up}>
        <span aria-hidden="true">↑</span>
      </IconButton>
      <IconButton label={`Move ${where} down`} disabled={disabled || !actions.down} onClick={actions.down}>
        <span aria-hidden="true">↓</span>
      </IconButton>
      <Menu label={`Actions of ${where}`} className={styles.more} entries={entries}>
        <span aria-hidden="true">⋯</span>
      </Menu>
    </div>
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

function introOf({ conditions }: Rule): string {
  if (Object.keys(conditions).length === 0) return "every packet";
  return conditions.proto ? "packets that are" : "packets";
}

/** Those of one condition; their paths stay the rule's. */
function below(diagnostics: readonly Diagnostic[], kind: ConditionKind): Diagnostic[] {
  const prefix = `/conditions/${kind}`;
  return diagnostics.filter(({ path }) => path === prefix || path?.startsWith(`${prefix}/`));
}
