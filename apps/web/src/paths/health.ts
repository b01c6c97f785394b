/** How a path stands, from its lines. */
import type { HealthLine } from "@flowmgr/flow-api";
import { counted } from "../ui/say.ts";

export type PathState = HealthLine["state"];

/** The worst first: a path is as good as its worst line, and one that nothing uses is none. */
const WORST: readonly PathState[] = ["error", "warning", "unknown", "ok", "off"];

/** `ok` without lines: nothing is known against it. */
export function stateOf(health: readonly HealthLine[]): PathState {
  return WORST.find((state) => health.some((line) => line.state === state)) ?? "ok";
}

/** One sentence about them all. */
export function summaryOf(paths: readonly { health: readonly HealthLine[] }[]): string {
  const states = paths.map(({ health }) => stateOf(health));
  const count = (wanted: PathState) => states.filter((state) => state === wanted).length;
  const [errors, warnings, unknown] = [count("error"), count("warning"), count("unknown")];
  if (errors + warnings > 0) {
    const parts = [
      errors > 0 ? counted(errors, "error") : "",
      warnings > 0 ? counted(warnings, "warning") : "",
    ].filter((part) => part !== "");
    return `${parts.join(", ")} in ${counted(paths.length, "path")}`;
  }
  if (unknown > 0)
    return `Nothing wrong in ${counted(paths.length, "path")}; of ${unknown} the kernel does not tell all`;
  return paths.length === 0 ? "No flow names a director, a table or an interface" : "All paths stand";
}
