import type { Status } from "@flowmgr/flow-api";
import type { Condition, ConditionKind, Config, Diagnostic, Flow, Rule } from "@flowmgr/flow-model";
import { type ReactNode, useId, useState } from "react";
import { suggestionsFor } from "../api/suggestions.ts";
import { Menu } from "../ui/menu.tsx";
import { Problems } from "../ui/problems.tsx";
import { ConditionField } from "./condition-field.tsx";
import styles from "./conditions.module.css";
import { fittingKinds, KIND_LABELS, withCondition } from "./conditions.ts";
import { SPOKEN_ORDER } from "./words.ts";

type ConditionsEditorProps = {
  /** Its conditions are edited; the rest of it stays. */
  rule: Rule;
  flowKind: Flow["kind"];
  config: Config;
  status: Status | undefined;
  /** "rule 2", for screen readers. */
  where: string;
  /** Paths begin with the rule: `/conditions/dst`. */
  diagnostics: Diagnostic[];
  /** It is the one at work: what can be added and taken away is offered. */
  active: boolean;
  disabled: boolean;
  /** The rule as it is being typed, for the check; null when it is `rule` again. */
  typing: (rule: Rule | null) => void;
  set: (rule: Rule, label: string) => void;
  /** What the sentence begins with. */
  children?: ReactNode;
};

/** A condition that was asked for and has no value yet: nothing is wrong with a rule that does not have it. */
type Fresh = { kind: ConditionKind; condition: Condition };

const NOTHING: Condition = { not: false, values: [""] };

/** Conditions as a sentence whose words can be changed. */
export function ConditionsEditor(props: ConditionsEditorProps) {
  const { rule, flowKind, config, where, active, disabled, diagnostics } = props;
  const id = useId();
  const [fresh, setFresh] = useState<Fresh | null>(null);
  const shown = fresh ? withCondition(rule, fresh.kind, fresh.condition) : rule;
  const kinds = SPOKEN_ORDER.filter((kind) => shown.conditions[kind]);
  const others = diagnostics.filter((one) => !kinds.some((kind) => below([one], kind).length > 0));

  function setCondition(kind: ConditionKind, condition: Condition | null, label: string) {
    props.typing(null);
    setFresh(null);
    if (condition || rule.conditions[kind]) props.set(withCondition(rule, kind, condition), label);
  }

  return (
    <>
      <div className={styles.sentence} data-conditions="" data-off={rule.off || undefined}>
        {props.children}
        <span className={styles.word}>{introOf(rule)}</span>
        {kinds.map((kind) => (
          <ConditionField
            key={kind}
            kind={kind}
            flowKind={flowKind}
            condition={shown.conditions[kind] ?? NOTHING}
            config={config}
            suggestions={suggestionsFor(kind, rule.conditions.proto?.values ?? [], config, props.status)}
            where={where}
            diagnostics={below(diagnostics, kind)}
            active={active}
            fresh={fresh?.kind === kind}
            disabled={disabled}
            typing={(condition) =>
              props.typing(condition.values.length > 0 ? withCondition(rule, kind, condition) : null)
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
            part="condition"
            className={styles.add}
            entries={() =>
              fittingKinds(rule, flowKind, config).map((kind) => ({
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
    </>
  );
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
