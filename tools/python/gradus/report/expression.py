"""Arithmetic over options, for reference lines: `2/learning_rate`, `(2 + 2*beta1) / ((1 - beta1) * learning_rate)`."""
import ast
import math
import operator

BINARY = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
          ast.Pow: operator.pow}
UNARY = {ast.UAdd: operator.pos, ast.USub: operator.neg}
FUNCTIONS = {"sqrt": math.sqrt, "log": math.log, "exp": math.exp, "abs": abs, "min": min, "max": max}
LONGEST = 500


class BadExpression(Exception):
    """It is none, or names what is no number."""


class Expression:
    """One that was understood; nothing but numbers, options, + - * / ** and some functions is."""

    def __init__(self, text):
        self.text = text
        if len(text) > LONGEST:
            raise BadExpression(f"has {len(text)} characters, more than {LONGEST}")
        try:
            self.tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise BadExpression(f"is no expression: {getattr(error, 'msg', error)}") from None
        self.names = []
        self._check(self.tree)

    def _check(self, node):
        if isinstance(node, ast.BinOp) and type(node.op) in BINARY:
            parts = [node.left, node.right]
        elif isinstance(node, ast.UnaryOp) and type(node.op) in UNARY:
            parts = [node.operand]
        elif isinstance(node, ast.Call) and not node.keywords and getattr(node.func, "id", None) in FUNCTIONS:
            parts = node.args
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
            parts = []
        elif isinstance(node, ast.Name):
            self.names.append(node.id)
            parts = []
        else:
            raise BadExpression(f"holds {ast.unparse(node)!r}; expected numbers, options, + - * / ** and "
                                f"{', '.join(FUNCTIONS)}")
        for part in parts:
            self._check(part)

    def value(self, options):
        """With these options; None where one is missing, or there is no such number. Raises BadExpression for texts."""
        for name in self.names:
            if isinstance(options.get(name), (str, bool)):
                raise BadExpression(f"option '{name}' is {options[name]!r}, which is no number")
        if any(options.get(name) is None for name in self.names):
            return None
        try:
            result = self._value(self.tree, options)
        except (ArithmeticError, ValueError, TypeError):
            return None
        return float(result) if isinstance(result, float) and math.isfinite(result) else None

    def _value(self, node, options):
        if isinstance(node, ast.BinOp):
            return BINARY[type(node.op)](self._value(node.left, options), self._value(node.right, options))
        if isinstance(node, ast.UnaryOp):
            return UNARY[type(node.op)](self._value(node.operand, options))
        if isinstance(node, ast.Call):
            return float(FUNCTIONS[node.func.id](*(self._value(part, options) for part in node.args)))
        return float(node.value if isinstance(node, ast.Constant) else options[node.id])
