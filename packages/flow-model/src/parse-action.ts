/** What happens to packets, as a flow's policy and an expectation's verdict say it. */
import type { Cursor } from "./cursor.ts";
import type { Action } from "./schema.ts";

/** Reads `permit`, `deny`, `director NAME` or `table TABLE` at one of these words; null where the name is missing. */
export function parseAction(cursor: Cursor, pointer: string): Action | null {
  const action = cursor.take().text;
  cursor.place(`${pointer}/action`, cursor.last);
  if (action === "permit" || action === "deny") return { action };
  const value = cursor.takeWord();
  if (action === "director") {
    if (!value) cursor.complain("missing-director", "the director's name is missing", "write director NAME");
    else cursor.place(`${pointer}/director`, value);
    return value && { action, director: value.text };
  }
  if (!value)
    cursor.complain("missing-table", "the routing table is missing", "write table 100, or table main");
  else cursor.place(`${pointer}/table`, value);
  return value && { action: "table", table: value.text };
}
