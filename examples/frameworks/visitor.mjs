// What an agent asks of the services here; the last three are not for it, however they are spelled.
const REQUESTS = [
  ['GET', '/accounts/savings'],
  ['POST', '/payments/small'],
  ['POST', '/payments/large'],
  ['GET', '/accounts/closed'],
  ['GET', '/accounts/%63losed'],
];

/** @param {(path: string, init: { method: string }) => Response | Promise<Response>} ask */
export async function visit(ask) {
  for (const [method, path] of REQUESTS) {
    const response = await ask(path, { method });
    const text = await response.text();
    const told = response.ok ? text : JSON.parse(text).detail;
    console.log(`the agent gets: ${response.status} ${told}`);
  }
}
