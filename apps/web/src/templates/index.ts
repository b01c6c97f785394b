export { Templates } from "./templates-dialog.tsx";
