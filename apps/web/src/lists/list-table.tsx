import { Link } from "wouter";
import { listAddress } from "../ui/list-chip.tsx";
import { advice } from "../ui/problems.tsx";
import styles from "./lists.module.css";
import { type ListRow, usedIn } from "./rows.ts";

type ListTableProps = { rows: ListRow[]; opened: string | null; open: (name: string) => void };

/** One row a list; its name is the link, the whole row takes the pointer. */
export function ListTable({ rows, opened, open }: ListTableProps) {
  return (
    <table className={styles.table}>
      <thead>
        <tr>
          <th scope="col">name</th>
          <th scope="col">holds</th>
          <th scope="col">values</th>
          <th scope="col">used in</th>
          <th scope="col">comment</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Row key={row.list.name} row={row} opened={row.list.name === opened} open={open} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ row, opened, open }: { row: ListRow; opened: boolean; open: (name: string) => void }) {
  const { list, kind, uses, diagnostic } = row;
  const comment = list.note || list.comment.join(" ");
  return (
    <tr data-list={list.name} data-opened={opened || undefined} onClick={() => open(list.name)}>
      <th scope="row" className={styles.name}>
        <Link
          href={listAddress(list.name)}
          aria-current={opened ? "true" : undefined}
          onClick={(event) => event.stopPropagation()}
        >
          @{list.name}
        </Link>
      </th>
      <td className={styles.kind}>{kind ?? "nothing yet"}</td>
      <td className={styles.count} title={list.values.slice(0, 12).join(", ")}>
        {list.values.length.toLocaleString("en")}
      </td>
      <td className={styles.used}>{usedIn(uses)}</td>
      <td className={styles.comment}>
        {diagnostic ? (
          <span className={styles[diagnostic.severity]} title={advice(diagnostic)}>
            <span aria-hidden="true">▲</span> <span className="visually-hidden">{diagnostic.severity}: </span>
            {diagnostic.message}
          </span>
        ) : (
          comment
        )}
      </td>
    </tr>
  );
}
