/** What the server's check says of the draft: errors that block an apply, warnings that do not. */
import type { Plan } from "@flowmgr/flow-api";
import { EMPTY_CONFIG } from "@flowmgr/flow-model";
import { Link } from "wouter";
import { isFinding, useFindings } from "../analysis/index.ts";
import { useDraft } from "../api/index.ts";
import { testAddress } from "../ui/packet-link.ts";
import { counted } from "../ui/say.ts";
import styles from "./review.module.css";

type Finding = Plan["diagnostics"][number];
const SHOWN = 50;

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
  if (found.length === 0) return null;
  return (
    <section className={`${styles.findings} ${styles[tone]}`} aria-label={title}>
      <h2>{title}</h2>
      <ul>
        {found.slice(0, SHOWN).map((finding, index) => (
          <li key={index}>
            <span>
              {finding.flow ? (
                <b>
                  {finding.flow}
                  {finding.rule && !isFinding(finding) ? `, rule ${finding.rule}` : ""}:{" "}
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
      {found.length > SHOWN ? (
        <p className={styles.quiet}>and {found.length - SHOWN} more; all are in Text.</p>
      ) : null}
    </section>
  );
}

/** A list is called `@name` here. */
function addressOf({ flow = "", rule }: Finding): string {
  if (flow.startsWith("@")) return `/lists/${encodeURIComponent(flow.slice(1))}`;
  return `/flows/${encodeURIComponent(flow)}${rule ? `?rule=${rule}` : ""}`;
}
