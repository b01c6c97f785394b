/** Restore texts written by hand: what no program may hold, and chains that no compiler writes today, right and wrong. */
import { checkText } from "@flowmgr/flow-model";
import { describe, expect, test } from "vitest";
import { PROVEN, proveProgram } from "../src/program/index.ts";

const NO_MARKS = { directors: {}, tables: {} };

describe("a text that no program may hold is refused by name", () => {
  const head = "*mangle\n:FLOWS - [0:0]\n-A PREROUTING -m comment --comment flowmgr -j FLOWS\n";
  test.each([
    ["-A FLOWS -m string --string x -j DROP", /the module string is not known/],
    ["-A FLOWS -p tcp -m tcp --syn -j DROP", /the word --syn is not known/],
    ["-A FLOWS -p gre -j DROP", /the protocol gre is not known/],
    ["-A FLOWS -m tcp --dport 22 -j DROP", /the module tcp stands without its protocol/],
    ["-A FLOWS -p udp -m tcp --dport 22 -j DROP", /the module tcp stands without its protocol/],
    ["-A FLOWS ! -p tcp -m tcp --dport 22 -j DROP", /the module tcp stands without its protocol/],
    ["-A FLOWS -p tcp --dport 22 -j DROP", /--dport belongs to no module before it/],
    ["-A FLOWS -p icmp -m icmp --icmp-type 255 -j DROP", /255 is no ICMP type/],
    [
      "-A FLOWS -p tcp -m multiport --dports 1:2,3:4,5:6,7:8,9:10,11:12,13:14,15:16 -j DROP",
      /more than 15 ports/,
    ],
    ["-A FLOWS -o eth0 -j DROP", /asked for the other interface/],
    ["-A FLOWS -m mark --mark 0x1/0xff -j DROP", /a mark is asked for where flows judge/],
    ["-A FLOWS -m socket -j DROP", /a socket is asked for where flows judge/],
    ["-A FLOWS -j TEE --gateway 10.0.0.1", /behind TEE are not known/],
    ["-A FLOWS -j REJECT", /there is no chain REJECT/],
    ["-A FLOWS -g ACCEPT", /-g leads to a chain/],
    ["-A FLOWS -j MARK --set-mark 0x1", /MARK is known with --set-xmark/],
    ["-A FLOWS -j FLOWS", /the chain FLOWS leads to itself/],
    ["-A INPUT -j INPUT", /the chain INPUT leads to itself/],
    ["-A @ssh -j DROP", /not a rule of a chain that is declared/],
    [":FLOWS - [0:0]", /a chain is declared behind rules/],
    ["-A FLOWS -s 2001:db8::1 -j DROP", /2001:db8::1 is no network here/],
    ["-A FLOWS -m iprange --src-range 10.0.0.9-10.0.0.1 -j DROP", /is no range of addresses/],
    ["-A INPUT -s 10.0.0.1/32 -j DROP", /behind INPUT only the mark may be asked for/],
    ["-A INPUT -j DROP", /behind INPUT a packet with mark 0x0 ends there \(drop\)/],
  ])("%s", (line, said) => {
    const text = `${head}${line}\nCOMMIT\n`;
    const program = { family: 4, text, marks: NO_MARKS, markMask: 0xff00 } as const;
    const { status, said: why } = proveProgram({ items: [], comment: [] }, program);
    expect(why).toMatch(said);
    expect(status).toBe("differs");
  });
});

test("a chain is declared once", () => {
  const text = "*mangle\n:FLOWS - [0:0]\n:FLOWS - [0:0]\nCOMMIT\n";
  const program = { family: 4, text, marks: NO_MARKS, markMask: 0xff00 } as const;
  expect(proveProgram({ items: [], comment: [] }, program).said).toMatch(/the chain FLOWS is there already/);
});

describe("pieces are one text", () => {
  const [open, first, second, close] = [
    "*mangle\n:FLOWS - [0:0]\n-A PREROUTING -j FLOWS\n-A FLOWS -i lo -j RETURN\n",
    "-A FLOWS -p tcp -j DROP\n",
    "-A FLOWS -p udp -j DROP\n",
    "COMMIT\n",
  ].map((text) => ({ text }));
  const { config } = checkText("flow a deny match proto { tcp, udp }");
  const program = { family: 4, marks: NO_MARKS, markMask: 0xff00 } as const;
  const said = (...pieces: ({ text: string } | undefined)[]) =>
    proveProgram(config, { ...program, text: pieces.flatMap((piece) => piece ?? []) }).said;

  test("of which each counts where it stands", () => {
    expect(said(open, first, second, close)).toBe("");
    expect(said(open, first, close)).toMatch(/^udp .*flow a, rule 1 says deny/);
    expect(said(open, first, second)).toMatch(/is not one table/);
    expect(said(first, open, second, close)).toMatch(/is not one table/);
    expect(said(open, close, second, close)).toMatch(/is not one table/);
    expect(said()).toMatch(/is not one table/);
    expect(said(open, { text: "-A FLOWS -p tcp" }, { text: " -j DROP\n" }, close)).toMatch(/within a line/);
  });
});

describe("chains that no compiler writes today", () => {
  const declared = [
    ":FLOWS - [0:0]",
    ":FLOWS-10 - [0:0]",
    ":FLOWS-10.1 - [0:0]",
    ":@a - [0:0]",
    ":@b - [0:0]",
    ":@c - [0:0]",
  ];
  const flows =
    "flow a deny match dst 10.1.0.0/16 proto tcp flow b permit match dst 10.0.0.0/8 flow c deny match src 9.0.0.1";
  const own = [
    "-A @a -d 10.1.0.0/16 -p tcp -j DROP",
    "-A @b -d 10.0.0.0/8 -j ACCEPT",
    "-A @c -s 9.0.0.1/32 -j DROP",
  ];
  const judged = (lines: string[]) => {
    const hook = "-A PREROUTING -m comment --comment flowmgr -j FLOWS";
    const text = [
      "*mangle",
      ...declared,
      hook,
      ...own,
      "-A FLOWS -i lo -j RETURN",
      ...lines,
      "COMMIT",
      "",
    ].join("\n");
    return proveProgram(checkText(flows).config, { family: 4, text, marks: NO_MARKS, markMask: 0xff00 });
  };

  test.each([
    [
      "a dispatch that comes back",
      ["-A FLOWS -d 10.0.0.0/8 -j FLOWS-10", "-A FLOWS -j @c", "-A FLOWS-10 -j @a", "-A FLOWS-10 -j @b"],
    ],
    [
      "a dispatch for good, flows copied",
      [
        "-A FLOWS -d 10.0.0.0/8 -g FLOWS-10",
        "-A FLOWS -j @c",
        "-A FLOWS-10 -j @a",
        "-A FLOWS-10 -j @b",
        "-A FLOWS-10 -j @c",
      ],
    ],
    [
      "a dispatch of two levels",
      [
        "-A FLOWS -d 10.0.0.0/8 -g FLOWS-10",
        "-A FLOWS -g @c",
        "-A FLOWS-10 -d 10.1.0.0/16 -g FLOWS-10.1",
        "-A FLOWS-10 -g @b",
        "-A FLOWS-10.1 -j @a",
        "-A FLOWS-10.1 -j @b",
      ],
    ],
    [
      "flows that have no packet in common changed places",
      ["-A FLOWS -j @a", "-A FLOWS -p tcp -j @b", "-A FLOWS -j @b", "-A FLOWS -j @c"],
    ],
    [
      "a rule stands in the main chain itself",
      ["-A FLOWS -d 10.1.0.0/16 -p tcp -j DROP", "-A FLOWS -j @b", "-A FLOWS -s 9.0.0.1/32 -j DROP"],
    ],
    [
      "a visit for good",
      ["-A FLOWS -d 11.0.0.0/8 -g @c", "-A FLOWS -j @a", "-A FLOWS -j @b", "-A FLOWS -j @c"],
    ],
  ])("are proven right: %s", (_what, lines) => {
    expect(judged(lines)).toEqual(PROVEN);
  });

  test.each([
    ["a leaf lacks a flow", ["-A FLOWS -d 10.0.0.0/8 -g FLOWS-10", "-A FLOWS -j @c", "-A FLOWS-10 -j @b"]],
    [
      "a leaf has flows in another order",
      ["-A FLOWS -d 10.0.0.0/8 -g FLOWS-10", "-A FLOWS -j @c", "-A FLOWS-10 -j @b", "-A FLOWS-10 -j @a"],
    ],
    [
      "a leaf is too narrow",
      ["-A FLOWS -d 10.0.0.0/9 -g FLOWS-10", "-A FLOWS -j @c", "-A FLOWS-10 -j @a", "-A FLOWS-10 -j @b"],
    ],
    [
      "nobody comes back from a leaf",
      [
        "-A FLOWS -p udp -g FLOWS-10",
        "-A FLOWS -j @a",
        "-A FLOWS -j @b",
        "-A FLOWS -j @c",
        "-A FLOWS-10 -j @a",
        "-A FLOWS-10 -j @b",
      ],
    ],
    ["two flows changed places", ["-A FLOWS -j @b", "-A FLOWS -j @a", "-A FLOWS -j @c"]],
    [
      "a flow is left for good",
      ["-A FLOWS -j @a", "-A FLOWS -d 10.1.0.0/16 -g @c", "-A FLOWS -j @b", "-A FLOWS -j @c"],
    ],
    [
      "a mark is left behind",
      [
        "-A FLOWS -p udp -j MARK --set-xmark 0x100/0xff00",
        "-A FLOWS -j @a",
        "-A FLOWS -j @b",
        "-A FLOWS -j @c",
      ],
    ],
  ])("are proven wrong: %s", (_what, lines) => {
    const { status, packet, expected, got } = judged(lines);
    expect(status).toBe("differs");
    expect(packet).not.toBeNull();
    expect(got?.verdict).not.toEqual(expected?.verdict);
  });
});
