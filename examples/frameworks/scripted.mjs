// A model of the AI SDK, whose mocks Mastra takes, too: it makes these calls, one after another, and then ends.
const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};

/** @returns {{ doGenerate: () => Promise<any> }} for the SDK's own mock models */
export function scripted(calls) {
  let turn = 0;
  return {
    doGenerate: async () => {
      const call = calls[turn++];
      const content = call
        ? { type: 'tool-call', toolCallId: `${turn}`, toolName: call.name, input: JSON.stringify(call.args) }
        : { type: 'text', text: 'I did what I may.' };
      const finishReason = { unified: call ? 'tool-calls' : 'stop', raw: undefined };
      return { content: [content], finishReason, usage, warnings: [] };
    },
  };
}

/** What the model was told of its calls, in order. */
export const toldOf = ({ doGenerateCalls }) =>
  doGenerateCalls
    .at(-1)
    .prompt.flatMap(({ role, content }) => (role === 'tool' ? content : []))
    .map(({ output }) => output.value);
