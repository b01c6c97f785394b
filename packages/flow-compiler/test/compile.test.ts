/** What is asked for again is not worked out again, and what is asked for otherwise is. */
import { parse } from "@flowmgr/flow-model";
import { expect, test } from "vitest";
import { assignMarks, type CompileOptions, compile } from "../src/index.ts";

const OPTIONS: CompileOptions = {
  ipv6: true,
  markMask: 0xff00,
  loopback: "spare",
  neighbours: "spare",
  jump: "first",
  defragment: "on",
};

test("the same config, marks and options give the same program; any other one is compiled", () => {
  const { config } = parse("flow a director d match proto tcp dst 10.0.0.1");
  const assigned = assignMarks(config, { directors: {}, tables: {} }, OPTIONS);
  if ("error" in assigned) throw new Error(assigned.error.message);
  const { marks } = assigned;
  const program = compile(config, marks, OPTIONS);
  expect(compile(config, structuredClone(marks), { ...OPTIONS })).toBe(program);
  expect(compile(config, { ...marks, directors: { d: 7 } }, OPTIONS)).not.toEqual(program);
  expect(compile(config, marks, { ...OPTIONS, ipv6: false }).ip6).toBeNull();
  expect(compile(structuredClone(config), marks, OPTIONS)).not.toBe(program);
  expect(compile(structuredClone(config), marks, OPTIONS)).toEqual(program);
});
