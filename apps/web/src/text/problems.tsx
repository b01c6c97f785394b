/** The list under the editor: every diagnostic, its place, its help, its fixes. */
import type { Diagnostic } from "@flowmgr/flow-model";
import { counted } from "../ui/say.ts";
import { errorsIn } from "./session.ts";
import styles from "./text.module.css";

/** More than anybody reads at once; the rest follows as these are mended. */
const SHOWN = 100;

type ProblemsProps = {
  diagnostics: readonly Diagnostic[];
  goTo: (diagnostic: Diagnostic) => void;
  fix: (diagnostic: Diagnostic, text: string) => void;
};

export function Problems({ diagnostics, goTo, fix }: ProblemsProps) {
  if (diagnostics.length === 0) return null;
  const errors = errorsIn(diagnostics);
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
            fix={(text) => fix(diagnostic, text)}
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
  fix: (text: string) => void;
};

function Problem({ diagnostic, goTo, fix }: ProblemProps) {
  const { severity, line, column, message, help, fixes = [] } = diagnostic;
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
          {help ? <span className={styles.help}>; {help}</span> : null}
        </span>
      </button>
      {fixes.map((one) =>
        "text" in one ? (
          <button key={one.label} type="button" className={styles.fix} onClick={() => fix(one.text)}>
            {one.label}
          </button>
        ) : null,
      )}
    </li>
  );
}
