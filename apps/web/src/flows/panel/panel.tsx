import { type Config, type Diagnostic, type Flow, printFlow, type Rule } from "@flowmgr/flow-model";
import { type KeyboardEvent, type Ref, useEffect, useRef, useState } from "react";
import { useRunning, useStatus } from "../../api/index.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { Menu } from "../../ui/menu.tsx";
import { Switch } from "../../ui/switch.tsx";
import type { FlowActions } from "../actions.ts";
import { flowMenu } from "../flow-menu.ts";
import styles from "./panel.module.css";
import { PolicyField } from "./policy-field.tsx";
import { linesOf, RuleCard, sentence } from "./rule-card.tsx";
import { TextField } from "./text-field.tsx";
import { type EditedFlow, useFlow } from "./use-flow.ts";

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
  const { ref, name, config, actions, readOnly, close } = props;
  const edited = useFlow(name, config);
  const running = useRunning().data?.config ?? null;

  // A field is left before the panel goes, so that what was typed counts.
  function pressed(event: KeyboardEvent) {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    event.preventDefault();
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    close();
  }

  return (
    <aside ref={ref} className={styles.panel} aria-label={`Flow ${name}`} tabIndex={-1} onKeyDown={pressed}>
      <header className={styles.head}>
        <h2 className={styles.title}>{name}</h2>
        {edited ? (
          <>
            <Switch
              on={!edited.flow.skipped}
              set={(on) => actions.switchOn(name, on)}
              label={`${name} is on`}
              disabled={readOnly || edited.flow.policy === null || !edited.saved}
            />
            <span className={styles.onoff}>{edited.flow.skipped ? "off" : "on"}</span>
            <span className={styles.space} />
            <IconButton label="Move up (Alt+↑)" disabled={readOnly} onClick={() => actions.step(name, -1)}>
              <span aria-hidden="true">↑</span>
            </IconButton>
            <IconButton label="Move down (Alt+↓)" disabled={readOnly} onClick={() => actions.step(name, 1)}>
              <span aria-hidden="true">↓</span>
            </IconButton>
            <Menu
              label={`More actions of ${name}`}
              className={styles.more}
              entries={() =>
                flowMenu({
                  row: { flow: edited.flow, number: 1, change: null, runningName: name, diagnostic: null },
                  actions,
                  running,
                  askBefore: props.askBefore,
                }).slice(1)
              }
            >
              <span aria-hidden="true">⋯</span>
            </Menu>
          </>
        ) : (
          <span className={styles.space} />
        )}
        <button type="button" className={styles.close} onClick={close} title="Close; what you changed stays">
          <span className={styles.esc}>Esc</span>
          <span className={styles.done}>Done</span>
        </button>
      </header>
      {edited ? (
        <Fields edited={edited} readOnly={readOnly} fresh={edited.flow.name.startsWith("new-flow")} />
      ) : (
        <p className={styles.gone}>
          The draft has no flow {name}. It was removed or renamed; Undo brings it back, if it was you.
        </p>
      )}
    </aside>
  );
}

type FieldsProps = { edited: EditedFlow; readOnly: boolean; fresh: boolean };

function Fields({ edited, readOnly, fresh }: FieldsProps) {
  const { flow, diagnostics, set } = edited;
  const status = useStatus().data;
  const body = useRef<HTMLDivElement>(null);
  // A flow that was just made wants its name first.
  useEffect(() => {
    if (fresh) body.current?.querySelector("input")?.select();
  }, [fresh]);
  return (
    <div className={styles.body} ref={body}>
      <SaveState edited={edited} />
      <TextField
        label="Name"
        value={flow.name}
        disabled={readOnly}
        problem={problemAt(diagnostics, "/name")}
        commit={(name) => set({ ...flow, name: name.trim() }, `rename ${flow.name}`)}
      />
      <PolicyField
        policy={flow.policy}
        status={status}
        disabled={readOnly}
        problem={problemAt(diagnostics, "/policy")}
        set={(policy, label) => set({ ...flow, policy }, `${flow.name}: ${label}`)}
      />
      <Rules edited={edited} readOnly={readOnly} />
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
    </div>
  );
}

/** What stands between this panel and the draft, and the ways on. */
function SaveState({ edited }: { edited: EditedFlow }) {
  const { saved, diagnostics, changedMeanwhile, goBack } = edited;
  if (saved) return null;
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  return (
    <div className={styles.unsaved} role="status">
      <p>
        <b>Not saved yet.</b> {errors > 0 ? `${errors} ${errors === 1 ? "error" : "errors"} below. ` : ""}
        The draft keeps the last valid version; what you typed stays here.
        {changedMeanwhile ? " The draft's version was changed meanwhile; saving yours replaces it." : ""}
      </p>
      <Button small onClick={goBack}>
        {changedMeanwhile ? "Take the draft's version" : "Go back to the saved one"}
      </Button>
    </div>
  );
}

const NEW_RULE: Rule = {
  verb: "match",
  off: false,
  comment: [],
  note: "",
  conditions: { proto: { not: false, values: ["tcp"] } },
};

function Rules({ edited, readOnly }: { edited: EditedFlow; readOnly: boolean }) {
  const { flow, diagnostics, set } = edited;
  const status = useStatus().data;
  const [active, setActive] = useState(0);
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
      <h3 className={styles.label}>Rules{rules.length > 1 ? " — the first that holds decides" : ""}</h3>
      {rules.length === 0 ? (
        <p className={styles.none}>No rules: this flow never decides.</p>
      ) : (
        <ol className={styles.cards}>
          {rules.map((rule, index) => (
            <RuleCard
              key={index}
              rule={rule}
              number={index + 1}
              flowKind={flow.kind}
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
    </section>
  );
}

/** Those of one part; their paths begin with it. */
function below(diagnostics: Diagnostic[], prefix: string): Diagnostic[] {
  return diagnostics
    .filter(({ path }) => path === prefix || path?.startsWith(`${prefix}/`))
    .map((one) => ({ ...one, path: one.path?.slice(prefix.length) ?? "" }));
}

function problemAt(diagnostics: Diagnostic[], prefix: string): string | undefined {
  const [first] = below(diagnostics, prefix);
  return first ? `${sentence(first.message)}${first.help ? ` ${sentence(first.help)}` : ""}` : undefined;
}
