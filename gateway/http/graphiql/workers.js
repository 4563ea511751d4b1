// Tells the editor, before it loads, that its workers come from this host and nowhere else.
globalThis.MonacoEnvironment = {
  getWorker(_module, label) {
    const names = { graphql: "graphql.worker..bundle.js", json: "json.worker.bundle.js" };
    const name = names[label] ?? "editor.worker.bundle.js";
    return new Worker(`/graphiql/assets/monacoeditorwork/${name}`, { name: label });
  },
};
