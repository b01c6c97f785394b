/** Images on disk: whole or as what differs, what is read is what was written. */
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { FamilyState, State } from "@flowmgr/flow-compiler";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openSnapshots } from "../src/snapshot.ts";
import { scratch } from "./lab.ts";

const SEED = Number(process.env.FLOWMGR_SEED ?? 20_261_128);

const family = (chains: FamilyState["chains"]): FamilyState => ({
  chains,
  hooks: [],
  ipRules: [],
  routes: [],
});

const anyChains = fc.uniqueArray(
  fc.record(
    {
      name: fc.constantFrom(..."abcdefghijkl"),
      rules: fc.array(fc.constantFrom("-j a", "-j b", ""), { maxLength: 3 }),
      retired: fc.integer({ min: 1, max: 2 }),
    },
    { requiredKeys: ["name", "rules"] },
  ),
  { selector: ({ name }) => name },
);

const MANY = Array.from({ length: 40 }, (_, at) => ({ name: `@${at}`, rules: [`-s 10.0.0.${at}`] }));

/** Few chains that differ beside many that do not, or few in all. */
const anyState = fc
  .tuple(anyChains, anyChains, fc.boolean(), fc.nat(40), fc.boolean())
  .map(([few, others, hasMany, from, hasIp6]): State => {
    const many = hasMany ? [...MANY.slice(from), ...few, ...MANY.slice(0, from)] : few;
    return { ip: family(many), ip6: hasIp6 ? family([...others, ...many]) : null, sets: [] };
  });

test("each of the newest five reads as it was written, by who has written it and by another", () => {
  const property = fc.property(fc.array(anyState, { minLength: 1, maxLength: 9 }), (states) => {
    const directory = scratch();
    const written = openSnapshots(directory, "here");
    const ids = states.map((state) => written.write(state));
    const kept = ids.slice(-5);
    for (const snapshots of [written, openSnapshots(directory, "here")]) {
      for (const [at, snapshot] of kept.entries()) {
        expect(snapshots.read(snapshot)).toEqual({ id: snapshot.id, before: states.slice(-5)[at] });
      }
    }
    rmSync(directory, { recursive: true });
  });
  fc.assert(property, { seed: SEED, numRuns: 40 });
});

test("a small change is a small file, whose whole stays as long as it is needed", () => {
  const directory = scratch();
  const snapshots = openSnapshots(directory, "here");
  const files = () => readdirSync(join(directory, "snapshots", "here")).sort();
  for (let at = 0; at < 7; at += 1) {
    snapshots.write({ ip: family([...MANY, { name: "@x", rules: [`-j ${at}`] }]), ip6: null });
  }
  expect(files()).toEqual(
    [1, 3, 4, 5, 6, 7].map((id) => `00000000${id}${id === 1 ? "" : "-000000001"}.json`),
  );
  // Another process begins with a whole one.
  const other = openSnapshots(directory, "here");
  for (let at = 0; at < 5; at += 1) other.write({ ip: family([...MANY]), ip6: null });
  expect(files()).toEqual(
    [8, 9, 10, 11, 12].map((id) => `${String(id).padStart(9, "0")}${id === 8 ? "" : "-000000008"}.json`),
  );
  rmSync(join(directory, "snapshots", "here", "000000008.json"));
  expect(other.read({ id: "000000012" })).toBeNull();
  const { id } = other.write({ ip: family([...MANY]), ip6: null });
  expect(existsSync(join(directory, "snapshots", "here", `${id}.json`))).toBe(true);
});

test("names are those that were written last, by whomever, and the same ones in another order are not written again", () => {
  const directory = scratch();
  const [one, other] = [openSnapshots(directory, "here"), openSnapshots(directory, "here")];
  const file = join(directory, "snapshots", "here", "chains.json");
  expect(one.remembered()).toEqual({ ip: [], ip6: [] });
  one.remember({ ip: ["@a", "@b"], ip6: [] });
  expect(other.remembered()).toEqual({ ip: ["@a", "@b"], ip6: [] });
  other.remember({ ip: ["@a", "@c"], ip6: ["@a"] });
  expect(one.remembered()).toEqual({ ip: ["@a", "@c"], ip6: ["@a"] });
  const { ino } = statSync(file);
  one.remember({ ip: ["@c", "@a"], ip6: ["@a"] });
  expect(statSync(file).ino).toBe(ino);
  for (const names of [["@c"], ["@c", "@d"], []]) {
    one.remember({ ip: names, ip6: ["@a"] });
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ ip: names, ip6: ["@a"] });
    expect(other.remembered().ip).toEqual(names);
  }
  rmSync(directory, { recursive: true });
});
