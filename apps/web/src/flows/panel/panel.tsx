import { type ConditionKind, type Config, type Flow, printFlow, type Rule } from "@flowmgr/flow-model";
import { type Ref, useEffect, useRef, useState } from "react";
import { Link, useSearch } from "wouter";
import { below, type Edited, useRunning, useStatus, useStore } from "../../api/index.ts";
import { ArrivalNote } from "../../frame/arrival-note.tsx";
import { type Action, keyOf, perform } from "../../ui/actions.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { Menu } from "../../ui/menu.tsx";
import { problemAt } from "../../ui/problems.tsx";
import { Segmented } from "../../ui/segmented.tsx";
import { SidePanel } from "../../ui/side-panel.tsx";
import { Switch } from "../../ui/switch.tsx";
import fieldStyles from "../../ui/text-field.module.css";
import { linesOf, TextField } from "../../ui/text-field.tsx";
import { UnsavedNotice } from "../../ui/unsaved-notice.tsx";
import type { FlowActions } from "../actions.ts";
import { flowMenu, movesOf, NO_POLICY } from "../flow-menu.ts";
import type { Row } from "../rows.ts";
import { MakeListDialog } from "./make-list.tsx";
import styles from "./panel.module.css";
import { DIRECTOR_TAKES, PolicyField } from "./policy-field.tsx";
import { RuleCard } from "./rule-card.tsx";
import { unsavedFlows } from "./unsaved.ts";
import { useFlow } from "./use-flow.ts";

type PanelProps = {
  ref: Ref<HTMLElement>;
  name: string;
  config: Config;
  actions: FlowActions;
  askBefore: (name: string) => void;
  readOnly: boolean;
  close: () => void;
};

/** One flow, every part of it a field. What is valid goes to the draft as one goes; closing never discards. */
export function Panel(props: PanelProps) {
  const { ref, name, config, readOnly, close } = props;
  const edited = useFlow(name, config);
  return (
    <SidePanel
      ref={ref}
      label={`${edited?.item.kind === "outflow" ? "Outflow" : "Flow"} ${name}`}
      title={name}
      tools={edited ? <Tools {...props} edited={edited} /> : null}
      fresh={edited !== null && /^new-(out)?flow/.test(name)}
      close={close}
    >
      <ArrivalNote name={name} />
      {edited ? <Fields edited={edited} config={config} readOnly={readOnly} /> : <Gone name={name} />}
    </SidePanel>
  );
}

/** No such flow any more; what was typed for it is not lost. */
function Gone({ name }: { name: string }) {
  const typed = useStore(unsavedFlows).get(name);
  return (
    <>
      <p className={styles.none}>
        The draft has no flow {name}. It was removed or renamed; Undo brings it back, if it was you.
      </p>
      {typed ? (
        <>
          <p className={styles.none}>What you typed and was not saved yet:</p>
          <pre className="mono">{printFlow(typed.item)}</pre>
        </>
      ) : null}
    </>
  );
}

/** What can be done to the flow as a whole. */
function Tools({ name, actions, askBefore, readOnly, edited }: PanelProps & { edited: Edited<Flow> }) {
  const running = useRunning().data?.config ?? null;
  const flow = edited.item;
  // By its name in the draft: one that was typed is not there yet, or is that of another flow.
  const named = { ...flow, name };
  const row: Row = { flow: named, number: 1, change: null, runningName: name, diagnostic: null };
  const { up, down } = movesOf({ row, actions, askBefore });
  return (
    <>
      <Switch
        on={!flow.skipped}
        set={(on) => actions.switchOn(name, on)}
        label={`${name} is on`}
        disabled={readOnly || flow.policy === null || !edited.saved}
        title={
          flow.policy === null ? NO_POLICY : edited.saved ? undefined : "What was typed is not saved yet."
        }
      />
      <span className={styles.onoff}>{flow.skipped ? "off" : "on"}</span>
      <span className={styles.space} />
      <Move action={up} sign="↑" />
      <Move action={down} sign="↓" />
      <Menu
        label={`More actions of ${name}`}
        className={styles.more}
        entries={() => flowMenu({ row, actions, running, askBefore }).slice(1)}
      >
        <span aria-hidden="true">⋯</span>
      </Menu>
    </>
  );
}

function Move({ action, sign }: { action: Action; sign: string }) {
  const label = `${action.label} (${keyOf(action)})`;
  return (
    <IconButton
      label={label}
      title={action.disabled ?? label}
      aria-disabled={action.disabled !== null || undefined}
      onClick={() => perform(action)}
    >
      <span aria-hidden="true">{sign}</span>
    </IconButton>
  );
}

type FieldsProps = { edited: Edited<Flow>; config: Config; readOnly: boolean };

function Fields({ edited, config, readOnly }: FieldsProps) {
  const { item: flow, diagnostics, set } = edited;
  const status = useStatus().data;
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  return (
    <>
      {edited.saved ? null : (
        <UnsavedNotice errors={errors} meanwhile={edited.meanwhile} goBack={edited.goBack} />
      )}
      <TextField
        label="Name"
        value={flow.name}
        disabled={readOnly}
        problem={problemAt(diagnostics, "/name")}
        commit={(name) => set({ ...flow, name: name.trim() }, `rename ${flow.name}`)}
      />
      <KindField
        flow={flow}
        set={(kind) => set({ ...flow, kind }, `${flow.name}: ${kind}`)}
        disabled={readOnly}
      />
      <PolicyField
        kind={flow.kind}
        policy={flow.policy}
        status={status}
        disabled={readOnly}
        problem={problemAt(diagnostics, "/policy")}
        set={(policy, label) => set({ ...flow, policy }, `${flow.name}: ${label}`)}
      />
      <Rules edited={edited} config={config} readOnly={readOnly} />
      <TextField
        label="Comment"
        lines
        value={flow.comment.join("\n")}
        disabled={readOnly}
        problem={problemAt(diagnostics, "/comment")}
        commit={(text) => set({ ...flow, comment: linesOf(text) }, `${flow.name}: comment`)}
      />
      <TextField
        label="Note, on the flow's own line"
        value={flow.note}
        disabled={readOnly}
        problem={problemAt(diagnostics, "/note")}
        commit={(note) => set({ ...flow, note: note.trim() }, `${flow.name}: note`)}
      />
      <details className={styles.text}>
        <summary>As text</summary>
        <pre className="mono">{printFlow(flow)}</pre>
      </details>
      <Link className={styles.elsewhere} href={`/kernel#${encodeURIComponent(`@${flow.name}`)}`}>
        In the kernel
      </Link>
    </>
  );
}

type KindFieldProps = { flow: Flow; set: (kind: Flow["kind"]) => void; disabled: boolean };

/** Which packets come to the flow at all. */
function KindField({ flow, set, disabled }: KindFieldProps) {
  const refused = flow.policy?.action === "director" ? DIRECTOR_TAKES : undefined;
  return (
    <Segmented
      legend="Judges"
      value={flow.kind}
      set={set}
      disabled={disabled}
      segments={[
        { value: "flow", label: "incoming packets" },
        { value: "outflow", label: "this machine's own", refused },
      ]}
    />
  );
}

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

function Rules({ edited, config, readOnly }: FieldsProps) {
  const { item: flow, diagnostics, set } = edited;
  const status = useStatus().data;
  const named = useNamedRule();
  const [active, setActive] = useState(0);
  const cards = useRef<HTMLOListElement>(null);
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
                remove: () => replace(rules.toSpliced(index, 1), `remove rule ${index + 1}`),
                makeList: (kind) => setListing({ index, kind }),
              }}
            />
          ))}
        </ol>
      )}
      {readOnly ? null : (
        <Button
          look="link"
          className={styles.addRule}
          onClick={() => {
            replace([...rules, NEW_RULE], "add a rule");
            setActive(rules.length);
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
