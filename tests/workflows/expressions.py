"""GitHub's expressions, as far as these workflows use them; anything else is an error, never a guess."""

import json
import re

TOKEN = re.compile(r"\s*('(?:[^']|'')*'|&&|\|\||[!=]=|[!(),\[\]]|[A-Za-z_][\w.*-]*|\d+)")
INSIDE = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
STATUS = ("always", "success", "failure", "cancelled")


def text(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value)


def fill(value, contexts):
    """A value of a workflow file with its expressions evaluated."""
    if isinstance(value, dict):
        return {name: fill(one, contexts) for name, one in value.items()}
    if isinstance(value, list):
        return [fill(one, contexts) for one in value]
    if not isinstance(value, str):
        return value
    if (whole := INSIDE.fullmatch(value.strip())) and "}}" not in whole[1]:
        return evaluate(whole[1], contexts)
    return INSIDE.sub(lambda found: text(evaluate(found[1], contexts)), value)


def is_met(condition, contexts):
    """An `if:`; without a word on the status it means success as well."""
    if condition is None:
        return contexts["status"] == "success"
    if isinstance(condition, bool):
        return condition
    inner = INSIDE.fullmatch(condition.strip())
    source = inner[1] if inner else condition
    asks = any(f"{name}(" in source for name in STATUS)
    return (asks or contexts["status"] == "success") and bool(evaluate(source, contexts))


def evaluate(source, contexts):
    tokens = TOKEN.findall(source)
    assert "".join(tokens) == re.sub(r"\s+(?=(?:[^']*'[^']*')*[^']*$)", "", source), f"not understood: {source}"
    reader = Reader(tokens, contexts)
    value = reader.either()
    assert not reader.left, f"left over in {source}: {reader.left}"
    return value


class Reader:
    def __init__(self, tokens, contexts):
        self.left, self.contexts = tokens, contexts

    def take(self, *wanted):
        if self.left and self.left[0] in wanted:
            return self.left.pop(0)
        return None

    def either(self):
        value = self.both()
        while self.take("||"):
            other = self.both()
            value = value or other
        return value

    def both(self):
        value = self.equal()
        while self.take("&&"):
            other = self.equal()
            value = value and other
        return value

    def equal(self):
        value = self.one()
        if sign := self.take("==", "!="):
            same = text(value).lower() == text(self.one()).lower()
            return same if sign == "==" else not same
        return value

    def one(self):
        if self.take("!"):
            return not self.one()
        if self.take("("):
            value = self.either()
            assert self.take(")")
            return value
        token = self.left.pop(0)
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if token.isdigit():
            return int(token)
        if token in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[token]
        return self.call(token) if self.take("(") else self.look_up(token)

    def call(self, name):
        given = []
        while not self.take(")"):
            given.append(self.either())
            self.take(",")
        if name in STATUS:
            status = self.contexts["status"]
            return name == "always" or status == {"success": "success", "failure": "failure"}.get(name, name)
        return FUNCTIONS[name](*given)

    def look_up(self, path):
        context, *names = path.split(".")
        value = self.contexts[context]
        for n, name in enumerate(names):
            if name == "*":
                return [self._get(one, names[n + 1 :]) for one in value.values()]
            value = self._get(value, [name])
        return value

    @staticmethod
    def _get(value, names):
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        return value


def _format(template, *values):
    for n, value in enumerate(values):
        template = template.replace(f"{{{n}}}", text(value))
    return template


FUNCTIONS = {
    "format": _format,
    "fromJSON": json.loads,
    "toJSON": json.dumps,
    "join": lambda values, by=",": by.join(text(value) for value in values),
}
