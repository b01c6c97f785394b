/** Imports at sizes at which a quadratic step, or one that is recursive in its depth, would not come back. */
import { describe, expect, it } from "vitest";
import { type ImportSource, importText } from "../../src/exchange/index.ts";
import { check } from "../../src/index.ts";

/** Milliseconds; many times what a busy machine needs, and nothing to what a quadratic step would. */
const LIMIT = 120_000;

const repeated = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => line(index)).join("");
const address = (index: number) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
const saved = (rules: string) => `*mangle\n:PREROUTING ACCEPT [0:0]\n${rules}COMMIT\n`;
const chains = (count: number) => repeated(count, (index) => `:c${index} - [0:0]\n`);

/** Made when asked for, see the garbage of the language itself. */
const GARBAGE: { [kind: string]: [from: ImportSource, text: () => string] } = {
  "flows with mistakes": ["page", () => repeated(30_000, (index) => `flow f${index} deny match prt 80\n`)],
  "lists that nobody closes": ["page", () => "list l { ".repeat(100_000)],
  "lists of lists that are not there": [
    "page",
    () => `x y\n${repeated(20_000, (index) => `list l${index} { @l${index + 1} }\n`)}`,
  ],
  "interfaces called flow": ["page", () => `x ${"flow match match iface ".repeat(50_000)}`],
  "full stops": ["page", () => `x ${".".repeat(1_000_000)}y`],
  "chains in the order of a double tree": [
    "iptables-save",
    () =>
      saved(
        `${chains(41)}-A PREROUTING -j c0\n${repeated(40, (index) => `-A c${index} -j c${index + 1}\n`.repeat(2))}`,
      ),
  ],
  "ten thousand jumps deep": [
    "iptables-save",
    () =>
      saved(
        `${chains(10_001)}-A PREROUTING -j c0\n${repeated(10_000, (index) => `-A c${index} -j c${index + 1}\n`)}`,
      ),
  ],
  "verdicts in turn": [
    "iptables-save",
    () => saved("-A PREROUTING -j ACCEPT\n-A PREROUTING -j DROP\n".repeat(30_000)),
  ],
  "thousands of returns": [
    "iptables-save",
    () =>
      saved(
        `:c - [0:0]\n:d - [0:0]\n-A PREROUTING -j c\n${repeated(10_000, (index) => `-A c -s ${address(index)} -j RETURN\n`)}-A c -j d\n${repeated(20_000, (index) => `-A d -s ${address(index + 100_000)} -j ACCEPT\n`)}`,
      ),
  ],
  "a line without end": [
    "iptables-save",
    () => saved(`-A PREROUTING ${repeated(50_000, (index) => `! -s ${address(3 * index)} `)}-j DROP\n`),
  ],
};

describe("garbage", () => {
  it.each(Object.entries(GARBAGE))("%s: is read to its end", { timeout: LIMIT }, (_, [from, text]) => {
    const { config, leftOut } = importText(text(), from);
    expect(config.items.length + leftOut.length).toBeGreaterThan(0);
    expect(check(config).filter(({ severity }) => severity === "error")).toEqual([]);
  });
});
