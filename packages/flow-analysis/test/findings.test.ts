/** The words of what was found, and mends that do mend. */
import { check, checkText, editAll } from "@flowmgr/flow-model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deadRules, findingsOf } from "../src/index.ts";
import { tinyConfigs } from "./tiny.ts";

function findings(text: string) {
  const { config, diagnostics } = checkText(text);
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  return findingsOf(config, deadRules(config));
}

const MAIL = `flow mail permit
  match proto tcp dst 192.168.0.2
flow smtp deny
  match proto tcp dst 192.168.0.2 dstport 25
`;

describe("rules that could go", () => {
  it("says who takes the packets, with a packet, the place and both mends", () => {
    expect(findings(MAIL)).toMatchObject([
      {
        code: "covered-by-one",
        severity: "warning",
        message: "rule 1 never acts: mail, rule 1 takes all of its packets first",
        help: "remove flow smtp, or move smtp before mail",
        path: "/items/1/rules/0",
        flow: "smtp",
        rule: 1,
        by: [{ flow: "mail", rule: 1 }],
        packet: expect.stringMatching(/^tcp \S+ -> 192\.168\.0\.2:25 in /),
        fixes: [
          { label: "Remove flow smtp", edits: [{ do: "remove", name: "smtp" }] },
          { label: "Move smtp before mail", edits: [{ do: "move", name: "smtp", before: "mail" }] },
        ],
      },
    ]);
  });

  it("offers a move within the flow, past a rule that ignores", () => {
    const [one] = findings(
      "flow a permit\n ignore src 10.0.0.0/8\n match src 10.1.0.0/16\n match dst 10.9.9.9\n",
    );
    expect(one?.message).toBe("rule 2 never acts: rule 1 takes all of its packets first");
    expect(one?.fixes).toEqual([
      { label: "Remove rule 2", edits: [{ do: "remove-rule", flow: "a", number: 2 }] },
      {
        label: "Move rule 2 before rule 1",
        edits: [{ do: "move-rule", flow: "a", number: 2, position: 1 }],
      },
    ]);
  });

  it("offers no move that changes no verdict", () => {
    const [one] = findings(MAIL.replace("deny", "permit"));
    expect(one?.fixes?.map(({ label }) => label)).toEqual(["Remove flow smtp"]);
  });

  it("says what makes a rule needless", () => {
    const [one] = findings("flow a deny match dst 10.0.0.1\nflow b deny match dst 10.0.0.0/8\n");
    expect(one).toMatchObject({
      code: "no-effect",
      message: "rule 1 has no effect: b, rule 1 gives its packets the same verdict",
    });
  });

  it("in any small config, what is moved is not dead any more, and what is removed is gone", () => {
    fc.assert(
      fc.property(tinyConfigs, (config) => {
        for (const { flow, rule, fixes = [] } of findingsOf(config, deadRules(config))) {
          for (const fix of fixes) {
            const edited = "edits" in fix ? editAll(config, fix.edits) : null;
            if (!edited || "error" in edited) throw new Error(`${fix.label} cannot be made`);
            const left = deadRules(edited.config).dead;
            if (fix.label.startsWith("Move rule")) {
              const to = "edits" in fix && fix.edits[0]?.do === "move-rule" ? fix.edits[0].position : 0;
              expect(left).not.toContainEqual(expect.objectContaining({ flow, rule: to }));
            } else if (fix.label.startsWith("Move")) {
              expect(left).not.toContainEqual(expect.objectContaining({ flow, rule }));
            }
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe("expectations", () => {
  const many = Array.from({ length: 20 }, (_, at) => `10.0.0.${at}`).join(", ");
  const { config } = checkText(
    `flow mail deny match proto tcp dst 192.168.0.2\nexpect permit dst 192.168.0.2\nexpect deny src { ${many} }`,
  );
  const packet = deadRules(checkText(MAIL).config).dead[0]?.packet ?? null;
  const decision = { verdict: { action: "deny" as const }, flow: "mail", rule: 1, icmpErrors: false };

  it("one that fails is an error with the packet and who decided it", () => {
    expect(check(config)).toEqual([]);
    const found = findingsOf(config, {
      dead: [],
      expectations: [
        { index: 1, status: "fails", packet, decision },
        { index: 2, status: "open", packet: null, decision: null },
      ],
    });
    expect(found).toMatchObject([
      {
        code: "expectation-fails",
        severity: "error",
        path: "/items/1",
        message: expect.stringMatching(
          /^"expect permit dst 192\.168\.0\.2" does not hold: tcp \S+ -> 192\.168\.0\.2:25 in \S+ is denied by mail, rule 1$/,
        ),
        by: [{ flow: "mail", rule: 1 }],
      },
      {
        code: "expectation-open",
        severity: "error",
        path: "/items/2",
        message: expect.stringMatching(/^"expect deny src \{ 10\.0\.0\.0, .*\.\.\." could/),
      },
    ]);
  });
});
