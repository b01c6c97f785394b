import { trace } from "@flowmgr/flow-analysis";
import { parse, parsePacketLine } from "@flowmgr/flow-model";
import { expect, test } from "vitest";
import { judge } from "../../src/packets/judge.ts";
import { byFlow, foldFlows, otherThan } from "../../src/packets/steps.ts";

const packet = (line: string) => {
  const read = parsePacketLine(line);
  if ("error" in read) throw new Error(read.error.message);
  return read.ok;
};
const config = (text: string) => parse(text).config;
const MAIL = packet("tcp 10.0.0.1:4000 -> 192.168.0.2:25 in eth0");
const away = (count: number, from = 0) =>
  Array.from(
    { length: count },
    (_, at) => `flow a${from + at} permit match proto tcp dst 10.9.0.${from + at}`,
  ).join("\n");

const shape = (text: string, shown: string[] = []) =>
  foldFlows(byFlow(trace(config(text), MAIL).steps), new Set(shown)).map((part) =>
    part.folded ? part.flows.length : part.met.flow,
  );

test("flows that the packet is not about are folded, near misses and short runs are not", () => {
  const text = `${away(4)}
flow near permit match proto tcp dst 192.168.0.2 dstport 80
${away(2, 4)}
flow mail deny match proto tcp dst 192.168.0.2 dstport 25
${away(3, 6)}`;
  expect(shape(text)).toEqual([4, "near", "a4", "a5", "mail"]);
  expect(shape(text, ["a1"])).toEqual(["a0", "a1", "a2", "a3", "near", "a4", "a5", "mail"]);
});

test("a flow of several rules is one, and concerns the packet when any of its rules nearly does", () => {
  const text = `${away(3)}
flow two permit
  match dst 10.0.0.9
  match dst 192.168.0.2 state established
`;
  expect(shape(text)).toEqual([3, "two"]);
});

test("a rule that only lets go by what the language spares is shown", () => {
  const own = packet("tcp 127.0.0.1:1 -> 127.0.0.1:2 in lo");
  const met = byFlow(trace(config(`${away(3)}\nflow all deny match`), own).steps);
  expect(foldFlows(met, new Set()).map((part) => (part.folded ? part.flows.length : part.met.flow))).toEqual([
    3,
    "all",
  ]);
});

test("the steps that only one of two configs takes", () => {
  const one = trace(config("flow a permit match dst 10.0.0.9\nflow b deny match"), MAIL).steps;
  const other = trace(config("flow a permit match dst 10.0.0.8\nflow b deny match"), MAIL).steps;
  expect([...otherThan(one, other)].map(({ flow }) => flow)).toEqual(["a"]);
  expect(otherThan(one, one).size).toBe(0);
});

test("where IPv6 is not judged no flow decides, and it is said", () => {
  const machine = { ipv6: false, spared: { loopback: true, neighbours: true }, tables: [] };
  const six = packet("tcp [2001:db8::1]:1 -> [2001:db8::2]:2 in eth0");
  const all = config("flow all deny match");
  expect(judge(all, six, machine)).toMatchObject({ verdict: { action: "undecided" }, steps: [] });
  expect(judge(all, six, machine).spared).toContain("IPv6 is not judged here");
  expect(judge(all, six, { ...machine, ipv6: true }).flow).toBe("all");
  const own = packet("tcp 127.0.0.1:1 -> 127.0.0.1:2 in lo");
  expect(judge(all, own, machine).spared).toContain("machine's own");
  expect(judge(all, own, { ...machine, spared: { loopback: false, neighbours: true } }).flow).toBe("all");
});
