import type { LeftOut } from "@flowmgr/flow-model/exchange";
import { counted } from "../ui/say.ts";
import styles from "./exchange.module.css";
import { type Group, groupsOf, isSerious, placeOf } from "./left-out.ts";

/** What became no flow, with the reason; prose is folded away. */
export function LeftOutLines({ leftOut }: { leftOut: readonly LeftOut[] }) {
  if (leftOut.length === 0) return null;
  const groups = groupsOf(leftOut);
  const serious = groups.filter(isSerious);
  const prose = groups.filter((group) => !isSerious(group));
  const lines = prose.reduce((sum, group) => sum + group.lines.length, 0);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
    <section className={styles.leftOut} aria-label="Left out" tabIndex={0}>
      <Groups groups={serious} />
      {lines === 0 ? null : (
        <details>
          <summary>{counted(lines, "line")} not part of a flow</summary>
          <Groups groups={prose} />
        </details>
      )}
    </section>
  );
}

/** Most groups that are drawn: a whole firewall left out is thousands. */
const MOST_GROUPS = 200;

function Groups({ groups }: { groups: Group[] }) {
  const more = groups.slice(MOST_GROUPS).reduce((sum, group) => sum + group.lines.length, 0);
  return (
    <ul>
      {groups.slice(0, MOST_GROUPS).map((group) => (
        <li key={`${group.lines[0]?.line} ${group.reason}`}>
          <b>{placeOf(group)}</b>
          {isSerious(group) ? <span>: {group.reason}</span> : null}
          <code>{group.lines.map(({ text }) => text).join("\n")}</code>
        </li>
      ))}
      {more > 0 ? <li>and {counted(more, "line")} more</li> : null}
    </ul>
  );
}
