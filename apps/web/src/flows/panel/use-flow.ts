import { type Config, type Diagnostic, type Flow, flowsOf } from "@flowmgr/flow-model";
import { useMemo } from "react";
import { type Edited, useEdited } from "../../api/index.ts";
import { unsavedFlows } from "./unsaved.ts";

/** A flow as the panel edits it; null when the draft has none of this name. `renamed`: it got this name. */
export function useFlow(name: string, config: Config, renamed: (to: string) => void): Edited<Flow> | null {
  const inDraft = useMemo(() => flowsOf(config).find((flow) => flow.name === name) ?? null, [config, name]);
  const others = useMemo(
    () => new Set(flowsOf(config).flatMap((flow) => (flow === inDraft ? [] : flow.name))),
    [config, inDraft],
  );
  return useEdited<Flow>({
    config,
    inDraft,
    unsaved: unsavedFlows,
    renamed,
    among: (flow) => (others.has(flow.name) ? [twin(flow.name)] : []),
  });
}

function twin(name: string): Diagnostic {
  return {
    code: "duplicate-flow",
    severity: "error",
    message: `another flow is called ${name}`,
    help: "give it a name of its own",
    path: "/name",
  };
}
