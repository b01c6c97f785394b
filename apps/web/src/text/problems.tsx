/** The list under the editor: every diagnostic, its place, its help, its fixes. */
import type { Diagnostic, Fix } from "@flowmgr/flow-model";
import { Link } from "wouter";
import { testAddress } from "../ui/packet-link.ts";
import { counted } from "../ui/say.ts";
import styles from "./text.module.css";

/** More than anybody reads at once; the rest follows as these are mended. */
const SHOWN = 100;

type ProblemsProps = {
  diagnostics: readonly Diagnostic[];
  goTo: (diagnostic: Diagnostic) => void;
  fix: (diagnostic: Diagnostic, fix: Fix) => void;
};

export function Problems({ diagnostics, goTo, fix }: ProblemsProps) {
  if (diagnostics.length === 0) return null;
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  const parts = [
    errors > 0 ? counted(errors, "error") : "",
    diagnostics.length > errors ? counted(diagnostics.length - errors, "warning") : "",
  ];
  return (
    <section className={styles.problems} aria-label="Errors and warnings">
      <h2 className={styles.count}>{parts.filter(Boolean).join(", ")}</h2>
      <ul>
        {diagnostics.slice(0, SHOWN).map((diagnostic, index) => (
          <Problem
            key={index}
            diagnostic={diagnostic}
            goTo={() => goTo(diagnostic)}
            fix={(chosen) => fix(diagnostic, chosen)}
          />
        ))}
      </ul>
      {diagnostics.length > SHOWN ? (
        <p className={styles.rest}>and {(diagnostics.length - SHOWN).toLocaleString("en")} more</p>
      ) : null}
    </section>
  );
}

type ProblemProps = {
  diagnostic: Diagnostic;
  goTo: () => void;
  fix: (fix: Fix) => void;
};

function Problem({ diagnostic, goTo, fix }: ProblemProps) {
  const { severity, line, column, message, help, packet, fixes = [] } = diagnostic;
  return (
    <li className={styles.problem}>
      <button type="button" className={styles.goto} onClick={goTo}>
        <span className={`${styles.sign} ${styles[severity]}`} aria-hidden="true">
          {severity === "error" ? "✕" : "▲"}
        </span>
        <span className="visually-hidden">{severity}, </span>
        <span className={styles.at}>{line === undefined ? "" : `${line}:${column}`}</span>
        <span>
          {message}
          {help && !fixes.some((one) => "edits" in one) ? (
            <span className={styles.help}>; {help}</span>
          ) : null}
        </span>
      </button>
      <span className={styles.ways}>
        {fixes.map((one) => (
          <button key={one.label} type="button" className={styles.fix} onClick={() => fix(one)}>
            {one.label}
          </button>
        ))}
        {packet ? (
          <Link className={styles.fix} href={testAddress(packet)} title={packet}>
            Test such a packet
          </Link>
        ) : null}
      </span>
    </li>
  );
}
