/** Where our chains hang in the kernel's own. */
import { HOOK_COMMENT, OWN_CHAINS } from "./ours.ts";
import type { CompileOptions, Hook } from "./program.ts";

/**
 * The jumps of a family. Flows and outflows are hooked in even when there are none: the place in PREROUTING is
 * kept, and a first flow does not touch a built-in chain.
 *
 * DIRECTORS always goes last, whatever the setting: IPVS stands behind mangle INPUT, and nothing there may add
 * foreign bits to the mark behind our rule.
 */
export function hooksOf(options: CompileOptions, withDirectors: boolean): Hook[] {
  const hooks: Hook[] = [
    hook("PREROUTING", OWN_CHAINS.flows, options.jump),
    hook("OUTPUT", OWN_CHAINS.outflows, options.jump),
  ];
  if (withDirectors) hooks.push(hook("INPUT", OWN_CHAINS.directors, "last"));
  return hooks;
}

function hook(chain: Hook["chain"], target: string, place: Hook["place"]): Hook {
  return {
    chain,
    words: `-m comment --comment ${HOOK_COMMENT} -j ${target}`,
    place,
  };
}
