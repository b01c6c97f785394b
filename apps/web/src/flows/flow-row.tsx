// biome-ignore-all lint/a11y/useSemanticElements: a table element cannot leave out the rows that are not in sight
// biome-ignore-all lint/a11y/useFocusableInteractive: the row takes the focus for its cells
import type { Config, Flow, Rule } from "@flowmgr/flow-model";
import { type MouseEvent, memo } from "react";
import { Menu } from "../ui/menu.tsx";
import { Switch } from "../ui/switch.tsx";
import type { FlowActions } from "./actions.ts";
import { HitsCell, RateCell } from "./counts.tsx";
import styles from "./flow-list.module.css";
import { flowMenu } from "./flow-menu.ts";
import { Policy } from "./policy.tsx";
import { commentOf, moreLinesOf, type Row } from "./rows.ts";
import { Sentence } from "./sentence.tsx";

export type FlowRowProps = {
  row: Row;
  /** Among all rows, from 1; the header is the grid's first. */
  index: number;
  active: boolean;
  opened: boolean;
  narrow: boolean;
  readOnly: boolean;
  unsaved: boolean;
  running: Config | null;
  actions: FlowActions;
  askBefore: (name: string) => void;
  activate: (name: string) => void;
};

/** One flow. The row takes the focus; its switch and menu are reached from it by Tab. */
export const FlowRow = memo(function FlowRow(props: FlowRowProps) {
  const { row, index, active, opened, readOnly, unsaved, actions } = props;
  const { flow, number, change } = row;
  const removed = change === "removed";
  const within = active ? 0 : -1;

  function clicked(event: MouseEvent) {
    props.activate(flow.name);
    // Marking text in a row is not a wish to open it.
    if (removed || event.defaultPrevented || getSelection()?.isCollapsed === false) return;
    actions.open(flow.name);
  }

  return (
    <div
      role="row"
      aria-rowindex={index}
      aria-selected={opened}
      tabIndex={within}
      data-flow={flow.name}
      data-removed={removed || undefined}
      data-changed={change ? true : undefined}
      data-off={flow.skipped || undefined}
      className={styles.row}
      onClick={clicked}
      onFocus={() => props.activate(flow.name)}
      onKeyDown={() => {}}
    >
      <div role="gridcell" className={styles.grip}>
        <Menu
          label={`Actions of ${flow.name}`}
          className={styles.menu}
          tabIndex={within}
          entries={() => flowMenu({ row, actions, running: props.running, askBefore: props.askBefore })}
        >
          <Grip />
        </Menu>
      </div>
      <div role="gridcell" className={styles.number}>
        {number}
        {change ? <span className="visually-hidden"> {change}, not applied</span> : null}
      </div>
      <div role="gridcell" className={styles.on}>
        <Switch
          on={!flow.skipped && !removed}
          set={(on) => actions.switchOn(flow.name, on)}
          label={`${flow.name} is on`}
          disabled={removed || readOnly || flow.policy === null}
          tabIndex={within}
        />
      </div>
      <div role="gridcell" className={styles.name} title={flow.name}>
        {flow.name}
        {unsaved ? <small className={styles.unsaved}> not saved</small> : null}
      </div>
      <div role="gridcell" className={styles.policy}>
        <Policy flow={flow} idle={removed || flow.skipped} />
      </div>
      <div role="gridcell" className={styles.takes}>
        <Takes row={row} narrow={props.narrow} />
      </div>
      <div role="gridcell" className={styles.rate}>
        {removed ? null : <RateCell name={row.runningName} spark={!props.narrow} />}
      </div>
      {props.narrow ? null : (
        <div role="gridcell" className={styles.hits}>
          {removed ? null : <HitsCell name={row.runningName} />}
        </div>
      )}
    </div>
  );
});

/** The rules, as far as the row's height goes; on a phone one line, a problem before all else. */
function Takes({ row, narrow }: { row: Row; narrow: boolean }) {
  const { flow, diagnostic } = row;
  const lines = moreLinesOf(row, narrow);
  const problem = lines.includes("problem") ? diagnostic : null;
  const rules = flow.rules.slice(0, lines.includes("rule") ? 2 : 1);
  const more = flow.rules.length - rules.length;
  return (
    <>
      {narrow && problem ? null : <Rules flow={flow} rules={rules} more={more} />}
      {lines.includes("comment") ? <div className={styles.comment}># {commentOf(flow)}</div> : null}
      {problem ? (
        <div className={styles[problem.severity]} title={problem.message}>
          <span aria-hidden="true">▲</span> <span className="visually-hidden">{problem.severity}: </span>
          {problem.message}
        </div>
      ) : null}
    </>
  );
}

function Rules({ flow, rules, more }: { flow: Flow; rules: Rule[]; more: number }) {
  if (rules.length === 0) return <div className={styles.quiet}>nothing: no rules</div>;
  return rules.map((rule, index) => (
    <div key={index} className={styles.line}>
      <span className={styles.cut}>
        <Sentence rule={rule} kind={flow.kind} />
      </span>
      {more > 0 && index === rules.length - 1 ? <More count={more} /> : null}
    </div>
  ));
}

function More({ count }: { count: number }) {
  return (
    <span className={styles.more}>
      +{count}
      <span className="visually-hidden"> more rules</span>
    </span>
  );
}

function Grip() {
  return (
    <svg width="10" height="14" viewBox="0 0 10 14" aria-hidden="true" focusable="false" fill="currentColor">
      {[2, 7, 12].flatMap((y) => [2.5, 7.5].map((x) => <circle key={`${x} ${y}`} cx={x} cy={y} r="1.1" />))}
    </svg>
  );
}
