// biome-ignore-all lint/a11y/useSemanticElements: a table element cannot leave out the rows that are not in sight
// biome-ignore-all lint/a11y/useFocusableInteractive: the rows of flows take the focus, header and notes do not
import type { Status } from "@flowmgr/flow-api";
import type { Config } from "@flowmgr/flow-model";
import type { Ref } from "react";
import { counted } from "../ui/say.ts";
import styles from "./flow-list.module.css";
import notes from "./flow-list-notes.module.css";
import { lastWord } from "./rows.ts";

export const COLUMNS = ["", "#", "on", "name", "policy", "takes", "packets/s", "hits"];

export function Head() {
  return (
    <div role="row" aria-rowindex={1} className={styles.head}>
      {COLUMNS.map((label) => (
        <div key={label} role="columnheader">
          {label || <span className="visually-hidden">actions</span>}
        </div>
      ))}
    </div>
  );
}

type NoteProps = { first: boolean; draft: Config; spared: Status["spared"] | undefined };

/** The first line says what no rule judges, the last what happens to packets that no flow decides. */
export function Note({ first, draft, spared }: NoteProps) {
  return (
    <div role="row" className={notes.note}>
      <div role="gridcell" aria-colspan={COLUMNS.length}>
        {first ? sparedText(spared) : <LeftOver draft={draft} />}
      </div>
    </div>
  );
}

function sparedText(spared: Status["spared"] | undefined): string {
  if (!spared) return "";
  if (spared.loopback && spared.neighbours) return "loopback and neighbour discovery go on untouched";
  if (spared.loopback) return "loopback goes on untouched; neighbour discovery is judged like the rest";
  if (spared.neighbours) return "neighbour discovery goes on untouched; loopback is judged like the rest";
  return "every packet is judged, loopback and neighbour discovery too";
}

function LeftOver({ draft }: { draft: Config }) {
  const last = lastWord(draft);
  if (!last) return "everything else goes on untouched";
  return (
    <>
      nothing is left after <b>{last.name}</b>
    </>
  );
}

/** Where dragged rows would go: drawn by whoever follows the pointer (drag.ts). */
export function DropLine({ ref, count }: { ref: Ref<HTMLDivElement>; count: number }) {
  return (
    <div ref={ref} className={notes.drop} hidden>
      {count > 1 ? <span>{counted(count, "flow")}</span> : null}
    </div>
  );
}
