import { Link, useLocation } from "wouter";
import { useStatus } from "../api/index.ts";
import { Menu } from "../ui/menu.tsx";
import { useNarrow } from "../ui/use-media.ts";
import styles from "./frame.module.css";
import { PLACES } from "./places.ts";

export function Nav() {
  const [location, go] = useLocation();
  const narrow = useNarrow();
  const changes = useStatus().data?.draft.changes ?? 0;
  const isHere = (path: string) => location === path || location.startsWith(`${path}/`);
  const rest = narrow ? PLACES.filter(({ inBar }) => !inBar) : [];
  const elsewhere = rest.find(({ path }) => isHere(path));
  return (
    <nav className={styles.nav} aria-label="Places">
      {PLACES.filter((place) => !rest.includes(place)).map(({ path, label }) => (
        <Link key={path} href={path} aria-current={isHere(path) ? "page" : undefined}>
          {label}
          {path === "/review" && changes > 0 ? (
            <span className={styles.count}>
              {changes.toLocaleString("en")}
              <span className="visually-hidden"> changes</span>
            </span>
          ) : null}
        </Link>
      ))}
      {rest.length > 0 ? (
        <Menu
          label={elsewhere ? `More places; now ${elsewhere.label}` : "More places"}
          className={elsewhere ? `${styles.morePlaces} ${styles.here}` : styles.morePlaces}
          entries={() =>
            rest.map(({ path, label }) => ({
              label,
              ...(isHere(path) ? { hint: "now" } : {}),
              run: () => go(path),
            }))
          }
        >
          {elsewhere?.label ?? "More"} <span aria-hidden="true">▴</span>
        </Menu>
      ) : null}
    </nav>
  );
}
