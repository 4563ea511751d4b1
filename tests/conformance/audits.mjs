// Runs the audits of graphql-http, the reference for GraphQL over HTTP: all must pass.
import { serverAudits } from "graphql-http";

const { URL: url, TOKEN: token } = process.env;
const AUDITS = 61;

const audits = serverAudits({
  url,
  fetchFn: (input, init = {}) =>
    fetch(input, {
      ...init,
      headers: { ...Object.fromEntries(new Headers(init.headers)), authorization: `Bearer ${token}` },
    }),
});

let passed = 0;
for (const audit of audits) {
  const result = await audit.fn();
  if (result.status === "ok") {
    passed += 1;
  } else {
    const body = await result.response?.clone().text().catch(() => "");
    console.error(`${result.status}: ${audit.id} ${audit.name}: ${result.reason}\n  ${body}`);
  }
}
console.log(`audits: ${passed} of ${audits.length} passed`);
process.exit(passed === audits.length && audits.length === AUDITS ? 0 : 1);
