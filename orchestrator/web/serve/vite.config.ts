import {defineConfig} from "vite";

export default defineConfig({
  base: "./", // works under a prefix, too
  esbuild: {jsx: "automatic", jsxImportSource: "preact"},
  build: {
    target: "es2020",
    assetsInlineLimit: 0, // the policy allows no inline anything
    modulePreload: {polyfill: false},
    reportCompressedSize: false,
  },
});
