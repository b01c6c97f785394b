/** Machines as data, for what is told of them without asking a kernel. */
import type { HealthLine } from "@flowmgr/flow-api";
import { assignMarks, type CompileOptions, compile, type Program } from "@flowmgr/flow-compiler";
import { type Config, checkText } from "@flowmgr/flow-model";
import type { Reading } from "@flowmgr/kernel";
import { expect } from "vitest";
import type { World } from "../src/paths/world.ts";

/** As the server compiles where nobody has set anything. */
export const DEFAULTS: CompileOptions = {
  ipv6: true,
  markMask: 0xff00,
  loopback: "spare",
  neighbours: "spare",
  jump: "first",
  defragment: "on",
};

export const OPTIONS: CompileOptions = { ...DEFAULTS, defragment: "off", tables: { uplink: 77 } };

export function config(text: string): Config {
  const { config, diagnostics } = checkText(text);
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  return config;
}

/** A kernel that holds the program, on a machine with eth0 up and eth1 down. */
export function holding(program: Program): Reading {
  const family = ({ chains, hooks, ipRules, routes }: Program["ip"]): Reading["state"]["ip"] => ({
    chains: chains.map(({ name, rules }) => ({ name, rules: rules.map(({ words }) => words) })),
    hooks: hooks.map((hook) => ({ ...hook, place: "only" })),
    ipRules,
    routes,
  });
  return {
    state: { ip: family(program.ip), ip6: program.ip6 && family(program.ip6) },
    counted: { ip: { chains: [], hooks: [] }, ip6: { chains: [], hooks: [] } },
    lines: [],
    foreignBehind: { ip: 0, ip6: 0 },
    links: [
      { name: "lo", up: true, carrier: true, addresses: ["127.0.0.1"], sourceCheck: null },
      { name: "eth0", up: true, carrier: true, addresses: ["192.168.0.1", "fd00::1"], sourceCheck: null },
      { name: "eth1", up: false, carrier: false, addresses: [], sourceCheck: null },
    ],
    tables: { main: 254, uplink: 77 },
    routesIn: { 254: { ip: 2, ip6: 1 }, 255: { ip: 9, ip6: 9 }, 77: { ip: 1, ip6: 0 } },
    eaten: [],
    ipvs: { absent: "this kernel has no IPVS" },
    warnings: [],
    foreignMarks: [],
  };
}

/** The text in force and in the draft, on a machine that `change` made different. */
export function world(text: string, change: (reading: Reading) => void = () => {}, draft = text): World {
  const running = config(text);
  const assigned = assignMarks(running, { directors: {}, tables: {} }, OPTIONS);
  if ("error" in assigned) throw new Error(assigned.error.message);
  const program = compile(running, assigned.marks, OPTIONS);
  const reading = structuredClone(holding(program));
  change(reading);
  return {
    ...{ draft: config(draft), running, program, reading, markMask: 0xff00 },
    ...{ next: assigned.marks, markedByHand: new Map() },
  };
}

/** What a line of a path's health says. */
export const line = (health: HealthLine[] | undefined, what: string) => {
  const [found] = health?.filter((one) => one.what === what) ?? [];
  return found && `${found.state}: ${found.text}`;
};
