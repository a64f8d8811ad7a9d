// The agent: the AI SDK's own loop and its scripted test model, which says what was recorded. No network.
import { stepCountIs, ToolLoopAgent } from 'ai6';
import { MockLanguageModelV3 } from 'ai6/test';

/** @typedef {import('./day.mjs').Conversation} Conversation */
/** @typedef {import('./day.mjs').Call} Call */

/**
 * Lets the agent go through one conversation, call by call.
 * @param {Conversation} conversation
 * @param {Record<string, any>} tools
 * @param {{ clock: import('./day.mjs').DayClock, onCall: (call: Call, error: unknown) => void }} options
 *   `onCall` is told of each call when it is over, with the error that the model got instead of a result
 * @returns {Promise<number>} how many calls the agent made
 */
export async function talk(conversation, tools, { clock, onCall }) {
  const { calls } = conversation;
  const agent = new ToolLoopAgent({
    model: scriptedModel(calls, clock),
    tools,
    instructions: 'You are the customer service of the outdoor shop Bluebird.',
    stopWhen: stepCountIs(calls.length + 1),
    onStepFinish: ({ stepNumber, content }) => {
      const call = calls[stepNumber];
      const failed = content.find(({ type }) => type === 'tool-error');
      if (call !== undefined) onCall(call, failed?.type === 'tool-error' ? failed.error : undefined);
    },
  });
  const { steps } = await agent.generate({ prompt: conversation.says });
  return steps.length - 1;
}

/** @param {readonly Call[]} calls @param {import('./day.mjs').DayClock} clock */
function scriptedModel(calls, clock) {
  let next = 0;
  return new MockLanguageModelV3({
    doGenerate: async () => {
      const call = calls[next++];
      if (call === undefined) return answer({ type: 'text', text: 'Is there anything else?' }, 'stop');
      clock.now = Date.parse(call.time);
      const input = typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments);
      const toolCallId = `${call.trace}-${next}`;
      return answer({ type: 'tool-call', toolCallId, toolName: call.tool, input }, 'tool-calls');
    },
  });
}

/**
 * @param {{ type: 'text', text: string } | { type: 'tool-call', toolCallId: string, toolName: string, input: string }} part
 * @param {'stop' | 'tool-calls'} reason
 */
function answer(part, reason) {
  const none = { total: 0, noCache: 0, cacheRead: 0, cacheWrite: 0, text: 0, reasoning: 0 };
  return {
    content: [part],
    finishReason: { unified: reason, raw: undefined },
    usage: { inputTokens: none, outputTokens: none },
    warnings: [],
  };
}
