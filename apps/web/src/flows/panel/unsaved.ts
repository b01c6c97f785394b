/** Flows that are not in the draft yet, because something in them is wrong. */
import type { Flow } from "@flowmgr/flow-model";
import { createUnsaved } from "../../api/index.ts";

export const unsavedFlows = createUnsaved<Flow>("flowmgr.unsaved-flows.2");
