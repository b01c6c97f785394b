export { openPalette, PALETTE_KEY, Palette } from "./palette.tsx";
