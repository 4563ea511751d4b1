// Starts GraphiQL with the example operations as tabs and, in the demo, a token in the headers.
const settings = JSON.parse(document.getElementById("settings").textContent);
const headers = settings.token
  ? JSON.stringify({ Authorization: `Bearer ${settings.token}` }, null, 2)
  : undefined;

// Ids differ from one installation to the next: the examples name these, the visitor's own are
// put in their places.
const OWN_IDS = `{
  me { ptr_01h455vb4pex5vsknk084sn02q: partner { id } }
  customers(first: 1, filter: { associationType: RESALE }) {
    cus_01h455vb4pex5vsknk084sn02q: nodes { id }
  }
  withdrawals(first: 1) {
    wdr_01h455vb4pex5vsknk084sn02q: nodes { id }
  }
  accounts(first: 1) {
    acc_01h455vb4pex5vsknk084sn02q: nodes { id }
  }
  voucherQuotas(first: 1, filter: { states: [NORMAL] }) {
    quo_01h455vb4pex5vsknk084sn02q: nodes { id }
  }
  payments(first: 1, filter: { kinds: [ORDER] }) {
    pmt_01h455vb4pex5vsknk084sn02q: nodes { id }
  }
  vouchers(first: 1, filter: { states: [USABLE] }) {
    cpn_01h455vb4pex5vsknk084sn02q: nodes { id }
  }
  indirectPartners(first: 1) {
    ptr_01h455vb4pex5vsknk084sn02r: nodes { id }
  }
  online: contracts(first: 1, filter: { states: [GENERATED] }) {
    ctr_01h455vb4pex5vsknk084sn02q: nodes { id }
  }
  onPaper: contracts(first: 1, filter: { states: [EFFECTIVE] }) {
    ctr_01h455vb4pex5vsknk084sn02r: nodes { id }
  }
  billingExports(first: 1) {
    exb_01h455vb4pex5vsknk084sn02q: nodes { id }
  }
}`;

async function ownIds() {
  if (!settings.token) return [];
  try {
    const response = await fetch("/graphql", {
      method: "POST",
      headers: {
        accept: "application/json",
        authorization: `Bearer ${settings.token}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ query: OWN_IDS }),
    });
    const { data } = await response.json();
    return Object.values(data ?? {})
      .flatMap((found) => Object.entries(found ?? {}))
      .map(([named, found]) => [named, [found].flat()[0]?.id])
      .filter(([, id]) => id);
  } catch {
    return [];
  }
}

// A request id is good for one body; the next visit gets others.
const visit = Date.now().toString(36);

function filled(variables, ids) {
  const own = ids.reduce((text, [named, id]) => text.replaceAll(named, id), variables);
  return own.replace(/("requestId": "[a-z-]+-)1"/, `$1${visit}"`);
}

// A returning visitor gets the tab that was open; GraphiQL would add another one otherwise.
function openTab(tabs) {
  try {
    const state = JSON.parse(localStorage.getItem("graphiql:tabState"));
    return state.tabs[state.activeTabIndex] ?? tabs[0];
  } catch {
    return tabs[0];
  }
}

ownIds().then((ids) => {
  const tabs = settings.examples.map(({ query, variables }) => ({
    query,
    variables: filled(variables, ids),
    headers,
  }));
  const open = openTab(tabs) ?? {};
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
});
