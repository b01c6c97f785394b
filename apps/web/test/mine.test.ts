import { type Config, parse } from "@flowmgr/flow-model";
import { expect, test } from "vitest";
import { mineFirst } from "../src/api/mine.ts";

const config = (text: string): Config => parse(text).config;
const three = (a: string, b: string, c: string) =>
  `flow a permit\n  match dst ${a}\n\nflow b permit\n  match dst ${b}\n\nflow c deny\n  match dst ${c}\n`;
const BASE = three("10.0.0.1", "10.0.0.2", "10.0.0.3");
const WITHOUT_B = "flow a permit\n  match dst 10.0.0.1\n\nflow c deny\n  match dst 10.0.0.3\n";

test.each([
  [
    "what only one of us changed is what both want",
    three("10.0.0.9", "10.0.0.2", "10.0.0.3"),
    three("10.0.0.1", "10.0.0.8", "10.0.0.3"),
    three("10.0.0.9", "10.0.0.8", "10.0.0.3"),
  ],
  [
    "of what both changed mine stands, and theirs elsewhere",
    three("10.0.0.9", "10.0.0.2", "10.0.0.3"),
    three("10.0.0.7", "10.0.0.8", "10.0.0.3"),
    three("10.0.0.9", "10.0.0.8", "10.0.0.3"),
  ],
  [
    "what I changed and they removed comes back at its place",
    three("10.0.0.1", "10.0.0.9", "10.0.0.3"),
    WITHOUT_B,
    three("10.0.0.1", "10.0.0.9", "10.0.0.3"),
  ],
  [
    "expectations of both of us stay, the same one once",
    `${BASE}\nexpect deny dstport 22 # mine\n\nexpect deny dstport 23\n`,
    `${BASE}\nexpect deny dstport 22 # theirs\n\nexpect permit dstport 25\n`,
    `${BASE}\nexpect deny dstport 22 # mine\n\nexpect deny dstport 23\n\nexpect permit dstport 25\n`,
  ],
  ["what I removed and they changed goes", WITHOUT_B, three("10.0.0.1", "10.0.0.9", "10.0.0.3"), WITHOUT_B],
  ["my comment at the end stands", `${BASE}# mine\n`, `${BASE}# theirs\n`, `${BASE}# mine\n`],
])("%s", (_what, mine, theirs, expected) => {
  expect(mineFirst(config(BASE), config(mine), config(theirs))).toEqual(config(expected));
});
