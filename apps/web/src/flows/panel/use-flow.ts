import { type Config, check, type Diagnostic, type Flow, flowsOf } from "@flowmgr/flow-model";
import { useMemo } from "react";
import { useLocation } from "wouter";
import { useCheck, useEdit, useStore } from "../../api/index.ts";
import { addressOf } from "../actions.ts";
import { forgetUnsaved, keepUnsaved, unsavedFlows } from "./unsaved.ts";

/** A flow as the panel edits it. Its paths in diagnostics begin with the flow itself: `/rules/0/conditions/dst`. */
export type EditedFlow = {
  flow: Flow;
  diagnostics: Diagnostic[];
  /** False while an error keeps what stands here from the draft. */
  saved: boolean;
  /** The draft's flow became another one meanwhile. */
  changedMeanwhile: boolean;
  /** Takes the flow to the draft if it has no error, else keeps it here. */
  set: (flow: Flow, label: string) => void;
  /** Leaves what is not saved. */
  goBack: () => void;
};

/** Null when the draft has no flow of this name. */
export function useFlow(name: string, config: Config): EditedFlow | null {
  const { edit } = useEdit();
  const [, go] = useLocation();
  const kept = useStore(unsavedFlows).get(name);
  const index = config.items.findIndex(
    (item) => "name" in item && item.kind !== "list" && item.name === name,
  );
  const inDraft = useMemo(() => flowsOf(config).find((flow) => flow.name === name) ?? null, [config, name]);
  const others = useMemo(
    () =>
      new Set(
        flowsOf(config)
          .filter((flow) => flow !== inDraft)
          .map((flow) => flow.name),
      ),
    [config, inDraft],
  );
  const flow = kept?.flow ?? inDraft;
  const own = useMemo(() => (flow ? diagnosticsOf(flow, others) : []), [flow, others]);
  const server = useCheck().data?.diagnostics;
  const machine = useMemo(
    () =>
      kept ? [] : ofItem(server ?? [], index).filter((one) => !own.some((known) => known.code === one.code)),
    [kept, server, index, own],
  );
  if (!flow || !inDraft) return null;

  function set(next: Flow, label: string): void {
    if (!inDraft || next === flow) return;
    const wrong = diagnosticsOf(next, others).some(({ severity }) => severity === "error");
    const taken =
      !wrong && (same(next, inDraft) || edit([{ do: "change", name, item: next }], label) === null);
    if (!taken) {
      keepUnsaved(name, { base: kept?.base ?? inDraft, flow: next });
      return;
    }
    forgetUnsaved(name);
    if (next.name !== name) go(addressOf(next.name), { replace: true });
  }

  return {
    flow,
    diagnostics: [...own, ...machine],
    saved: !kept,
    changedMeanwhile: kept !== undefined && !same(kept.base, inDraft),
    set,
    goBack: () => forgetUnsaved(name),
  };
}

/** The language's check of this flow alone, and whether its name is taken. */
function diagnosticsOf(flow: Flow, others: ReadonlySet<string>): Diagnostic[] {
  const found = ofItem(check({ items: [flow], comment: [] }), 0);
  if (!others.has(flow.name)) return found;
  return [
    ...found,
    {
      code: "duplicate-flow",
      severity: "error",
      message: `another flow is called ${flow.name}`,
      help: "give it a name of its own",
      path: "/name",
    },
  ];
}

function ofItem(diagnostics: Diagnostic[], index: number): Diagnostic[] {
  const prefix = `/items/${index}`;
  return diagnostics
    .filter(({ path }) => path === prefix || path?.startsWith(`${prefix}/`))
    .map((one) => ({ ...one, path: one.path?.slice(prefix.length) ?? "" }));
}

function same(one: Flow, other: Flow): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
