/** Mistakes in the proof of a program. */
import type { Mutant } from "./list.ts";

export const OF_PROGRAM: readonly Mutant[] = [
  {
    file: "program/ways.ts",
    what: "behind a goto the chain goes on",
    old: 'caller: target.does === "jump" ? next : caller }',
    wrong: "caller: next }",
    tests: "program",
  },
  {
    file: "program/ways.ts",
    what: "jumps to one chain in a row are one jump",
    old: 'if (first?.does === "jump") return next;',
    wrong: "",
    tests: "program",
  },
  {
    file: "program/chain-space.ts",
    what: "a mark and an accept of other packets are a pair",
    old: 'next?.target.does === "accept" && next.asks === rule.asks;',
    wrong: 'next?.target.does === "accept";',
    tests: "program",
  },
  {
    file: "program/chain-space.ts",
    what: "out of a goto packets come back",
    old: 'return { node: diagram.override(ended, this.#all(box, { ...UNTOUCHED, end: "return" })), open: false };',
    wrong: "return { node: ended, open: false };",
    tests: "program",
  },
  {
    file: "program/outcomes.ts",
    what: "a packet that was accepted goes on",
    old: 'if (a.end !== "on") return first;',
    wrong: "",
    tests: "program",
  },
  {
    file: "program/restore-tests.ts",
    what: "a negation is not read",
    old: "test = asked && { ...asked, not };",
    wrong: "test = asked && { ...asked, not: false };",
    tests: "program",
  },
  {
    file: "program/sequence.ts",
    what: "a flow that the chains lack is not missed",
    old: "return [...got.filter((_, at) => !inLeft.has(at)), ...wanted.filter((_, at) => !inRight.has(at))];",
    wrong: "return got.filter((_, at) => !inLeft.has(at));",
    tests: "program",
  },
  {
    file: "program/text-world.ts",
    what: "addresses that only the chains name make no difference",
    old: "return world[field].knows(test.inside) ? [] : [{ ...EVERY, [field]: test.inside }];",
    wrong: "return world[field] ? [] : [];",
    tests: "program",
  },
  {
    file: "program/mark-owners.ts",
    what: "foreign bits may reach IPVS",
    old: "const wanted = isDirector ? mark : came;",
    wrong: "const wanted = isDirector ? behind : came;",
    tests: "program",
  },
  {
    file: "program/mark-owners.ts",
    what: "the bits of others may be cleared",
    old: 'return { end: "accept", keep: this.foreign, xor };',
    wrong: 'return { end: "accept", keep: 0, xor };',
    tests: "program",
  },
];
