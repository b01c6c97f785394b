import { type Config, type Diagnostic, type List, listKinds, listsOf } from "@flowmgr/flow-model";
import { useId, useMemo, useState } from "react";
import { Chips } from "../ui/chips.tsx";
import { Lines } from "../ui/lines.tsx";
import { aroundListChip } from "../ui/list-chip.tsx";
import { byValue, Problems } from "../ui/problems.tsx";
import { counted } from "../ui/say.ts";
import type { Suggestion } from "../ui/suggest.tsx";
import styles from "./lists.module.css";

type ValuesFieldProps = {
  list: List;
  config: Config;
  /** Those of the list; paths begin with it. */
  diagnostics: Diagnostic[];
  set: (values: string[]) => void;
  disabled: boolean;
};

/** The values of a list, as chips or one a line. */
export function ValuesField({ list, config, diagnostics, set, disabled }: ValuesFieldProps) {
  const [asLines, setAsLines] = useState(false);
  const id = useId();
  const own = diagnostics.filter(({ path }) => path === "" || path?.startsWith("/values"));
  const problems = useMemo(() => byValue(diagnostics, ""), [diagnostics]);
  const shared = { label: `Values of ${list.name}`, values: list.values, set, problems, disabled };
  return (
    <div className={styles.values}>
      <p className={styles.label}>
        <span>{counted(list.values.length, "value")}</span>
        <button type="button" className={styles.toggle} onClick={() => setAsLines(!asLines)}>
          {asLines ? "Show as chips" : "Edit as lines"}
        </button>
      </p>
      {asLines ? (
        <Lines {...shared} errorId={own.length > 0 ? id : undefined} />
      ) : (
        <div className={styles.box}>
          <Chips
            {...shared}
            errorId={id}
            around={aroundListChip(config)}
            suggestions={otherLists(list, config)}
            showAll={() => setAsLines(true)}
            placeholder="192.168.0.0/24"
            offer
          />
        </div>
      )}
      <Problems id={id} diagnostics={own} />
    </div>
  );
}

/** The lists of the same kind that it could hold. */
function otherLists(list: List, config: Config): Suggestion[] {
  const kinds = listKinds(config);
  const kind = kinds.get(list.name) ?? null;
  return listsOf(config)
    .filter(({ name }) => name !== list.name && (kind === null || kinds.get(name) === kind))
    .map(({ name, values }) => ({ value: `@${name}`, detail: counted(values.length, "value") }));
}
