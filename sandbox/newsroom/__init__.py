"""A sample Russian news site on a loopback socket, for the demo, the tests and the curious."""

from sandbox.newsroom.articles import Article
from sandbox.newsroom.server import Fault, Newsroom, Seen

__all__ = ["Article", "Fault", "Newsroom", "Seen"]
