// Statements that count work against the budget of a proof: without one of them an answer comes later, and no other.
import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

const COUNTS = /^(?:this\.)?#?(?:budget|prover|#prover|#budget)\.spend\(/;

const work = {
  shouldIgnore(path) {
    if (!path.isExpressionStatement()) return undefined;
    return COUNTS.test(path.toString()) ? 'counts work only' : undefined;
  },
};

export const strykerPlugins = [declareValuePlugin(PluginKind.Ignore, 'work', work)];
