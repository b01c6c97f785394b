/** What the analysis finds in the draft, and all that is known of it beyond the language's own check. */

import type { Config, Diagnostic } from "@flowmgr/flow-model";
import { useEffect, useMemo } from "react";
import { useCheck, useStatus } from "../api/queries.ts";
import { createStore, useStore } from "../ui/store.ts";
import { Analyst } from "./analyst.ts";
import { anchored } from "./anchored.ts";
import { isFinding } from "./is-finding.ts";
import { type Meaning, meaningOf } from "./meaning.ts";
import type { Analysis } from "./worker.ts";

type Known = Analysis & { of: Config | null };

const known = createStore<Known>({ of: null, diagnostics: [], partial: false });
const checked = createStore<{ of: Config | null; diagnostics: Diagnostic[] }>({ of: null, diagnostics: [] });

const analyst = new Analyst(
  () => new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }),
  (answer, of) => {
    if ("checked" in answer) checked.set({ of, diagnostics: answer.checked });
    else known.set({ ...answer, of });
  },
);

export type Findings = {
  /** Placed in the config that was asked of, be it newer than the one that was looked at. */
  diagnostics: readonly Diagnostic[];
  /** They are of this very config: what they would mend is still there. */
  fresh: boolean;
  /** Time ran out: there may be more. */
  partial: boolean;
};

/** Dead rules and failing expectations of the config, a moment after it changed; null until the first are known. */
export function useFindings(config: Config): Findings | null {
  useAsked(config);
  const { of, diagnostics, partial } = useStore(known);
  return useMemo(
    () =>
      of === null ? null : { diagnostics: anchored(diagnostics, config, of), fresh: of === config, partial },
    [of, diagnostics, partial, config],
  );
}

/** What the language's own check says of the config, a moment after it changed, and placed in it. */
export function useChecked(config: Config): readonly Diagnostic[] {
  useAsked(config);
  const { of, diagnostics } = useStore(checked);
  return useMemo(() => (of === null ? [] : anchored(diagnostics, config, of)), [of, diagnostics, config]);
}

function useAsked(config: Config): void {
  const meaning = useMeaning();
  useEffect(() => {
    if (meaning) analyst.ask(config, meaning);
  }, [config, meaning]);
}

/** The server's diagnostics of the draft with what the browser found in place of what the server did. */
export function useKnown(config: Config): readonly Diagnostic[] {
  const server = useCheck().data?.diagnostics;
  const findings = useFindings(config)?.diagnostics;
  return useMemo(
    () => (findings ? [...(server ?? []).filter((one) => !isFinding(one)), ...findings] : (server ?? [])),
    [server, findings],
  );
}

let last: { text: string; meaning: Meaning } | null = null;

/** The same value, for all who ask, as long as the machine says the same; null until it is known. */
function useMeaning(): Meaning | null {
  const status = useStatus().data;
  if (!status) return null;
  const text = JSON.stringify([status.spared, status.tables]);
  if (last?.text !== text) last = { text, meaning: meaningOf(status) };
  return last.meaning;
}
