/** What can be done to flows: each action once, for buttons, menus and keys alike. */
import { type Config, type Edit, EMPTY_CONFIG, type Flow, flowsOf, printFlow } from "@flowmgr/flow-model";
import { importSourceOf, importText, LONGEST } from "@flowmgr/flow-model/exchange";
import { useMemo } from "react";
import { useLocation } from "wouter";
import { useDraft, useEdit } from "../api/index.ts";
import { exchange, isSerious } from "../exchange/index.ts";
import { copyText } from "../ui/clipboard.ts";
import { notify } from "../ui/notices.tsx";
import { counted } from "../ui/say.ts";
import { moveEdits, stepGap } from "./bulk.ts";
import { freeName } from "./names.ts";
import { lastWord } from "./rows.ts";

export type Where = { before: string } | { after: string } | { position: number } | Record<string, never>;

/** A new flow starts switched off, so that a half-made one never decides. */
const NEW_FLOW: Flow = {
  kind: "flow",
  name: "new-flow",
  policy: { action: "permit" },
  skipped: true,
  comment: [],
  note: "",
  rules: [],
};

export type FlowActions = ReturnType<typeof useFlowActions>;

/** The address of a flow's panel; the list's own without a name. What is searched for stays. */
export function addressOf(name: string | null): string {
  const searched = location.pathname.startsWith("/flows") ? location.search : "";
  return (name === null ? "/flows" : `/flows/${encodeURIComponent(name)}`) + searched;
}

export function useFlowActions(readOnly: boolean) {
  const { config } = useDraft();
  const { edit, undo } = useEdit();
  const [, go] = useLocation();
  const names = useMemo(() => flowsOf(config ?? EMPTY_CONFIG).map(({ name }) => name), [config]);

  const locked = readOnly ? "Flows are read-only while the text has errors." : null;

  /** Does it, or says why not. */
  function perform(edits: Edit[], label: string): boolean {
    const message = locked ? null : edit(edits, label)?.message;
    const problem = locked ?? (message ? `Cannot ${label}: ${message}` : null);
    if (problem) notify({ text: problem, tone: "error" });
    return !problem;
  }

  function insert(added: Flow[], after: string | null, label: string): string[] {
    const { edits, given } = addEdits(added, after, config ?? EMPTY_CONFIG);
    return perform(edits, label) ? given : [];
  }

  return {
    open: (name: string | null, replace = false) => go(addressOf(name), { replace }),
    openText: (name: string) => go(`/text?at=${encodeURIComponent(name)}`),
    switchOn: (name: string, on: boolean) =>
      perform([{ do: "switch", name, on }], `switch ${name} ${on ? "on" : "off"}`),
    /** One up (-1) or down (+1). */
    step(name: string, by: -1 | 1): void {
      const gap = stepGap(new Set([name]), names, by);
      if (gap) perform(moveEdits(new Set([name]), names, gap), `move ${name} ${by < 0 ? "up" : "down"}`);
    },
    /** Several at once, one step of the undo list; false where it cannot be, or nothing would change. */
    change: (edits: Edit[], label: string) => edits.length > 0 && perform(edits, label),
    move: (name: string, where: Where, words: string) =>
      perform([{ do: "move", name, ...where }], `move ${name} ${words}`),
    remove(name: string): void {
      const step = `remove ${name}`;
      if (!perform([{ do: "remove", name }], step)) return;
      go(addressOf(null), { replace: true });
      notify({ text: `${name} removed`, action: { label: "Undo", run: undo, undoes: step } });
    },
    /** Puts a removed flow back where the running config has it. */
    restore(flow: Flow, running: Config): void {
      perform([{ do: "add", item: flow, ...placeIn(running, flow.name, names) }], `restore ${flow.name}`);
    },
    duplicate(flow: Flow): void {
      const [name] = insert([flow], flow.name, `duplicate ${flow.name}`);
      if (name) go(addressOf(name));
    },
    add(after: string | null, kind: Flow["kind"] = "flow"): void {
      const added: Flow = { ...NEW_FLOW, kind, name: `new-${kind}` };
      const [name] = insert([added], after, kind === "flow" ? "add a flow" : "add an outflow");
      if (name) go(addressOf(name));
    },
    /**
     * The flows of a text behind `after`: flow text, or a page of prose that shows flows. Gives null, or what is wrong
     * with it. What a person has to look at first is shown by the import's dialog.
     */
    insertText(text: string, after: string | null): string | null {
      const read = flowsIn(text);
      if (read === "none") return "This text holds no flow. A flow begins with: flow NAME POLICY";
      if (read === "unclear") {
        exchange.set({ kind: "import", text, after });
        return null;
      }
      const { flows: added, prose } = read;
      const what = added.length === 1 ? `flow ${added[0]?.name}` : counted(added.length, "flow");
      const step = `insert ${what}`;
      const names = insert(added, after, step);
      if (names.length > 0) {
        const renamed = names.filter((name, index) => name !== added[index]?.name);
        const note = renamed.length > 0 ? `; the name was taken, so now ${renamed.join(", ")}` : "";
        notify({
          text: `Inserted ${what}${note}${prose}`,
          action: { label: "Undo", run: undo, undoes: step },
        });
      }
      return null;
    },
    copy: (flow: Flow) => copyText(printFlow(flow), `${flow.name} copied as text`),
    names,
    /** Why nothing can be changed now; null when it can. */
    locked,
  };
}

/** Flows behind `after`, one behind the other, under names that are free. */
function addEdits(added: Flow[], after: string | null, config: Config): { edits: Edit[]; given: string[] } {
  const taken = new Set(flowsOf(config).map(({ name }) => name));
  const given: string[] = [];
  // At the end, but not behind a flow that takes everything: no packet would meet them there.
  const last = after === null ? lastWord(config) : null;
  const edits = added.map((flow): Edit => {
    const name = freeName(flow.name, taken);
    const behind = given.at(-1) ?? after;
    taken.add(name);
    given.push(name);
    const place = behind !== null ? { after: behind } : last ? { before: last.name } : {};
    return { do: "add", item: { ...flow, name }, ...place };
  });
  return { edits, given };
}

/** Behind the nearest flow that stood before it in `running` and is still there. */
function placeIn(running: Config, name: string, there: readonly string[]): Where {
  const order = flowsOf(running).map((flow) => flow.name);
  const after = order.slice(0, order.indexOf(name)).findLast((before) => there.includes(before));
  return after === undefined ? { position: 1 } : { after };
}

/**
 * The flows of a text, and words about the lines around them; `unclear` when a person has to look at it first: rules
 * that were left out, lists beside the flows, or more text than is read at once.
 */
function flowsIn(text: string): { flows: Flow[]; prose: string } | "none" | "unclear" {
  const from = importSourceOf(text);
  if (text.length > LONGEST[from]) return "unclear";
  const { config, leftOut } = importText(text, from);
  const flows = flowsOf(config);
  if (leftOut.some(isSerious) || flows.length < config.items.length) return "unclear";
  if (flows.length === 0) return "none";
  return {
    flows,
    prose: leftOut.length > 0 ? `; ${counted(leftOut.length, "line")} not part of a flow` : "",
  };
}
