import { useMemo, useState } from "react";
import type { Row } from "./rows.ts";
import { everything, extended, NOTHING, toggled } from "./select.ts";

/**
 * The selected flows among those that the list shows: what a search hides, or an apply would remove, is not
 * selected, so that nobody changes what he does not see.
 */
export function useSelection(rows: Row[], active: string | null) {
  const [selection, setSelection] = useState(NOTHING);
  const order = useMemo(
    () => rows.filter(({ number }) => number !== null).map(({ flow }) => flow.name),
    [rows],
  );
  const flows = useMemo(
    () =>
      selection.names.size === 0
        ? []
        : rows
            .filter(({ flow, number }) => number !== null && selection.names.has(flow.name))
            .map(({ flow }) => flow),
    [rows, selection.names],
  );
  const names = useMemo(() => new Set(flows.map(({ name }) => name)), [flows]);
  return {
    flows,
    names,
    /** In or out; `range`: everything from where the last range began. */
    select: (name: string, range: boolean) =>
      setSelection((now) => (range ? extended(now, order, name, active) : toggled(now, name))),
    all: () => setSelection(everything(order)),
    clear: () => setSelection(NOTHING),
  };
}
