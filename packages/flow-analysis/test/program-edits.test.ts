/** Restore texts written by hand, one after the other: a proof after the first says of the second what it says alone. */
import { checkText } from "@flowmgr/flow-model";
import { expect, test } from "vitest";
import { PROVEN, Proofs, proveProgram } from "../src/program/index.ts";

type Held = { rules: string[]; sets?: string; marks?: { directors: { [name: string]: number } } };

const MARKED = "MARK --set-xmark 0x100/0xff00";

function programOf({ rules, sets = "", marks = { directors: {} } }: Held) {
  const names = ["FLOWS", "FLOWS-1", "FLOWS-2", "FLOWS-low", "@a", "DIRECTORS"].map(
    (name) => `:${name} - [0:0]`,
  );
  const hooks = ["-A PREROUTING -j FLOWS", "-A INPUT -j DIRECTORS", "-A FLOWS -i lo -j RETURN"];
  const text = ["*mangle", ...names, ...hooks, ...rules, "COMMIT", ""].join("\n");
  return { family: 4, text, sets, marks: { ...marks, tables: {} }, markMask: 0xff00 } as const;
}

const WEB = { marks: { directors: { web: 1 } } };
const DIRECTED = [`-A @a -p tcp -j ${MARKED}`, "-A @a -p tcp -j ACCEPT"];
const TO_IPVS = "-A DIRECTORS -m mark --mark 0x100/0xff00 -j MARK --set-xmark 0x100/0xffffffff";
const NETWORKS = "create nets hash:net family inet hashsize 1024 maxelem 2\nadd nets 10.0.0.0/8\n";

test.each<[string, string, Held, string, Held]>([
  [
    "a negated rule of a chain is gone, and the flows stay",
    "flow a deny match not src 10.0.0.0/8",
    { rules: ["-A @a ! -s 10.0.0.0/8 -j DROP", "-A FLOWS -j @a"] },
    "flow a deny match not src 10.0.0.0/8",
    { rules: ["-A FLOWS -j @a"] },
  ],
  [
    "a chain changes that two ways lead to, and one of them still does what it did",
    "flow a deny match src { 10.0.0.0/9, 12.0.0.0/9 } proto tcp",
    {
      rules: ["-A FLOWS -s 10.0.0.0/9 -g FLOWS-low", "-A FLOWS -s 12.0.0.0/9 -g FLOWS-low"].concat(
        "-A FLOWS-low -p tcp -j DROP",
      ),
    },
    "flow a deny match src { 10.0.0.0/9, 12.0.0.0/9 } proto tcp",
    {
      rules: ["-A FLOWS -s 10.0.0.0/9 -g FLOWS-low", "-A FLOWS -s 12.0.0.0/9 -g FLOWS-low"].concat(
        "-A FLOWS-low -s 10.0.0.0/9 -p tcp -j DROP",
      ),
    },
  ],
  [
    "the flows change, and the chains don't",
    "flow a deny match proto tcp dstport 22",
    { rules: ["-A FLOWS -p tcp -m tcp --dport 22 -j DROP"] },
    "flow a deny match proto tcp dstport 23",
    { rules: ["-A FLOWS -p tcp -m tcp --dport 22 -j DROP"] },
  ],
  [
    "a set of the same name holds less",
    "flow a deny match src { 10.0.0.0/8, 12.0.0.0/8 }",
    { rules: ["-A FLOWS -m set --match-set nets src -j DROP"], sets: `${NETWORKS}add nets 12.0.0.0/8\n` },
    "flow a deny match src { 10.0.0.0/8, 12.0.0.0/8 }",
    { rules: ["-A FLOWS -m set --match-set nets src -j DROP"], sets: NETWORKS },
  ],
  [
    "behind INPUT a mark keeps the bits of others",
    "flow a director web match proto tcp",
    { rules: [...DIRECTED, "-A FLOWS -j @a", TO_IPVS], ...WEB },
    "flow a director web match proto tcp",
    { rules: [...DIRECTED, "-A FLOWS -j @a"], ...WEB },
  ],
  [
    "a director has another mark",
    "flow a director web match proto tcp",
    { rules: [...DIRECTED, "-A FLOWS -j @a", TO_IPVS], ...WEB },
    "flow a director web match proto tcp",
    { rules: [...DIRECTED, "-A FLOWS -j @a", TO_IPVS], marks: { directors: { web: 2 } } },
  ],
])("%s", (_what, flows, held, nextFlows, next) => {
  const proofs = new Proofs();
  expect(proofs.prove(checkText(flows).config, programOf(held))).toEqual(PROVEN);
  const { config } = checkText(nextFlows);
  const proof = proofs.prove(config, programOf(next));
  expect(proof.status).toBe("differs");
  expect(proof).toEqual(proveProgram(config, programOf(next)));
  // What was proven is built upon still, and what was not never is.
  expect(proofs.prove(config, programOf(next))).toEqual(proof);
  expect(proofs.prove(checkText(flows).config, programOf(held))).toEqual(PROVEN);
});
