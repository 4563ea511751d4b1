// Talks to a running gateway with the clients that people use, set up as their manuals say.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from "@apollo/client/core";
import { CombinedGraphQLErrors } from "@apollo/client/errors";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { Client as UrqlClient, fetchExchange, subscriptionExchange } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";
import { GraphQLClient } from "graphql-request";
import { createClient as createSseClient } from "graphql-sse";
import { createClient as createWsClient } from "graphql-ws";
import WebSocket from "ws";

const { URL: url, TOKEN: token } = process.env;
const socketUrl = url.replace(/^http/, "ws");
const headers = { authorization: `Bearer ${token}` };
const QUERY = "query Hello($name: String!) { hello(name: $name) who }";
const ANSWER = { hello: "Hello, Ada!", who: "admin" };
const sha256 = async (text) => createHash("sha256").update(text).digest("hex");

function apollo(link) {
  return new ApolloClient({ link, cache: new InMemoryCache() });
}

function wsClient(options = {}) {
  return createWsClient({
    url: socketUrl,
    webSocketImpl: WebSocket,
    connectionParams: headers,
    retryAttempts: 0,
    ...options,
  });
}

async function first(iterable, number) {
  const received = [];
  for await (const item of iterable) {
    received.push(item);
    if (received.length === number) break;
  }
  return received;
}

function collect(observable) {
  return new Promise((resolve, reject) => {
    const received = [];
    observable.subscribe({
      next: (value) => received.push(value.data),
      error: reject,
      complete: () => resolve(received),
    });
  });
}

test("Apollo Client queries, mutates and sees codes", async () => {
  const client = apollo(new HttpLink({ uri: url, headers }));

  const read = await client.query({ query: gql(QUERY), variables: { name: "Ada" } });
  const written = await client.mutate({ mutation: gql('mutation { rename(name: "Bob") }') });

  assert.deepEqual({ ...read.data }, ANSWER);
  assert.equal(written.data.rename, "Bob");
  await assert.rejects(client.query({ query: gql("{ nope }") }), (error) => {
    assert.ok(CombinedGraphQLErrors.is(error), String(error));
    assert.equal(error.errors[0].extensions.code, "GRAPHQL_VALIDATION_FAILED");
    return true;
  });
  await assert.rejects(client.query({ query: gql("{ unavailable hello }") }), (error) => {
    assert.equal(error.errors[0].extensions.code, "UNAVAILABLE");
    return true;
  });
});

for (const useGETForHashedQueries of [false, true]) {
  test(`Apollo Client persists queries, by GET: ${useGETForHashedQueries}`, async () => {
    const sent = [];
    const counted = (input, init) => {
      sent.push(init.method);
      return fetch(input, init);
    };
    const client = apollo(
      ApolloLink.from([
        new PersistedQueryLink({ sha256, useGETForHashedQueries }),
        new HttpLink({ uri: url, headers, fetch: counted }),
      ]),
    );
    const query = gql(`query P${useGETForHashedQueries} { hello }`);

    const unknown = await client.query({ query });
    const known = await client.query({ query, fetchPolicy: "network-only" });

    assert.equal(unknown.data.hello, "Hello, world!");
    assert.equal(known.data.hello, "Hello, world!");
    const get = useGETForHashedQueries ? "GET" : "POST";
    assert.deepEqual(sent, [get, "POST", get]);
  });
}

test("Apollo Client subscribes by graphql-ws", async () => {
  const socket = wsClient();
  const client = apollo(new GraphQLWsLink(socket));

  const events = await collect(client.subscribe({ query: gql("subscription { count(to: 3) }") }));

  assert.deepEqual(events.map((event) => event.count), [1, 2, 3]);
  await socket.dispose();
});

test("urql queries although it lists text/event-stream, and subscribes by it", async () => {
  const client = new UrqlClient({
    url,
    exchanges: [fetchExchange],
    fetchOptions: { headers },
    fetchSubscriptions: true,
    preferGetMethod: false,
  });

  const read = await client.query(QUERY, { name: "Ada" }).toPromise();
  const events = await new Promise((resolve, reject) => {
    const received = [];
    client.subscription("subscription { count(to: 3) }", {}).subscribe((result) => {
      if (result.error) reject(result.error);
      // At the end it repeats the last event, to say that no other follows.
      if (result.hasNext) received.push(result.data.count);
      else resolve(received);
    });
  });
  const failed = await client.query("{ nope }", {}).toPromise();

  assert.equal(read.error, undefined);
  assert.deepEqual({ ...read.data }, ANSWER);
  assert.deepEqual(events, [1, 2, 3]);
  assert.equal(failed.error.graphQLErrors[0].extensions.code, "GRAPHQL_VALIDATION_FAILED");
});

test("urql persists queries", async () => {
  const client = new UrqlClient({
    url,
    exchanges: [persistedExchange({ preferGetForPersistedQueries: true }), fetchExchange],
    fetchOptions: { headers },
  });

  const read = await client.query("query U { hello }", {}).toPromise();

  assert.equal(read.error, undefined);
  assert.equal(read.data.hello, "Hello, world!");
});

test("urql subscribes by graphql-ws", async () => {
  const socket = wsClient();
  const client = new UrqlClient({
    url,
    exchanges: [
      subscriptionExchange({
        forwardSubscription: (request) => ({
          subscribe: (sink) => ({
            unsubscribe: socket.subscribe({ ...request, query: request.query ?? "" }, sink),
          }),
        }),
      }),
    ],
  });

  const event = await new Promise((resolve) => {
    client.subscription("subscription { count(to: 1) }", {}).subscribe(resolve);
  });

  assert.equal(event.data.count, 1);
  await socket.dispose();
});

test("graphql-request queries", async () => {
  const client = new GraphQLClient(url, { headers });

  const read = await client.request(QUERY, { name: "Ada" });

  assert.deepEqual(read, ANSWER);
});

test("graphql-sse subscribes, queries and hears of refusals", async () => {
  const client = createSseClient({ url, headers, retryAttempts: 0 });

  const events = await first(client.iterate({ query: "subscription { count(to: 3) }" }), 3);
  const [read] = await first(client.iterate({ query: QUERY, variables: { name: "Ada" } }), 1);

  assert.deepEqual(events.map((event) => event.data.count), [1, 2, 3]);
  assert.deepEqual(read.data, ANSWER);
  await assert.rejects(first(client.iterate({ query: "subscription { nope }" }), 1));
  client.dispose();
});

test("graphql-ws subscribes, queries, hears of refusals and ends early", async () => {
  const client = wsClient();

  const events = await first(client.iterate({ query: "subscription { count(to: 9) }" }), 2);
  const [read] = await first(client.iterate({ query: QUERY, variables: { name: "Ada" } }), 1);

  assert.deepEqual(events.map((event) => event.data.count), [1, 2]);
  assert.deepEqual(read.data, ANSWER);
  await assert.rejects(first(client.iterate({ query: "subscription { nope }" }), 1), (errors) => {
    assert.equal(errors[0].extensions.code, "GRAPHQL_VALIDATION_FAILED");
    return true;
  });
  await client.dispose();
});

test("graphql-ws is told when its token is no good", async () => {
  const client = wsClient({ connectionParams: { authorization: "Bearer nonsense" } });

  await assert.rejects(first(client.iterate({ query: "{ hello }" }), 1), (event) => {
    assert.equal(event.code, 4403);
    return true;
  });
  await client.dispose();
});
