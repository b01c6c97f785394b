// biome-ignore-all lint/a11y/useSemanticElements: a table element cannot leave out the rows that are not in sight
// biome-ignore-all lint/a11y/useFocusableInteractive: the row takes the focus for its cells
import type { Config } from "@flowmgr/flow-model";
import { type MouseEvent, memo, type RefObject } from "react";
import { CHANGE_WORDS } from "../frame/use-changes.ts";
import { Menu } from "../ui/menu.tsx";
import { Switch } from "../ui/switch.tsx";
import type { FlowActions } from "./actions.ts";
import { HitsCell, RateCell } from "./counts.tsx";
import styles from "./flow-list.module.css";
import { flowMenu, NO_POLICY } from "./flow-menu.ts";
import { Takes } from "./flow-takes.tsx";
import { Direction, Policy } from "./policy.tsx";
import type { Row } from "./rows.ts";

/** What a row tells the list; the same functions as long as the list is there. */
export type RowSteps = {
  activate: (name: string) => void;
  askBefore: (name: string) => void;
  /** `range`: everything from the flow that was selected last. */
  select: (name: string, range: boolean) => void;
  /** True when a click selects: on a phone, where no key can be held, as soon as something is selected. */
  selecting: () => boolean;
};

export type FlowRowProps = {
  row: Row;
  /** Among all rows, from 1; the header is the grid's first. */
  index: number;
  active: boolean;
  opened: boolean;
  selected: boolean;
  dragged: boolean;
  narrow: boolean;
  readOnly: boolean;
  unsaved: boolean;
  running: Config | null;
  actions: RefObject<FlowActions>;
  steps: RowSteps;
};

/** One flow. The row takes the focus; its checkbox, switch and menu are reached from it by Tab. */
export const FlowRow = memo(function FlowRow(props: FlowRowProps) {
  const { row, index, active, opened, selected, readOnly, unsaved, actions, steps } = props;
  const { flow, number, change } = row;
  const removed = change === "removed";
  const within = active ? 0 : -1;

  function clicked(event: MouseEvent) {
    steps.activate(flow.name);
    if (removed || event.defaultPrevented) return;
    if (event.shiftKey || event.ctrlKey || event.metaKey || steps.selecting())
      return steps.select(flow.name, event.shiftKey);
    // Marking text in a row is not a wish to open it.
    if (getSelection()?.isCollapsed === false) return;
    actions.current.open(flow.name);
  }

  return (
    <div
      role="row"
      aria-rowindex={index}
      aria-selected={removed ? undefined : selected}
      aria-current={opened || undefined}
      tabIndex={within}
      data-flow={flow.name}
      data-removed={removed || undefined}
      data-changed={change ? true : undefined}
      data-off={flow.skipped || undefined}
      data-dragged={props.dragged || undefined}
      className={styles.row}
      // A range of rows is meant, and not the text between two clicks.
      onMouseDown={(event) => event.shiftKey && event.preventDefault()}
      onClick={clicked}
      onFocus={() => steps.activate(flow.name)}
      onKeyDown={() => {}}
    >
      <div role="gridcell" className={styles.grip} data-grip={removed ? undefined : true}>
        <Menu
          label={`Actions of ${flow.name}`}
          className={styles.menu}
          tabIndex={within}
          entries={() =>
            flowMenu({
              row,
              actions: actions.current,
              running: props.running,
              askBefore: steps.askBefore,
              select: steps.select,
            })
          }
        >
          <span className={styles.dots} />
        </Menu>
      </div>
      <div role="gridcell" className={styles.number}>
        <span>{number}</span>
        {change ? <span className="visually-hidden"> {CHANGE_WORDS[change]}, not applied</span> : null}
        {removed ? null : (
          <input
            type="checkbox"
            aria-label={`Select ${flow.name}`}
            checked={selected}
            tabIndex={within}
            onClick={(event) => event.stopPropagation()}
            onChange={({ nativeEvent }) =>
              steps.select(flow.name, nativeEvent instanceof globalThis.MouseEvent && nativeEvent.shiftKey)
            }
          />
        )}
      </div>
      <div role="gridcell" className={styles.on}>
        <Switch
          on={!flow.skipped && !removed}
          set={(on) => actions.current.switchOn(flow.name, on)}
          label={`${flow.name} is on`}
          disabled={removed || readOnly || flow.policy === null}
          title={removed || flow.policy ? undefined : NO_POLICY}
          tabIndex={within}
        />
      </div>
      <div role="gridcell" className={styles.name} title={flow.name}>
        <Direction kind={flow.kind} />
        <span>{flow.name}</span>
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
}, same);

/** Rows are made anew with every edit; what they say mostly is not. */
function same(before: FlowRowProps, after: FlowRowProps): boolean {
  return sameFields({ ...before, row: null }, { ...after, row: null }) && sameFields(before.row, after.row);
}

function sameFields<T extends object>(one: T, other: T): boolean {
  const fields = Object.entries(one);
  if (fields.length !== Object.keys(other).length) return false;
  return fields.every(([key, value]) => Object.is(value, Reflect.get(other, key)));
}
