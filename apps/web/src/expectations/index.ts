export { ExpectDialog } from "./expect-dialog.tsx";
export { ExpectationsTab, NEW_EXPECT } from "./expectations-tab.tsx";
