import { BlockList, isIPv4, isIPv6 } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  containsAddress,
  type Family,
  networkOf,
  type Parsed,
  parseAddress,
  parseIPv4,
  parseIPv6,
  printAddress,
  printBits,
  rangeOf,
} from "../src/index.ts";
import { arbitraryAddress } from "../src/testing.ts";

function good<T>(parsed: Parsed<T>): T {
  if ("error" in parsed) throw new Error(parsed.error.message);
  return parsed.ok;
}

function said(parsed: Parsed<unknown>): string {
  return "error" in parsed ? `${parsed.error.code}: ${parsed.error.message} | ${parsed.error.help}` : "fine";
}

const anyAddress = fc.constantFrom<Family[]>(4, 6).chain(arbitraryAddress);

describe("addresses", () => {
  it.each([
    ["192.168.0.1", "192.168.0.1"],
    ["192.168.0.1/32", "192.168.0.1"],
    ["10.0.0.0/255.0.0.0", "10.0.0.0/8"],
    ["10.0.0.1/255.255.255.255", "10.0.0.1"],
    ["0.0.0.0/0.0.0.0", "0.0.0.0/0"],
    ["10.0.0.1/8", "10.0.0.1/8"],
    ["255.255.255.255", "255.255.255.255"],
    ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["::", "::"],
    ["::1/128", "::1"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["64:ff9b::192.0.2.1", "64:ff9b::c000:201"],
    ["::102:304", "::1.2.3.4"],
    ["::/0", "::/0"],
  ])("%s prints as %s", (text, canonical) => {
    expect(printAddress(good(parseAddress(text)))).toBe(canonical);
  });

  it.each([
    [
      "",
      "bad-address: an address is missing | write an address such as 192.168.0.1, 192.168.0.0/24 or 2001:db8::/32",
    ],
    ["10/8", 'bad-address: the address "10" has 1 of 4 numbers | write all four numbers, such as 10.0.0.0/8'],
    [
      "10.1",
      'bad-address: the address "10.1" has 2 of 4 numbers | write all four numbers, such as 10.1.0.0/16',
    ],
    [
      "010.1.1.1/8",
      'bad-address: the address "010.1.1.1" has leading zeros, which some programs read as octal | write 10.1.1.1/8',
    ],
    [
      "1.2.3.256",
      'bad-address: "256" is too big in the address "1.2.3.256" | each number goes from 0 to 255',
    ],
    [
      "mail.example",
      'bad-address: "mail.example" is not an address; names are not looked up | write an address such as 192.168.0.1, 192.168.0.0/24 or 2001:db8::/32',
    ],
    [
      "fe80::1%eth0",
      'bad-address: the address "fe80::1%eth0" has a zone | write fe80::1 and say the interface by iface',
    ],
    ["::ffff:10.0.0.1", 'bad-address: "::ffff:10.0.0.1" is an IPv4 address written as IPv6 | write 10.0.0.1'],
    [
      "::ffff:0a00:0/120",
      'bad-address: "::ffff:0a00:0" is an IPv4 address written as IPv6 | write 10.0.0.0/24',
    ],
    [
      "[::1]:25",
      'bad-address: the address "[::1]:25" has brackets | write ::1 and the port by srcport or dstport',
    ],
    [
      "10.0.0.1:25",
      'bad-address: the address "10.0.0.1:25" has a port | write 10.0.0.1 and the port by srcport or dstport',
    ],
    ["1::2::3", 'bad-address: "1::2::3" is not an IPv6 address | write :: once at most'],
    ["12345::", 'bad-address: "12345::" is not an IPv6 address | each group has 1 to 4 hex digits'],
    [
      "1:2:3:4:5:6:7::8",
      'bad-address: "1:2:3:4:5:6:7::8" is not an IPv6 address | write eight groups, or :: once for a run of zero groups, such as 2001:db8::1',
    ],
    [
      "10.0.0.0/33",
      'bad-prefix: the prefix of "10.0.0.0/33" is too long | write 0 to 32, or a mask such as 255.255.255.0',
    ],
    ["::/129", 'bad-prefix: the prefix of "::/129" is too long | write 0 to 128'],
    ["10.0.0.0/08", 'bad-prefix: the prefix of "10.0.0.0/08" has a leading zero | write /8'],
    ["::/255.0.0.0", "bad-prefix: a dotted mask is for IPv4 only | write a prefix, 0 to 128"],
    [
      "10.0.0.0/255.0.255.0",
      'bad-mask: the mask "255.0.255.0" has zeros between its ones | write a prefix such as /24; a mask is ones, then zeros, such as 255.255.255.0',
    ],
    [
      "10.0.0.0/0.0.0.255",
      'bad-mask: "0.0.0.255" is a wildcard mask, not a network mask | write 10.0.0.0/24',
    ],
  ])("refuses %s", (text, sentence) => {
    expect(said(parseAddress(text))).toBe(sentence);
  });

  it("every prefix has one dotted mask", () => {
    for (let prefix = 0; prefix <= 32; prefix++) {
      const mask = printBits(4, (0xffff_ffffn << BigInt(32 - prefix)) & 0xffff_ffffn);
      expect(good(parseAddress(`10.1.2.3/${mask}`)).prefix).toBe(prefix);
    }
  });

  it("knows host bits and the network meant", () => {
    const address = good(parseAddress("10.1.2.3/8"));
    expect(address.hostBits).toBe(true);
    expect(printAddress(networkOf(address))).toBe("10.0.0.0/8");
    expect(good(parseAddress("10.0.0.0/8")).hostBits).toBe(false);
    expect(good(parseAddress("10.0.0.1")).hostBits).toBe(false);
  });

  it("reads what it prints, and prints one text for one address", () => {
    fc.assert(
      fc.property(anyAddress, (text) => {
        const address = good(parseAddress(text));
        const printed = printAddress(address);
        expect(good(parseAddress(printed))).toEqual(address);
        expect(printAddress(good(parseAddress(printed)))).toBe(printed);
      }),
    );
  });

  it("prints IPv6 as the URL standard does, but for ::/96", () => {
    const groups = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
      minLength: 8,
      maxLength: 8,
    });
    fc.assert(
      fc.property(groups, (parts) => {
        fc.pre(parts.slice(0, 6).some((part) => part !== 0));
        const text = parts.map((part) => part.toString(16)).join(":");
        const bits = parseIPv6(text);
        expect(bits === null ? null : printBits(6, bits)).toBe(
          new URL(`http://[${text}]`).hostname.slice(1, -1),
        );
      }),
    );
  });

  it("takes for bare addresses what node takes, zones excluded", () => {
    const unit = fc.constantFrom(..."0123456789af:.");
    const texts = fc.oneof(
      fc.string({ unit, maxLength: 20 }),
      fc
        .array(fc.constantFrom("::", ":", "1", "ffff", "0", "1.2.3.4", "256", "01"), { maxLength: 16 })
        .map((is) => is.join("")),
      fc
        .array(fc.constantFrom("0", "1", "255", "256", "00"), { minLength: 3, maxLength: 5 })
        .map((is) => is.join(".")),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(parseIPv4(text) !== null).toBe(isIPv4(text));
        expect(parseIPv6(text) !== null).toBe(isIPv6(text));
      }),
      { numRuns: 2000 },
    );
  });

  it("contains what node's BlockList contains", () => {
    const pairs = fc
      .constantFrom<Family[]>(4, 6)
      .chain((family) => fc.tuple(arbitraryAddress(family), arbitraryAddress(family)));
    fc.assert(
      fc.property(pairs, fc.constantFrom(-1n, 0n, 1n), fc.boolean(), ([network, other], step, own) => {
        const { family, prefix, ...rest } = good(parseAddress(network));
        const range = rangeOf({ family, prefix, ...rest });
        const start = own ? (step < 0n ? range.low : range.high) : good(parseAddress(other)).bits;
        const bits = start + step;
        fc.pre(bits >= 0n && bits < 1n << (family === 4 ? 32n : 128n));
        const list = new BlockList();
        list.addSubnet(printBits(family, rest.bits), prefix, `ipv${family}`);
        const contained = list.check(printBits(family, bits), `ipv${family}`);
        expect(containsAddress({ family, prefix, ...rest }, bits)).toBe(contained);
        expect(range.low <= bits && bits <= range.high).toBe(contained);
      }),
    );
  });
});
