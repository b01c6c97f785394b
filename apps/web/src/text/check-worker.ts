/** Checks text beside the page, so that typing in ten thousand flows does not wait for it. */
import { checkText, type Diagnostic, locate } from "@flowmgr/flow-model";
import { anchored } from "../analysis/anchored.ts";
import type { Checked } from "./session.ts";

export type CheckRequest = {
  id: number;
  text: string;
  machine: readonly Diagnostic[];
};
export type CheckAnswer = Checked & { id: number };

self.onmessage = ({ data }: MessageEvent<CheckRequest>) => {
  const answer: CheckAnswer = {
    id: data.id,
    ...checkWith(data.text, data.machine),
  };
  self.postMessage(answer);
};

/** The text's own diagnostics, and those of the machine's that it does not know itself, placed in it. */
function checkWith(text: string, machine: readonly Diagnostic[]): Checked {
  const { config, diagnostics, places } = checkText(text);
  const own = new Set(diagnostics.map(identity));
  const more = anchored(machine, config, null).filter((diagnostic) => !own.has(identity(diagnostic)));
  return {
    config,
    diagnostics: more.length > 0 ? locate([...diagnostics, ...more], places) : diagnostics,
  };
}

function identity({ code, path, flow, rule, message }: Diagnostic): string {
  return JSON.stringify([code, path ?? [flow, rule], message]);
}
