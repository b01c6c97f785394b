import { expect, test } from "vitest";
import { type Asked, askedOf, searchAddress } from "../../src/packets/asked.ts";

test.each<[Asked, string]>([
  [{ text: "", direction: "in", verdict: null, config: "draft" }, "/test/search"],
  [
    { text: " dst 2001:db8::/32 dstport { 25, 80 } ", direction: "in", verdict: null, config: "draft" },
    "/test/search?q=dst+2001:db8::/32+dstport+%7B+25,+80+%7D",
  ],
  [
    { text: "src @office", direction: "out", verdict: "director maildirect", config: "running" },
    "/test/search?q=src+%40office&direction=out&verdict=director+maildirect&config=running",
  ],
])("a search %j has its address, and reads back from it", (asked, address) => {
  expect(searchAddress(asked)).toBe(address);
  expect(askedOf(address.split("?")[1] ?? "")).toEqual({ ...asked, text: asked.text.trim() });
});

test("what nobody would have written is what is usual", () => {
  expect(askedOf("direction=up&config=7")).toEqual({
    text: "",
    direction: "in",
    verdict: null,
    config: "draft",
  });
});
