import { useRef } from "react";

/**
 * The key of a panel: another one for each thing that is opened, the same while that only gets another name, so that
 * the focus stays in the panel. `renamed` is called before the address has the new name.
 */
export function usePanelKey(opened: string | null): { key: number; renamed: (to: string) => void } {
  const panel = useRef({ of: opened, key: 0 });
  if (panel.current.of !== opened) panel.current = { of: opened, key: panel.current.key + 1 };
  return {
    key: panel.current.key,
    renamed: (to) => {
      panel.current.of = to;
    },
  };
}
