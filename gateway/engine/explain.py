"""Tells people what a plan does: its steps as a tree, and the code that was written for it."""

from collections.abc import Iterator

from gateway.engine.plan import Part, Plan, Step


def explain(plan: Plan) -> str:
    """Write the steps of a plan, each below one that it waits for, and the generated code."""
    texts = []
    for number, part in enumerate(plan.parts, start=1):
        head = f"part {number} of {len(plan.parts)}\n" if len(plan.parts) > 1 else ""
        texts.append(f"{head}{_tree(part)}\n\n{part.source}")
    return "\n\n".join(texts)


def _tree(part: Part) -> str:
    if not part.steps:
        return "asks nothing"
    lines: list[str] = []
    shown: set[Step] = set()
    for step in part.first:
        lines += _branch(step, shown=shown)
    return "\n".join(lines)


def _branch(step: Step, *, shown: set[Step], stem: str = "") -> Iterator[str]:
    """Write a step and those that it feeds, each once."""
    shown.add(step)
    indented = f"{stem}    "
    yield f"{stem}{step.source.name}"
    yield f"{indented}rpc   {step.source.rpc.path.removeprefix('/')}"
    for keys in step.keys:
        yield f"{indented}keys  {keys}"
    if len(step.needs) > 1:
        yield f"{indented}after {', '.join(sorted(need.source.name for need in step.needs))}"
    if step.source.mask is not None:
        yield f"{indented}mask  {', '.join(step.source.mask.fields)}"
    for fed in step.feeds:
        if fed not in shown:
            yield from _branch(fed, shown=shown, stem=indented)
