/** Few flows: a row of jumps in the order of the config, unless a packet would pay much for it. */
import { parse } from "@flowmgr/flow-model";
import { expect, test } from "vitest";
import { assignMarks, compile } from "../src/index.ts";
import { DEFAULTS } from "./golden.ts";

/** Where the jumps of each main chain lead, but for those of a single line to a chain below. */
function led(texts: readonly string[]): string[][] {
  const { config } = parse(texts.join("\n"));
  const assigned = assignMarks(config, { directors: {}, tables: {} }, DEFAULTS);
  if ("error" in assigned) throw new Error(assigned.error.message);
  const { ip } = compile(config, assigned.marks, DEFAULTS);
  const mains = ip.chains.filter(({ name }) => name.startsWith("FLOWS"));
  return mains.map(({ rules }) =>
    rules.flatMap(({ words }) => / -j (?!RETURN)(\S+)/.exec(` ${words}`)?.[1] ?? []),
  );
}

const many = (count: number, text: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => text(at));
const services = many(10, (at) => `flow to${at} permit match proto udp dst 10.0.${at}.1 dstport 53`);
const ports = (count: number) =>
  many(count, (at) => `flow port${at} deny match proto udp dstport ${5000 + 7 * at}`);
const names = (texts: readonly string[]) => texts.map((text) => `@${text.split(" ")[1]}`);

test("the row reads like the config", () => {
  const turns = services.flatMap((one, at) => [one, ...ports(5).slice(at, at + 1)]);
  expect(led(turns)).toEqual([names(turns)]);
  expect(led(ports(9))).toEqual([names(ports(9))]);
  const ignoring = ports(12).map((text) => `${text} ignore src 10.0.0.1 match proto tcp dstport 9`);
  expect(led(ignoring)).toEqual([names(ignoring)]);
  const lists = many(
    6,
    (at) => `flow l${at} permit match src { ${many(40, (one) => `10.${one}.${at}.3`).join(", ")} }`,
  );
  expect(led(lists)).toEqual([names(lists)]);
});

test("those for ports of any address are one jump where a packet would look at ten of them", () => {
  const turns = services.flatMap((one, at) => [one, ...ports(10).slice(at, at + 1)]);
  expect(led(turns)).toEqual([[...names(services), "FLOWS-behind-udp"], names(ports(10))]);
});

test("a row is left as dear as it is where nothing tells its flows apart", () => {
  const flows = many(20, (at) => `flow in${at} permit match iface eth${at} proto gre`);
  expect(led(flows)).toEqual([names(flows)]);
});
