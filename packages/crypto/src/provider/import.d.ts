/** The import that the `imports` map of package.json answers with the platform's provider. */
declare module '#provider' {
  export const provider: import('./provider.js').Provider;
}
