/** A file as a text: see `text-imports.ts`. */
declare module '*?text' {
  const text: string;
  export default text;
}
