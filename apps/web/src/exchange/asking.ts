/** What is asked of a person: import or export; opened by a button, a menu, the palette or a paste. */
import { createStore } from "../ui/store.ts";

export type Exchange =
  /** `text`: what was pasted; `after`: the flow that is selected. */
  { kind: "import"; text: string; after: string | null } | { kind: "export" };

export const exchange = createStore<Exchange | null>(null);
