import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  checkDirectorName,
  checkInterface,
  checkName,
  type Family,
  ICMP_NAMES,
  interfaceMatches,
  type Parsed,
  PROTOCOLS,
  parseAddress,
  parseIcmpType,
  parsePorts,
  parseProtocol,
  parseTable,
  printIcmpType,
  printPorts,
  protocolName,
} from "../src/index.ts";
import { arbitraryIcmpType, arbitraryPorts } from "../src/testing.ts";

function good<T>(parsed: Parsed<T>): T {
  if ("error" in parsed) throw new Error(parsed.error.message);
  return parsed.ok;
}

function said(parsed: Parsed<unknown>): string {
  return "error" in parsed ? `${parsed.error.code}: ${parsed.error.message} | ${parsed.error.help}` : "fine";
}

describe("ports", () => {
  it.each([
    ["22", "22"],
    ["22:22", "22"],
    ["1024:", "1024:65535"],
    [":1023", "0:1023"],
    ["0:65535", "0:65535"],
  ])("%s prints as %s", (text, canonical) => {
    expect(printPorts(good(parsePorts(text)))).toBe(canonical);
  });

  it.each([
    [":", "bad-port: a range needs an end | write 1024: or :1023 or 1024:2048; for every port 0:65535"],
    ["65536", 'bad-port: there is no port "65536" | ports go from 0 to 65535'],
    ["1:70000", 'bad-port: there is no port "70000" | ports go from 0 to 65535'],
    ["2000:1000", 'bad-port: the range "2000:1000" is upside down | write 1000:2000'],
    ["022", 'bad-port: the port "022" has a leading zero | write 22'],
    ["20-25", 'bad-port: "20-25" is not a port | write a range as 20:25'],
    ["http", 'bad-port: "http" is not a port | write a number such as 22, or a range such as 1000:2000'],
    ["1:2:3", 'bad-port: "2:3" is not a port | write a number such as 22, or a range such as 1000:2000'],
  ])("refuses %s", (text, sentence) => {
    expect(said(parsePorts(text))).toBe(sentence);
  });

  it("reads what it prints", () => {
    fc.assert(
      fc.property(arbitraryPorts, (text) => {
        const ports = good(parsePorts(text));
        expect(good(parsePorts(printPorts(ports)))).toEqual(ports);
        expect(ports.low).toBeLessThanOrEqual(ports.high);
      }),
    );
  });
});

describe("protocols", () => {
  it("reads names and numbers", () => {
    for (const { name, number } of PROTOCOLS) {
      expect(good(parseProtocol(name))).toBe(number);
      expect(good(parseProtocol(String(number)))).toBe(number);
      expect(protocolName(number)).toBe(name);
    }
    expect(protocolName(200)).toBe("200");
  });

  it.each([
    ["0", 'bad-protocol: "0" is not a protocol | for every protocol leave proto out'],
    ["any", 'bad-protocol: "any" is not a protocol | for every protocol leave proto out'],
    ["256", 'bad-protocol: there is no protocol "256" | numbers go from 1 to 255'],
    ["TCP", 'bad-protocol: "TCP" is not a protocol | write tcp'],
    ["ipv6-icmp", 'bad-protocol: "ipv6-icmp" is not a protocol | write icmp6'],
    ["06", 'bad-protocol: "06" is not a protocol | write 6'],
    [
      "foo",
      'bad-protocol: "foo" is not a protocol | write tcp, udp, icmp, icmp6, sctp, esp, ah, gre, ipip, vrrp or a number from 1 to 255',
    ],
  ])("refuses %s", (text, sentence) => {
    expect(said(parseProtocol(text))).toBe(sentence);
  });
});

describe("ICMP types", () => {
  it("has every name and alias once", () => {
    expect(ICMP_NAMES[4]).toHaveLength(39);
    expect(ICMP_NAMES[6]).toHaveLength(28);
    for (const family of [4, 6] as const) {
      expect(new Set(ICMP_NAMES[family].map(([name]) => name)).size).toBe(ICMP_NAMES[family].length);
    }
  });

  it.each([
    ["echo-request", 4, "8"],
    ["ping", 6, "128"],
    ["fragmentation-needed", 4, "3/4"],
    ["TOS-host-redirect", 4, "5/3"],
    ["neighbor-advertisement", 6, "136"],
    ["port-unreachable", 6, "1/4"],
    ["any", 4, "any"],
    ["254", 4, "254"],
    ["255/255", 6, "255/255"],
  ] as const)("%s of IPv%i is %s", (text, family, numbers) => {
    expect(printIcmpType(good(parseIcmpType(text, family)))).toBe(numbers);
  });

  it.each([
    [
      "255",
      4,
      "bad-icmp-type: iptables takes ICMP type 255 for every type | write any, or a type from 0 to 254",
    ],
    [
      "255/1",
      4,
      "bad-icmp-type: iptables takes ICMP type 255 for every type | write any, or a type from 0 to 254",
    ],
    ["256", 6, 'bad-icmp-type: there is no ICMP type "256" | types of icmp6 go from 0 to 255'],
    ["3/256", 4, 'bad-icmp-type: there is no ICMP code "256" | codes go from 0 to 255'],
    ["08", 4, 'bad-icmp-type: the ICMP type "08" has a leading zero | write 8'],
    ["Echo-Request", 4, 'bad-icmp-type: "Echo-Request" is not an ICMP type of icmp | write echo-request'],
    [
      "packet-too-big",
      4,
      'bad-icmp-type: "packet-too-big" is not an ICMP type of icmp | it is one of icmp6: say proto icmp6',
    ],
    [
      "foo",
      6,
      'bad-icmp-type: "foo" is not an ICMP type of icmp6 | write a number such as 8, type/code such as 3/4, or a name such as echo-request',
    ],
  ] as const)("refuses %s of IPv%i", (text, family, sentence) => {
    expect(said(parseIcmpType(text, family))).toBe(sentence);
  });

  it("reads what it prints", () => {
    const types = fc
      .constantFrom<Family[]>(4, 6)
      .chain((family) => arbitraryIcmpType(family).map((text) => ({ family, text })));
    fc.assert(
      fc.property(types, ({ family, text }) => {
        const parsed = parseIcmpType(text, family);
        fc.pre("ok" in parsed);
        expect(good(parseIcmpType(printIcmpType(good(parsed)), family))).toEqual(good(parsed));
      }),
    );
  });
});

describe("tables", () => {
  it.each([
    ["main", { number: 254 }],
    ["default", { number: 253 }],
    ["1", { number: 1 }],
    ["4294967295", { number: 4_294_967_295 }],
    ["office", { name: "office" }],
    ["match", { name: "match" }],
  ])("reads %s", (text, table) => {
    expect(good(parseTable(text))).toEqual(table);
  });

  it.each([
    "0",
    "255",
    "local",
    "unspec",
    "4294967296",
    "007",
    "0x10",
    "",
    "a b",
    "a,b",
    "a#",
    "{a}",
    "a\u0007",
  ])("refuses %j and says what to write", (text) => {
    expect(said(parseTable(text))).toMatch(/^bad-table: .+ \| (?:write|tables go from) .+$/);
  });
});

describe("names", () => {
  it.each(["a", "permit", "-x", "ACCEPT", "a".repeat(27), "_"])("a flow may be called %s", (name) => {
    expect(checkName(name)).toBeNull();
    expect(checkDirectorName(name)).toBeNull();
  });

  it.each(["", "a".repeat(28), "a b", "a.b", "é", "a@", "a\n"])("no flow may be called %j", (name) => {
    expect(checkName(name)).not.toBeNull();
  });

  it("a director may hold dots, and no more than 27 characters", () => {
    expect(checkDirectorName("web.example")).toBeNull();
    expect(checkDirectorName("a".repeat(28))).not.toBeNull();
  });

  it.each(["eth0", "eth0.100", "br-lan", "a@b", "a=b", "+", "eth+", "a".repeat(15), `${"a".repeat(14)}+`])(
    "an interface may be %s",
    (name) => {
      expect(checkInterface(name)).toBeNull();
    },
  );

  it.each([
    "",
    ".",
    "..",
    "@a",
    "a b",
    'a"',
    "a'",
    "a{b",
    "a,b",
    "eth*",
    "e+h",
    "++",
    `${"a".repeat(15)}+`,
    "é",
  ])("no interface may be %j", (name) => {
    expect(checkInterface(name)).not.toBeNull();
  });

  it("a + takes what begins so", () => {
    expect(interfaceMatches("eth+", "eth0")).toBe(true);
    expect(interfaceMatches("eth+", "eth")).toBe(true);
    expect(interfaceMatches("eth+", "et")).toBe(false);
    expect(interfaceMatches("+", "lo")).toBe(true);
    expect(interfaceMatches("eth0", "eth00")).toBe(false);
  });
});

describe("bad values", () => {
  it("are cut in messages, however long", () => {
    const long = "x".repeat(1_000_000);
    for (const parsed of [
      parseAddress(long),
      parsePorts(long),
      parseProtocol(long),
      parseIcmpType(long, 4),
      parseTable(long),
    ]) {
      expect(said(parsed).length).toBeLessThan(300);
      expect(said(parsed)).not.toBe("fine");
    }
  });

  it("never throw", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        for (const parsed of [
          parseAddress(text),
          parsePorts(text),
          parseProtocol(text),
          parseIcmpType(text, 6),
          parseTable(text),
        ]) {
          expect("ok" in parsed || parsed.error.help !== "").toBe(true);
        }
      }),
    );
  });
});
