/** The rules of a flow, a card each; one of them is at work. */
import type { ConditionKind, Config, Flow, Rule } from "@flowmgr/flow-model";
import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useSearch } from "wouter";
import { below, type Edited, useStatus } from "../../api/index.ts";
import { Button } from "../../ui/button.tsx";
import fieldStyles from "../../ui/text-field.module.css";
import { MakeListDialog } from "./make-list.tsx";
import styles from "./panel.module.css";
import { RuleCard } from "./rule-card.tsx";

type RulesProps = { edited: Edited<Flow>; config: Config; readOnly: boolean };

const NEW_RULE: Rule = {
  verb: "match",
  off: false,
  comment: [],
  note: "",
  conditions: { proto: { not: false, values: ["tcp"] } },
};

/** The index of the rule that the address names, counted from 1 there: `/flows/mail?rule=2`. */
function useNamedRule(): number | null {
  const number = Number(new URLSearchParams(useSearch()).get("rule"));
  return Number.isInteger(number) && number > 0 ? number - 1 : null;
}

/** What of a card gets the focus: its step up or down, its menu, or what adds a condition. */
type Part = "up" | "down" | "menu" | "condition";

/** Gives the focus to a part of a card once the rules are drawn as they are then; what had it is gone, or elsewhere. */
function useFocusNext(cards: RefObject<HTMLOListElement | null>) {
  const wanted = useRef<{ index: number; part: Part } | null>(null);
  useLayoutEffect(() => {
    if (!wanted.current) return;
    const { index, part } = wanted.current;
    const found = cards.current?.children[index]?.querySelector<HTMLElement>(`[data-part=${part}]`);
    if (!found) return;
    wanted.current = null;
    found.focus();
  });
  return (index: number, part: Part) => {
    wanted.current = { index, part };
  };
}

/** Every card with what can be done to its rule, and the way to a new one. */
export function Rules({ edited, config, readOnly }: RulesProps) {
  const { item: flow, diagnostics, set } = edited;
  const status = useStatus().data;
  const named = useNamedRule();
  const [active, setActive] = useState(0);
  const cards = useRef<HTMLOListElement>(null);
  const add = useRef<HTMLButtonElement>(null);
  const focusNext = useFocusNext(cards);
  useEffect(() => {
    if (named === null) return;
    setActive(named);
    cards.current?.children[named]?.scrollIntoView({ block: "nearest" });
  }, [named]);
  const [listing, setListing] = useState<{ index: number; kind: ConditionKind } | null>(null);
  const { rules } = flow;

  function replace(next: Rule[], label: string) {
    set({ ...flow, rules: next } satisfies Flow, `${flow.name}: ${label}`);
  }
  function step(index: number, by: 1 | -1) {
    const next = [...rules];
    const [moved] = next.splice(index, 1);
    if (!moved) return;
    next.splice(index + by, 0, moved);
    replace(next, `move rule ${index + 1} ${by < 0 ? "up" : "down"}`);
    setActive(index + by);
    focusNext(index + by, by < 0 ? "up" : "down");
  }
  function remove(index: number) {
    const next = rules.toSpliced(index, 1);
    replace(next, `remove rule ${index + 1}`);
    const at = Math.min(index, next.length - 1);
    setActive(Math.max(0, at));
    if (at < 0) add.current?.focus();
    else focusNext(at, "menu");
  }
  return (
    <section className={styles.rules} aria-label="Rules">
      <h3 className={fieldStyles.label}>Rules{rules.length > 1 ? " — the first that holds decides" : ""}</h3>
      {rules.length === 0 ? (
        <p className={styles.none}>No rules: this flow never decides.</p>
      ) : (
        <ol ref={cards} className={styles.cards}>
          {rules.map((rule, index) => (
            <RuleCard
              key={index}
              rule={rule}
              number={index + 1}
              flowKind={flow.kind}
              config={config}
              diagnostics={below(diagnostics, `/rules/${index}`)}
              status={status}
              active={index === active}
              activate={() => setActive(index)}
              disabled={readOnly}
              actions={{
                set: (next, label) => replace(rules.with(index, next), label),
                up: index > 0 ? () => step(index, -1) : undefined,
                down: index < rules.length - 1 ? () => step(index, 1) : undefined,
                duplicate: () => replace(rules.toSpliced(index + 1, 0, rule), `duplicate rule ${index + 1}`),
                remove: () => remove(index),
                makeList: (kind) => setListing({ index, kind }),
              }}
            />
          ))}
        </ol>
      )}
      {readOnly ? null : (
        <Button
          ref={add}
          look="link"
          className={styles.addRule}
          onClick={() => {
            replace([...rules, NEW_RULE], "add a rule");
            setActive(rules.length);
            focusNext(rules.length, "condition");
          }}
        >
          + Rule
        </Button>
      )}
      {listing ? (
        <MakeListDialog edited={edited} config={config} {...listing} close={() => setListing(null)} />
      ) : null}
    </section>
  );
}
