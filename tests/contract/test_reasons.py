"""Every reason for which an order can be refused has its words, and there are words for nothing else.

Which order can come to which reason is read off the domains' source: from the arm of `decide` that takes the order,
through every function named from there on.
"""

import ast
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from schemas.catalogue import CATALOGUE, SERVICES, Definition, newest
from schemas.reasons import REASONS, common, deployment, incidents, logistics

ROOT = Path(__file__).parents[2]
SHARED = [path for path in (ROOT / "schemas").glob("*.py") if path.stem in ("outcomes", "operation")]
"""Where rules of several services stand."""
OF_THE_LEDGER = [*(ROOT / "services/kit/ledger").glob("*.py")]
ORDERS = [entry for entry in CATALOGUE.values() if entry.kind in ("order", "policy") and entry is newest(entry.type)]
CLASSES = {entry.cls.__name__ for entry in ORDERS}


class Rules:
    """The functions of one service's rules, and which reasons each order can come to by them."""

    def __init__(self, service: str) -> None:
        modules = sorted((ROOT / "services" / service).glob("*.py")) + SHARED
        self.trees = {path: ast.parse(path.read_text()) for path in modules}
        self.functions: dict[str, list[ast.AST]] = {}
        for tree in self.trees.values():
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef):
                    self.functions.setdefault(node.name, []).append(node)

    def reasons(self, order: str) -> set[str]:
        """The reasons for which `decide` can refuse an order of this class."""
        found, seen, ahead = set(), set(), ["decide"]
        while ahead:
            name = ahead.pop()
            if name in seen:
                continue
            seen.add(name)
            for function in self.functions[name]:
                for node in concerning(order, function):
                    found |= reason_of(node)
                    ahead += [each for each in names(node) if each in self.functions]
        return found


def concerning(order: str, node: ast.AST) -> Iterator[ast.AST]:
    """What is reached within a function for this order: of a match over orders, its own arm only."""
    if isinstance(node, ast.Match):
        arms = {case: {each.id for each in ast.walk(case.pattern) if isinstance(each, ast.Name)} for case in node.cases}
        if any(named & CLASSES for named in arms.values()):
            own = [case for case, named in arms.items() if order in named]
            for case in own:
                yield from concerning(order, case)
            return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from concerning(order, child)


def names(node: ast.AST) -> list[str]:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return [name]
        case _:
            return []


def reason_of(node: ast.AST) -> set[str]:
    """The reason of a refusal that is made here; a word that stands in the source, or nobody could find it."""
    if not isinstance(node, ast.Call) or names(node.func) not in (["Refused"], ["Rejected"]):
        return set()
    (reason,) = (keyword.value for keyword in node.keywords if keyword.arg == "reason")
    match reason:
        case ast.Constant(value=str(word)):
            return {word}
        case ast.IfExp(body=ast.Constant(value=str(word)), orelse=ast.Constant(value=str(other))):
            return {word, other}
        case ast.Name(id="reason"):  # the desk's own, given by its caller
            return set()
        case _:
            raise AssertionError(f"line {node.lineno}: the reason is not a word that stands there")


RULES = {service: Rules(service) for service in SERVICES}


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.type)
def test_every_reason_that_an_order_can_come_to_has_words_and_names_the_order(order: Definition) -> None:
    for reason in RULES[order.service].reasons(order.cls.__name__):
        assert reason in REASONS, f"{reason} has no entry in schemas/reasons/{order.service}.py"
        assert not REASONS[reason].of or order.type in REASONS[reason].of, f"{reason} does not name {order.type}"


@pytest.mark.parametrize(("reason", "type_"), [(word, type_) for word, entry in REASONS.items() for type_ in entry.of])
def test_every_order_that_a_reason_names_can_come_to_it(reason: str, type_: str) -> None:
    order = newest(type_)
    assert reason in RULES[order.service].reasons(order.cls.__name__)


def test_there_are_words_for_nothing_that_cannot_happen() -> None:
    written = {
        node.value
        for path in [*OF_THE_LEDGER, *SHARED]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert [reason for reason, entry in REASONS.items() if not entry.of and reason not in written] == []


def test_every_refusal_in_a_service_is_reached_from_its_decide() -> None:
    for service, rules in RULES.items():
        made = {
            reason
            for path, tree in rules.trees.items()
            if path not in SHARED
            for node in ast.walk(tree)
            for reason in reason_of(node)
        }
        orders = [order for order in ORDERS if order.service == service]
        assert made <= set().union(*(rules.reasons(order.cls.__name__) for order in orders))


def test_no_two_modules_have_words_for_the_same_reason() -> None:
    modules = (common, deployment, logistics, incidents)
    assert len(REASONS) == sum(len(module.REASONS) for module in modules)


@pytest.mark.parametrize("reason", REASONS)
def test_the_words_for_a_reason_are_sentences_in_both_languages(reason: str) -> None:
    entry = REASONS[reason]
    for field in fields(entry):
        if field.name != "of":
            text = getattr(entry, field.name)
            assert text[0].isupper()
            assert text.endswith(".")
    assert entry.en != entry.id


# The reading of the source itself.


def test_of_a_match_over_orders_only_the_order_s_own_arm_is_read() -> None:
    rules = RULES["deployment"]
    assert rules.reasons("RegisterUnit") == {"already_registered", "force_without_heads"}
    assert rules.reasons("AdoptOperation") == {"window_empty", "listed_twice", "version_not_newer"}
    assert "neutrality" in rules.reasons("AssignUnit")


def test_a_reason_that_does_not_stand_there_is_an_error() -> None:
    call = ast.parse("Refused(reason=words[0], detail='')", mode="eval").body
    with pytest.raises(AssertionError, match="not a word"):
        reason_of(call)
