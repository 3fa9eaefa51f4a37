"""The outbox goes out: claimed, rendered, sent, recorded."""
