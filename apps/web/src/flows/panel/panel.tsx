import { type Config, type Flow, printFlow } from "@flowmgr/flow-model";
import type { Ref } from "react";
import { Link } from "wouter";
import { type Edited, useRunning, useStatus, useStore } from "../../api/index.ts";
import { ArrivalNote } from "../../frame/arrival-note.tsx";
import { type Action, keyOf, perform } from "../../ui/actions.ts";
import { IconButton } from "../../ui/button.tsx";
import { Menu } from "../../ui/menu.tsx";
import { foundAt, problemAt } from "../../ui/problems.tsx";
import { Segmented } from "../../ui/segmented.tsx";
import { SidePanel } from "../../ui/side-panel.tsx";
import { Switch } from "../../ui/switch.tsx";
import { linesOf, TextField } from "../../ui/text-field.tsx";
import { UnsavedNotice } from "../../ui/unsaved-notice.tsx";
import type { FlowActions } from "../actions.ts";
import { flowMenu, movesOf, NO_POLICY } from "../flow-menu.ts";
import type { Row } from "../rows.ts";
import styles from "./panel.module.css";
import { DIRECTOR_TAKES, PolicyField } from "./policy-field.tsx";
import { Rules } from "./rules.tsx";
import { unsavedFlows } from "./unsaved.ts";
import { useFlow } from "./use-flow.ts";

type PanelProps = {
  ref: Ref<HTMLElement>;
  name: string;
  config: Config;
  actions: FlowActions;
  askBefore: (name: string) => void;
  readOnly: boolean;
  /** The flow got this name. */
  renamed: (to: string) => void;
  close: () => void;
};

/** One flow, every part of it a field. What is valid goes to the draft as one goes; closing never discards. */
export function Panel(props: PanelProps) {
  const { ref, name, config, readOnly, close } = props;
  const edited = useFlow(name, config, props.renamed);
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
        insists
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
        problem={foundAt(diagnostics, "/policy")}
        set={(policy, label) => set({ ...flow, policy }, `${flow.name}: ${label}`)}
      />
      <Rules edited={edited} config={config} readOnly={readOnly} />
      <TextField
        insists
        label="Comment"
        lines
        value={flow.comment.join("\n")}
        disabled={readOnly}
        problem={problemAt(diagnostics, "/comment")}
        commit={(text) => set({ ...flow, comment: linesOf(text) }, `${flow.name}: comment`)}
      />
      <TextField
        insists
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
