/** What the server's check says of the draft: errors that block an apply, warnings that do not. */
import type { Plan } from "@flowmgr/flow-api";
import { EMPTY_CONFIG } from "@flowmgr/flow-model";
import { useMemo, useState } from "react";
import { Link } from "wouter";
import { isFinding, useFindings } from "../analysis/index.ts";
import { useDraft } from "../api/index.ts";
import { Button } from "../ui/button.tsx";
import { testAddress } from "../ui/packet-link.ts";
import { counted } from "../ui/say.ts";
import { grouped } from "./groups.ts";
import styles from "./review.module.css";

type Finding = Plan["diagnostics"][number];
/** Sentences of a list; of warnings a few at first, as what would change stands below them. */
const SHOWN = 50;
const FIRST = { error: SHOWN, warning: 6 } as const;

export function Findings({ diagnostics }: { diagnostics: Finding[] }) {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const warnings = diagnostics.filter(({ severity }) => severity === "warning");
  return (
    <>
      <List title={counted(errors.length, "error")} tone="error" found={errors} />
      <List title={counted(warnings.length, "warning")} tone="warning" found={warnings} />
    </>
  );
}

/** Rules that could go. It stands last, since it may be known later than the plan. */
export function NeedlessRules() {
  const { config } = useDraft();
  const findings = useFindings(config ?? EMPTY_CONFIG);
  if (!findings) return null;
  const found = findings.diagnostics.filter(({ severity }) => severity === "warning");
  return (
    <>
      <List title={`${counted(found.length, "rule")} that could go`} tone="warning" found={found} />
      {findings.partial ? (
        <p className={styles.quiet}>Not all rules were looked at in time: others may be as needless.</p>
      ) : null}
    </>
  );
}

type ListProps = { title: string; tone: "error" | "warning"; found: Finding[] };

function List({ title, tone, found }: ListProps) {
  const [whole, setWhole] = useState(false);
  const groups = useMemo(() => grouped(found), [found]);
  if (found.length === 0) return null;
  const shown = groups.slice(0, whole ? SHOWN : FIRST[tone]);
  const left = groups.length - shown.length;
  return (
    <section className={`${styles.findings} ${styles[tone]}`} aria-label={title}>
      <h2>{title}</h2>
      <ul>
        {shown.map(({ first: finding, others }, index) => (
          <li key={index}>
            <span>
              {finding.flow ? (
                <b>
                  {finding.flow}
                  {finding.rule && !isFinding(finding) ? `, rule ${finding.rule}` : ""}
                  {others > 0 ? ` and ${counted(others, "other")}` : ""}:{" "}
                </b>
              ) : null}
              {finding.message}
              {finding.help ? <span className={styles.quiet}>; {finding.help}</span> : null}
            </span>
            <span className={styles.ways}>
              {finding.packet ? (
                <Link href={testAddress(finding.packet)} title={finding.packet}>
                  Test such a packet
                </Link>
              ) : null}
              {finding.flow ? <Link href={addressOf(finding)}>Open {finding.flow}</Link> : null}
              {finding.code.startsWith("expectation-") ? (
                <Link href="/expectations">Expectations</Link>
              ) : null}
            </span>
          </li>
        ))}
      </ul>
      {left > 0 && whole ? (
        <p className={styles.quiet}>and {left.toLocaleString("en")} more; all are in Text.</p>
      ) : null}
      {left > 0 && !whole ? (
        <Button look="link" small onClick={() => setWhole(true)}>
          Show {left.toLocaleString("en")} more
        </Button>
      ) : null}
    </section>
  );
}

/** A list is called `@name` here. */
function addressOf({ flow = "", rule }: Finding): string {
  if (flow.startsWith("@")) return `/lists/${encodeURIComponent(flow.slice(1))}`;
  return `/flows/${encodeURIComponent(flow)}${rule ? `?rule=${rule}` : ""}`;
}
