"""One tree of errors: a cause for the log and, where a person must act, a plain sentence."""

from __future__ import annotations

from http import HTTPStatus


class VestnikError(Exception):
    """Base of everything that this project raises on purpose.

    ``str(error)`` is one plain sentence for the log or the operator: what is wrong, what to do.
    It never contains the token.
    """


class SettingsError(VestnikError):
    """A setting is missing or malformed; the sentence names the variable and its form."""


class TokenRefusedError(SettingsError):
    """Telegram refuses the token."""

    def __init__(self) -> None:
        super().__init__("BOT_TOKEN is refused by Telegram: copy it anew from @BotFather.")


class TokenInUseError(VestnikError):
    """Another process uses the token, for longer than our own past could explain."""

    def __init__(self) -> None:
        super().__init__(
            "Another process asks Telegram for updates with this BOT_TOKEN: stop it, and then "
            "start this one again."
        )


class StorageError(VestnikError):
    """The database cannot be opened or migrated."""


class FetchError(VestnikError):
    """An address could not be read.

    Attributes:
        status: the HTTP status, or None where no answer came.
        retry_after: seconds that the site asked to wait, or None.
        redirected: whether another address was asked first, which led here.
    """

    def __init__(
        self, message: str, *, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        self.redirected = False

    @property
    def gone(self) -> bool:
        """Whether the address says that nothing is there: 404 or 410, and no other answer."""
        return self.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}

    @property
    def passing(self) -> bool:
        """Whether it says nothing of what is there, so that asking later may help."""
        return self.status is not None and (
            self.status >= HTTPStatus.INTERNAL_SERVER_ERROR
            or self.status == HTTPStatus.TOO_MANY_REQUESTS
        )


class AddressRefusedError(FetchError):
    """The address, or one it redirects to, is private, loopback or otherwise not public."""


class UnreachableError(FetchError):
    """The host gave no answer, or none in time: asking it for something else is hardly of use."""

    @property
    def passing(self) -> bool:
        """It may answer later."""
        return True


class RobotsRefusedError(FetchError):
    """The site's robots.txt forbids us the page."""


class ParseError(VestnikError):
    """The bytes that were read are no feed that we know."""


class ExtractError(VestnikError):
    """No article could be found on the page."""


class NoArticleError(ExtractError):
    """The page was read, and shows no article."""
