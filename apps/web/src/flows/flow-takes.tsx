import type { Rule } from "@flowmgr/flow-model";
import { Sentence } from "../rule/sentence.tsx";
import styles from "./flow-takes.module.css";
import { commentOf, moreLinesOf, type Row, shownRules } from "./rows.ts";

/** The rules, as far as the row's height goes; on a phone one line, a problem before all else. */
export function Takes({ row, narrow }: { row: Row; narrow: boolean }) {
  const { flow, diagnostic } = row;
  const lines = moreLinesOf(row, narrow);
  const problem = lines.includes("problem") ? diagnostic : null;
  const rules = shownRules(row, lines.includes("rule") ? 2 : 1);
  return (
    <>
      {narrow && problem ? null : <Rules row={row} rules={rules} />}
      {lines.includes("comment") ? <div className={styles.comment}># {commentOf(flow)}</div> : null}
      {problem ? (
        <div className={styles[problem.severity]} title={problem.message}>
          <span aria-hidden="true">▲</span> <span className="visually-hidden">{problem.severity}: </span>
          {problem.message}
        </div>
      ) : null}
    </>
  );
}

function Rules({ row, rules }: { row: Row; rules: { rule: Rule; number: number }[] }) {
  const { flow, marks } = row;
  const more = flow.rules.length - rules.length;
  if (rules.length === 0) return <div className={styles.quiet}>nothing: no rules</div>;
  return rules.map(({ rule, number }, index) => (
    <div key={number} className={styles.line}>
      <span className={styles.cut} data-marked={marks?.includes(number) || undefined}>
        <Sentence rule={rule} kind={flow.kind} />
      </span>
      {more > 0 && index === rules.length - 1 ? <More count={more} marked={hidden(row, rules)} /> : null}
    </div>
  ));
}

/** How many of the marked rules are not among those shown. */
function hidden({ marks = [] }: Row, shown: { number: number }[]): number {
  return marks.filter((mark) => shown.every(({ number }) => number !== mark)).length;
}

function More({ count, marked }: { count: number; marked: number }) {
  return (
    <span className={styles.more}>
      +{count}
      <span className="visually-hidden"> more rules</span>
      {marked > 0 ? `, ${marked} found` : null}
    </span>
  );
}
