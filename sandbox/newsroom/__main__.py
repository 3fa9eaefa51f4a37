"""Serves the sample news site until interrupted: ``python -m sandbox.newsroom [--port N]``."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys

from sandbox.newsroom.server import Newsroom


async def serve(port: int) -> None:
    """Print the addresses and serve; each line typed in a terminal publishes an article."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with Newsroom(port=port) as site:
        print(f"Site: {site.url}/")
        print(f"Feeds: {site.feed_url()}  {site.url}/atom.xml  {site.url}/feed.json")
        for section, title in site.sections.items():
            print(f"{title}: {site.feed_url(section)}")
        if sys.stdin.isatty():
            loop.add_reader(sys.stdin, _publish, site)
            print("Enter publishes one more article, Ctrl+C ends.")
        sys.stdout.flush()
        await stop.wait()


def _publish(site: Newsroom) -> None:
    typed = os.read(sys.stdin.fileno(), 4096)
    if not typed:  # end of input: nobody will press Enter again
        asyncio.get_running_loop().remove_reader(sys.stdin)
    for article in site.publish_many(typed.count(b"\n")):
        print(f"Published: {article.title}  {article.url}", flush=True)


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.newsroom", description=__doc__)
    parser.add_argument("--port", type=int, default=8080, help="on 127.0.0.1; 0 takes a free one")
    port: int = parser.parse_args().port
    try:
        asyncio.run(serve(port))
    except OSError as error:
        parser.exit(1, f"Cannot listen on 127.0.0.1:{port}: {error.strerror}\n")


if __name__ == "__main__":
    main()
