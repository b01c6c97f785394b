/** The end of a director's flow takes ICMP errors to where its rules lead: an edit touches it only where these do. */
import { type Config, checkText } from "@flowmgr/flow-model";
import { expect, test } from "vitest";
import { align } from "../src/align.ts";

const config = (text: string): Config => checkText(text).config;
const LISTS = "list a { 10.0.0.1 }\nlist b { 10.0.0.1 }\nlist c { 10.0.0.2 }\n";
const flow = (rule: string) => config(`${LISTS}flow web director lb\n  match ${rule}\n`);

/** The places that the edit touched in the flow, in either config. */
function touched(before: Config, after: Config): (number | null)[] {
  const places = align(before, after, "in").touched.map((one) => [...(one.get(0) ?? [])]);
  expect(places[0]).toEqual(places[1]);
  return places[0] ?? [];
}

test.each([
  ["another port", "proto tcp dst 10.0.0.1 dstport 25", "proto tcp dst 10.0.0.1 dstport 26", [0]],
  ["another source", "proto tcp dst 10.0.0.1", "proto tcp src 10.9.0.0/16 dst 10.0.0.1", [0]],
  ["another list of the same", "proto tcp dst @a", "proto tcp dst @b", [0]],
  ["another destination", "proto tcp dst 10.0.0.1", "proto tcp dst 10.0.0.2", [0, null]],
  ["another list", "proto tcp dst @a", "proto tcp dst @c", [0, null]],
  ["a protocol without connections", "proto tcp dst 10.0.0.1", "proto gre dst 10.0.0.1", [0, null]],
  ["no destination", "proto tcp dst 10.0.0.1", "proto tcp", [0, null]],
])("%s", (_what, before, after, places) => {
  expect(touched(flow(before), flow(after))).toEqual(places);
  expect(touched(flow(after), flow(before))).toEqual(places);
});

test("a list that holds something else", () => {
  const before = flow("proto tcp dst @a");
  const other = config(
    `${LISTS.replace("10.0.0.1", "10.0.0.3")}flow web director lb\n  match proto tcp dst @a\n`,
  );
  expect(touched(before, other)).toEqual([0, null]);
  const more = config(
    `${LISTS.replace("a { 10.0.0.1 }", "a { 10.0.0.1/32 }")}flow web director lb\n  match proto tcp dst @a\n`,
  );
  expect(touched(before, more)).toEqual([0]);
});

test("what was aligned with one config is aligned with another one anew", () => {
  const [one, other] = [flow("proto tcp dst 10.0.0.1 dstport 25"), flow("proto tcp dst 10.0.0.2 dstport 26")];
  const after = flow("proto tcp dst 10.0.0.1 dstport 26");
  expect(touched(one, after)).toEqual([0]);
  expect(touched(other, after)).toEqual([0, null]);
  expect(touched(one, after)).toEqual([0]);
});
