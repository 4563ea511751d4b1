"""Answers queries by a compiled plan: as few rpcs as possible, one build of the answer.

A validated document becomes a plan once (`planner`): sources, that is rpcs with their arguments
and read masks; steps, each one source asked for the keys of one level; and generated Python that
collects keys and builds the answer from messages (`code`). A run (`runner`) coerces variables,
takes the steps as soon as their keys are there, and builds. Whatever the planner does not know,
and every answer with an error in it, is handed over to graphql-core (`reference`), which finds
what the steps fetched already there and so asks nothing twice.
"""
