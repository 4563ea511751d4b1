"""How a declaration becomes a field: types shown from messages, edges, roots, inputs, errors.

A slice declares which message a type shows, which rpc an edge or a root asks, which message an
input fills. The declarations are data (`BoundField.binding`): the resolvers here are derived from
them, and whatever else executes queries can be.
"""
