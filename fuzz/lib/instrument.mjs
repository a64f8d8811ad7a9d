// Counts how often each branch of the sources runs: the fuzzer's feedback, and its measure of work.
import { readFileSync } from 'node:fs';
import ts from 'typescript';

/**
 * An esbuild plugin that calls the global `__branch(n)` at every function, branch, loop and operand that may be skipped.
 * `branches` fills with their places while it builds.
 * @param {RegExp} filter the files to count in
 * @param {string[]} branches
 */
export function instrument(filter, branches) {
  return {
    name: 'instrument',
    setup(build) {
      build.onLoad({ filter }, ({ path }) => {
        const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
        const { transformed } = ts.transform(source, [
          (context) => (file) => countBranches(file, context, branches),
        ]);
        return { contents: ts.createPrinter().printFile(transformed[0]), loader: 'ts' };
      });
    },
  };
}

function countBranches(file, context, branches) {
  const { factory } = context;
  const call = (node) => {
    const { line } = file.getLineAndCharacterOfPosition(node.getStart());
    const number = branches.push(`${file.fileName}:${line + 1}`) - 1;
    const name = factory.createIdentifier('__branch');
    return factory.createCallExpression(name, undefined, [factory.createNumericLiteral(number)]);
  };
  const counted = (node, original) => {
    const sequence = factory.createComma(call(original), node);
    return factory.createParenthesizedExpression(sequence);
  };
  const statement = (original) => factory.createExpressionStatement(call(original));
  const block = (node, original) => {
    const rest = ts.isBlock(node) ? node.statements : [node];
    return factory.createBlock([statement(original), ...rest], true);
  };

  /** The node with its branches counted; the children are counted already. `original` knows its place. */
  function count(node, original) {
    if (ts.isIfStatement(node)) {
      const otherwise = node.elseStatement ?? factory.createBlock([]);
      return factory.updateIfStatement(
        node,
        node.expression,
        block(node.thenStatement, original),
        block(otherwise, original),
      );
    }
    if (ts.isConditionalExpression(node)) {
      const [yes, no] = [
        counted(node.whenTrue, original.whenTrue),
        counted(node.whenFalse, original.whenFalse),
      ];
      const { questionToken, colonToken } = node;
      return factory.updateConditionalExpression(node, node.condition, questionToken, yes, colonToken, no);
    }
    if (ts.isBinaryExpression(node) && SKIPPING.has(node.operatorToken.kind))
      return factory.updateBinaryExpression(
        node,
        node.left,
        node.operatorToken,
        counted(node.right, original.right),
      );
    if (ts.isCaseOrDefaultClause(node)) {
      const statements = [statement(original), ...node.statements];
      if (ts.isDefaultClause(node)) return factory.updateDefaultClause(node, statements);
      return factory.updateCaseClause(node, node.expression, statements);
    }
    if (ts.isIterationStatement(node, false) || ts.isCatchClause(node)) return withBody(node, original);
    if (ts.isArrowFunction(node) && !ts.isBlock(node.body)) {
      const { modifiers, typeParameters, parameters, type, equalsGreaterThanToken } = node;
      const body = counted(node.body, original.body);
      return factory.updateArrowFunction(
        node,
        modifiers,
        typeParameters,
        parameters,
        type,
        equalsGreaterThanToken,
        body,
      );
    }
    return node;
  }

  /** Statements stand where a body was: the body of a loop, of a catch. */
  function withBody(node, original) {
    const body = ts.isCatchClause(node) ? node.block : node.statement;
    const replace = (child) => (child === body ? block(body, original) : child);
    return ts.visitEachChild(node, replace, context);
  }

  /** A block that is the body of a function. */
  function isFunctionBody(original) {
    return ts.isBlock(original) && ts.isFunctionLike(original.parent);
  }

  const visit = (original) => {
    const node = ts.visitEachChild(original, visit, context);
    return isFunctionBody(original) ? block(node, original) : count(node, original);
  };
  return ts.visitNode(file, visit);
}

const SKIPPING = new Set([
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.QuestionQuestionToken,
  ts.SyntaxKind.QuestionQuestionEqualsToken,
]);
