/** What is kept of jumps from one program to the next says the same as what is found in one alone. */
import type { Chain, FamilyProgram, Hook } from "@flowmgr/flow-compiler";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Jumps } from "../src/jumps.ts";
import { HOOKED } from "../src/ours.ts";
import { toTry } from "../src/to-try.ts";

const COUNT = 24;
const MAIN = 3;
const nameOf = (at: number) => (at < MAIN ? `FLOWS${at}` : `@c${at}`);

/** One chain written anew, or left out: jumps to any others (so in circles too), and a word that makes it another one. */
const edit = fc.record({
  at: fc.nat(COUNT - 1),
  gone: fc.boolean(),
  jumps: fc.array(fc.nat(COUNT - 1), { maxLength: 4 }),
  word: fc.constantFrom("-p tcp", "-p udp"),
  forward: fc.boolean(),
  hook: fc.option(fc.record({ chain: fc.constantFrom(...HOOKED), to: fc.nat(MAIN - 1) }), { freq: 6 }),
});

/** The programs on the way, of which each shares its chains with the one before. */
const ways = fc.array(fc.array(edit, { maxLength: 8 }), { minLength: 2, maxLength: 6 }).map((steps) => {
  const main = Array.from({ length: MAIN }, (_, at): [number, Chain] => [
    at,
    { name: nameOf(at), rules: [] },
  ]);
  const chains = new Map(main);
  const hooks = new Map<Hook["chain"], Hook>();
  return steps.map((edits): FamilyProgram => {
    for (const { at, gone, jumps, word, forward, hook } of edits) {
      const targets = forward ? jumps.map((to) => Math.min(COUNT - 1, at + 1 + to)) : jumps;
      const rules = [{ words: `${word} -j ACCEPT` }, ...targets.map((to) => ({ words: `-j ${nameOf(to)}` }))];
      if (gone && at >= MAIN) chains.delete(at);
      else chains.set(at, { name: nameOf(at), rules });
      if (hook) hooks.set(hook.chain, { chain: hook.chain, words: `-j ${nameOf(hook.to)}`, place: "first" });
    }
    // The kernel takes no jump that leads nowhere, so neither do programs have one.
    const names = new Set([...chains.keys()].map((at) => `-j ${nameOf(at)}`));
    for (const [at, chain] of chains) {
      const rules = chain.rules.filter(({ words }) => words.endsWith("ACCEPT") || names.has(words));
      if (rules.length < chain.rules.length) chains.set(at, { ...chain, rules });
    }
    return { chains: [...chains.values()], hooks: [...hooks.values()], ipRules: [], routes: [] };
  });
});

const targetsIn = ({ chains }: FamilyProgram, name: string): string[] => {
  const names = new Set(chains.map((chain) => chain.name));
  const words = chains.find((chain) => chain.name === name)?.rules.map((rule) => rule.words) ?? [];
  return [...new Set(words.flatMap((each) => each.split(" ").at(-1) ?? []))].filter((end) => names.has(end));
};

/** The built-in chains from which one gets to a chain, found by walking from each. */
function hooksTo(program: FamilyProgram, name: string): string[] {
  return program.hooks.flatMap(({ chain, words }) => {
    const seen = new Set<string>();
    const walk = (at: string): void => {
      if (seen.has(at)) return;
      seen.add(at);
      for (const target of targetsIn(program, at)) walk(target);
    };
    walk(words.split(" ").at(-1) ?? "");
    return seen.has(name) ? [chain] : [];
  });
}

test("turned from program to program, what differs is what differs by the definition", () => {
  fc.assert(
    fc.property(ways, (programs) => {
      const jumps = new Jumps();
      let before: FamilyProgram = { chains: [], hooks: [], ipRules: [], routes: [] };
      for (const program of programs) {
        const old = new Map(before.chains.map((chain) => [chain.name, chain.rules]));
        const differs = ({ name, rules }: Chain) =>
          JSON.stringify(rules) !== JSON.stringify(old.get(name)) ||
          !hooksTo(program, name).every((hook) => hooksTo(before, name).includes(hook));
        expect(jumps.turnInto(program)).toEqual(
          new Set(program.chains.filter(differs).map(({ name }) => name)),
        );
        for (const { name } of program.chains) {
          const sources = program.chains.filter((chain) => targetsIn(program, chain.name).includes(name));
          expect(jumps.targets(name)).toEqual(targetsIn(program, name));
          expect(new Set(jumps.sources(name))).toEqual(new Set(sources.map((chain) => chain.name)));
        }
        before = program;
      }
    }),
    { numRuns: 300 },
  );
});

test("turned from program to program, there and back, the same is tried as from nothing", () => {
  const circles = (program: FamilyProgram) =>
    program.chains.some(({ name }) => {
      const seen = new Set<string>();
      const walk = (at: string): boolean =>
        targetsIn(program, at).some((to) => to === name || (!seen.has(to) && seen.add(to) && walk(to)));
      return walk(name);
    });
  fc.assert(
    fc.property(ways, (all) => {
      // In a circle heights are any number.
      const programs = all.filter((program) => !circles(program));
      const jumps = new Jumps();
      for (const [at, wanted] of programs.entries()) {
        for (const passed of [programs[at - 1], programs[at - 2], programs[0]]) {
          const tried = toTry(wanted, passed, jumps);
          expect(tried).toEqual(passed ? toTry(structuredClone(wanted), structuredClone(passed)) : wanted);
        }
      }
    }),
    { numRuns: 300 },
  );
});
