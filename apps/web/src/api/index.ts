/** What the places use of the server. */

export { useStore } from "../ui/store.ts";
export { call, get, Refused, Unreachable } from "./client.ts";
export { loadDraft, useDraft, useEdit } from "./draft.ts";
export { counters, startEvents, useOnline, watchCounters } from "./events.ts";
export {
  keys,
  type Paths,
  queryClient,
  type RevisionDetail,
  useCheck,
  useKernel,
  usePaths,
  usePlan,
  useRevision,
  useRevisionBefore,
  useRevisionDiff,
  useRevisions,
  useRunning,
  useStatus,
} from "./queries.ts";
export { signedOut } from "./signed-out.ts";
