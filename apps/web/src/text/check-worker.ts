/** Checks text beside the page, so that typing in ten thousand flows does not wait for it. */
import {
  type Config,
  type ConfigDelta,
  checkText,
  type Diagnostic,
  deltaOf,
  EMPTY_CONFIG,
  locate,
  type Parse,
  sharing,
} from "@flowmgr/flow-model";
import { anchored } from "../analysis/anchored.ts";

/** `text`: null for the one before. `told`: the page knows what it means. */
export type CheckRequest = { id: number; text: string | null; machine: readonly Diagnostic[]; told: boolean };

/** `delta`: what the text means, against what the one before meant; nothing to who knows it. */
export type CheckAnswer = { id: number; diagnostics: Diagnostic[]; delta: ConfigDelta };

const NOTHING = deltaOf(EMPTY_CONFIG, null);

let read: Parse = checkText("");
let held: Config = EMPTY_CONFIG;

self.onmessage = ({ data: { id, text, machine, told } }: MessageEvent<CheckRequest>) => {
  if (text !== null) read = checkText(text);
  const config = sharing(held, read.config);
  const delta = told ? NOTHING : deltaOf(config, held);
  held = config;
  const answer: CheckAnswer = { id, diagnostics: checkWith(read, machine), delta };
  self.postMessage(answer);
};

/** The text's own diagnostics, and those of the machine's that it does not know itself, placed in it. */
function checkWith({ config, diagnostics, places }: Parse, machine: readonly Diagnostic[]): Diagnostic[] {
  const own = new Set(diagnostics.map(identity));
  const more = anchored(machine, config, null).filter((diagnostic) => !own.has(identity(diagnostic)));
  return more.length > 0 ? locate([...diagnostics, ...more], places) : diagnostics;
}

function identity({ code, path, flow, rule, message }: Diagnostic): string {
  return JSON.stringify([code, path ?? [flow, rule], message]);
}
