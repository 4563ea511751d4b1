"""GraphQL over HTTP, WebSocket and server-sent events: everything between socket and executor."""
