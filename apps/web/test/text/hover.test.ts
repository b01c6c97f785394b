import { EditorState } from "@codemirror/state";
import { expect, test } from "vitest";
import { helpAt } from "../../src/text/hover.ts";
import { itemAt, itemsOf, placeOfItem } from "../../src/text/items.ts";

const TEXT = `list office { 10.0.0.0/24, 192.0.2.1 }
flow match permit # match
  match proto gre src @office dst 192.168.0.5/24
  ignore not icmptype echo-request dst 2001:db8::/32
outflow out deny
  match
expect flow permit   dstport 22:22 # ssh
expect undecided
  not proto gre`;

/** The help for the nth time that a word stands in the text. */
function help(word: string, nth = 1): string | null {
  let at = -1;
  for (let found = 0; found < nth; found++) at = TEXT.indexOf(word, at + 1);
  const list = (name: string) => (name === "office" ? "two values" : null);
  return helpAt(EditorState.create({ doc: TEXT }), at + 1, list)?.text ?? null;
}

test("a keyword is explained where it is one", () => {
  expect(help("permit")).toMatch(/^Lets the packet through/);
  expect(help("match", 1)).toBeNull();
  expect(help("match", 2)).toBeNull();
  expect(help("match", 3)).toMatch(/^When all conditions hold/);
  expect(help("list")).toMatch(/^Begins a named list/);
  expect(help("flow", 1)).toMatch(/^Begins a flow/);
  expect(help("flow", 3)).toMatch(/^The expectation speaks of incoming packets/);
  expect(help("undecided")).toMatch(/^No flow decides/);
  expect(help("expect")).toMatch(/^States what must be true/);
});

test("values say what they mean", () => {
  expect(help("@office")).toBe("two values");
  expect(help("gre")).toBe("Generic Routing Encapsulation, protocol 47 (RFC 2784)");
  expect(help("10.0.0.0/24")).toBe("10.0.0.0 to 10.0.0.255: 256 addresses");
  expect(help("192.168.0.5/24")).toBe(
    "the network 192.168.0.0/24, 192.168.0.0 to 192.168.0.255: 256 addresses",
  );
  expect(help("192.0.2.1")).toBeNull();
  expect(help("echo-request")).toBe("ICMP type 8, IPv4");
  expect(help("2001:db8::/32")).toMatch(/: 2\^96 addresses$/);
});

test("items by name and by place", () => {
  const { doc } = EditorState.create({ doc: TEXT });
  expect(itemsOf(doc)).toEqual([
    ...["@office", "match", "out", "expect permit dstport 22", "expect undecided"],
  ]);
  expect(placeOfItem(doc, "expect permit dstport 22")).toBe(TEXT.indexOf("expect flow"));
  // By all its lines too.
  expect(placeOfItem(doc, "expect undecided not proto gre")).toBe(TEXT.indexOf("expect undecided"));
  expect(placeOfItem(doc, "expect deny")).toBeNull();
  expect(placeOfItem(doc, "out")).toBe(TEXT.indexOf("outflow"));
  expect(placeOfItem(doc, "office")).toBeNull();
  expect(itemAt(doc, TEXT.indexOf("gre"))).toBe("match");
  expect(itemAt(doc, TEXT.lastIndexOf("match"))).toBe("out");
  expect(itemAt(doc, TEXT.length)).toBe("expect undecided");
});
