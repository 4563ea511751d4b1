// Starts GraphiQL with the example operations as tabs and, in the demo, a token in the headers.
const settings = JSON.parse(document.getElementById("settings").textContent);
const headers = settings.token
  ? JSON.stringify({ Authorization: `Bearer ${settings.token}` }, null, 2)
  : undefined;
const tabs = settings.examples.map(({ query, variables }) => ({ query, variables, headers }));

// A returning visitor gets the tab that was open; GraphiQL would add another one otherwise.
function openTab() {
  try {
    const state = JSON.parse(localStorage.getItem("graphiql:tabState"));
    return state.tabs[state.activeTabIndex] ?? tabs[0];
  } catch {
    return tabs[0];
  }
}

const open = openTab() ?? {};
YogaGraphiQL.renderYogaGraphiQL(document.getElementById("graphiql"), {
  endpoint: "/graphql",
  title: "Partner Center",
  defaultTabs: tabs.length ? tabs : undefined,
  query: open.query ?? undefined,
  variables: open.variables ?? undefined,
  headers,
  // Tokens stay out of the browser's storage, and queries out of the address.
  shouldPersistHeaders: false,
  onEditQuery() {},
});
