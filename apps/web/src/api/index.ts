/** What the places use of the server. */

export { createStore, type Store, useStore } from "../ui/store.ts";
export { call, get, Refused, Unreachable } from "./client.ts";
export { type DraftView, loadDraft, useDraft, useEdit } from "./draft.ts";
export type { Trouble } from "./draft-state.ts";
export { counters, startEvents, useOnline, watchCounters } from "./events.ts";
export {
  keys,
  queryClient,
  type RevisionDetail,
  type RevisionDiff,
  useCheck,
  usePlan,
  useRevision,
  useRevisionDiff,
  useRevisions,
  useRunning,
  useStatus,
} from "./queries.ts";
export { signedOut } from "./signed-out.ts";
export { useCounters } from "./use-counters.ts";
