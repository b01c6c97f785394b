/** What the places use of the server. */

export { useStore } from "../ui/store.ts";
export { type Arrivals, arrivals, useArrival } from "./arrivals.ts";
export { below, checkItem } from "./check-item.ts";
export { call, get, Refused, Unreachable } from "./client.ts";
export { dissolve } from "./dissolve.ts";
export { loadDraft, useDraft, useEdit, useSteps } from "./draft.ts";
export type { Trouble } from "./draft-state.ts";
export { type Edited, useEdited } from "./edited.ts";
export { counters, startEvents, useOnline, watchCounters } from "./events.ts";
export {
  type InForce,
  type KernelFamilyName,
  keys,
  type Paths,
  queryClient,
  type RevisionDetail,
  useCheck,
  useKernel,
  useKernelState,
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
export type { Step } from "./steps.ts";
export { directorSuggestions, suggestionsFor, tableSuggestions } from "./suggestions.ts";
export { createUnsaved } from "./unsaved.ts";
